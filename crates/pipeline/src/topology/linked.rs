//! The stages of one process of several.
//!
//! ```text
//!           owner (sink)          fetcher,cleaner           summarizer              owner
//! ledger ──entries──►│ … │──► fetch ─► clean ──articles──►│ … │──► summarize ──records──►│ … │──► ledger ─► sinks
//!                              every other end ──settlements──────────────────────────────►│
//! ```
//!
//! A channel whose two stages run here is a local one; where one of them runs elsewhere, its end
//! is tied to the queue. Nothing else differs from the mill in one process.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender, unbounded};
use jiff::Timestamp;
use newsmill_fetcher::SourceConfig;
use newsmill_ledger::Ledger;
use newsmill_link::Queue;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    Feed, Flow, OpenEnds, Parts, SetUpError, channel, fetching, home, readers, summarizers,
};
use crate::guard::Guard;
use crate::in_flight::{InFlight, Settlement};
use crate::jobs::Jobs;
use crate::link::egress::{self, Stamps};
use crate::link::ingress::{self, Ingress};
use crate::link::wire::Wire;
use crate::link::{self, Outstanding, partitions, recall};
use crate::supervisor::{Crew, Recruiter};
use crate::telemetry::Telemetry;

/// Messages of one channel that are on their way to the queue at the same time.
const PUTS: usize = 32;

/// Records in our hands at once, besides those that wait in the channel: a batch of the ledger.
const RECORDS: usize = 64;

/// What was handed off longer ago is asked for.
const RECALL_AFTER: Duration = Duration::from_secs(60);

/// Which stages run in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stages {
    /// Fetcher and cleaner, which stay together: pages are too large to travel.
    pub fetcher: bool,
    /// The summarizer.
    pub summarizer: bool,
    /// The sinks, and with them the ledger and the intake: the owner.
    pub sink: bool,
}

/// Stages that cannot run in one process of several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StagesError {
    /// Not the name of a stage.
    #[error("`{0}` is no stage; there are fetcher, cleaner, summarizer and sink")]
    Unknown(String),
    /// One without the other.
    #[error("fetcher and cleaner run in the same process: write `fetcher,cleaner`")]
    Apart,
    /// None or all.
    #[error("name some of the stages; all of them run together without `--stages`")]
    NotSome,
}

impl FromStr for Stages {
    type Err = StagesError;

    /// Reads names with commas between.
    fn from_str(text: &str) -> Result<Self, StagesError> {
        let (mut fetcher, mut cleaner, mut summarizer, mut sink) = (false, false, false, false);
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "fetcher" => fetcher = true,
                "cleaner" => cleaner = true,
                "summarizer" => summarizer = true,
                "sink" => sink = true,
                other => return Err(StagesError::Unknown(other.to_owned())),
            }
        }
        if fetcher != cleaner {
            return Err(StagesError::Apart);
        }
        let count = [fetcher, summarizer, sink].into_iter().filter(|here| *here).count();
        if !(1..=2).contains(&count) {
            return Err(StagesError::NotSome);
        }
        Ok(Self { fetcher, summarizer, sink })
    }
}

impl fmt::Display for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.fetcher, "fetcher,cleaner"),
            (self.summarizer, "summarizer"),
            (self.sink, "sink"),
        ];
        let names: Vec<&str> = names.iter().filter(|(here, _)| *here).map(|(_, n)| *n).collect();
        f.write_str(&names.join(","))
    }
}

/// What the owner has besides the stages.
pub struct Owner {
    /// The ledger, in a file: it must know after a restart what it handed off.
    pub ledger: Ledger,
    /// Where records go.
    pub sinks: Vec<newsmill_sink::Config>,
    /// What is polled.
    pub sources: Vec<SourceConfig>,
}

