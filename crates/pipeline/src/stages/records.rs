//! Records into the ledger's list of what is ready, and every other end into its entry.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::Receiver;
use newsmill_article::{Outcome, Record};
use newsmill_ledger::{Applied, EntryId, Operation, Sequence};
use tokio::sync::{Notify, watch};

use super::{Fatal, batched};
use crate::in_flight::{InFlight, Settlement};
use crate::ledger_thread::LedgerHandle;
use crate::telemetry::Telemetry;

/// Most records or ends that are written down together.
const BATCH: usize = 64;

/// How long those that follow one another are gathered: each commit of the ledger costs an fsync
/// and the pages that every commit writes.
const LINGER: Duration = Duration::from_millis(50);

/// Makes records durable and tells the sinks. A ticket is delivered when the ledger has its
/// record: from there on the sinks follow the ledger, not the ticket.
pub async fn run(
    ledger: LedgerHandle,
    records: Receiver<InFlight<Record>>,
    ready: watch::Sender<Sequence>,
    telemetry: Arc<Telemetry>,
) -> Result<(), Fatal> {
    let meter = telemetry.records.clone();
    let (ready, telemetry) = (&ready, &telemetry);
    batched(records, BATCH, LINGER, meter.clone(), |batch: Vec<InFlight<Record>>| {
        let (ledger, meter) = (ledger.clone(), meter.clone());
        async move {
            let begun = Instant::now();
            let mut operations = Vec::with_capacity(batch.len());
            let mut tickets = Vec::with_capacity(batch.len());
            for InFlight { item, mut ticket } in batch {
                ticket.enter(meter.stage());
                telemetry.ready(&item);
                let entry = entry_of(ticket.number());
                tickets.push((item.id, ticket));
                operations.push(Operation::Ready { entry, record: Box::new(item) });
            }
            // Its own error says why the ledger has ended; the tickets are abandoned.
            let Ok(applied) = ledger.apply(operations).await else { return Ok(()) };
            let took = begun.elapsed();
            let mut last = None;
            for ((id, ticket), applied) in tickets.into_iter().zip(applied) {
                let outcome = match applied {
                    Applied::Ready { sequence } => {
                        last = Some(sequence);
                        Outcome::Delivered
                    }
                    Applied::Duplicate { of } => Outcome::Duplicate { of },
                    _ => Outcome::Duplicate { of: id },
                };
                meter.ended(&ticket, took, &outcome, None);
                ticket.settle(outcome);
            }
            if let Some(last) = last {
                // Two of these run side by side while the stages are being replaced.
                ready.send_modify(|ready| *ready = last.max(*ready));
            }
            Ok(())
        }
    })
    .await
}

/// Writes down how every other ticket ended. Ends when the last ticket has.
pub async fn settle(
    ledger: LedgerHandle,
    settlements: Receiver<Settlement>,
    put_off: Arc<Notify>,
    telemetry: Arc<Telemetry>,
    mut seen: impl FnMut(&Settlement) + Send,
) -> Result<(), Fatal> {
    batched(settlements, BATCH, LINGER, Arc::default(), |batch: Vec<Settlement>| {
        let mut operations = Vec::new();
        let mut asked = Vec::new();
        for mut settlement in batch {
            let page = settlement.evidence.take();
            seen(&settlement);
            if matches!(settlement.outcome, Outcome::Delivered | Outcome::Duplicate { .. }) {
                // The ledger said so itself.
                telemetry.settled(&settlement, &settlement.outcome);
                continue;
            }
            let entry = entry_of(settlement.number);
            let (outcome, detail) = (settlement.outcome.clone(), settlement.cause.clone());
            operations.push(Operation::Settle { entry, outcome, detail, page });
            asked.push(settlement);
        }
        let (ledger, telemetry, put_off) = (ledger.clone(), telemetry.clone(), put_off.clone());
        async move {
            // That the ledger has ended is its own error to report.
            let applied = ledger.apply(operations).await.unwrap_or_default();
            let mut applied = applied.into_iter();
            for settlement in &asked {
                match applied.next() {
                    Some(Applied::Settled(outcome)) => telemetry.settled(settlement, &outcome),
                    _ => telemetry.settled(settlement, &settlement.outcome),
                }
            }
            put_off.notify_waiters();
            Ok(())
        }
    })
    .await
}

/// The entry that a ticket was opened for.
pub fn entry_of(number: u64) -> EntryId {
    EntryId(number.cast_signed())
}
