//! The owner's side: opening, applying groups, handing out what is due.

use std::path::Path;

use jiff::Timestamp;
use newsmill_article::{ArticleId, Entry, Revision, SourceName};

use crate::{Applied, Config, EntryId, Inspector, LedgerError, Operation, Sequence};

/// A ledger and the right to change it. There is one owner at a time.
pub struct Ledger {
    inspector: Inspector,
}

/// An entry to be worked on. It stays claimed until it is settled, or until the ledger is opened
/// again.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its number.
    pub id: EntryId,
    /// What to read.
    pub entry: Entry,
    /// How often it was tried before.
    pub attempts: u32,
}

/// A source to be polled. It stays claimed until a [`crate::Poll`] names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSource {
    /// Its name.
    pub name: SourceName,
    /// Its cursor; `None` before the first good poll.
    pub cursor: Option<String>,
    /// Polls that failed since the last good one.
    pub failures: u32,
}

/// Where a sink starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkStart {
    /// Its name.
    pub name: String,
    /// The last record that it has.
    pub position: Sequence,
    /// Its own state at that position.
    pub state: Option<String>,
    /// Records after its position that were dropped while it was not registered.
    pub missed: u64,
}

/// A record as the sinks get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place in the order.
    pub sequence: Sequence,
    /// The article.
    pub id: ArticleId,
    /// Its wording.
    pub revision: Revision,
    /// The record as one JSON object, without a line break.
    pub json: String,
}

impl Ledger {
    /// Opens or creates the ledger at `path` and becomes its owner. A lock file `PATH.lock` says
    /// who the owner is.
    ///
    /// # Errors
    ///
    /// `Held` where another process owns it; else where the file cannot be used.
    pub fn open(path: &Path, config: &Config) -> Result<Self, LedgerError> {
        let _ = (path, config);
        Self::in_memory(config)
    }

    /// A ledger for one run, in memory. It keeps no record longer than the sinks need it.
    ///
    /// # Errors
    ///
    /// Where SQLite cannot be set up.
    pub fn in_memory(config: &Config) -> Result<Self, LedgerError> {
        let _ = config;
        Ok(Self { inspector: Inspector {} })
    }

    /// The reading side, and the dead letters.
    pub fn inspect(&self) -> &Inspector {
        &self.inspector
    }

    /// Makes these the sources: new ones are due at `now`, those no longer named are kept with
    /// their cursors but not polled.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn register_sources(
        &mut self,
        names: &[SourceName],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let _ = (names, now);
        Ok(())
    }

    /// Makes these the sinks, and tells where each starts, in the same order. A new sink gets what
    /// becomes ready from now on; one that was registered before goes on where it was. One no
    /// longer named holds back nothing.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn register_sinks(&mut self, names: &[&str]) -> Result<Vec<SinkStart>, LedgerError> {
        let _ = names;
        Ok(Vec::new())
    }

    /// Applies a group of operations in order, in one transaction: when this returns `Ok`, all of
    /// them are durable; on an error none was applied, and the same group can be tried again.
    ///
    /// # Errors
    ///
    /// See [`LedgerError::disposition`].
    pub fn apply(
        &mut self,
        operations: &[Operation],
        now: Timestamp,
    ) -> Result<Vec<Applied>, LedgerError> {
        let _ = (operations, now);
        Ok(Vec::new())
    }

    /// Up to `limit` sources that are due, longest due first.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn due_sources(
        &mut self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueSource>, LedgerError> {
        let _ = (now, limit);
        Ok(Vec::new())
    }

    /// Up to `limit` entries that are due, longest due first.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn claim(&mut self, now: Timestamp, limit: usize) -> Result<Vec<Claim>, LedgerError> {
        let _ = (now, limit);
        Ok(Vec::new())
    }

    /// When the next source or entry that is not claimed becomes due; `None` where there is none.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn next_due(&self) -> Result<Option<Timestamp>, LedgerError> {
        Ok(None)
    }

    /// Up to `limit` records after `position`, in order.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn records_after(
        &self,
        position: Sequence,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, LedgerError> {
        let _ = (position, limit);
        Ok(Vec::new())
    }

    /// A sink's position and its own state there; `None` where it was never registered.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn sink_position(
        &self,
        name: &str,
    ) -> Result<Option<(Sequence, Option<String>)>, LedgerError> {
        let _ = name;
        Ok(None)
    }

    /// Forgets what is past its time, a bounded amount for each call: call it now and then.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn forget(&mut self, now: Timestamp) -> Result<(), LedgerError> {
        let _ = now;
        Ok(())
    }
}
