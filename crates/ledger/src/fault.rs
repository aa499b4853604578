//! What goes wrong inside a transaction, before it is told with its file.

use std::fmt;

use newsmill_failpoint::Injected;

/// A failure without its file.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite failed.
    Sql(rusqlite::Error),
    /// Something does not make sense.
    Invalid(String),
}

impl Fault {
    pub(crate) fn invalid(what: impl fmt::Display) -> Self {
        Self::Invalid(what.to_string())
    }
}

impl From<Injected> for Fault {
    fn from(injected: Injected) -> Self {
        Self::Sql(failed_io(injected))
    }
}

/// How a commit fails whose disk does.
pub(crate) fn failed_io(injected: Injected) -> rusqlite::Error {
    let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    rusqlite::Error::SqliteFailure(error, Some(injected.to_string()))
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::invalid(format_args!("a stored value cannot be read: {error}"))
    }
}
