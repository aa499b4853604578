//! `newsmill once`: inputs in, records out, in the same order.

mod resumable;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use newsmill_article::Outcome;
use newsmill_fetcher::warc::Rules;
use newsmill_fetcher::{FetchError, Fetcher};
use newsmill_pipeline::config::{self, Resolved};
use newsmill_pipeline::guard::Trial;
use newsmill_pipeline::in_flight::Settlement;
use newsmill_pipeline::stages::Fatal;
use newsmill_pipeline::stages::in_order::{End, Ends};
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::telemetry::Telemetry;
use newsmill_pipeline::topology::{self, Parts};
use newsmill_summarizer::Method;
use tokio_util::sync::CancellationToken;

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
    let progress = progress(&args, &rules);
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

/// `page.html: too_short: only 3 words of text`, with the error behind it where that says more.
fn refusal(settlement: &Settlement) -> (&'static str, String) {
    let Settlement { label, outcome, cause, .. } = settlement;
    let (code, mut why) = match outcome {
        Outcome::Rejected(reason) => (reason.code(), reason.to_string()),
        other => (newsmill_pipeline::telemetry::outcome_code(other), "interrupted".to_owned()),
    };
    if let Some(cause) = cause {
        // Errors name their place, which stands in front already.
        let cause = cause.strip_prefix(&format!("{label}: ")).unwrap_or(cause);
        if cause != why {
            let _ = write!(why, " ({cause})");
        }
    }
    (code, format!("{label}: {code}: {why}"))
}

/// `1 input`, `2 inputs`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What was not read, and where to look up why where that is all: the end of the closing line.
fn left_out(inputs: u64, passed_over: u64) -> String {
    let mut words = String::new();
    if passed_over > 0 {
        let _ = write!(words, ", {} passed over", counted(passed_over, "other file"));
    }
    if inputs == 0 {
        words.push_str("; `--help` says what is read");
    }
    words
}

/// What has come out so far.
struct Report {
    /// `None` once the run has ended.
    output: Option<Output>,
    progress: ProgressBar,
    records: u64,
    /// By what is shown to people: the reason's or outcome's code.
    others: BTreeMap<&'static str, u64>,
}

impl Report {
    fn new(output: Output, progress: ProgressBar) -> Self {
        Self { output: Some(output), progress, records: 0, others: BTreeMap::new() }
    }

    fn refused(&self) -> bool {
        !self.others.is_empty()
    }

    /// `123 inputs, 121 records, 2 rejected (1 empty, 1 too_short), 45.2 pages/s`
    fn closing_line(&self, elapsed: Duration, passed_over: u64) -> String {
        let rejected: u64 = self.others.values().sum();
        let inputs = self.records + rejected;
        let mut line = format!(
            "{}, {}, {rejected} rejected",
            counted(inputs, "input"),
            counted(self.records, "record")
        );
        let reasons: Vec<_> =
            self.others.iter().map(|(code, count)| format!("{count} {code}")).collect();
        if !reasons.is_empty() {
            let _ = write!(line, " ({})", reasons.join(", "));
        }
        line.push_str(&left_out(inputs, passed_over));
        if inputs == 0 {
            return line;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = inputs as f64 / elapsed.as_secs_f64().max(1e-6);
        let _ = write!(line, ", {rate:.1} pages/s");
        line
    }

    fn settled(&mut self, settlement: &Settlement) {
        let (code, line) = refusal(settlement);
        *self.others.entry(code).or_default() += 1;
        // Above the bar where there is one. That stderr is closed is no reason to stop.
        self.progress.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }
}

/// The last stage's handle on the report.
struct Reporter(Arc<Mutex<Report>>);

impl Reporter {
    fn with(&self, change: impl FnOnce(&mut Report) -> std::io::Result<()>) -> Result<(), Fatal> {
        let mut report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut report).map_err(|error| Fatal::new("output", error))
    }
}

impl Ends for Reporter {
    fn take(&mut self, end: End) -> Result<(), Fatal> {
        self.with(|report| {
            match end {
                End::Record(record) => {
                    report.records += 1;
                    if let Some(output) = &mut report.output {
                        output.write(&record)?;
                    }
                }
                End::Settled(settlement) => report.settled(&settlement),
            }
            report.progress.inc(1);
            Ok(())
        })
    }

    fn rest(&mut self) -> Result<(), Fatal> {
        self.with(|report| report.output.as_mut().map_or(Ok(()), Output::flush))
    }
}

/// A bar on stderr where a person looks at it and the records go elsewhere. The inputs are counted
/// beside the run, so that it need not wait for their number.
fn progress(args: &Args, rules: &Rules) -> ProgressBar {
    let records_on_screen = args.out.is_none() && std::io::stdout().is_terminal();
    if records_on_screen || !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::no_length();
    let style = "{bar:30} {human_pos}/{human_len} {per_sec} ETA {eta}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    if !args.inputs.iter().any(|input| input == "-") {
        let (counted, names, rules) = (bar.clone(), args.inputs.clone(), rules.clone());
        std::thread::spawn(move || {
            let count = inputs::list(names, rules, &Arc::default()).count();
            counted.set_length(u64::try_from(count).unwrap_or(u64::MAX));
        });
    }
    bar
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