/// The mill's stages that run in this process, tied to the others by `queue`. `owner` is there
/// exactly where `here.sink` is; `attempts` is how often a message is handed out before it counts
/// as poison. `settled` sees how each ticket ended. Must be called in a runtime.
///
/// # Errors
///
/// When the ledger, a sink or the queue cannot be used, or a thread cannot be started.
pub async fn linked<Q: Queue>(
    parts: &Parts,
    here: Stages,
    queue: Q,
    owner: Option<Owner>,
    attempts: u32,
    stop: CancellationToken,
    settled: impl FnMut(&Settlement) + Send + Clone + 'static,
) -> Result<Crew, SetUpError> {
    let crew = Crew::default();
    let (fetched, fetching) = fetching();
    let telemetry = &*parts.telemetry;
    let mut link = Link { queue, attempts, stop: stop.clone(), stamps: None };
    let jobs = Arc::new(Jobs::busy(parts.jobs));
    let bounds = &parts.channels;

    let mut guard = Guard::default();
    let mut owner_ledger = None;
    let mut home_ends: Option<OpenEnds> = None;
    if let Some(mut owner) = owner {
        let number = owner.ledger.identity(link::random() | 1, Timestamp::now())?;
        guard = Guard { at_work: owner.ledger.at_work(), trial: parts.trial.clone() };
        link::home::claim(&link.queue, number).await?;
        link.stamps = Some(Arc::new(Stamps::owner(number)));
        owner_ledger = Some((owner, number));
    }

    // From the intake to the fetcher.
    let mut entries = None;
    if here.sink || here.fetcher {
        let (sender, receiver) = channel(&crew, telemetry, "entries", bounds.entries);
        entries = Some((sender, receiver));
    }
    let (mut entries_in, mut entries_out) = entries.unzip();
    if here.sink && !here.fetcher {
        link.egress(&crew, entries_out.take());
    }
    if here.fetcher && !here.sink {
        let sender = entries_in.take();
        let telemetry = Some(parts.telemetry.clone());
        if let Some(ingress) = link.ingress(&crew, sender, None, telemetry, settled.clone()) {
            crew.task("intake", partitions::run(ingress, stop.clone()));
        }
    }

    // From the cleaner to the summarizer.
    let mut articles_out = None;
    if here.fetcher {
        let (sender, receiver) = channel(&crew, telemetry, "articles", bounds.articles);
        if let Some(entries) = entries_out.take() {
            readers(&crew, parts, &guard, (&jobs, &fetching), &entries, &sender)?;
        }
        if here.summarizer {
            articles_out = Some(receiver);
        } else {
            link.egress(&crew, Some(receiver));
        }
    } else if here.summarizer {
        let (sender, receiver) = channel(&crew, telemetry, "articles", bounds.articles);
        articles_out = Some(receiver);
        let telemetry = Some(parts.telemetry.clone());
        let places = bounds.articles + parts.jobs;
        let ingress = link.ingress(&crew, Some(sender), None, telemetry, settled.clone());
        link.take_all(&crew, ingress, places);
    }

    // From the summarizer to the ledger.
    let mut records_out = None;
    if let Some(articles) = articles_out {
        let (sender, receiver) = channel(&crew, telemetry, "records", bounds.records);
        summarizers(&crew, parts, &guard, &jobs, &articles, &sender)?;
        if here.sink {
            records_out = Some(receiver);
        } else {
            link.egress(&crew, Some(receiver));
        }
    } else if let Some((_, number)) = &owner_ledger {
        let (sender, receiver) = channel(&crew, telemetry, "records", bounds.records);
        records_out = Some(receiver);
        let places = bounds.records + RECORDS;
        let telemetry = Some(parts.telemetry.clone());
        let ingress = link.ingress(&crew, Some(sender), Some(*number), telemetry, settled.clone());
        link.take_all(&crew, ingress, places);
    }
    if let (Some(entries), Some(records)) = (entries_in.take(), records_out.take()) {
        home_ends = Some((entries, records));
    }

    if let (Some((owner, number)), Some(ends)) = (owner_ledger, home_ends) {
        let Owner { ledger, sinks, sources } = owner;
        let feed = Feed::Schedule(sources);
        let flow = Flow { ends, feed, guard, fetching, fetched };
        let (core, ..) = home(&crew, parts, ledger, &sinks, flow, &stop, settled.clone())?;
        let (handle, found) = (core.ledger.clone(), core.found.clone());
        drop(core);
        let queue = &link.queue;
        let fates = link::home::fates(
            queue.clone(),
            number,
            handle.clone(),
            found.clone(),
            parts.telemetry.clone(),
            stop.clone(),
            settled,
        );
        crew.task("intake", fates);
        crew.task("link", recall::run(queue.clone(), handle, found, RECALL_AFTER, stop.clone()));
        crew.task("link", link::home::stay(queue.clone(), number, stop));
    }
    Ok(crew)
}

