//! `newsmill run`: the daemon.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use newsmill_article::Outcome;
use newsmill_fetcher::Fetcher;
use newsmill_ledger::{Ledger, LedgerError};
use newsmill_pipeline::config::{self, Resolved};
use newsmill_pipeline::guard::Trial;
use newsmill_pipeline::in_flight::Settlement;
use newsmill_pipeline::supervisor::Crew;
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::telemetry::Telemetry;
use newsmill_pipeline::topology::linked::Stages;
use newsmill_pipeline::topology::{self, Feed, Parts, SetUpError};
use newsmill_sink::SinkError;
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::linked;

const EXAMPLES: &str = "\
Examples:
  newsmill check                    is pipeline.yaml right?
  newsmill run                      until SIGTERM or Ctrl-C
  newsmill run news.yaml --once-through
  newsmill run --stages summarizer  only this stage; the others run elsewhere, see `link`

SIGTERM and SIGINT stop the intake; what is in flight is worked off for at most shutdown.grace. A
second signal ends at once. Whatever way it ends, kill -9 included, the next start goes on where
this one stopped, provided that the ledger has a file.";

/// Which configuration, and for how long.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The configuration
    #[arg(default_value = "pipeline.yaml")]
    file: PathBuf,

    /// Look at every source once, work off what is due, and end
    #[arg(long)]
    once_through: bool,

    /// Run only these stages, with commas between: fetcher,cleaner or summarizer or sink. The process with `sink` owns
    /// the ledger and polls the sources; it runs once, the others as often as wanted. Needs `link`
    #[arg(long, value_name = "STAGES", conflicts_with = "once_through")]
    stages: Option<Stages>,
}

/// Pages that are fetched at the same time.
const FETCHES: usize = 32;

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let resolved = match config::load(&args.file) {
        Ok(resolved) => resolved,
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            return Ok(Exit::Usage);
        }
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(mill(args, resolved))
}

async fn mill(args: &Args, resolved: Resolved) -> anyhow::Result<Exit> {
    let fetcher = match Fetcher::new(&resolved.fetcher, &resolved.sources) {
        Ok(fetcher) => fetcher,
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            return Ok(Exit::Usage);
        }
    };
    if let Some(unfit) = args.stages.and_then(|stages| linked::unfit(stages, &resolved)) {
        writeln!(std::io::stderr(), "{unfit}")?;
        return Ok(Exit::Usage);
    }
    let telemetry = Arc::new(Telemetry::default());
    let parts = Parts {
        fetcher,
        cleaner: resolved.cleaner.clone(),
        summarizer: resolved.summarizer.clone(),
        channels: resolved.channels.clone(),
        fetches: FETCHES,
        attempts: 1,
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        telemetry: telemetry.clone(),
        trial: trial(&["--config".as_ref(), args.file.as_os_str()]),
    };
    let grace = resolved.shutdown.grace.0;
    let stop = CancellationToken::new();
    // Before the mill runs, so that no signal is lost.
    let signals = supervisor::signals().context("cannot listen to signals")?;
    let crew = match args.stages {
        None => whole(&parts, resolved, args.once_through, stop.clone()),
        Some(stages) => linked::some(&parts, stages, resolved, stop.clone()).await,
    };
    let crew = match crew {
        Ok(crew) => crew,
        Err(error) => return set_up_failed(error),
    };
    tracing::info!(file = %args.file.display(), "runs");
    let ending = supervisor::run(crew, stop, signals, grace).await;
    let report = report(&telemetry);
    for (stage, time) in telemetry.stages() {
        tracing::debug!(stage, ?time, "time");
    }
    if let Ending::Fatal(fatal) = ending {
        writeln!(std::io::stderr(), "{report}")?;
        return Err(fatal.into());
    }
    if let Ending::Cut { waiting } = ending {
        writeln!(std::io::stderr(), "cut short; still at work: {}", waiting.join(", "))?;
    }
    writeln!(std::io::stderr(), "{report}")?;
    Ok(Exit::Done)
}

