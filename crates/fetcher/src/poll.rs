//! One look at a source: what is new, and when to look again.

use jiff::Timestamp;
use newsmill_article::Entry;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::FetchError;

/// What one look at a source gave. It is always a whole answer: a failure still moves the cursor
/// on, so that a dead source is asked ever more rarely.
#[derive(Debug)]
pub struct Poll {
    /// Entries that are new or changed since the cursor that was given, as listed.
    pub entries: Vec<Entry>,
    /// To be stored together with the entries and handed to the next look.
    pub cursor: Cursor,
    /// When to look again.
    pub next: Timestamp,
    /// Where the source has moved for good; `cursor` follows already, the user should too.
    pub moved_to: Option<Url>,
    /// The source said that it is gone for good (410): do not look again.
    pub stopped: bool,
    /// All entries were new: some may have come and gone since the last look.
    pub gap: bool,
    /// What is odd but no failure, for the log.
    pub warnings: Vec<String>,
    /// Why there is no answer; `entries` is empty then.
    pub failure: Option<FetchError>,
}

/// What is remembered of a source between looks. Whoever stores it need not look inside.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// `ETag` exactly as sent.
    pub etag: Option<String>,
    /// `Last-Modified` exactly as sent.
    pub last_modified: Option<String>,
    /// Where the source has moved for good.
    pub moved_to: Option<Url>,
    /// The source is gone for good.
    pub stopped: bool,
    /// Failures in a row.
    pub failures: u32,
    /// When it last answered.
    pub last_success: Option<Timestamp>,
    /// Hashes of the entries in the last answer.
    pub seen: Vec<u64>,
    /// The time between two looks, in seconds, that fits what the source publishes.
    pub interval: Option<u64>,
    /// Looks at which all entries were new.
    pub gaps: u64,
    /// How far each WARC file has been read: path and byte offset.
    pub files: Vec<(String, u64)>,
}
