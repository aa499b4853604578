//! What can go wrong with a ledger, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use newsmill_article::Disposition;
use serde::{Deserialize, Serialize};

/// The process that has a ledger open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// The machine it runs on.
    pub host: String,
    /// When it opened the ledger.
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {} since {}", self.pid, self.host, self.since)
    }
}

/// Why the ledger could not do as asked. Nothing of the group was applied.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another process owns it.
    #[error(
        "the ledger {path} is in use by {}; stop that process or name another ledger file",
        who(.holder.as_ref())
    )]
    Held {
        /// The file.
        path: PathBuf,
        /// Who has it; `None` in the moment before it has written that down.
        holder: Option<Holder>,
    },
    /// The database refused.
    #[error("ledger {path}: cannot {action}; {advice}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What to do.
        advice: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A file beside or under the ledger could not be used.
    #[error("ledger {path}: cannot {action}; {advice}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What to do.
        advice: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file under the path is no longer the one that was opened.
    #[error(
        "the ledger {path} was deleted or replaced while in use; put the file back, or start again \
         with a new one"
    )]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error(
        "the ledger {path} has layout {found}, this version reads up to {known}; use a newer newsmill"
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// The newest that is understood.
        known: i64,
    },
    /// A database, but none that can be used as a ledger as it is.
    #[error("{path}: {what}")]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        what: String,
    },
    /// Something in the file, or in what was asked, does not make sense.
    #[error("ledger {path}: {what}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        what: String,
    },
}

impl LedgerError {
    pub(crate) fn database(path: &Path, action: &'static str, source: rusqlite::Error) -> Self {
        let advice = advice(&source);
        Self::Database { path: path.to_owned(), action, advice, source }
    }

    /// Whether the file or its disk is at fault, and not what was asked of them.
    pub fn is_of_the_file(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        match self {
            Self::Database { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(
                    Code::CannotOpen
                        | Code::DatabaseBusy
                        | Code::DatabaseCorrupt
                        | Code::DatabaseLocked
                        | Code::DiskFull
                        | Code::NotADatabase
                        | Code::PermissionDenied
                        | Code::ReadOnly
                        | Code::SystemIoFailure
                )
            ),
            Self::File { .. }
            | Self::Replaced { .. }
            | Self::TooNew { .. }
            | Self::Unfit { .. } => true,
            Self::Held { .. } | Self::Invalid { .. } => false,
        }
    }

    /// `Retry` where waiting can help (no space left, a lock held for a moment), else `Fatal`.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Database { source, .. } if passing(source) => {
                Disposition::Retry { after: Duration::from_secs(5) }
            }
            _ => Disposition::Fatal,
        }
    }
}

fn passing(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull, OperationInterrupted};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked | DiskFull | OperationInterrupted)
    )
}

fn advice(error: &rusqlite::Error) -> &'static str {
    use rusqlite::ErrorCode as Code;
    match error.sqlite_error_code() {
        Some(Code::DiskFull) => "make room on its disk; it is tried again",
        Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
            "check that it is a file, that its folder exists, and that both can be written"
        }
        Some(Code::NotADatabase) => {
            "the file is no ledger, or a damaged one: name another, restore it from a backup, or \
             start with a new one"
        }
        Some(Code::DatabaseCorrupt) => {
            "the file is damaged: put it aside, then restore it from a backup, recover it with \
             `sqlite3 FILE .recover`, or start with a new one"
        }
        Some(Code::SystemIoFailure) => {
            "the disk or its file system failed or is full: check it, then start again"
        }
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
            "another program has it open for writing; it is tried again"
        }
        Some(Code::OperationInterrupted) => "it was interrupted; it is tried again",
        _ => "nothing of it was written",
    }
}

fn who(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), Holder::to_string)
}
