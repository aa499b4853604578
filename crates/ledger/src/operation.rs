//! What the owner asks of the ledger, and what it answers.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use newsmill_article::{ArticleId, Entry, Outcome, Record, SourceName};
use serde::{Deserialize, Serialize};

/// The number of an entry in one ledger, in the order of discovery, from 1.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EntryId(pub i64);

/// The place of a record in the order in which records became ready, from 1; 0 is before the
/// first. Never used twice.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub i64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How one poll of a source ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poll {
    /// The source; it must be registered.
    pub source: SourceName,
    /// The source's new cursor, opaque to the ledger; `None` keeps the one before.
    pub cursor: Option<String>,
    /// When to poll next.
    pub next_due: Timestamp,
    /// Why the poll failed, with its causes; `None` where it worked.
    pub failure: Option<String>,
}

/// A record that a sink will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which one.
    pub sequence: Sequence,
    /// What the sink said, for people.
    pub detail: String,
}

/// One step of one entry or sink. Steps of a group are applied in order, in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Enters what a poll found, with the source's new cursor; or one-shot inputs, without a poll.
    Discover {
        /// The poll that found them; `None` for one-shot inputs.
        poll: Option<Poll>,
        /// What was found, in the order in which it is to be read.
        entries: Vec<Entry>,
    },
    /// Makes a finished record durable and gives it its place in the order.
    Ready {
        /// The entry it came from.
        entry: EntryId,
        /// The record; the ledger fills in `changed`.
        record: Box<Record>,
    },
    /// Ends or puts off an entry that became no record.
    Settle {
        /// The entry.
        entry: EntryId,
        /// How it ended. `Retry` becomes `Rejected(GaveUp)` when the attempts are used up.
        /// `Abandoned` leaves it claimable, with no attempt counted.
        outcome: Outcome,
        /// The error with its causes, for people; `None` where the outcome says all.
        detail: Option<String>,
        /// What had been fetched; kept only where the entry becomes a dead letter.
        page: Option<Bytes>,
    },
    /// Moves a sink past a batch.
    Deliver {
        /// The sink; it must be registered.
        sink: String,
        /// The last record of the batch. A position behind the sink's own changes nothing; at its
        /// own, only a first state is taken.
        position: Sequence,
        /// The sink's own state at that position (such as the length of its file), opaque.
        state: Option<String>,
        /// The records of the batch that the sink will never take: each becomes a dead letter of
        /// this sink, and its entry is rejected as `SinkRefused`.
        rejected: Vec<Refusal>,
    },
}

/// What came of one [`Operation`], in the order of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// Of `Discover`: one answer for each entry, in order.
    Discovered(Vec<Discovered>),
    /// Of `Ready`: the record is durable and the sinks may have it.
    Ready {
        /// Its place in the order.
        sequence: Sequence,
    },
    /// Of `Ready`: the same text is already known by another address; the entry is settled.
    Duplicate {
        /// As which article.
        of: ArticleId,
    },
    /// Of `Ready`: the article is known in exactly this revision; the entry is settled as a
    /// duplicate of itself.
    Unchanged,
    /// Of `Settle`: what was written down. Differs from what was asked for where the attempts are
    /// used up, and tells the actual wait of a retry.
    Settled(Outcome),
    /// Of `Deliver`.
    Delivered,
    /// The entry is unknown or had ended before (or the sink was further on): nothing was changed.
    Ignored,
}

/// What became of one entry of a `Discover`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovered {
    /// Entered: it can be claimed.
    New(EntryId),
    /// Known already under this number, and not entered again.
    Known(EntryId),
}

impl Discovered {
    /// The number of the entry, new or known.
    pub fn id(self) -> EntryId {
        match self {
            Self::New(id) | Self::Known(id) => id,
        }
    }
}
