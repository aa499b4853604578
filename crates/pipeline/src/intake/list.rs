//! Entries from a list of inputs: straight into the mill, or into the ledger.

use std::sync::Arc;

use async_channel::{Receiver, Sender};
use newsmill_article::{Entry, Outcome, Reason};
use newsmill_ledger::Operation;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use crate::in_flight::{InFlight, Settlement, Ticket};
use crate::ledger_thread::LedgerHandle;
use crate::stages::Fatal;
use crate::telemetry::Telemetry;

/// One input of a one-shot run: something to read, or why it cannot be read.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one: a box buys nothing")]
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

/// Most inputs that are entered into the ledger together.
const CHUNK: usize = 256;

/// A list that is read ahead on a thread of its own. Reading may block for ever (standard input
/// at a terminal), so nobody waits for that thread: a stop ends the intake, and the process ends
/// without it.
#[derive(Debug)]
pub struct Inputs {
    given: Receiver<Given>,
    /// Sent to when all is read; closed without that when the thread panicked.
    done: oneshot::Receiver<()>,
}

impl Inputs {
    /// Begins to read. `given` and `to` are the ends of the channel between.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread.
    pub fn read(
        inputs: impl Iterator<Item = Given> + Send + 'static,
        to: Sender<Given>,
        given: Receiver<Given>,
    ) -> Result<Self, Fatal> {
        let (done_in, done) = oneshot::channel();
        std::thread::Builder::new()
            .name("inputs".to_owned())
            .spawn(move || {
                for given in inputs {
                    if to.send_blocking(given).is_err() {
                        break;
                    }
                }
                // Nobody to tell: the intake was stopped.
                let _ = done_in.send(());
            })
            .map_err(|error| Fatal::new("intake", error))?;
        Ok(Self { given, done })
    }

    /// The next one; `None` at the end of the list. Cancel safe.
    async fn next(&mut self) -> Result<Option<Given>, Fatal> {
        match self.given.recv().await {
            Ok(given) => Ok(Some(given)),
            Err(_) => match (&mut self.done).await {
                Ok(()) => Ok(None),
                Err(_) => Err(Fatal::new("intake", "the list of inputs panicked")),
            },
        }
    }
}

/// Feeds the inputs into the mill until there are no more or `stop` is cancelled.
///
/// # Errors
///
/// When the list of inputs panicked.
pub async fn feed(
    mut inputs: Inputs,
    entries: Sender<InFlight<Entry>>,
    settlements: Sender<Settlement>,
    window: Arc<Semaphore>,
    stop: CancellationToken,
    telemetry: Arc<Telemetry>,
) -> Result<(), Fatal> {
    let mut number = 0;
    loop {
        let given = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            given = inputs.next() => given?,
        };
        let Some(given) = given else { return Ok(()) };
        let place = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            place = window.acquire() => place,
        };
        match place {
            // Given back by the last stage, when the end of this input is written.
            Ok(place) => place.forget(),
            Err(_) => return Ok(()),
        }
        match given {
            Given::Entry(entry) => {
                let ticket = Ticket::open(number, entry.input.as_str(), &settlements);
                let ticket = telemetry.taken_up(ticket, &entry);
                if entries.send(InFlight::new(entry, ticket)).await.is_err() {
                    return Ok(());
                }
            }
            Given::Refused { input, reason, cause } => {
                telemetry.opened();
                let ticket = Ticket::open(number, input, &settlements);
                ticket.settle_because(Outcome::Rejected(reason), cause, None);
            }
        }
        number += 1;
    }
}

/// Enters the inputs into the ledger until there are no more or `stop` is cancelled. What the
/// ledger knows already is not entered again; `refused` gets what never enters.
///
/// # Errors
///
/// When the list of inputs panicked.
pub async fn enter(
    mut inputs: Inputs,
    ledger: LedgerHandle,
    found: Arc<Notify>,
    stop: CancellationToken,
    mut refused: impl FnMut(&Settlement),
) -> Result<(), Fatal> {
    loop {
        let first = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            given = inputs.next() => given?,
        };
        let Some(first) = first else { return Ok(()) };
        let mut entries = Vec::new();
        let mut next = Some(first);
        while let Some(given) = next {
            match given {
                Given::Entry(entry) => entries.push(entry),
                Given::Refused { input, reason, cause } => refused(&Settlement {
                    number: 0,
                    label: input.into(),
                    source: None,
                    stage: "intake",
                    outcome: Outcome::Rejected(reason),
                    cause,
                    evidence: None,
                    trace: None,
                }),
            }
            next = if entries.len() < CHUNK { inputs.given.try_recv().ok() } else { None };
        }
        if !entries.is_empty() {
            let discover = Operation::Discover { poll: None, entries };
            // That the ledger has ended is its own error to report.
            if ledger.apply(vec![discover]).await.is_err() {
                return Ok(());
            }
            found.notify_waiters();
        }
    }
}
