//! The fetcher: one for the whole mill.

use jiff::Timestamp;
use newsmill_article::{Entry, Page};

use crate::{Config, Cursor, FetchError, Poll, SourceConfig};

/// Reads entries and looks at sources. Cheap to clone; all clones share connections, the state of
/// every host and the archive.
#[derive(Debug, Clone)]
pub struct Fetcher {}

impl Fetcher {
    /// A fetcher for these sources. Fails with [`FetchError::Config`] where something cannot work:
    /// a token that is not there, a pattern that is none, an archive that cannot be written.
    pub fn new(_config: &Config, _sources: &[SourceConfig]) -> Result<Self, FetchError> {
        Ok(Self {})
    }

    /// Reads one entry, wherever its bytes are.
    ///
    /// Waits for the host's turn, at most `host.max_wait`. Dropping the future gives the turn up
    /// and loses nothing else.
    pub async fn page(&self, entry: Entry) -> Result<Page, FetchError> {
        Err(FetchError::Empty { place: entry.input })
    }

    /// Looks at a source once. Never fails as a call: see [`Poll::failure`].
    ///
    /// Dropping the future loses nothing: the cursor that was given still stands.
    pub async fn poll(&self, _source: &SourceConfig, cursor: &Cursor, now: Timestamp) -> Poll {
        Poll {
            entries: Vec::new(),
            cursor: cursor.clone(),
            next: now,
            moved_to: None,
            stopped: false,
            gap: false,
            warnings: Vec::new(),
            failure: None,
        }
    }
}
