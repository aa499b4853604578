//! Channels that cross machines, when the stages of one mill run in several processes.
//!
//! A stage only ever sees a local sender and a local receiver. A *link* is one channel cut in two,
//! with a queue between the halves: [`egress`] puts what comes and settles its ticket as handed
//! off once the queue has it; [`ingress`] opens a fresh ticket for each message, whose settlement
//! is the acknowledgement. So an article is at every moment in the hands of the ledger, of the
//! queue, or of a process that the queue waits for.
//!
//! One process owns the ledger: the one with the sinks. It hands entries out, and hears of them
//! again as `records` or, for every other end, as `settlements` ([`home`]). The processes between
//! keep nothing. Which hosts a process fetches from is a matter of leases ([`partitions`]).
//!
//! Promises: what the ledger has handed off it hears of, or hands out again ([`recall`]); work may
//! be done twice, and its effect happens once, because the ledger takes each entry's end once.

pub mod egress;
pub mod home;
pub mod ingress;
mod outstanding;
pub mod partitions;
pub mod recall;
#[cfg(test)]
mod tests;
pub mod wire;

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use newsmill_link::{Lane, Queue, QueueError};

use crate::stages::{Fatal, causes};

pub use outstanding::Outstanding;

/// Under which name a link reports.
const STAGE: &str = "link";

/// The pause after something failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Up to `most` messages of a lane. What fails for now is waited out, and gives none.
///
/// # Errors
///
/// When the queue is unfit.
async fn take<Q: Queue>(queue: &Q, lane: Lane, most: usize) -> Result<Vec<Q::Taken>, Fatal> {
    match queue.take(lane, most).await {
        Ok(taken) => Ok(taken),
        Err(error @ QueueError::Unfit { .. }) => Err(Fatal::new(STAGE, error)),
        Err(error) => {
            tracing::warn!(error = causes(&error), "waits");
            tokio::time::sleep(PAUSE).await;
            Ok(Vec::new())
        }
    }
}

/// A number that no other process comes to. The hasher of the standard library is seeded by the
/// operating system.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
