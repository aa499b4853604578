//! The reading side: fates, counts and dead letters. Works beside a running owner.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use bytes::Bytes;
use jiff::Timestamp;
use newsmill_article::{ArticleId, Entry, SourceName};
use serde::Serialize;

use crate::{EntryId, LedgerError, Sequence};

/// Reads a ledger, and edits its dead letters, beside the process that owns it.
pub struct Inspector {}

/// The history of one article or address.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fate {
    /// What was asked for.
    pub query: String,
    /// The article, where there is one.
    pub article: Option<ArticleId>,
    /// Each entry that led there, oldest first; empty where nothing is known.
    pub visits: Vec<Visit>,
}

/// One entry on its way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Visit {
    /// Its number.
    pub entry: EntryId,
    /// The path or URL as given.
    pub input: String,
}

/// Everything counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Status {
    /// Entries that ever entered: the sum of the next five, with `rejected` over all reasons.
    pub entries: u64,
    /// Every sink has its record.
    pub delivered: u64,
    /// The same article was known.
    pub duplicates: u64,
    /// By [`newsmill_article::Reason::code`].
    pub rejected: BTreeMap<String, u64>,
    /// Taken over by another machine.
    pub handed_off: u64,
    /// To be read, being read, or ready but not yet with every sink.
    pub waiting: u64,
    /// Of `waiting`, those with a record that some sink still lacks.
    pub ready: u64,
    /// When the longest waiting entry became due.
    pub oldest_due: Option<Timestamp>,
    /// Dead letters.
    pub dead_letters: u64,
    /// The sources, by name.
    pub sources: Vec<SourceStatus>,
    /// The sinks, by name.
    pub sinks: Vec<SinkStatus>,
}

/// How one source does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceStatus {
    /// Its name.
    pub name: SourceName,
    /// Entries that it brought first.
    pub entries: u64,
    /// The last poll that worked.
    pub last_good: Option<Timestamp>,
    /// Polls that failed since.
    pub failures: u32,
    /// Why the last one failed.
    pub last_failure: Option<String>,
    /// The next poll.
    pub next_due: Timestamp,
}

/// How one sink does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SinkStatus {
    /// Its name.
    pub name: String,
    /// The last record that it has.
    pub position: Sequence,
    /// Records that are ready and that it lacks.
    pub lag: u64,
    /// Records that it refused.
    pub rejected: u64,
    /// When its position last moved.
    pub last_delivery: Option<Timestamp>,
}

/// What gave up, with all that is needed to see why and to try again.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Its number.
    pub id: EntryId,
    /// What was to be read.
    pub entry: Entry,
    /// Why it gave up, in plain words.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The error with its causes.
    pub detail: Option<String>,
    /// The sink that refused the record, where that was it.
    pub sink: Option<String>,
    /// When it gave up.
    pub at: Timestamp,
    /// What had been fetched; `None` in lists, and where nothing had.
    pub page: Option<Bytes>,
}

impl Inspector {
    /// Opens an existing ledger beside its owner.
    ///
    /// # Errors
    ///
    /// Where there is none, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let _ = path;
        Ok(Self {})
    }

    /// The history of an article, by id (32 hexadecimal digits), URL or path.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn fate(&self, query: &str) -> Result<Fate, LedgerError> {
        Ok(Fate { query: query.to_owned(), article: None, visits: Vec::new() })
    }

    /// Everything counted.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn status(&self) -> Result<Status, LedgerError> {
        Ok(Status::default())
    }

    /// The dead letters, oldest first, after the one with the number `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn dead_list(
        &self,
        after: Option<EntryId>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, LedgerError> {
        let _ = (after, limit);
        Ok(Vec::new())
    }

    /// One dead letter with its page.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn dead_show(&self, id: EntryId) -> Result<Option<DeadLetter>, LedgerError> {
        let _ = id;
        Ok(None)
    }

    /// Makes a dead letter due again, with its attempts at 0. False where there is none.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn dead_retry(&self, id: EntryId, now: Timestamp) -> Result<bool, LedgerError> {
        let _ = (id, now);
        Ok(false)
    }

    /// Drops a dead letter; its entry stays rejected. False where there is none.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn dead_drop(&self, id: EntryId) -> Result<bool, LedgerError> {
        let _ = id;
        Ok(false)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.query)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries", self.entries)
    }
}
