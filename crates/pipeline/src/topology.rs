//! Creates every channel and moves each end into exactly one stage.
//!
//! ```text
//! intake ──entries──► fetcher ──pages──► cleaner ──articles──► summarizer ──records──► last stage
//! ```
//!
//! Each sender lives only in the loops of the stage that fills the channel. So a channel closes
//! when that stage has ended, and the mill drains by ownership: no stage but the intake is told
//! to stop. A sender kept anywhere else would make the drain wait for ever.
//!
//! [`linked`] connects the stages of one process of several.

pub mod linked;

use std::collections::HashMap;
use std::sync::Arc;

use async_channel::{Receiver, Sender, bounded, unbounded};
use jiff::Timestamp;
use newsmill_article::{Article, Entry, Record, SourceName};
use newsmill_fetcher::{Fetcher, SourceConfig};
use newsmill_ledger::{DueSource, Ledger, LedgerError, Sequence};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::Channels;
use crate::guard::{Guard, Trial};
use crate::in_flight::{InFlight, Settlement};
use crate::intake::{Given, due, list};
use crate::jobs::Jobs;
use crate::ledger_thread::{self, LedgerHandle};
use crate::stages::in_order::{self, Ends};
use crate::stages::{self, Fatal, cleaner, fetcher, poll, records, summarizer};
use crate::supervisor::Crew;
use crate::telemetry::Telemetry;

/// What the stages between intake and the end are made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Reads entries; shared by its loops.
    pub fetcher: Fetcher,
    /// The cleaner's settings.
    pub cleaner: newsmill_cleaner::Config,
    /// The summarizer's settings.
    pub summarizer: newsmill_summarizer::Config,
    /// Bounds of the channels.
    pub channels: Channels,
    /// Loops that fetch.
    pub fetches: usize,
    /// Tries of a fetch in memory; 1 leaves the others to the ledger.
    pub attempts: u32,
    /// Threads that clean, threads that summarize, and cores that they use together.
    pub jobs: usize,
    /// What is counted and timed.
    pub telemetry: Arc<Telemetry>,
    /// How a page is tried out over which a process died; asked only by a mill with a ledger.
    pub trial: Option<Trial>,
}

/// Inputs of a one-shot run that are listed ahead. Most are paths, but each may carry its page.
const READ_AHEAD: usize = 32;

/// The two open ends of a [`conveyor`].
type OpenEnds = (Sender<InFlight<Entry>>, Receiver<InFlight<Record>>);

/// A channel of the mill, closed and emptied at its end.
fn channel<T: Send + 'static>(crew: &mut Crew, bound: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = bounded(bound);
    crew.closes(&sender, &receiver);
    (sender, receiver)
}

/// Starts the stages from entries to records and hands out the two open ends.
fn conveyor(crew: &mut Crew, parts: &Parts, guard: &Guard) -> Result<OpenEnds, Fatal> {
    let (entries_in, entries) = channel(crew, parts.channels.entries);
    let (articles_in, articles) = channel(crew, parts.channels.articles);
    let (records_in, records) = channel(crew, parts.channels.records);
    let jobs = Arc::new(Jobs::new(parts.jobs));
    readers(crew, parts, &jobs, guard, &entries, &articles_in)?;
    summarizers(crew, parts, &jobs, guard, &articles, &records_in)?;
    Ok((entries_in, records))
}

/// Starts the fetcher's loops and the cleaner's threads, with `pages` between them.
fn readers(
    crew: &mut Crew,
    parts: &Parts,
    jobs: &Arc<Jobs>,
    guard: &Guard,
    entries: &Receiver<InFlight<Entry>>,
    articles: &Sender<InFlight<Article>>,
) -> Result<(), Fatal> {
    let (pages_in, pages) = channel(crew, parts.channels.pages);
    for _ in 0..parts.fetches.max(1) {
        let work = fetcher::run(
            parts.fetcher.clone(),
            jobs.clone(),
            parts.attempts,
            entries.clone(),
            pages_in.clone(),
            parts.telemetry.fetcher.clone(),
        );
        crew.task("fetcher", work);
    }
    for _ in 0..parts.jobs.max(1) {
        let (config, permits, guarded) = (parts.cleaner.clone(), jobs.clone(), guard.clone());
        let (input, output) = (pages.clone(), articles.clone());
        let timers = parts.telemetry.cleaner.clone();
        crew.thread("cleaner", move || {
            cleaner::run(&config, &permits, &guarded, &input, &output, &timers)
        })?;
    }
    Ok(())
}

