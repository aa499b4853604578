//! The end of a one-shot run: what became of each input, in the order of the inputs.
//!
//! Tickets are numbered by the intake without a gap. An end that comes early waits here; the
//! intake never opens more tickets beyond the oldest open one than its window, so that what
//! waits is bounded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;
use newsmill_article::{Outcome, Record};
use tokio::sync::Semaphore;

use super::Fatal;
use crate::in_flight::{InFlight, Settlement};
use crate::telemetry::{Phase, Telemetry};

/// What became of one input.
#[derive(Debug)]
pub enum End {
    /// It is a record.
    Record(Box<Record>),
    /// It is none.
    Settled(Settlement),
}

/// Takes the ends, in the order of the inputs.
pub trait Ends: Send + 'static {
    /// Takes the next one.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the run then stops.
    fn take(&mut self, end: End) -> Result<(), Fatal>;

    /// Nothing more is queued for the moment: time to flush, so that a reader sees what is done.
    ///
    /// # Errors
    ///
    /// As [`Ends::take`].
    fn rest(&mut self) -> Result<(), Fatal>;
}

#[expect(clippy::large_enum_variant, reason = "nearly all are the large one: a box buys nothing")]
enum Waiting {
    Record(InFlight<Record>),
    Settled(Settlement),
}

/// Hands every end to `ends`, in order. Gives the window a place back for each.
///
/// # Errors
///
/// When `ends` fails.
pub async fn run(
    records: Receiver<InFlight<Record>>,
    settlements: Receiver<Settlement>,
    window: Arc<Semaphore>,
    telemetry: Arc<Telemetry>,
    mut ends: impl Ends,
) -> Result<(), Fatal> {
    let meter = telemetry.records.clone();
    let mut clock = meter.at_work();
    let mut next = 0;
    let mut early = BTreeMap::new();
    let mut more_records = true;
    loop {
        // Receiving is cancel safe: the branch that loses has taken nothing.
        tokio::select! {
            record = records.recv(), if more_records => match record {
                Ok(mut record) => {
                    record.ticket.enter(meter.stage());
                    early.insert(record.ticket.number(), Waiting::Record(record));
                }
                Err(_) => more_records = false,
            },
            settlement = settlements.recv() => match settlement {
                Ok(settlement) => {
                    telemetry.settled(&settlement, &settlement.outcome);
                    // Only this stage delivers, and it has seen that record already.
                    if settlement.outcome != Outcome::Delivered {
                        early.insert(settlement.number, Waiting::Settled(settlement));
                    }
                }
                // The last ticket has ended, so nothing can wait any more.
                Err(_) => return Ok(()),
            },
        }
        // Most turns find that the next one is not there yet: that is waiting too.
        let rests = records.is_empty() && settlements.is_empty();
        if !rests && !early.contains_key(&next) {
            continue;
        }
        clock.turn(Phase::Busy);
        while let Some(waiting) = early.remove(&next) {
            next += 1;
            match waiting {
                Waiting::Record(InFlight { item, ticket }) => {
                    ends.take(End::Record(Box::new(item)))?;
                    meter.ended(&ticket, Duration::ZERO, &Outcome::Delivered, None);
                    ticket.settle(Outcome::Delivered);
                }
                Waiting::Settled(settlement) => ends.take(End::Settled(settlement))?,
            }
            window.add_permits(1);
        }
        if records.is_empty() && settlements.is_empty() {
            ends.rest()?;
        }
        clock.turn(Phase::WaitingIn);
    }
}
