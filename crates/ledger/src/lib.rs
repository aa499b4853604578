//! The durable truth about every source and article. Synchronous.
//!
//! The ledger is the queue of the mill: what it has acknowledged survives `kill -9` and power
//! loss, and what it has not acknowledged never happened. One owner applies [`Operation`]s in
//! groups; a group is one transaction and one `fsync`, done whole or not at all.
//!
//! An entry goes `Due { attempts, not_before } → Ready → Settled`:
//!
//! 1. [`Operation::Discover`] enters what a poll found together with the source's cursor, so a
//!    crash repeats a poll and never skips one. What is known by its canonical URL is not entered
//!    again.
//! 2. [`Operation::Ready`] makes the finished record durable, with a [`Sequence`], before any sink
//!    sees it; or finds that it is a duplicate.
//! 3. [`Operation::Settle`] ends an entry that became no record, or puts it off.
//! 4. [`Operation::Deliver`] moves one sink's position past a whole batch, together with that
//!    sink's own state and what it refused.
//!
//! Each sink follows the ready records by sequence at its own pace. An entry counts as delivered
//! when every registered sink has passed its record. At any moment
//! entries = delivered + duplicates + rejected + handed off + waiting ([`Status`]).
//!
//! Left out on purpose: threads, channels, clocks (the caller brings the time), fetching, and the
//! sinks themselves.

mod at_work;
mod config;
mod dead;
mod deliver;
mod discover;
mod due;
mod error;
mod fate;
mod fault;
#[cfg(test)]
mod faults;
mod file;
mod follow;
mod forget;
mod group;
mod heads;
mod inspect;
mod lanes;
mod ledger;
mod lock;
mod operation;
mod ready;
mod rows;
mod schema;
mod settle;
mod state;
mod status;

pub use at_work::{AtWork, Mark};
pub use config::Config;
pub use dead::DeadLetter;
pub use due::{Claim, DueSource};
pub use error::{Holder, LedgerError};
pub use fate::{Fate, SinkFate, Standing, Visit};
pub use follow::{Batch, SinkStart, StoredRecord};
pub use inspect::Inspector;
pub use ledger::Ledger;
pub use operation::{Applied, Discovered, EntryId, Operation, Poll, Refusal, Sequence};
pub use status::{SinkStatus, SourceStatus, Status};
