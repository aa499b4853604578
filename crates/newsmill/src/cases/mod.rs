//! `newsmill test`: a user's own tests of a pipeline.
//!
//! A folder is a case: a saved page or a saved feed with its pages, and what is expected of them.
//! All cases go through one one-shot mill with the cleaner and summarizer that the configuration
//! wants; nobody on the web is asked, so method `llm` gives way to the next one. `tests/README.md`
//! has the layout.

mod case;
mod compare;
mod junit;
mod load;

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use newsmill_article::{Outcome, Reason, Record};
use newsmill_fetcher::Fetcher;
use newsmill_pipeline::config::{self, Resolved};
use newsmill_pipeline::intake::Given;
use newsmill_pipeline::stages::Fatal;
use newsmill_pipeline::stages::in_order::{End, Ends};
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::telemetry::Telemetry;
use newsmill_pipeline::topology::{self, Parts};
use newsmill_sink::{Format, Writer};
use newsmill_summarizer::Method;
use tokio_util::sync::CancellationToken;

use self::case::{Became, Verdict};
use self::load::{Page, Source};
use crate::exit::Exit;
use crate::stdout;

const EXAMPLES: &str = "\
Examples:
  newsmill test                      every case below tests/
  newsmill test tests/pages/tables   one case
  newsmill test --junit result.xml --config news.yaml

A case is a folder with `page.html` (or .txt, .md, each also .gz), `expected.json` with the fields
of the record, and `expected.text`; or with `feed.xml` and its saved pages. A field that is left
out is not compared; {\"rejected\": \"too_short\"} expects no record.";

/// What to test, and with what.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder with the cases
    #[arg(default_value = "tests")]
    folder: PathBuf,

    /// Take the sources, fetcher, cleaner and summarizer sections of this file
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Write the result as JUnit XML too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write the records too, as JSON Lines, made at a fixed time so that the same records are the
    /// same bytes
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
}

/// How one page stands.
struct Result {
    name: String,
    verdict: Verdict,
}

/// When every page of a test was fetched and processed.
const CLOCK: Timestamp = Timestamp::UNIX_EPOCH;

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let config = args.config.as_deref().map_or_else(|| Ok(Resolved::default()), config::load);
    let mut config = match config {
        Ok(config) => config,
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            return Ok(Exit::Usage);
        }
    };
    let methods = &mut config.summarizer.method;
    methods.retain(|method| *method != Method::Llm);
    if methods.is_empty() {
        methods.push(Method::Extractive);
    }
    if !args.folder.is_dir() {
        writeln!(std::io::stderr(), "{}: no such folder", args.folder.display())?;
        return Ok(Exit::Usage);
    }
    let pages = match load::all(&args.folder, &config) {
        Ok(pages) => pages,
        Err(error) => {
            writeln!(std::io::stderr(), "{}: {error:#}", args.folder.display())?;
            return Ok(Exit::Usage);
        }
    };
    if pages.is_empty() {
        writeln!(std::io::stderr(), "{}: no case (expected.json)", args.folder.display())?;
        return Ok(Exit::Usage);
    }
    let became = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(mill(config, &pages))?;
    if let Some(path) = &args.records {
        write_records(path, &became).with_context(|| path.display().to_string())?;
    }
    let results: Vec<Result> = pages.iter().zip(&became).map(judge).collect();
    if let Some(path) = &args.junit {
        junit::write(path, &results, begun.elapsed())
            .with_context(|| path.display().to_string())?;
    }
    tell(&results)
}

fn tell(results: &[Result]) -> anyhow::Result<Exit> {
    let mut out = stdout::lock();
    let mut failed = 0;
    for Result { name, verdict } in results {
        for better in &verdict.better {
            writeln!(out, "{name}: better than asked: {better}")?;
        }
        if !verdict.faults.is_empty() {
            failed += 1;
            writeln!(out, "FAILED {name}")?;
        }
        for fault in &verdict.faults {
            writeln!(out, "  {}", fault.trim_end().replace('\n', "\n  "))?;
        }
    }
    writeln!(out, "{} cases, {failed} failed", results.len())?;
    Ok(if failed == 0 { Exit::Done } else { Exit::SomeRefused })
}

