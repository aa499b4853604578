//! `newsmill replay`: today's cleaner and summarizer over yesterday's pages.

mod diff;
mod older;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use newsmill_article::HumanDuration;
use newsmill_fetcher::warc::Rules;
use newsmill_pipeline::config::{self, Resolved};
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::topology;
use newsmill_sink::{Config as SinkConfig, Format};
use tokio_util::sync::CancellationToken;

use self::diff::Differ;
use self::older::Older;
use crate::archive::{self, Selection};
use crate::exit::Exit;
use crate::inputs::Inputs;
use crate::output::Output;
use crate::{once, stdout};

const EXAMPLES: &str = "\
Examples:
  newsmill replay out/warc                           a record for each archived page, on stdout
  newsmill replay out/warc --diff                    what would change against pipeline.yaml's sink
  newsmill replay out/warc --diff=old.jsonl --since 7d --host example.org

Nothing is fetched. Pages come from the WARC files that `fetcher.archive` writes, or any others, with
the time at which they were fetched; those of newsmill also with what their feed said of them.

--diff writes no records. It shows for each page what this version would change in title, text and
summary, against the record that was made of it then, and the totals. The older records are a file
of JSON Lines, a folder of them, or the database of an SQLite sink; without a name, what the first
such sink of the configuration has written.";

/// Which pages, and what to do with them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A WARC file, or a folder of them
    archive: PathBuf,

    /// Only pages fetched since then: a date, a time (RFC 3339), or how long ago (7d, 12h)
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Timestamp>,

    /// Only pages of this host and those below it; may be repeated
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,

    /// Show what would change against these older records, instead of writing new ones
    #[arg(long, value_name = "RECORDS", num_args = 0..=1, require_equals = true)]
    diff: Option<Option<PathBuf>>,

    /// Write the records to this file instead of stdout
    #[arg(long, short, value_name = "FILE", conflicts_with = "diff")]
    out: Option<PathBuf>,

    /// Take the fetcher, cleaner and summarizer sections, and for --diff the sinks, of this file
    /// [default: pipeline.yaml where there is one]
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Cores to use [default: all]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

pub(crate) fn run(args: Args) -> anyhow::Result<Exit> {
    let default = Path::new("pipeline.yaml");
    let file = args.config.as_deref().or(default.is_file().then_some(default));
    let resolved = match file.map_or_else(|| Ok(Resolved::default()), config::load) {
        Ok(resolved) => resolved,
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            return Ok(Exit::Usage);
        }
    };
    if !args.archive.exists() {
        writeln!(
            std::io::stderr(),
            "{}: no such file or folder; `fetcher.archive` is what keeps pages for a replay",
            args.archive.display()
        )?;
        return Ok(Exit::Usage);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let Some(older) = &args.diff else {
        let output = match &args.out {
            Some(path) => Output::file(path, Format::Jsonl)?,
            None => Output::stdout(Format::Jsonl),
        };
        return runtime.block_on(records(args, resolved, output));
    };
    let Some(older) = older.clone().or_else(|| first_store(&resolved.sinks)) else {
        let why = "--diff: no sink of the configuration is a jsonl or sqlite file; name the older \
                   records with --diff=FILE";
        writeln!(std::io::stderr(), "{why}")?;
        return Ok(Exit::Usage);
    };
    let older =
        Older::open(&older).with_context(|| format!("older records: {}", older.display()))?;
    runtime.block_on(differences(args, resolved, older))
}

/// `2026-11-24`, `2026-11-24T10:00:00Z` or `7d`.
fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(date) = text.parse::<civil::Date>() {
        let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
        return midnight.map_err(|error| error.to_string());
    }
    let ago = text.parse::<HumanDuration>();
    let ago = ago.map_err(|_| format!("{text:?} is no date, time or duration such as `7d`"))?;
    Timestamp::now().checked_sub(ago.0).map_err(|error| error.to_string())
}

/// Where the first sink that can be read back keeps its records.
fn first_store(sinks: &[SinkConfig]) -> Option<PathBuf> {
    sinks.iter().find_map(|sink| match sink {
        SinkConfig::Jsonl(jsonl) => Some(jsonl.path.clone()),
        SinkConfig::Sqlite(sqlite) => Some(sqlite.path.clone()),
        _ => None,
    })
}

fn inputs(args: &Args, resolved: &Resolved) -> Inputs {
    let rules = Rules::new(&resolved.fetcher);
    let hosts = args.host.iter().map(|host| host.to_ascii_lowercase()).collect();
    let selection = Selection { since: args.since, hosts };
    let files = archive::files(args.archive.clone()).into_iter();
    Box::new(files.flat_map(move |file| archive::read(file, &rules, selection.clone())))
}

async fn records(args: Args, resolved: Resolved, output: Output) -> anyhow::Result<Exit> {
    let inputs = inputs(&args, &resolved);
    let grace = resolved.shutdown.grace.0;
    let parts = once::parts(resolved, args.jobs, None)?;
    let job = once::Job {
        inputs,
        listed: Arc::default(),
        output,
        out: args.out,
        progress: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
        grace,
    };
    once::work(&parts, job).await
}

async fn differences(args: Args, resolved: Resolved, older: Older) -> anyhow::Result<Exit> {
    let inputs = inputs(&args, &resolved);
    let grace = resolved.shutdown.grace.0;
    let parts = once::parts(resolved, args.jobs, None)?;
    let stop = CancellationToken::new();
    let (differ, totals) = Differ::new(older, std::io::stdout().is_terminal());
    let crew = topology::once(&parts, inputs, differ, stop.clone())?;
    let ending = supervisor::run(crew, stop, supervisor::signals()?, grace).await;
    let totals = totals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let exit = match ending {
        Ending::Finished if totals.pages == 0 => Exit::NoInput,
        Ending::Finished => Exit::Done,
        Ending::Drained | Ending::Cut { .. } => Exit::Interrupted,
        Ending::Fatal(fatal) => return Err(fatal.into()),
    };
    writeln!(stdout::lock(), "{totals}")?;
    Ok(exit)
}
