//! The reading side: fates, counts and dead letters. Works beside a running owner.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use crate::dead::{self, DeadLetter};
use crate::fate::{self, Fate};
use crate::fault::Fault;
use crate::file;
use crate::group::end_leftover;
use crate::status::{self, Status};
use crate::{EntryId, LedgerError};

/// Reads a ledger, and edits its dead letters, beside the process that owns it.
pub struct Inspector {
    pub(crate) db: Connection,
    pub(crate) path: PathBuf,
}

impl Inspector {
    /// Opens an existing ledger beside its owner.
    ///
    /// # Errors
    ///
    /// Where there is none, it has another layout, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Ok(Self::on(file::open_beside(path)?, path.to_owned()))
    }

    pub(crate) fn on(db: Connection, path: PathBuf) -> Self {
        Self { db, path }
    }

    /// The history of an article, by id (32 hexadecimal digits), URL or path.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn fate(&self, query: &str) -> Result<Fate, LedgerError> {
        self.read("read a fate", |db| fate::fate(db, query))
    }

    /// Everything counted, at one moment.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn status(&self) -> Result<Status, LedgerError> {
        self.read("count", |db| {
            // One transaction, so that the counts belong together.
            let moment = db.unchecked_transaction()?;
            status::status(&moment)
        })
    }

    /// The size of the database, in bytes, without the log beside it.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn size(&self) -> Result<u64, LedgerError> {
        self.read("read the size", |db| {
            let pages: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let page: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            Ok(u64::try_from(pages.saturating_mul(page)).unwrap_or(0))
        })
    }

    /// The dead letters, oldest entry first, after the one with the number `after`, at most
    /// `limit`, without their pages.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn dead_list(
        &self,
        after: Option<EntryId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, LedgerError> {
        self.read("read the dead letters", |db| dead::list(db, after, limit))
    }

    /// The dead letters of one entry, with the page: of the stage that gave up, or one for each
    /// sink that refused its record. Empty where there is none.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn dead_show(&self, id: EntryId) -> Result<Vec<DeadLetter>, LedgerError> {
        self.read("read a dead letter", |db| dead::show(db, id))
    }

    /// Tries again: an entry that gave up is due at `now` with no attempt counted; a record that a
    /// sink refused goes to that sink once more, and to no other. False where there is no dead
    /// letter.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn dead_retry(&self, id: EntryId, now: Timestamp) -> Result<bool, LedgerError> {
        dead::retry(&self.db, id, now).map_err(|fault| self.failed("retry a dead letter", fault))
    }

    /// Drops the dead letters of an entry; it stays rejected. False where there is none.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn dead_drop(&self, id: EntryId) -> Result<bool, LedgerError> {
        dead::drop(&self.db, id).map_err(|fault| self.failed("drop a dead letter", fault))
    }

    pub(crate) fn read<T>(
        &self,
        action: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, LedgerError> {
        let done = end_leftover(&self.db).map_err(Fault::from).and_then(|()| read(&self.db));
        done.map_err(|fault| self.failed(action, fault))
    }

    pub(crate) fn failed(&self, action: &'static str, fault: Fault) -> LedgerError {
        match fault {
            Fault::Sql(error) => LedgerError::database(&self.path, action, error),
            Fault::Invalid(what) => LedgerError::Invalid { path: self.path.clone(), what },
        }
    }
}
