//! `newsmill once`: inputs in, records out, in the same order.

mod progress;
mod report;
mod resumable;

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;
use indicatif::ProgressBar;
use newsmill_fetcher::warc::Rules;
use newsmill_fetcher::{FetchError, Fetcher};
use newsmill_pipeline::config::{self, Resolved};
use newsmill_pipeline::guard::Trial;
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::telemetry::Telemetry;
use newsmill_pipeline::topology::{self, Parts};
use newsmill_summarizer::Method;
use tokio_util::sync::CancellationToken;

use self::report::{Report, Reporter};
use crate::exit::Exit;
use crate::inputs::{self, Inputs, Listed};
use crate::output::Output;
use crate::{run, summarizer};

const EXAMPLES: &str = "\
Examples:
  newsmill once page.html                      one record as JSON on stdout
  newsmill once pages/ --out news.jsonl        every page under a folder
  newsmill once 'crawl/**/*.html.gz' --jobs 8  a pattern (in quotes), eight cores
  newsmill once https://example.org/story --format markdown
  curl -s https://example.org/story | newsmill once -
  newsmill once - < urls-or-pages.jsonl        lines like {\"url\": …, \"html\": …}
  newsmill once crawl-00001.warc.gz            every page of an archive
  newsmill once crawl/ --ledger done.db --out news.jsonl

Records come out in the order of the inputs, one for each input: the same story twice is two
records. What becomes none is named on stderr with its reason, and the exit code is then 1; it is
66 where there was nothing to read.
In a folder, hidden files and files that are not .html, .htm, .xhtml, .shtml, .txt, .md
or .markdown (each also .gz) are passed over.

With --ledger, a run that was interrupted, kill -9 included, goes on with what is left when it is
started again, and --out ends up with each record once. Records then come out in the order in
which they are ready, and an article that is known already, also by another address, is not
written again.";

/// What to read and how to write it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files (HTML, text, WARC), folders, patterns, http(s) URLs, or - for standard input
    #[arg(required = true)]
    inputs: Vec<String>,

    /// Write to this file instead of stdout; an older one is replaced when all is done
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,

    /// How records are written
    #[arg(long, short, value_enum, default_value_t = Form::Jsonl)]
    format: Form,

    /// Most sentences in a summary
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    sentences: Option<u16>,

    /// How to summarize: extractive, llm, … [default: what the configuration says, or extractive]
    #[arg(long, value_name = "METHOD", value_parser = summarizer::method)]
    summarizer: Option<Method>,

    /// Cores to use [default: all]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,

    /// Take the fetcher, cleaner, summarizer and channels sections of this file
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Remember in this file what is done, so that the same command goes on where it was
    /// interrupted
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// One JSON object on a line
    Jsonl,
    /// One JSON array
    Json,
    /// For reading
    Text,
    /// For reading, with markup
    Markdown,
}

impl From<Form> for newsmill_sink::Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Jsonl => Self::Jsonl,
            Form::Json => Self::Json,
            Form::Text => Self::Text,
            Form::Markdown => Self::Markdown,
        }
    }
}

/// Tries of a page that fails for the time being.
const ATTEMPTS: u32 = 3;

/// Pages that are fetched at the same time.
const FETCHES: usize = 16;

pub(crate) fn run(args: Args) -> anyhow::Result<Exit> {
    let resolved = args.config.as_deref().map_or_else(|| Ok(Resolved::default()), config::load);
    let mut resolved = match resolved {
        Ok(resolved) => resolved,
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            return Ok(Exit::Usage);
        }
    };
    if let Some(sentences) = args.sentences {
        resolved.summarizer.sentences = sentences.into();
    }
    if let Some(method) = args.summarizer {
        resolved.summarizer.method = vec![method];
    }
    if let Some(mistake) = resolved.summarizer.mistake() {
        writeln!(std::io::stderr(), "{}", summarizer::in_words(&mistake, args.config.as_deref()))?;
        return Ok(Exit::Usage);
    }
    let form = newsmill_sink::Format::from(args.format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    if let Some(ledger) = args.ledger.clone() {
        return match resumable::sink(args.out.as_deref(), form) {
            Ok(sink) => runtime.block_on(resumable::mill(args, resolved, &ledger, sink)),
            Err(message) => {
                writeln!(std::io::stderr(), "{message}")?;
                Ok(Exit::Usage)
            }
        };
    }
    let output = match &args.out {
        Some(path) => Output::file(path, form)?,
        None => Output::stdout(form),
    };
    runtime.block_on(mill(args, resolved, output))
}

