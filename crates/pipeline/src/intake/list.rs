//! Entries from a list of inputs: straight into the mill, or into the ledger.

use std::sync::Arc;

use async_channel::Sender;
use newsmill_article::{Entry, Outcome, Reason};
use newsmill_ledger::Operation;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::in_flight::{InFlight, Settlement, Ticket};
use crate::ledger_thread::LedgerHandle;
use crate::stages::Fatal;
use crate::telemetry::Telemetry;

/// One input of a one-shot run: something to read, or why it cannot be read.
#[derive(Debug)]
pub enum Given {
    /// To be read.
    Entry(Entry),
    /// Refused before it entered.
    Refused {
        /// The path or URL as given.
        input: String,
        /// Why.
        reason: Reason,
        /// What the operating system said.
        cause: Option<String>,
    },
}

/// Feeds `inputs` into the mill until there are no more or `stop` is cancelled. The iterator may
/// block for a moment (it lists folders, it reads lines), so this runs on a thread of its own.
///
/// # Errors
///
/// None; the type is that of every stage.
pub fn feed(
    inputs: impl Iterator<Item = Given>,
    entries: &Sender<InFlight<Entry>>,
    settlements: &Sender<Settlement>,
    window: &Arc<Semaphore>,
    stop: &CancellationToken,
    telemetry: &Telemetry,
    runtime: &tokio::runtime::Handle,
) -> Result<(), Fatal> {
    for (number, given) in (0..).zip(inputs) {
        // A place in the window, or the stop.
        let place = runtime.block_on(async {
            tokio::select! {
                biased;
                () = stop.cancelled() => None,
                place = window.acquire() => place.ok(),
            }
        });
        match place {
            // Given back by the last stage, when the end of this input is written.
            Some(place) => place.forget(),
            None => break,
        }
        telemetry.opened();
        match given {
            Given::Entry(entry) => {
                let ticket = Ticket::open(number, entry.input.as_str(), settlements);
                if entries.send_blocking(InFlight::new(entry, ticket)).is_err() {
                    break;
                }
            }
            Given::Refused { input, reason, cause } => {
                let ticket = Ticket::open(number, input, settlements);
                ticket.settle_because(Outcome::Rejected(reason), cause, None);
            }
        }
    }
    Ok(())
}

/// Most inputs that are entered into the ledger together.
const CHUNK: usize = 256;

/// Enters `inputs` into the ledger until there are no more or `stop` is cancelled. What the ledger
/// knows already is not entered again. Blocks like [`feed`]; `refused` gets what never enters.
///
/// # Errors
///
/// None; the type is that of every stage.
pub fn enter(
    inputs: impl Iterator<Item = Given>,
    ledger: &LedgerHandle,
    found: &Notify,
    stop: &CancellationToken,
    runtime: &tokio::runtime::Handle,
    mut refused: impl FnMut(&Settlement),
) -> Result<(), Fatal> {
    let mut chunk = Vec::new();
    let mut inputs = inputs.peekable();
    while let Some(given) = inputs.next() {
        if stop.is_cancelled() {
            break;
        }
        match given {
            Given::Entry(entry) => chunk.push(entry),
            Given::Refused { input, reason, cause } => refused(&Settlement {
                number: 0,
                label: input.into(),
                outcome: Outcome::Rejected(reason),
                cause,
                evidence: None,
            }),
        }
        if chunk.len() == CHUNK || (inputs.peek().is_none() && !chunk.is_empty()) {
            let entries = std::mem::take(&mut chunk);
            let discover = Operation::Discover { poll: None, entries };
            if runtime.block_on(ledger.apply(vec![discover])).is_err() {
                break;
            }
            found.notify_waiters();
        }
    }
    Ok(())
}
