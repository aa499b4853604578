//! What is on its way, and how its way ends.
//!
//! Everything that enters the mill carries a [`Ticket`], and a ticket ends in exactly one
//! [`Settlement`]: [`Ticket::settle`] consumes it, and dropping it unsettled (a cancelled task, a
//! closed channel, a fault of ours) settles it as `Abandoned`. So nothing can vanish quietly, and
//! whoever receives the settlements can account for every entry.
//!
//! The settlements travel on an unbounded channel, because `Drop` must not wait; it holds at most
//! one settlement per live ticket, and the number of live tickets is bounded by the intake.

use async_channel::Sender;
use bytes::Bytes;
use newsmill_article::{Article, Entry, Outcome, Page, Record, SourceName};

use crate::telemetry::spans::{Trace, TraceContext};

/// How the way of one ticket ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The number that the ticket was opened with.
    pub number: u64,
    /// What the entry is called in front of people: its path or URL.
    pub label: Box<str>,
    /// Its source in `pipeline.yaml`.
    pub source: Option<SourceName>,
    /// The stage that had it last.
    pub stage: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// The error behind the outcome with all its causes, where there was one.
    pub cause: Option<String>,
    /// The bytes that a stage panicked over, for a test case.
    pub evidence: Option<Bytes>,
    /// Its trace, where it is traced.
    pub trace: Option<Box<Trace>>,
}

/// The right and the duty to settle one entry.
#[derive(Debug)]
#[must_use = "dropping a ticket settles it as abandoned"]
pub struct Ticket {
    number: u64,
    label: Box<str>,
    deaths: u32,
    source: Option<SourceName>,
    stage: &'static str,
    trace: Option<Box<Trace>>,
    /// `None` once it is settled.
    settlements: Option<Sender<Settlement>>,
}

impl Ticket {
    /// Opens a ticket. `number` is the opener's own (a row of the ledger, a place in the order of
    /// inputs) and comes back in the settlement.
    pub fn open(number: u64, label: impl Into<Box<str>>, to: &Sender<Settlement>) -> Self {
        let settlements = Some(to.clone());
        Self {
            number,
            label: label.into(),
            source: None,
            stage: "intake",
            trace: None,
            deaths: 0,
            settlements,
        }
    }

    /// Says which source its entry is of.
    pub fn of(mut self, source: Option<SourceName>) -> Self {
        self.source = source;
        self
    }

    /// Says that it is traced.
    pub fn traced(mut self, trace: Option<Trace>) -> Self {
        self.trace = trace.map(Box::new);
        self
    }

    /// A stage takes it over.
    pub fn enter(&mut self, stage: &'static str) {
        self.stage = stage;
    }

    /// The source of its entry.
    pub fn source(&self) -> Option<&SourceName> {
        self.source.as_ref()
    }

    /// What its spans belong to, where it is traced.
    pub fn trace(&self) -> Option<TraceContext> {
        self.trace.as_ref().map(|trace| trace.context)
    }

    /// The same ticket of an entry over which so many processes died.
    pub fn with_deaths(mut self, deaths: u32) -> Self {
        self.deaths = deaths;
        self
    }

    /// How many processes died over the entry.
    pub fn deaths(&self) -> u32 {
        self.deaths
    }

    /// The number that it was opened with.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What the entry is called in front of people.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Ends it.
    pub fn settle(self, outcome: Outcome) {
        self.settle_because(outcome, None, None);
    }

    /// Ends it and says why.
    pub fn settle_because(
        mut self,
        outcome: Outcome,
        cause: Option<String>,
        evidence: Option<Bytes>,
    ) {
        self.send(outcome, cause, evidence);
    }

    fn send(&mut self, outcome: Outcome, cause: Option<String>, evidence: Option<Bytes>) {
        if let Some(settlements) = self.settlements.take() {
            let label = std::mem::take(&mut self.label);
            let settlement = Settlement {
                number: self.number,
                label,
                source: self.source.take(),
                stage: self.stage,
                outcome,
                cause,
                evidence,
                trace: self.trace.take(),
            };
            // The channel is unbounded, so this fails only when nobody keeps accounts any more:
            // the process is ending, and the next start claims the entry again.
            let _ = settlements.try_send(settlement);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.send(Outcome::Abandoned, None, None);
    }
}

/// A thing on its way, with its ticket.
#[derive(Debug)]
#[must_use = "dropping it settles its ticket as abandoned"]
pub struct InFlight<T> {
    /// The thing.
    pub item: T,
    /// Its ticket.
    pub ticket: Ticket,
}

impl<T> InFlight<T> {
    /// Joins a thing and its ticket.
    pub fn new(item: T, ticket: Ticket) -> Self {
        Self { item, ticket }
    }

    /// Ends its way.
    pub fn settle(self, outcome: Outcome) {
        self.ticket.settle(outcome);
    }
}

/// What is worth keeping of a thing that a stage panicked over.
pub trait Evidence {
    /// Its bytes, where it has any.
    fn evidence(&self) -> Option<Bytes>;
}

impl Evidence for Entry {
    fn evidence(&self) -> Option<Bytes> {
        match &self.location {
            newsmill_article::Location::Inline { bytes, .. } => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl Evidence for Page {
    fn evidence(&self) -> Option<Bytes> {
        Some(self.bytes.clone())
    }
}

impl Evidence for Article {
    fn evidence(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self.document.text.as_bytes()))
    }
}

impl Evidence for Record {
    fn evidence(&self) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(self.text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use newsmill_article::Reason;

    #[test]
    fn a_settled_ticket_settles_once() {
        let (send, receive) = async_channel::unbounded();
        Ticket::open(7, "a.html", &send).settle(Outcome::Rejected(Reason::Empty));
        let settlement = receive.try_recv().unwrap();
        assert_eq!((settlement.number, &*settlement.label), (7, "a.html"));
        assert_eq!(settlement.outcome, Outcome::Rejected(Reason::Empty));
        assert!(receive.is_empty());
    }

    #[test]
    fn a_dropped_ticket_is_abandoned() {
        let (send, receive) = async_channel::unbounded();
        drop(InFlight::new((), Ticket::open(1, "x", &send)));
        assert_eq!(receive.try_recv().unwrap().outcome, Outcome::Abandoned);
        assert!(receive.is_empty());
    }

    #[test]
    fn the_settlements_end_with_the_last_ticket() {
        let (send, receive) = async_channel::unbounded();
        let ticket = Ticket::open(1, "x", &send);
        drop(send);
        assert!(!receive.is_closed());
        ticket.settle(Outcome::Delivered);
        assert!(receive.is_closed());
        assert_eq!(receive.len(), 1);
    }

    #[test]
    fn nobody_listening_is_no_panic() {
        let (send, receive) = async_channel::unbounded();
        let ticket = Ticket::open(1, "x", &send);
        drop(receive);
        ticket.settle(Outcome::Delivered);
    }
}