/// How many entries of one host may be under way: those that are asked for, and as many behind.
pub(crate) fn share(fetcher: &newsmill_fetcher::Config) -> usize {
    fetcher.host.concurrency.saturating_mul(2)
}

/// This program as one that reads a single page from standard input.
pub(crate) fn trial(options: &[&OsStr]) -> Option<Trial> {
    let program = std::env::current_exe().ok()?.into_os_string();
    let once = ["once", "-", "--jobs", "1"].map(OsStr::new);
    let arguments = once.iter().chain(options).map(|word| (*word).to_owned()).collect();
    Some(Trial { program, arguments })
}

/// All stages in this process.
fn whole(
    parts: &Parts,
    resolved: Resolved,
    once_through: bool,
    stop: CancellationToken,
) -> Result<Crew, SetUpError> {
    let mut ledger = match &resolved.ledger.path {
        Some(path) => Ledger::open(path, &resolved.ledger)?,
        None => Ledger::in_memory(&resolved.ledger)?,
    };
    ledger.share_hosts(share(&resolved.fetcher));
    let feed = if once_through {
        Feed::Through(resolved.sources)
    } else {
        Feed::Schedule(resolved.sources)
    };
    topology::with_ledger(parts, ledger, &resolved.sinks, feed, stop, log_settled)
}

/// `12 entries taken up: 9 delivered, 1 duplicate, 2 rejected (1 gone, 1 too_short)`
pub(crate) fn report(telemetry: &Telemetry) -> String {
    let tally = telemetry.tally();
    let list = |counts: &std::collections::BTreeMap<&'static str, u64>| {
        let words: Vec<_> = counts.iter().map(|(code, count)| format!("{count} {code}")).collect();
        words.join(", ")
    };
    let mut line = format!("{} entries taken up", telemetry.tickets());
    if tally.total() > 0 {
        line = format!("{line}: {}", list(&tally.outcomes));
    }
    if !tally.reasons.is_empty() {
        line = format!("{line} ({})", list(&tally.reasons));
    }
    line
}

pub(crate) fn log_settled(settlement: &Settlement) {
    let Settlement { label, outcome, cause, .. } = settlement;
    match outcome {
        Outcome::Rejected(reason) => {
            tracing::info!(input = %label, reason = reason.code(), cause, "rejected");
        }
        Outcome::Retry { after } => {
            tracing::info!(input = %label, ?after, cause, "will be tried again")
        }
        Outcome::PutOff { after } => tracing::debug!(input = %label, ?after, cause, "held back"),
        Outcome::Duplicate { of } => tracing::debug!(input = %label, %of, "duplicate"),
        Outcome::Abandoned => tracing::debug!(input = %label, "abandoned for now"),
        Outcome::Delivered | Outcome::HandedOff => tracing::debug!(input = %label, "record"),
    }
}

/// What kept the mill from starting: something wrong with the configuration, or with the world?
pub(crate) fn set_up_failed(error: SetUpError) -> anyhow::Result<Exit> {
    let sink_config = match &error {
        SetUpError::Sink { source, .. } => matches!(
            source.downcast_ref::<SinkError>(),
            Some(SinkError::Config { .. } | SinkError::Secret { .. })
        ),
        _ => false,
    };
    let held = match &error {
        SetUpError::Ledger(LedgerError::Held { .. }) | SetUpError::Link(_) => true,
        SetUpError::Sink { source, .. } => {
            matches!(source.downcast_ref::<SinkError>(), Some(SinkError::InUse { .. }))
        }
        _ => false,
    };
    let exit = match (sink_config, held) {
        (true, _) => Exit::Usage,
        (_, true) => Exit::Unavailable,
        _ => return Err(error.into()),
    };
    writeln!(std::io::stderr(), "newsmill: {:#}", anyhow::Error::from(error))?;
    Ok(exit)
}
