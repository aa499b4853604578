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
use newsmill_ledger::{DueSource, Ledger, LedgerError, Sequence, SinkStart};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::Channels;
use crate::guard::{Guard, Trial};
use crate::in_flight::{InFlight, Settlement};
use crate::intake::{Given, due, list, push};
use crate::jobs::Jobs;
use crate::ledger_thread::{self, LedgerHandle};
use crate::reload::{self, Reloading};
use crate::stages::in_order::{self, Ends};
use crate::stages::poll::{self, Polls};
use crate::stages::{self, Fatal, cleaner, fetcher, records, summarizer};
use crate::supervisor::{Crew, Recruiter};
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

/// A channel of the mill: watched, and closed and emptied at its end.
pub(crate) fn channel<T: Send + 'static>(
    crew: &Recruiter,
    telemetry: &Telemetry,
    name: &'static str,
    bound: usize,
) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = bounded(bound);
    crew.closes_watched(&sender, &receiver, telemetry.watch(name, &receiver));
    (sender, receiver)
}

/// Held by everything that asks hosts for something; cancels its token when the last one has ended.
pub(crate) type Fetching = Arc<DropGuard>;

/// Starts the stages from entries to records and hands out the two open ends.
fn conveyor(
    crew: &Recruiter,
    parts: &Parts,
    guard: &Guard,
    fetching: &Fetching,
) -> Result<OpenEnds, Fatal> {
    let (bounds, telemetry) = (&parts.channels, &*parts.telemetry);
    let (entries_in, entries) = channel(crew, telemetry, "entries", bounds.entries);
    let (articles_in, articles) = channel(crew, telemetry, "articles", bounds.articles);
    let (records_in, records) = channel(crew, telemetry, "records", bounds.records);
    let jobs = Arc::new(Jobs::busy(parts.jobs));
    readers(crew, parts, guard, (&jobs, fetching), &entries, &articles_in)?;
    summarizers(crew, parts, guard, &jobs, &articles, &records_in)?;
    Ok((entries_in, records))
}

/// Starts the fetcher's loops and the cleaner's threads, with `pages` between them.
fn readers(
    crew: &Recruiter,
    parts: &Parts,
    guard: &Guard,
    (jobs, fetching): (&Arc<Jobs>, &Fetching),
    entries: &Receiver<InFlight<Entry>>,
    articles: &Sender<InFlight<Article>>,
) -> Result<(), Fatal> {
    parts.telemetry.starts("fetcher");
    parts.telemetry.starts("cleaner");
    let bound = parts.channels.pages;
    let patience = Arc::new(fetcher::Patience::new(parts.attempts));
    let (pages_in, pages) = channel(crew, &parts.telemetry, "pages", bound);
    for _ in 0..parts.fetches.max(1) {
        let work = fetcher::run(
            parts.fetcher.clone(),
            jobs.clone(),
            patience.clone(),
            entries.clone(),
            pages_in.clone(),
            parts.telemetry.fetcher.clone(),
        );
        let fetching = fetching.clone();
        crew.task("fetcher", async move {
            let _fetching = fetching;
            work.await
        });
    }
    for _ in 0..parts.jobs.max(1) {
        let (config, permits, guarded) = (parts.cleaner.clone(), jobs.clone(), guard.clone());
        let (input, output) = (pages.clone(), articles.clone());
        let meter = parts.telemetry.cleaner.clone();
        crew.thread("cleaner", move || {
            cleaner::run(&config, &permits, &guarded, &input, &output, &meter)
        })?;
    }
    Ok(())
}

