//! The beginning of a channel that comes from another process.
//!
//! Taking and settling are two tasks. [`take`] opens a ticket for each message; it stops when the
//! mill is told to stop, like any intake. [`settle`] tells the queue how each ticket ended, and
//! keeps alive what is still worked on; it ends with the last ticket.

use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use newsmill_article::{Outcome, Reason};
use newsmill_link::{Channel, Lane, Queue, Taken};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::outstanding::Outstanding;
use super::wire::{Fate, Head, Wire, WireError};
use super::{PAUSE, STAGE, egress};
use crate::in_flight::{InFlight, Settlement, Ticket};
use crate::stages::{Fatal, causes};
use crate::telemetry::Telemetry;

/// How long a message that this version does not know waits for a process of another one.
const OTHER_VERSION: Duration = Duration::from_secs(30);

/// The longest that a message waits in the queue before it is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(5 * 60);

/// What the loops of one ingress share.
pub struct Ingress<T, Q: Queue> {
    /// The engine.
    pub queue: Q,
    /// What is in our hands.
    pub outstanding: Arc<Outstanding<Q::Taken>>,
    /// Where it goes.
    pub output: Sender<InFlight<T>>,
    /// Where its tickets report.
    pub settlements: Sender<Settlement>,
    /// How often a message is handed out before it counts as poison.
    pub attempts: u32,
    /// Whose ledger the messages must belong to; `None` where that is no matter.
    pub ledger: Option<u64>,
    /// What is counted; `None` where the ledger counts.
    pub telemetry: Option<Arc<Telemetry>>,
}

impl<T, Q: Queue> Clone for Ingress<T, Q> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            outstanding: self.outstanding.clone(),
            output: self.output.clone(),
            settlements: self.settlements.clone(),
            attempts: self.attempts,
            ledger: self.ledger,
            telemetry: self.telemetry.clone(),
        }
    }
}

