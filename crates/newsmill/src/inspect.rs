//! `newsmill fate`, `status` and `dead`: what the ledger knows. They work beside a running mill.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use jiff::Timestamp;
use newsmill_ledger::{DeadLetter, EntryId, Inspector};
use newsmill_pipeline::config;

use crate::exit::Exit;
use crate::stdout;

/// Which ledger.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The ledger's file [default: the one that the configuration names]
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,

    /// The configuration that names it
    #[arg(long, short, value_name = "FILE", default_value = "pipeline.yaml")]
    config: PathBuf,
}

/// Whose fate.
#[derive(Debug, clap::Args)]
pub(crate) struct FateArgs {
    /// A URL, a path, or the id of a record (32 hexadecimal digits)
    article: String,

    /// As JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    which: Which,
}

/// How to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// As JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    which: Which,
}

/// What to do with dead letters.
#[derive(Debug, clap::Args)]
pub(crate) struct DeadArgs {
    #[command(subcommand)]
    what: Dead,
}

#[derive(Debug, Subcommand)]
enum Dead {
    /// Every dead letter in one line: number, reason, attempts, input
    List(Which),
    /// One dead letter in full
    Show {
        /// Its number
        number: i64,
        /// Write the page that was fetched to this file
        #[arg(long, value_name = "FILE")]
        page: Option<PathBuf>,
        #[command(flatten)]
        which: Which,
    },
    /// Try again
    Retry {
        /// Their numbers
        #[arg(required = true)]
        numbers: Vec<i64>,
        #[command(flatten)]
        which: Which,
    },
    /// Forget; the entry stays rejected
    Drop {
        /// Their numbers
        #[arg(required = true)]
        numbers: Vec<i64>,
        #[command(flatten)]
        which: Which,
    },
}

/// Dead letters that are read at once.
const PAGE: usize = 500;

pub(crate) fn fate(args: &FateArgs) -> anyhow::Result<Exit> {
    let Some(ledger) = open(&args.which)? else { return Ok(Exit::Usage) };
    let fate = ledger.fate(&args.article)?;
    let mut out = stdout::lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &fate)?;
        writeln!(out)?;
    } else {
        write!(out, "{fate}")?;
    }
    Ok(if fate.visits.is_empty() { Exit::SomeRefused } else { Exit::Done })
}

pub(crate) fn status(args: &StatusArgs) -> anyhow::Result<Exit> {
    let Some(ledger) = open(&args.which)? else { return Ok(Exit::Usage) };
    let status = ledger.status()?;
    let mut out = stdout::lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &status)?;
        writeln!(out)?;
    } else {
        write!(out, "{status}")?;
    }
    Ok(Exit::Done)
}

pub(crate) fn dead(args: &DeadArgs) -> anyhow::Result<Exit> {
    let (Dead::List(which)
    | Dead::Show { which, .. }
    | Dead::Retry { which, .. }
    | Dead::Drop { which, .. }) = &args.what;
    let Some(ledger) = open(which)? else { return Ok(Exit::Usage) };
    match &args.what {
        Dead::List(_) => list(&ledger),
        Dead::Show { number, page, .. } => show(&ledger, *number, page.as_deref()),
        Dead::Retry { numbers, .. } => {
            let now = Timestamp::now();
            each(numbers, "due again", |id| ledger.dead_retry(id, now))
        }
        Dead::Drop { numbers, .. } => each(numbers, "dropped", |id| ledger.dead_drop(id)),
    }
}

fn list(ledger: &Inspector) -> anyhow::Result<Exit> {
    let mut out = stdout::lock();
    let mut after = None;
    loop {
        let letters = ledger.dead_list(after, PAGE)?;
        for DeadLetter { id, input, code, attempts, sink, .. } in &letters {
            let sink = sink.as_ref().map(|sink| format!(" by {sink}")).unwrap_or_default();
            writeln!(out, "{id}\t{code}{sink}\t{attempts}\t{input}")?;
        }
        match letters.last() {
            Some(last) if letters.len() == PAGE => after = Some(last.id),
            _ => return Ok(Exit::Done),
        }
    }
}

fn show(ledger: &Inspector, number: i64, to: Option<&std::path::Path>) -> anyhow::Result<Exit> {
    let letters = ledger.dead_show(EntryId(number))?;
    if letters.is_empty() {
        writeln!(std::io::stderr(), "no dead letter has the number {number}")?;
        return Ok(Exit::SomeRefused);
    }
    let mut out = stdout::lock();
    for letter in &letters {
        writeln!(out, "input     {}", letter.input)?;
        if let Some(source) = &letter.source {
            writeln!(out, "source    {source}")?;
        }
        if let Some(sink) = &letter.sink {
            writeln!(out, "refused   by {sink}")?;
        }
        writeln!(out, "reason    {} ({})", letter.reason, letter.code)?;
        writeln!(out, "attempts  {}", letter.attempts)?;
        writeln!(out, "at        {}", letter.at)?;
        if let Some(detail) = &letter.detail {
            writeln!(out, "error     {detail}")?;
        }
        match (&letter.page, to) {
            (Some(page), Some(to)) => {
                std::fs::write(to, page)?;
                writeln!(out, "page      {} bytes, written to {}", page.len(), to.display())?;
            }
            (Some(page), None) => writeln!(out, "page      {} bytes (--page FILE)", page.len())?,
            (None, _) => writeln!(out, "page      none was kept")?,
        }
        if let Some(record) = &letter.record {
            writeln!(out, "record    {record}")?;
        }
    }
    Ok(Exit::Done)
}

fn each(
    numbers: &[i64],
    done: &str,
    change: impl Fn(EntryId) -> Result<bool, newsmill_ledger::LedgerError>,
) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    for number in numbers {
        if change(EntryId(*number))? {
            writeln!(stdout::lock(), "{number}: {done}")?;
        } else {
            writeln!(std::io::stderr(), "{number}: no such dead letter")?;
            exit = Exit::SomeRefused;
        }
    }
    Ok(exit)
}

/// `None` after saying what is wrong with the command line or the configuration.
fn open(which: &Which) -> anyhow::Result<Option<Inspector>> {
    let path = match &which.ledger {
        Some(path) => path.clone(),
        None => match config::load(&which.config) {
            Ok(config) => match config.ledger.path {
                Some(path) => path,
                None => {
                    let file = which.config.display();
                    writeln!(
                        std::io::stderr(),
                        "{file}: the ledger has no file (ledger.path), so nothing is kept; \
                         name one there, or with --ledger FILE"
                    )?;
                    return Ok(None);
                }
            },
            Err(error) => {
                writeln!(std::io::stderr(), "{error}")?;
                return Ok(None);
            }
        },
    };
    if !path.exists() {
        let path = path.display();
        writeln!(
            std::io::stderr(),
            "{path}: there is no ledger yet: the first `newsmill run` makes it; name another one with \
             --ledger FILE or --config FILE"
        )?;
        return Ok(None);
    }
    Ok(Some(Inspector::open(&path)?))
}
