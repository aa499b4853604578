//! Records into the ledger's list of what is ready, and every other end into its entry.

use std::sync::Arc;

use async_channel::Receiver;
use newsmill_article::{Outcome, Record};
use newsmill_ledger::{Applied, EntryId, Operation, Sequence};
use tokio::sync::{Notify, watch};

use super::{Fatal, batched};
use crate::in_flight::{InFlight, Settlement};
use crate::ledger_thread::LedgerHandle;
use crate::telemetry::{Telemetry, Timers};

/// Most records or ends that are written down together.
const BATCH: usize = 64;

/// Makes records durable and tells the sinks. A ticket is delivered when the ledger has its
/// record: from there on the sinks follow the ledger, not the ticket.
pub async fn run(
    ledger: LedgerHandle,
    records: Receiver<InFlight<Record>>,
    ready: watch::Sender<Sequence>,
    timers: Arc<Timers>,
) -> Result<(), Fatal> {
    let ready = &ready;
    batched(records, BATCH, timers, |batch: Vec<InFlight<Record>>| {
        let ledger = ledger.clone();
        async move {
            let mut operations = Vec::with_capacity(batch.len());
            let mut tickets = Vec::with_capacity(batch.len());
            for InFlight { item, ticket } in batch {
                tickets.push((item.id, ticket));
                let entry = entry_of(tickets[tickets.len() - 1].1.number());
                operations.push(Operation::Ready { entry, record: Box::new(item) });
            }
            // Its own error says why the ledger has ended; the tickets are abandoned.
            let Ok(applied) = ledger.apply(operations).await else { return Ok(()) };
            let mut last = None;
            for ((id, ticket), applied) in tickets.into_iter().zip(applied) {
                ticket.settle(match applied {
                    Applied::Ready { sequence } => {
                        last = Some(sequence);
                        Outcome::Delivered
                    }
                    Applied::Duplicate { of } => Outcome::Duplicate { of },
                    _ => Outcome::Duplicate { of: id },
                });
            }
            if let Some(last) = last {
                ready.send_replace(last);
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
    let timers = Arc::default();
    batched(settlements, BATCH, timers, |batch: Vec<Settlement>| {
        let mut operations = Vec::new();
        for mut settlement in batch {
            let page = settlement.evidence.take();
            seen(&settlement);
            let Settlement { number, outcome, cause, .. } = settlement;
            if matches!(outcome, Outcome::Delivered | Outcome::Duplicate { .. }) {
                // The ledger said so itself.
                telemetry.settled(&outcome);
                continue;
            }
            let entry = entry_of(number);
            operations.push(Operation::Settle { entry, outcome, detail: cause, page });
        }
        let (ledger, telemetry, put_off) = (ledger.clone(), telemetry.clone(), put_off.clone());
        async move {
            let asked: Vec<Outcome> = operations
                .iter()
                .filter_map(|operation| match operation {
                    Operation::Settle { outcome, .. } => Some(outcome.clone()),
                    _ => None,
                })
                .collect();
            let Ok(applied) = ledger.apply(operations).await else {
                for outcome in &asked {
                    telemetry.settled(outcome);
                }
                return Ok(());
            };
            for (asked, applied) in asked.iter().zip(applied) {
                match applied {
                    Applied::Settled(outcome) => telemetry.settled(&outcome),
                    _ => telemetry.settled(asked),
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
