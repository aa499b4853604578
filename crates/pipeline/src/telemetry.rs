//! What is counted and timed, in plain atomics, for the closing report and for an exporter.
//!
//! Each stage splits its time into waiting for input, being busy and waiting for room in its
//! output, so that the slow stage names itself: it is the busy one, those before it wait for
//! room, those after it wait for input. Nothing here prints or exports.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use newsmill_article::Outcome;

/// The timers of one stage, summed over all its loops.
#[derive(Debug, Default)]
pub struct Timers {
    waiting_in: AtomicU64,
    busy: AtomicU64,
    waiting_out: AtomicU64,
    items: AtomicU64,
}

/// A reading of [`Timers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageTime {
    /// Waiting for input.
    pub waiting_in: Duration,
    /// Working.
    pub busy: Duration,
    /// Waiting for room in the output.
    pub waiting_out: Duration,
    /// Items that were worked on.
    pub items: u64,
}

/// Which of a stage's clocks is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for input.
    WaitingIn,
    /// Working on one item.
    Busy,
    /// Waiting for room in the output.
    WaitingOut,
}

impl Timers {
    /// Adds the time since `since` to `phase` and starts the next lap.
    pub fn lap(&self, phase: Phase, since: &mut Instant) {
        let now = Instant::now();
        let nanos = u64::try_from(now.duration_since(*since).as_nanos()).unwrap_or(u64::MAX);
        *since = now;
        let clock = match phase {
            Phase::WaitingIn => &self.waiting_in,
            Phase::Busy => {
                self.items.fetch_add(1, Ordering::Relaxed);
                &self.busy
            }
            Phase::WaitingOut => &self.waiting_out,
        };
        clock.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The sums so far.
    pub fn read(&self) -> StageTime {
        let read = |clock: &AtomicU64| Duration::from_nanos(clock.load(Ordering::Relaxed));
        StageTime {
            waiting_in: read(&self.waiting_in),
            busy: read(&self.busy),
            waiting_out: read(&self.waiting_out),
            items: self.items.load(Ordering::Relaxed),
        }
    }
}

/// Everything that the mill measures of itself.
#[derive(Debug, Default)]
pub struct Telemetry {
    /// Polling of sources.
    pub poll: Arc<Timers>,
    /// Fetching of pages.
    pub fetcher: Arc<Timers>,
    /// Cleaning.
    pub cleaner: Arc<Timers>,
    /// Summarizing.
    pub summarizer: Arc<Timers>,
    /// Writing down what is ready.
    pub records: Arc<Timers>,
    opened: AtomicU64,
    outcomes: Mutex<Tally>,
}

/// How many tickets ended how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// By [`outcome_code`].
    pub outcomes: BTreeMap<&'static str, u64>,
    /// The rejected ones by [`Reason::code`](newsmill_article::Reason::code).
    pub reasons: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Counts one.
    pub fn count(&mut self, outcome: &Outcome) {
        *self.outcomes.entry(outcome_code(outcome)).or_default() += 1;
        if let Outcome::Rejected(reason) = outcome {
            *self.reasons.entry(reason.code()).or_default() += 1;
        }
    }

    /// How many ended with this [`outcome_code`].
    pub fn of(&self, code: &str) -> u64 {
        self.outcomes.get(code).copied().unwrap_or(0)
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.outcomes.values().sum()
    }
}

impl Telemetry {
    /// Counts a ticket that was opened.
    pub fn opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// Tickets opened so far.
    pub fn tickets(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Counts a ticket that ended.
    pub fn settled(&self, outcome: &Outcome) {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).count(outcome);
    }

    /// The ends so far.
    pub fn tally(&self) -> Tally {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every stage with its times, in the order of the flow.
    pub fn stages(&self) -> [(&'static str, StageTime); 5] {
        [
            ("poll", self.poll.read()),
            ("fetcher", self.fetcher.read()),
            ("cleaner", self.cleaner.read()),
            ("summarizer", self.summarizer.read()),
            ("records", self.records.read()),
        ]
    }
}

/// One stable word for an outcome, for counting.
pub fn outcome_code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Duplicate { .. } => "duplicate",
        Outcome::Rejected(_) => "rejected",
        Outcome::Retry { .. } => "retry",
        Outcome::PutOff { .. } => "put_off",
        Outcome::HandedOff => "handed_off",
        Outcome::Abandoned => "abandoned",
    }
}
