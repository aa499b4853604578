//! The end of a channel that leaves this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_channel::Receiver;
use bytes::Bytes;
use newsmill_article::Outcome;
use newsmill_link::{Lane, Queue, QueueError};

use super::outstanding::Outstanding;
use super::wire::{Head, Stamp, Wire};
use super::{STAGE, random};
use crate::in_flight::InFlight;
use crate::stages::{Fatal, causes};

/// The first pause after a put that failed; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(50);

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Where the stamps of what leaves come from.
pub enum Stamps<Q: Queue> {
    /// The ledger is here: each thing that leaves is a new handing out.
    Owner {
        /// The ledger's number.
        ledger: u64,
        /// The next handing out.
        next: AtomicU64,
    },
    /// It came over a link: it leaves under the stamp that it came with.
    Worker(Arc<Outstanding<Q::Taken>>),
}

impl<Q: Queue> Stamps<Q> {
    /// For the process that owns the ledger with this number.
    pub fn owner(ledger: u64) -> Self {
        // Begins anywhere, so that a handing out of an earlier life is not taken for this one.
        Self::Owner { ledger, next: AtomicU64::new(random()) }
    }

    fn of(&self, number: u64) -> Option<Stamp> {
        match self {
            Self::Owner { ledger, next } => {
                let handout = next.fetch_add(1, Ordering::Relaxed);
                Some(Stamp { ledger: *ledger, entry: number, handout })
            }
            Self::Worker(outstanding) => outstanding.stamp(number),
        }
    }
}

/// One loop of several: puts what comes, and settles its ticket as handed off once the queue has
/// it. While the queue does not take it, the loop waits, and so does the stage before.
///
/// # Errors
///
/// When the queue is unfit.
pub async fn run<T: Wire, Q: Queue>(
    queue: Q,
    stamps: Arc<Stamps<Q>>,
    input: Receiver<InFlight<T>>,
) -> Result<(), Fatal> {
    while let Ok(InFlight { item, ticket }) = input.recv().await {
        // Without a stamp its message has been taken from us: dropping it is right.
        let Some(stamp) = stamps.of(ticket.number()) else { continue };
        let head = Head { stamp, label: ticket.label().to_owned(), trace: ticket.trace() };
        let message = item.encode(&head).map_err(|error| Fatal::new(STAGE, error))?;
        put(&queue, item.lane(), stamp, message).await?;
        ticket.settle(Outcome::HandedOff);
    }
    Ok(())
}

/// Puts a message, for as long as it takes.
pub(super) async fn put<Q: Queue>(
    queue: &Q,
    lane: Lane,
    stamp: Stamp,
    message: Bytes,
) -> Result<(), Fatal> {
    let id = stamp.id();
    let mut pause = PAUSE;
    loop {
        match queue.put(lane, stamp.entry, &id, message.clone()).await {
            Ok(()) => return Ok(()),
            Err(error @ QueueError::Unfit { .. }) => return Err(Fatal::new(STAGE, error)),
            Err(error) if pause == LONGEST_PAUSE => {
                tracing::warn!(error = causes(&error), "waits");
            }
            Err(error) => tracing::debug!(error = causes(&error), "waits"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