/// What every tie to the queue needs.
struct Link<Q: Queue> {
    queue: Q,
    attempts: u32,
    stop: CancellationToken,
    /// Under which stamps things leave: the owner's, or those of the way in.
    stamps: Option<Arc<Stamps<Q>>>,
}

impl<Q: Queue> Link<Q> {
    /// Ties a channel's receiving end.
    fn egress<T: Wire>(&self, crew: &Recruiter, input: Option<Receiver<InFlight<T>>>) {
        let (Some(input), Some(stamps)) = (input, &self.stamps) else { return };
        for _ in 0..PUTS {
            let (queue, stamps, input) = (self.queue.clone(), stamps.clone(), input.clone());
            crew.task("link", egress::run(queue, stamps, input));
        }
    }

    /// Ties a channel's sending end: starts what acknowledges. What leaves this process leaves
    /// under the stamps of what comes in here, unless this is the owner.
    fn ingress<T: Wire>(
        &mut self,
        crew: &Recruiter,
        output: Option<Sender<InFlight<T>>>,
        ledger: Option<u64>,
        telemetry: Option<Arc<Telemetry>>,
        settled: impl FnMut(&Settlement) + Send + 'static,
    ) -> Option<Ingress<T, Q>> {
        let output = output?;
        let (queue, attempts) = (self.queue.clone(), self.attempts);
        let outstanding: Arc<Outstanding<Q::Taken>> = Arc::default();
        self.stamps.get_or_insert_with(|| Arc::new(Stamps::Worker(outstanding.clone())));
        let (settlements, ended) = unbounded();
        let settle = ingress::settle(
            queue.clone(),
            T::CHANNEL,
            outstanding.clone(),
            ended,
            attempts,
            telemetry.clone(),
            settled,
        );
        crew.keeper("link", settle);
        Some(Ingress { queue, outstanding, output, settlements, attempts, ledger, telemetry })
    }

    /// Takes from the only lane of a channel.
    fn take_all<T: Wire>(&self, crew: &Recruiter, ingress: Option<Ingress<T, Q>>, places: usize) {
        let Some(ingress) = ingress else { return };
        let places = Arc::new(Semaphore::new(places));
        let take = ingress::take(ingress, T::CHANNEL.lane(), places, self.stop.clone(), || true);
        crew.task("intake", take);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_some_and_fetcher_and_cleaner_together() {
        let read = str::parse::<Stages>;
        let worker = Stages { fetcher: true, summarizer: false, sink: false };
        assert_eq!(read("fetcher, cleaner"), Ok(worker));
        assert_eq!(worker.to_string(), "fetcher,cleaner");
        assert!(read("sink").unwrap().sink);
        assert_eq!(read("fetcher"), Err(StagesError::Apart));
        assert_eq!(read("cleaner,sink"), Err(StagesError::Apart));
        assert_eq!(read(""), Err(StagesError::NotSome));
        assert_eq!(read("fetcher,cleaner,summarizer,sink"), Err(StagesError::NotSome));
        assert_eq!(read("sinks"), Err(StagesError::Unknown("sinks".to_owned())));
    }
}
