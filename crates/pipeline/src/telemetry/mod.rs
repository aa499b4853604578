//! What the mill measures and shows of itself.
//!
//! Counting is plain atomics in the stages ([`Meter`], [`Tally`]); everything else reads them:
//! the closing report, [`prometheus`] for a scraper, the admin socket for people. [`tap`] shows
//! what passes, [`spans`] follows single articles. Nothing here can hold up a stage: whoever reads
//! too slowly loses what it did not read, and is told how much.

pub mod config;
pub mod endpoint;
pub mod histogram;
pub mod http;
pub mod meter;
pub mod otlp;
pub mod process;
pub mod prometheus;
pub mod sinks;
pub mod spans;
mod tally;
pub mod tap;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_channel::Receiver;
use jiff::Timestamp;
use newsmill_article::{Outcome, Record};
use newsmill_ledger::Status;
use serde::{Deserialize, Serialize};

pub use self::config::TelemetryConfig;
pub use self::meter::{Clock, Meter, Phase, StageTime};
pub use self::tally::{Tally, comes_again, outcome_code};

use self::sinks::SinkMeter;
use self::spans::Spans;
use self::tap::{Passing, Tap};
use crate::in_flight::{Settlement, Ticket};
use crate::ledger_thread::{LedgerHandle, WeakLedger};

/// Records of which the last ones are remembered for people.
const LAST_RECORDS: usize = 20;

/// How long a look at the ledger may take before it counts as not answering.
const LEDGER_PATIENCE: Duration = Duration::from_secs(2);

/// Everything that the mill measures of itself.
#[derive(Debug)]
pub struct Telemetry {
    /// Polling of sources.
    pub poll: Arc<Meter>,
    /// Fetching of pages.
    pub fetcher: Arc<Meter>,
    /// Cleaning.
    pub cleaner: Arc<Meter>,
    /// Summarizing.
    pub summarizer: Arc<Meter>,
    /// Writing down what is ready.
    pub records: Arc<Meter>,
    /// What language models were asked and paid.
    pub llm: Arc<newsmill_summarizer::llm::Meter>,
    /// What passes, for whoever looks.
    pub tap: Arc<Tap>,
    /// Traces of single entries.
    pub spans: Arc<Spans>,
    /// Reloads that were applied, and that were refused.
    pub reloads: Reloads,
    sinks: Mutex<BTreeMap<String, Arc<SinkMeter>>>,
    channels: Mutex<Vec<Weak<Channel>>>,
    ledger: Mutex<Option<WeakLedger>>,
    /// The stages that were started in this process.
    started: Mutex<BTreeSet<&'static str>>,
    last: Mutex<VecDeque<LastRecord>>,
    stopping: AtomicBool,
    opened: AtomicU64,
    ended: AtomicU64,
    outcomes: Mutex<Tally>,
    begun: Instant,
}

/// Reloads so far.
#[derive(Debug, Default)]
pub struct Reloads {
    /// Taken over.
    pub applied: AtomicU64,
    /// Refused whole.
    pub refused: AtomicU64,
}

/// A record that just became ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRecord {
    /// When.
    pub at: Timestamp,
    /// Its source.
    pub source: Option<String>,
    /// Its headline, or where it has none its path or URL.
    pub title: String,
    /// Words of its text.
    pub words: usize,
}

/// How full a channel is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelLen {
    /// Its name.
    pub name: String,
    /// Items that wait in it.
    pub len: usize,
    /// How many it may hold.
    pub bound: usize,
}

/// A channel that is watched, until this is dropped.
pub struct Channel {
    name: &'static str,
    bound: usize,
    /// `None` once it is closed for good.
    len: Box<dyn Fn() -> Option<usize> + Send + Sync>,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.name, self.bound)
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        let (tap, spans): (Arc<Tap>, Arc<Spans>) = (Arc::default(), Arc::default());
        let meter = |stage| Arc::new(Meter::of(stage, tap.clone(), spans.clone()));
        Self {
            poll: meter("poll"),
            fetcher: meter("fetcher"),
            cleaner: meter("cleaner"),
            summarizer: meter("summarizer"),
            records: meter("records"),
            llm: Arc::default(),
            tap,
            spans,
            reloads: Reloads::default(),
            sinks: Mutex::default(),
            channels: Mutex::default(),
            ledger: Mutex::default(),
            started: Mutex::default(),
            last: Mutex::default(),
            stopping: AtomicBool::new(false),
            opened: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            outcomes: Mutex::default(),
            begun: Instant::now(),
        }
    }
}

impl Telemetry {
    /// The stages that [`tap`] can look at.
    pub const STAGES: [&str; 6] =
        ["entries", "fetcher", "cleaner", "summarizer", "records", "settlements"];

    /// Counts a ticket that was opened.
    pub fn opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// A ticket begins its way with `entry`: counts it, and traces it where that is wanted.
    pub fn taken_up(&self, ticket: Ticket, entry: &newsmill_article::Entry) -> Ticket {
        use tap::Shown;
        self.opened();
        let ticket = ticket.of(entry.source.clone()).traced(self.spans.trace(None));
        let passing = || Passing::made("entries", &ticket, Duration::ZERO, entry.show());
        self.tap.offer("entries", passing);
        ticket
    }

