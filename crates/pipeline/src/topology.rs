//! Creates every channel and moves each end into exactly one stage.
//!
//! ```text
//! intake ──entries──► fetcher ──pages──► cleaner ──articles──► summarizer ──records──► last stage
//! ```
//!
//! Each sender lives only in the loops of the stage that fills the channel. So a channel closes
//! when that stage has ended, and the mill drains by ownership: no stage but the intake is told
//! to stop. A sender kept anywhere else would make the drain wait for ever.

use std::sync::Arc;

use async_channel::{Receiver, Sender, bounded, unbounded};
use newsmill_article::{Entry, Record};
use newsmill_fetcher::Fetcher;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Channels;
use crate::in_flight::InFlight;
use crate::intake::{self, Given};
use crate::jobs::Jobs;
use crate::stages::in_order::{self, End};
use crate::stages::{Fatal, cleaner, fetcher, summarizer};
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
}

/// Starts the stages from entries to records and hands out the two open ends.
fn conveyor(
    crew: &mut Crew,
    parts: &Parts,
) -> Result<(Sender<InFlight<Entry>>, Receiver<InFlight<Record>>), Fatal> {
    let Channels { entries, pages, articles, records, .. } = parts.channels;
    let (entries_in, entries) = bounded(entries);
    let (pages_in, pages) = bounded(pages);
    let (articles_in, articles) = bounded(articles);
    let (records_in, records) = bounded(records);
    crew.closes(&entries_in, &entries);
    crew.closes(&pages_in, &pages);
    crew.closes(&articles_in, &articles);
    crew.closes(&records_in, &records);

    let jobs = Arc::new(Jobs::new(parts.jobs));
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
        let (config, permits) = (parts.cleaner.clone(), jobs.clone());
        let (input, output) = (pages.clone(), articles_in.clone());
        let timers = parts.telemetry.cleaner.clone();
        crew.thread("cleaner", move || cleaner::run(&config, &permits, &input, &output, &timers))?;

        let (config, permits) = (parts.summarizer.clone(), jobs.clone());
        let (input, output) = (articles.clone(), records_in.clone());
        let timers = parts.telemetry.summarizer.clone();
        crew.thread("summarizer", move || {
            summarizer::run(&config, &permits, &input, &output, &timers)
        })?;
    }
    Ok((entries_in, records))
}

/// The one-shot mill: `inputs` in, their ends out to `write` in the same order.
///
/// # Errors
///
/// When a thread cannot be started.
pub fn once(
    parts: &Parts,
    inputs: impl Iterator<Item = Given> + Send + 'static,
    write: impl FnMut(End) -> Result<(), Fatal> + Send + 'static,
    stop: CancellationToken,
) -> Result<Crew, Fatal> {
    let mut crew = Crew::default();
    let (settlements_in, settlements) = unbounded();
    let (entries, records) = conveyor(&mut crew, parts)?;
    // Enough to fill every stage behind one slow page.
    let window = Arc::new(Semaphore::new(parts.channels.records + 8 * parts.jobs.max(1)));

    let (feeding, telemetry) = (window.clone(), parts.telemetry.clone());
    let runtime = tokio::runtime::Handle::current();
    crew.thread("intake", move || {
        intake::feed(inputs, &entries, &settlements_in, &feeding, &stop, &telemetry, &runtime)
    })?;
    let telemetry = parts.telemetry.clone();
    crew.keeper("records", in_order::run(records, settlements, window, telemetry, write));
    Ok(crew)
}