fn judge((page, became): (&Page, &Option<Became>)) -> Result {
    let verdict = match &page.entry {
        Source::Unlisted => {
            let fault = "the feed does not list it".to_owned();
            Verdict { faults: vec![fault], better: Vec::new() }
        }
        Source::Unexpected => {
            let fault = "the feed lists it, but nothing is expected of it".to_owned();
            Verdict { faults: vec![fault], better: Vec::new() }
        }
        Source::Entry(_) | Source::Missing(_) => {
            page.expected.judge(page.text.as_deref(), became.as_ref())
        }
    };
    Result { name: page.name.clone(), verdict }
}

/// Sends every page through a one-shot mill; the answers are in the order of the pages, with
/// nothing for those that none was asked for.
async fn mill(config: Resolved, pages: &[Page]) -> anyhow::Result<Vec<Option<Became>>> {
    let parts = Parts {
        fetcher: Fetcher::new(&config.fetcher, &[])?,
        cleaner: config.cleaner,
        summarizer: config.summarizer,
        channels: config.channels,
        fetches: 4,
        attempts: 1,
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        telemetry: Arc::new(Telemetry::default()),
        trial: None,
    };
    let inputs: Vec<Given> = pages.iter().filter_map(given).collect();
    let ends = Arc::new(Mutex::new(Vec::new()));
    let stop = CancellationToken::new();
    let crew = topology::once(&parts, inputs.into_iter(), Collector(ends.clone()), stop.clone())?;
    let grace = config.shutdown.grace.0;
    match supervisor::run(crew, stop, supervisor::signals()?, grace).await {
        Ending::Finished => {}
        Ending::Fatal(fatal) => return Err(fatal.into()),
        Ending::Drained | Ending::Cut { .. } => anyhow::bail!("interrupted"),
    }
    let mut ends = std::mem::take(&mut *ends.lock().unwrap_or_else(PoisonError::into_inner));
    ends.reverse();
    Ok(pages.iter().map(|page| given(page).and_then(|_| ends.pop())).collect())
}

fn given(page: &Page) -> Option<Given> {
    match &page.entry {
        Source::Entry(entry) => Some(Given::Entry((**entry).clone())),
        Source::Missing(url) => {
            let cause = Some("no page of it was saved".to_owned());
            Some(Given::Refused { input: url.clone(), reason: Reason::Gone, cause })
        }
        Source::Unlisted | Source::Unexpected => None,
    }
}

/// Keeps every end.
struct Collector(Arc<Mutex<Vec<Became>>>);

impl Ends for Collector {
    fn take(&mut self, end: End) -> std::result::Result<(), Fatal> {
        let became = match end {
            End::Record(mut record) => {
                (record.fetched, record.processed) = (CLOCK, CLOCK);
                Became::Record(record)
            }
            End::Settled(settlement) => {
                let code = match &settlement.outcome {
                    Outcome::Rejected(reason) => reason.code(),
                    other => newsmill_pipeline::telemetry::outcome_code(other),
                };
                Became::Rejected(code, settlement.cause.unwrap_or_default())
            }
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(became);
        Ok(())
    }

    fn rest(&mut self) -> std::result::Result<(), Fatal> {
        Ok(())
    }
}

fn write_records(path: &std::path::Path, became: &[Option<Became>]) -> std::io::Result<()> {
    let mut writer = Writer::new(Format::Jsonl, std::fs::File::create(path)?);
    let records = became.iter().filter_map(|became| match became {
        Some(Became::Record(record)) => Some(&**record),
        _ => None,
    });
    for record in records {
        let record: &Record = record;
        writer.write(record)?;
    }
    writer.finish()?.sync_all()
}