    /// Tickets opened so far.
    pub fn tickets(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Tickets that are open.
    pub fn in_flight(&self) -> u64 {
        // In this order, so that it is never below zero.
        let ended = self.ended.load(Ordering::Acquire);
        self.opened.load(Ordering::Acquire).saturating_sub(ended)
    }

    /// Counts a ticket that ended, with what was written down of it.
    pub fn settled(&self, settlement: &Settlement, outcome: &Outcome) {
        self.ended.fetch_add(1, Ordering::Release);
        lock(&self.outcomes).count(settlement.stage, outcome);
        self.spans.entry(settlement, outcome);
        self.tap.offer("settlements", || Passing::settled(settlement, outcome));
    }

    /// The ends so far.
    pub fn tally(&self) -> Tally {
        lock(&self.outcomes).clone()
    }

    /// A record is ready.
    pub fn ready(&self, record: &Record) {
        let title = record.title.clone().unwrap_or_else(|| record.input.clone());
        let source = record.source.as_ref().map(ToString::to_string);
        let mut last = lock(&self.last);
        last.truncate(LAST_RECORDS - 1);
        last.push_front(LastRecord {
            at: Timestamp::now(),
            source,
            title,
            words: record.word_count,
        });
    }

    /// The last records, the latest first.
    pub fn last_records(&self) -> Vec<LastRecord> {
        lock(&self.last).iter().cloned().collect()
    }

    /// Every stage with its times, in the order of the flow.
    pub fn stages(&self) -> [(&'static str, StageTime); 5] {
        self.meters().map(|meter| (meter.stage(), meter.read()))
    }

    fn meters(&self) -> [&Arc<Meter>; 5] {
        [&self.poll, &self.fetcher, &self.cleaner, &self.summarizer, &self.records]
    }

    /// The meter of a sink; the same for the same name.
    pub fn sink(&self, name: &str) -> Arc<SinkMeter> {
        lock(&self.sinks).entry(name.to_owned()).or_default().clone()
    }

    /// Forgets the sinks that are not among `names`.
    pub fn keep_sinks(&self, names: &[&str]) {
        lock(&self.sinks).retain(|name, _| names.contains(&name.as_str()));
    }

    /// The sinks by name.
    pub fn sinks(&self) -> Vec<(String, Arc<SinkMeter>)> {
        lock(&self.sinks).iter().map(|(name, meter)| (name.clone(), meter.clone())).collect()
    }

    /// Watches how full a channel is until the answer is dropped, without keeping it open. Whoever
    /// holds the answer holds what lies in the channel, also when nobody takes it any more.
    #[must_use]
    pub fn watch<T: Send + 'static>(
        &self,
        name: &'static str,
        receiver: &Receiver<T>,
    ) -> Arc<Channel> {
        let bound = receiver.capacity().unwrap_or(usize::MAX);
        let receiver = receiver.downgrade();
        let len = Box::new(move || receiver.upgrade().map(|receiver| receiver.len()));
        let channel = Arc::new(Channel { name, bound, len });
        let mut channels = lock(&self.channels);
        channels.retain(|channel| channel.strong_count() > 0);
        channels.push(Arc::downgrade(&channel));
        channel
    }

    /// Every channel in the order in which they were made. After a reload there are two of a name
    /// until the old one has run dry: they are told as one.
    pub fn channels(&self) -> Vec<ChannelLen> {
        let mut told: Vec<ChannelLen> = Vec::new();
        for channel in lock(&self.channels).iter().filter_map(Weak::upgrade) {
            let Some(len) = (channel.len)() else { continue };
            match told.iter_mut().find(|told| told.name == channel.name) {
                Some(told) => {
                    told.len += len;
                    told.bound = channel.bound;
                }
                None => {
                    let name = channel.name.to_owned();
                    told.push(ChannelLen { name, len, bound: channel.bound });
                }
            }
        }
        told
    }

    /// Whom to ask about sources and sinks. Held weakly: the ledger ends when the stages have.
    pub fn watch_ledger(&self, ledger: &LedgerHandle) {
        *lock(&self.ledger) = Some(ledger.downgrade());
    }

    /// What the ledger counts. `None` without a ledger, and when it does not answer in time.
    pub async fn ledger_status(&self) -> Option<Status> {
        let ledger = lock(&self.ledger).as_ref().and_then(WeakLedger::upgrade)?;
        tokio::time::timeout(LEDGER_PATIENCE, ledger.status()).await.ok()?.ok()
    }

    /// A stage is being started in this process.
    pub fn starts(&self, stage: &'static str) {
        lock(&self.started).insert(stage);
    }

    /// The mill has been asked to stop.
    pub fn stops(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it has been asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// How long it has been running.
    pub fn uptime(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The parts that are not ready, each with what it lacks; empty when all are. `status` is a
    /// fresh [`Telemetry::ledger_status`].
    pub fn not_ready(&self, status: Option<&Status>) -> Vec<(String, String)> {
        let mut parts = Vec::new();
        if self.is_stopping() {
            parts.push(("mill".to_owned(), "has been asked to stop".to_owned()));
        }
        if status.is_none() && lock(&self.ledger).is_some() {
            parts.push(("ledger".to_owned(), "does not answer".to_owned()));
        }
        let started = lock(&self.started).clone();
        if started.is_empty() {
            parts.push(("mill".to_owned(), "has not started yet".to_owned()));
        }
        for meter in self.meters() {
            if started.contains(meter.stage()) && meter.read().loops == 0 {
                parts.push((meter.stage().to_owned(), "has not started yet".to_owned()));
            }
        }
        for (name, sink) in self.sinks() {
            if let Some(trouble) = sink.trouble() {
                let why = format!("failed {} times in a row: {}", trouble.tries, trouble.error);
                parts.push((format!("sink {name}"), why));
            }
        }
        parts
    }
}

/// What is counted is whole after each change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