/// Starts the summarizer's threads.
fn summarizers(
    crew: &mut Crew,
    parts: &Parts,
    jobs: &Arc<Jobs>,
    guard: &Guard,
    articles: &Receiver<InFlight<Article>>,
    records: &Sender<InFlight<Record>>,
) -> Result<(), Fatal> {
    for _ in 0..parts.jobs.max(1) {
        let (config, permits, guarded) = (parts.summarizer.clone(), jobs.clone(), guard.clone());
        let (input, output) = (articles.clone(), records.clone());
        let timers = parts.telemetry.summarizer.clone();
        crew.thread("summarizer", move || {
            summarizer::run(&config, &permits, &guarded, &input, &output, &timers)
        })?;
    }
    Ok(())
}

/// The one-shot mill: `inputs` in, their ends out to `ends` in the same order.
///
/// # Errors
///
/// When a thread cannot be started.
pub fn once(
    parts: &Parts,
    inputs: impl Iterator<Item = Given> + Send + 'static,
    ends: impl Ends,
    stop: CancellationToken,
) -> Result<Crew, Fatal> {
    let mut crew = Crew::default();
    let (settlements_in, settlements) = unbounded();
    let (entries, records) = conveyor(&mut crew, parts, &Guard::default())?;
    // Enough to fill every stage behind one slow page.
    let window = Arc::new(Semaphore::new(parts.channels.records + 8 * parts.jobs.max(1)));

    let (inputs_in, given) = bounded(READ_AHEAD);
    let inputs = list::Inputs::read(inputs, inputs_in, given)?;
    let telemetry = parts.telemetry.clone();
    crew.task(
        "intake",
        list::feed(inputs, entries, settlements_in, window.clone(), stop, telemetry),
    );
    let telemetry = parts.telemetry.clone();
    crew.keeper("records", in_order::run(records, settlements, window, telemetry, ends));
    Ok(crew)
}

/// Where a mill with a ledger gets its entries.
pub enum Feed {
    /// From sources, on their schedule.
    Schedule(Vec<SourceConfig>),
    /// From sources, each looked at once; ends when nothing is due any more.
    Through(Vec<SourceConfig>),
    /// From a list of inputs; ends when nothing is due any more.
    Inputs(Box<dyn Iterator<Item = Given> + Send>),
}