/// Starts the summarizer's threads.
fn summarizers(
    crew: &Recruiter,
    parts: &Parts,
    guard: &Guard,
    jobs: &Arc<Jobs>,
    articles: &Receiver<InFlight<Article>>,
    records: &Sender<InFlight<Record>>,
) -> Result<(), Fatal> {
    parts.telemetry.starts("summarizer");
    let threads = parts.summarizer.threads(parts.jobs);
    // Threads that wait for a server leave the cores to others.
    let jobs =
        if parts.summarizer.asks_a_server() { Arc::new(Jobs::new(threads)) } else { jobs.clone() };
    for _ in 0..threads {
        let (config, permits, guarded) = (parts.summarizer.clone(), jobs.clone(), guard.clone());
        let (input, output) = (articles.clone(), records.clone());
        let meter = parts.telemetry.summarizer.clone();
        let spending = parts.telemetry.llm.clone();
        crew.thread("summarizer", move || {
            summarizer::run(&config, &spending, &permits, &guarded, &input, &output, &meter)
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
    let crew = Crew::default();
    let (settlements_in, settlements) = unbounded();
    let (_, fetching) = fetching();
    let (entries, records) = conveyor(&crew, parts, &Guard::default(), &fetching)?;
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

/// How many entries of one host may be under way: those that are asked for, and as many behind.
pub fn share(fetcher: &newsmill_fetcher::Config) -> usize {
    fetcher.host.concurrency.saturating_mul(2)
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
    let crew = Crew::default();
    let (fetched, fetching) = fetching();
    let guard = Guard { at_work: ledger.at_work(), trial: parts.trial.clone() };
    let ends = conveyor(&crew, parts, &guard, &fetching)?;
    let flow = Flow { ends, feed, guard, fetching, fetched };
    home(&crew, parts, ledger, sinks, flow, &stop, settled)?;
    Ok(crew)
}

/// The same over sources on their schedule, and with a member that takes over changes of the
/// configuration while it runs.
///
/// # Errors
///
/// As [`with_ledger`].
pub fn reloadable(
    parts: Parts,
    ledger: Ledger,
    present: Reloading,
    stop: CancellationToken,
    settled: impl FnMut(&Settlement) + Send + Sync + Clone + 'static,
) -> Result<Crew, SetUpError> {
    let (sinks, sources) = (&present.resolved.sinks, present.resolved.sources.clone());
    let feed = Feed::Schedule(sources);
    let crew = Crew::default();
    let (fetched, fetching) = fetching();
    let guard = Guard { at_work: ledger.at_work(), trial: parts.trial.clone() };
    let ends = conveyor(&crew, &parts, &guard, &fetching)?;
    let flow = Flow { ends, feed, guard, fetching, fetched };
    let (core, sinks, stages) = home(&crew, &parts, ledger, sinks, flow, &stop, settled)?;
    crew.task("reload", reload::run(core, parts, present, sinks, stages, stop));
    Ok(crew)
}

/// What outlives the stages of a mill with a ledger.
pub(crate) struct Core<S> {
    pub(crate) crew: Recruiter,
    pub(crate) ledger: LedgerHandle,
    pub(crate) telemetry: Arc<Telemetry>,
    guard: Guard,
    ready: watch::Sender<Sequence>,
    /// Wakes the intake before its sleep is over: something was entered or put off.
    found: Arc<Notify>,
    settled: S,
}

/// The stages from the intake to what is ready, at work.
pub(crate) struct Stages {
    /// Stops their intake.
    pub(crate) stop: CancellationToken,
    /// Nothing of theirs asks a host for anything any more.
    pub(crate) fetched: CancellationToken,
    /// Their last ticket has ended, and that is written down.
    pub(crate) drained: CancellationToken,
}

/// A sink at work.
pub(crate) struct RunningSink {
    pub(crate) config: newsmill_sink::Config,
    /// Ends it after the batch in its hands.
    pub(crate) stop: CancellationToken,
    /// It has ended and let go of its target.
    pub(crate) ended: CancellationToken,
}

/// What flows through stages, from where, and what tells when the last request is over.
pub(crate) struct Flow {
    ends: OpenEnds,
    feed: Feed,
    guard: Guard,
    fetching: Fetching,
    fetched: CancellationToken,
}

/// A token and what holds it up.
pub(crate) fn fetching() -> (CancellationToken, Fetching) {
    let fetched = CancellationToken::new();
    let fetching = Arc::new(fetched.clone().drop_guard());
    (fetched, fetching)
}

type Home<S> = (Core<S>, Vec<RunningSink>, Stages);

/// Starts what is around the conveyor: the ledger, what feeds it, and the sinks.
fn home<S: FnMut(&Settlement) + Send + Clone + 'static>(
    crew: &Recruiter,
    parts: &Parts,
    mut ledger: Ledger,
    sinks: &[newsmill_sink::Config],
    flow: Flow,
    stop: &CancellationToken,
    settled: S,
) -> Result<Home<S>, SetUpError> {
    let names: Vec<&str> = sinks.iter().map(newsmill_sink::Config::name).collect();
    let mut open = Vec::new();
    for (config, start) in sinks.iter().zip(ledger.register_sinks(&names, Timestamp::now())?) {
        let sink = stages::sink::open(config, &start)
            .map_err(|source| SetUpError::Sink { name: start.name.clone(), source })?;
        open.push((config, sink, start));
    }
    let sources: &[SourceConfig] = match &flow.feed {
        Feed::Schedule(sources) | Feed::Through(sources) => sources,
        Feed::Inputs(_) => &[],
    };
    let names: Vec<SourceName> = sources.iter().map(|source| source.name.clone()).collect();
    ledger.register_sources(&names, Timestamp::now())?;

    let (requests_in, requests) = bounded(2 * parts.channels.entries);
    let handle = LedgerHandle::new(requests_in);
    crew.thread("ledger", move || ledger_thread::run(&mut ledger, &requests))?;
    parts.telemetry.watch_ledger(&handle);
    let core = Core {
        crew: crew.clone(),
        ledger: handle,
        telemetry: parts.telemetry.clone(),
        guard: flow.guard.clone(),
        ready: watch::channel(Sequence::default()).0,
        found: Arc::new(Notify::new()),
        settled,
    };
    let sinks =
        open.into_iter().map(|(config, sink, start)| core.sink(config, sink, start)).collect();
    let stages = core.around(parts, flow, stop)?;
    Ok((core, sinks, stages))
}

impl<S: FnMut(&Settlement) + Send + Clone + 'static> Core<S> {
    /// Sets an open sink to work.
    pub(crate) fn sink(
        &self,
        config: &newsmill_sink::Config,
        sink: newsmill_sink::Sink,
        start: SinkStart,
    ) -> RunningSink {
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let meter = self.telemetry.sink(&start.name);
        let (ledger, ready) = (self.ledger.clone(), self.ready.subscribe());
        let work = stages::sink::run(sink, start, ledger, ready, stop.clone(), meter);
        let at_work = ended.clone().drop_guard();
        self.crew.task("sink", async move {
            let _at_work = at_work;
            work.await
        });
        RunningSink { config: config.clone(), stop, ended }
    }

    /// Sets stages to work, from the intake to what is ready. They end when their intake does:
    /// at `stop`, or when there is nothing more.
    pub(crate) fn stages(
        &self,
        parts: &Parts,
        feed: Feed,
        stop: &CancellationToken,
    ) -> Result<Stages, Fatal> {
        let (fetched, fetching) = fetching();
        let ends = conveyor(&self.crew, parts, &self.guard, &fetching)?;
        let guard = self.guard.clone();
        self.around(parts, Flow { ends, feed, guard, fetching, fetched }, stop)
    }

    /// Sets to work what feeds a conveyor and what takes from it.
    fn around(&self, parts: &Parts, flow: Flow, stop: &CancellationToken) -> Result<Stages, Fatal> {
        let Flow { ends: (entries, records), feed, fetching, fetched, .. } = flow;
        let (crew, handle, found) = (&self.crew, &self.ledger, &self.found);
        parts.telemetry.starts("records");
        let (stop, drained) = (stop.child_token(), CancellationToken::new());
        let (settlements_in, settlements) = unbounded();
        let no_more = CancellationToken::new();

        let (telemetry, at_work) = (self.telemetry.clone(), drained.clone().drop_guard());
        let settle = records::settle(
            handle.clone(),
            settlements,
            found.clone(),
            telemetry.clone(),
            self.settled.clone(),
        );
        crew.keeper("settlements", async move {
            let _at_work = at_work;
            settle.await
        });
        crew.keeper(
            "records",
            records::run(handle.clone(), records, self.ready.clone(), telemetry.clone()),
        );
        crew.task(
            "intake",
            due::entries(
                handle.clone(),
                entries,
                settlements_in,
                found.clone(),
                no_more.clone(),
                stop.clone(),
                telemetry.clone(),
            ),
        );
        match feed {
            Feed::Inputs(inputs) => {
                let (inputs_in, given) = bounded(READ_AHEAD);
                let inputs = list::Inputs::read(inputs, inputs_in, given)?;
                let (handle, mut settled) = (handle.clone(), self.settled.clone());
                let (found, stop) = (found.clone(), stop.clone());
                crew.task("intake", async move {
                    // Also when it fails: then nothing more comes either.
                    let _no_more = no_more.drop_guard();
                    list::enter(inputs, handle, found, stop, |refused| {
                        telemetry.opened();
                        telemetry.settled(refused, &refused.outcome);
                        settled(refused);
                    })
                    .await
                });
            }
            Feed::Schedule(sources) => {
                let (sources_in, due) =
                    channel(crew, &telemetry, "sources", parts.channels.sources);
                if let Some(address) = parts.fetcher.listens_at() {
                    let (fetcher, handle) = (parts.fetcher.clone(), handle.clone());
                    let pushes = push::run(fetcher, address, handle, found.clone(), stop.clone());
                    crew.task("intake", pushes);
                }
                crew.task("intake", due::sources(handle.clone(), sources_in, stop.clone()));
                self.poll_loops(parts, sources, &due, &fetching, None);
            }
            Feed::Through(sources) => {
                let (sources_in, due) =
                    channel(crew, &telemetry, "sources", parts.channels.sources);
                crew.task("intake", due::sources_once(handle.clone(), sources_in, stop.clone()));
                let no_more = Arc::new(no_more.drop_guard());
                self.poll_loops(parts, sources, &due, &fetching, Some(&no_more));
            }
        }
        Ok(Stages { stop, fetched, drained })
    }

    /// `last` is dropped when the last of the loops ends.
    fn poll_loops(
        &self,
        parts: &Parts,
        sources: Vec<SourceConfig>,
        due: &Receiver<DueSource>,
        fetching: &Fetching,
        last: Option<&Arc<DropGuard>>,
    ) {
        let configs: HashMap<SourceName, SourceConfig> =
            sources.into_iter().map(|source| (source.name.clone(), source)).collect();
        let polls = Polls {
            fetcher: parts.fetcher.clone(),
            configs: Arc::new(configs),
            guard: self.guard.clone(),
            to_the_end: last.is_some(),
        };
        for _ in 0..POLLS {
            let (ledger, found) = (self.ledger.clone(), self.found.clone());
            let meter = parts.telemetry.poll.clone();
            let work = poll::run(polls.clone(), ledger, due.clone(), found, meter);
            let held = (fetching.clone(), last.cloned());
            self.crew.task("poll", async move {
                let _held = held;
                work.await
            });
        }
    }
}

/// Loops that poll sources.
const POLLS: usize = 8;