async fn mill(args: Args, resolved: Resolved, output: Output) -> anyhow::Result<Exit> {
    let rules = Rules::new(&resolved.fetcher);
    let grace = resolved.shutdown.grace.0;
    let parts = match parts(resolved, args.jobs, trial(&args)) {
        Ok(parts) => parts,
        Err(error) => {
            output.discard();
            writeln!(std::io::stderr(), "{error}")?;
            return Ok(Exit::Usage);
        }
    };
    let listed = Arc::default();
    let progress = progress::bar(&args, &rules);
    let inputs = inputs::list(args.inputs, rules, &listed);
    work(&parts, Job { inputs, listed, output, out: args.out, progress, grace }).await
}

/// What to read, where to write it, and how to show it.
pub(crate) struct Job {
    pub(crate) inputs: Inputs,
    /// What they have left out.
    pub(crate) listed: Arc<Listed>,
    pub(crate) output: Output,
    /// The file that `output` writes; `None` for stdout.
    pub(crate) out: Option<PathBuf>,
    pub(crate) progress: ProgressBar,
    pub(crate) grace: Duration,
}

/// Runs the inputs through the mill, writes their records, and says how it went.
pub(crate) async fn work(parts: &Parts, job: Job) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let Job { inputs, listed, output, out, progress, grace } = job;
    let report = Arc::new(Mutex::new(Report::new(output, progress)));
    let stop = CancellationToken::new();
    let crew = topology::once(parts, inputs, Reporter(report.clone()), stop.clone())?;
    let ending = supervisor::run(crew, stop, supervisor::signals()?, grace).await;

    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
    report.progress.finish_and_clear();
    let passed_over = listed.passed_over.load(Ordering::Relaxed);
    let closing = report.closing_line(begun.elapsed(), passed_over);
    let (refused, records) = (report.refused(), report.records);
    // It is taken once, here, and nothing else of the run is left.
    let output = report.output.take().context("the output is in use")?;
    drop(report);
    for (stage, time) in parts.telemetry.stages() {
        tracing::debug!(stage, ?time, "time");
    }
    let exit = match ending {
        Ending::Finished => {
            if records == 0 && out.is_some_and(|out| out.exists()) {
                // Nothing came of it: an older file is worth more than an empty one.
                output.discard();
            } else {
                output.finish()?;
            }
            match (refused, records) {
                (true, _) => Exit::SomeRefused,
                (false, 0) => Exit::NoInput,
                (false, _) => Exit::Done,
            }
        }
        Ending::Drained | Ending::Cut { .. } => {
            if let Some(part) = output.interrupt()? {
                writeln!(std::io::stderr(), "interrupted; the records so far: {}", part.display())?;
            }
            Exit::Interrupted
        }
        Ending::Fatal(fatal) => {
            output.discard();
            return Err(fatal.into());
        }
    };
    writeln!(std::io::stderr(), "{closing}")?;
    Ok(exit)
}

/// The stages, as the command line and the configuration want them.
pub(crate) fn parts(
    resolved: Resolved,
    jobs: Option<u16>,
    trial: Option<Trial>,
) -> Result<Parts, FetchError> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Parts {
        fetcher: Fetcher::new(&resolved.fetcher, &[])?,
        cleaner: resolved.cleaner,
        summarizer: resolved.summarizer,
        channels: resolved.channels,
        fetches: FETCHES,
        attempts: ATTEMPTS,
        jobs: jobs.map_or_else(cores, usize::from),
        telemetry: Arc::new(Telemetry::default()),
        trial,
    })
}

/// How a page is tried out over which a process died: with the options that decide what is made of
/// it.
fn trial(args: &Args) -> Option<Trial> {
    let sentences = args.sentences.map(|sentences| sentences.to_string());
    let method = args.summarizer.map(summarizer::name_of);
    let mut options: Vec<&OsStr> = Vec::new();
    if let Some(config) = &args.config {
        options.extend(["--config".as_ref(), config.as_os_str()]);
    }
    for (option, value) in [("--sentences", &sentences), ("--summarizer", &method)] {
        if let Some(value) = value {
            options.extend([option, value].map(OsStr::new));
        }
    }
    run::trial(&options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn a_trial_makes_of_a_page_what_the_run_would() {
        let given = ["--config", "p.yaml", "--sentences", "2", "--summarizer", "rust-bert"];
        let line = ["once", "pages", "--ledger", "l.db", "--jobs", "8"].into_iter().chain(given);
        let Trial { arguments, .. } = trial(&Line::parse_from(line).args).unwrap();
        assert_eq!(arguments[4..], given);
        let again = Line::parse_from(&arguments).args;
        assert_eq!(again.summarizer, Some(Method::RustBert));
        assert_eq!((again.sentences, again.jobs), (Some(2), Some(1)));
    }
}