/// Why a mill with a ledger cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The ledger refused.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A sink cannot be opened.
    #[error("sink `{name}`")]
    Sink {
        /// Which one.
        name: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No thread to be had.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The link cannot be used.
    #[error(transparent)]
    Link(#[from] newsmill_link::QueueError),
}

/// The mill with a ledger.
///
/// ```text
/// ledger ──sources──► poll ──► ledger        (or: inputs ──► ledger)
/// ledger ──entries──► … ──records──► ledger ──ready──► each sink
/// every ticket ──settlements──► ledger
/// ```
///
/// `settled` sees how each ticket ended. Must be called in a runtime.
///
/// # Errors
///
/// When the ledger or a sink cannot be used, or a thread cannot be started.
pub fn with_ledger(
    parts: &Parts,
    ledger: Ledger,
    sinks: &[newsmill_sink::Config],
    feed: Feed,
    stop: CancellationToken,
    settled: impl FnMut(&Settlement) + Send + Clone + 'static,
) -> Result<Crew, SetUpError> {
    let mut crew = Crew::default();
    let guard = Guard { at_work: ledger.at_work(), trial: parts.trial.clone() };
    let ends = conveyor(&mut crew, parts, &guard)?;
    home(&mut crew, parts, ledger, sinks, feed, ends, stop, settled)?;
    Ok(crew)
}

/// Starts what is around the conveyor: the ledger, what feeds it, and the sinks. Hands out the
/// ledger and what wakes the intake.
#[expect(clippy::too_many_arguments, reason = "everything meets here")]
fn home(
    crew: &mut Crew,
    parts: &Parts,
    mut ledger: Ledger,
    sinks: &[newsmill_sink::Config],
    feed: Feed,
    (entries, records): OpenEnds,
    stop: CancellationToken,
    settled: impl FnMut(&Settlement) + Send + Clone + 'static,
) -> Result<(LedgerHandle, Arc<Notify>), SetUpError> {
    let names: Vec<&str> = sinks.iter().map(newsmill_sink::Config::name).collect();
    let mut open = Vec::new();
    for (config, start) in sinks.iter().zip(ledger.register_sinks(&names, Timestamp::now())?) {
        let sink = stages::sink::open(config, &start)
            .map_err(|source| SetUpError::Sink { name: start.name.clone(), source })?;
        open.push((sink, start));
    }
    let sources: &[SourceConfig] = match &feed {
        Feed::Schedule(sources) | Feed::Through(sources) => sources,
        Feed::Inputs(_) => &[],
    };
    let names: Vec<SourceName> = sources.iter().map(|source| source.name.clone()).collect();
    ledger.register_sources(&names, Timestamp::now())?;

    let (requests_in, requests) = bounded(2 * parts.channels.entries);
    let handle = LedgerHandle::new(requests_in);
    crew.thread("ledger", move || ledger_thread::run(&mut ledger, &requests))?;

    let (settlements_in, settlements) = unbounded();
    let (ready_in, ready) = watch::channel(Sequence::default());
    // Wakes the intake before its sleep is over: something was entered or put off.
    let found = Arc::new(Notify::new());
    let no_more = CancellationToken::new();

    let telemetry = parts.telemetry.clone();
    crew.keeper(
        "settlements",
        records::settle(handle.clone(), settlements, found.clone(), telemetry, settled.clone()),
    );
    let timers = parts.telemetry.records.clone();
    crew.keeper("records", records::run(handle.clone(), records, ready_in, timers));
    for (sink, start) in open {
        crew.task("sink", stages::sink::run(sink, start, handle.clone(), ready.clone()));
    }
    crew.task(
        "intake",
        due::entries(
            handle.clone(),
            entries,
            settlements_in,
            found.clone(),
            no_more.clone(),
            stop.clone(),
            parts.telemetry.clone(),
        ),
    );
    match feed {
        Feed::Inputs(inputs) => {
            let (inputs_in, given) = bounded(READ_AHEAD);
            let inputs = list::Inputs::read(inputs, inputs_in, given)?;
            let telemetry = parts.telemetry.clone();
            let (handle, found, mut settled) = (handle.clone(), found.clone(), settled);
            crew.task("intake", async move {
                // Also when it fails: then nothing more comes either.
                let _no_more = no_more.drop_guard();
                list::enter(inputs, handle, found, stop, |refused| {
                    telemetry.opened();
                    telemetry.settled(&refused.outcome);
                    settled(refused);
                })
                .await
            });
        }
        Feed::Schedule(sources) => {
            let (sources_in, due) = channel(crew, parts.channels.sources);
            crew.task("intake", due::sources(handle.clone(), sources_in, stop));
            poll_loops(crew, parts, &handle, sources, &due, &found, None);
        }
        Feed::Through(sources) => {
            let (sources_in, due) = channel(crew, parts.channels.sources);
            crew.task("intake", due::sources_once(handle.clone(), sources_in, stop));
            let no_more = Arc::new(no_more.drop_guard());
            poll_loops(crew, parts, &handle, sources, &due, &found, Some(&no_more));
        }
    }
    Ok((handle, found))
}

/// Loops that poll sources. `last` is dropped when the last of them ends.
const POLLS: usize = 8;

fn poll_loops(
    crew: &mut Crew,
    parts: &Parts,
    ledger: &LedgerHandle,
    sources: Vec<SourceConfig>,
    due: &Receiver<DueSource>,
    found: &Arc<Notify>,
    last: Option<&Arc<DropGuard>>,
) {
    let configs: HashMap<SourceName, SourceConfig> =
        sources.into_iter().map(|source| (source.name.clone(), source)).collect();
    let configs = Arc::new(configs);
    for _ in 0..POLLS {
        let work = poll::run(
            parts.fetcher.clone(),
            configs.clone(),
            ledger.clone(),
            due.clone(),
            found.clone(),
            last.is_some(),
            parts.telemetry.poll.clone(),
        );
        let last = last.cloned();
        crew.task("poll", async move {
            let _last = last;
            work.await
        });
    }
}
