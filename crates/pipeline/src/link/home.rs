//! The owner's side: the ends that come back, and the right to be the owner.

use std::sync::Arc;
use std::time::Duration;

use newsmill_ledger::Operation;
use newsmill_link::{LEASE, Queue, QueueError, Taken};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::wire::{Fate, Head, Wire};
use super::{PAUSE, STAGE};
use crate::in_flight::Settlement;
use crate::ledger_thread::LedgerHandle;
use crate::stages::records::entry_of;
use crate::stages::{Fatal, causes};
use crate::telemetry::Telemetry;

/// Most ends that are written down together.
const BATCH: usize = 64;

/// How long a start waits for a cluster to come to itself.
const ELECTION: Duration = Duration::from_secs(30);

/// The lease of the owner.
const OWNER: &str = "owner";

/// Writes the ends that other processes report into the ledger, until `stop`. Each is
/// acknowledged once it is durable.
///
/// # Errors
///
/// When the queue is unfit.
pub async fn fates<Q: Queue>(
    queue: Q,
    number: u64,
    ledger: LedgerHandle,
    found: Arc<Notify>,
    telemetry: Arc<Telemetry>,
    stop: CancellationToken,
    mut seen: impl FnMut(&Settlement) + Send,
) -> Result<(), Fatal> {
    while !stop.is_cancelled() {
        let taken = super::take(&queue, Fate::CHANNEL.lane(), BATCH).await?;
        let mut operations = Vec::with_capacity(taken.len());
        for message in &taken {
            let decoded = message.message().map(|message| Fate::decode(message));
            let Some(Ok((Head { stamp, label, trace }, fate))) = decoded else {
                tracing::error!("drops an end that cannot be read; its entry is handed out again");
                continue;
            };
            if stamp.ledger != number {
                tracing::warn!(input = label, "drops the end of an entry of another ledger");
                continue;
            }
            let Fate { outcome, cause, evidence } = fate;
            let (entry, label) = (entry_of(stamp.entry), label.into());
            let settlement = Settlement {
                number: stamp.entry,
                label,
                source: None,
                stage: "link",
                outcome,
                cause,
                evidence: None,
                trace: trace.and_then(|trace| telemetry.spans.trace(Some(trace))).map(Box::new),
            };
            seen(&settlement);
            telemetry.opened();
            telemetry.settled(&settlement, &settlement.outcome);
            let Settlement { outcome, cause, .. } = settlement;
            operations.push(Operation::Settle { entry, outcome, detail: cause, page: evidence });
        }
        // Its own error says why the ledger has ended; the messages come again.
        if ledger.apply(operations).await.is_err() {
            return Ok(());
        }
        for message in &taken {
            message.ack().await;
        }
        if !taken.is_empty() {
            found.notify_waiters();
        }
    }
    Ok(())
}

/// Becomes the owner of everything under the queue's prefix. The same ledger takes over from its
/// own earlier life at once; another one is waited for until its lease is over, and a cluster that
/// has no leader yet until it has one.
///
/// # Errors
///
/// When another ledger is at work there, or the queue is not to be had for half a minute.
pub async fn claim<Q: Queue>(queue: &Q, ledger: u64) -> Result<(), QueueError> {
    let holder = holder(ledger);
    let begun = Instant::now();
    loop {
        let (patience, refused) = match queue.lease(OWNER, &holder).await {
            Ok(true) => return Ok(()),
            Ok(false) => {
                let message = "another ledger is at work under this `link.nats.prefix`: only one \
                               process runs the stage `sink`; give this mill another prefix";
                (LEASE + LEASE / 2, QueueError::Unfit { message: message.to_owned() })
            }
            Err(later @ QueueError::Later { .. }) => {
                tracing::warn!(error = causes(&later), "waits for the queue");
                (ELECTION, later)
            }
            Err(unfit) => return Err(unfit),
        };
        if begun.elapsed() >= patience {
            return Err(refused);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Stays the owner until `stop`.
///
/// # Errors
///
/// When another ledger has taken over.
pub async fn stay<Q: Queue>(queue: Q, ledger: u64, stop: CancellationToken) -> Result<(), Fatal> {
    let holder = holder(ledger);
    let mut refused = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(LEASE / 3) => {}
        }
        match queue.lease(OWNER, &holder).await {
            Ok(true) => refused = 0,
            // Once may be our own renewal in another guise: an answer that came late.
            Ok(false) if refused < 3 => refused += 1,
            Ok(false) => {
                return Err(Fatal::new(STAGE, "another ledger has taken over this prefix"));
            }
            Err(error) => tracing::debug!(error = causes(&error), "cannot renew the lease"),
        }
    }
}

fn holder(ledger: u64) -> String {
    format!("{ledger:016x}")
}