/// Takes from a lane, as many at a time as `places` are free, until `stop`. `may` is asked before
/// each take whether the lane is still ours.
///
/// # Errors
///
/// When the queue is unfit.
pub async fn take<T: Wire, Q: Queue>(
    ingress: Ingress<T, Q>,
    lane: Lane,
    places: Arc<Semaphore>,
    stop: CancellationToken,
    may: impl Fn() -> bool + Send,
) -> Result<(), Fatal> {
    while let Some(mut free) = free_places(&places, &stop).await {
        if !may() {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        // Waited for to its end, at most a second: what would come after would lie in nobody's
        // hands until its time is over.
        let taken = super::take(&ingress.queue, lane, free.len()).await?;
        for message in taken {
            // There are never more messages than places.
            let Some(place) = free.pop() else { break };
            if open(&ingress, message, place).await.is_none() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// All places that are free; waits for one. `None` when the mill stops.
async fn free_places(
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<Vec<OwnedSemaphorePermit>> {
    let first = tokio::select! {
        biased;
        () = stop.cancelled() => return None,
        place = places.clone().acquire_owned() => place.ok()?,
    };
    let mut free = vec![first];
    while let Ok(place) = places.clone().try_acquire_owned() {
        free.push(place);
    }
    Some(free)
}

/// Opens a ticket for a message and sends it on. `None` when nobody takes it any more.
async fn open<T: Wire, Q: Queue>(
    ingress: &Ingress<T, Q>,
    message: Q::Taken,
    place: OwnedSemaphorePermit,
) -> Option<()> {
    let decoded = message.message().map(|message| T::decode(message));
    let (Head { stamp, label, trace }, item) = match decoded {
        Some(Ok(decoded)) => decoded,
        Some(Err(error @ WireError::Version { .. }))
            if message.delivered() < ingress.attempts.saturating_mul(10) =>
        {
            tracing::warn!(%error, "leaves it to another process");
            message.nak(OTHER_VERSION).await;
            return Some(());
        }
        unreadable => {
            let cause = unreadable.and_then(Result::err).map(|error| causes(&error));
            // The ledger hears nothing of its entry, asks, and hands it out again.
            tracing::error!(channel = T::CHANNEL.name(), cause, "drops a message");
            message.ack().await;
            return Some(());
        }
    };
    if ingress.ledger.is_some_and(|ours| ours != stamp.ledger) {
        tracing::warn!(input = label, "drops a message of another ledger");
        message.ack().await;
        return Some(());
    }
    let poison = message.delivered() > ingress.attempts;
    let attempts = message.delivered() - 1;
    ingress.outstanding.add(message, stamp, place);
    let mut ticket = Ticket::open(stamp.entry, label, &ingress.settlements);
    if let Some(telemetry) = &ingress.telemetry {
        telemetry.opened();
        ticket = ticket.traced(telemetry.spans.trace(trace));
    }
    if poison {
        let cause = "it was handed out so often and never came to an end: whoever had it died";
        let outcome = Outcome::Rejected(Reason::GaveUp { attempts });
        ticket.settle_because(outcome, Some(cause.to_owned()), None);
        return Some(());
    }
    ingress.output.send(InFlight::new(item, ticket)).await.ok()
}

/// Tells the queue how the tickets ended, until the last one has.
///
/// | outcome | what the queue hears |
/// |---|---|
/// | `HandedOff`, `Delivered`, `Duplicate` | ack |
/// | `Rejected` | its fate into `settlements`, then ack |
/// | `Retry`, `PutOff` of an entry | the same: the ledger counts and waits |
/// | `Retry`, `PutOff` of anything later | nak with a delay: what was read is not read again |
/// | `Abandoned` | nak |
///
/// # Errors
///
/// When the queue is unfit.
pub async fn settle<Q: Queue>(
    queue: Q,
    channel: Channel,
    outstanding: Arc<Outstanding<Q::Taken>>,
    settlements: Receiver<Settlement>,
    attempts: u32,
    telemetry: Option<Arc<Telemetry>>,
    mut seen: impl FnMut(&Settlement) + Send,
) -> Result<(), Fatal> {
    let mut alive = tokio::time::interval(Q::Taken::PATIENCE / 3);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let settlement = tokio::select! {
            settlement = settlements.recv() => settlement,
            _ = alive.tick() => {
                for message in outstanding.alive() {
                    message.progress().await;
                }
                continue;
            }
        };
        let Ok(mut settlement) = settlement else { return Ok(()) };
        let Some(held) = outstanding.remove(settlement.number) else { continue };
        let delivered = held.taken.delivered();
        give_up(&mut settlement, channel, delivered, attempts);
        seen(&settlement);
        if let Some(telemetry) = &telemetry {
            telemetry.settled(&settlement, &settlement.outcome);
        }
        let Settlement { label, outcome, cause, evidence, trace, .. } = settlement;
        match outcome {
            Outcome::HandedOff | Outcome::Delivered | Outcome::Duplicate { .. } => {
                held.taken.ack().await;
            }
            Outcome::Abandoned => held.taken.nak(Duration::ZERO).await,
            Outcome::Retry { after } | Outcome::PutOff { after } if channel != Channel::Entries => {
                let doubled = Duration::from_secs(1).saturating_mul(1 << delivered.min(16));
                held.taken.nak(after.max(doubled).min(LONGEST_RETRY.max(after))).await;
            }
            outcome => {
                let fate = Fate { outcome, cause, evidence };
                let trace = trace.map(|trace| trace.context);
                let head = Head { stamp: held.stamp, label: label.into(), trace };
                let message = fate.encode(&head).map_err(|error| Fatal::new(STAGE, error))?;
                egress::put(&queue, Fate::CHANNEL.lane(), held.stamp, message).await?;
                held.taken.ack().await;
            }
        }
    }
}

/// A retry that would go back into the queue once too often is a rejection. Those of entries go
/// to the ledger, which counts itself.
fn give_up(settlement: &mut Settlement, channel: Channel, delivered: u32, attempts: u32) {
    let retries = matches!(settlement.outcome, Outcome::Retry { .. });
    if retries && channel != Channel::Entries && delivered >= attempts {
        settlement.outcome = Outcome::Rejected(Reason::GaveUp { attempts: delivered });
    }
}
