//! `newsmill run`: the daemon.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use newsmill_article::Outcome;
use newsmill_fetcher::Fetcher;
use newsmill_ledger::{Ledger, LedgerError};
use newsmill_pipeline::admin::Admin;
use newsmill_pipeline::admin::client::Client;
use newsmill_pipeline::config::{self, Resolved};
use newsmill_pipeline::guard::Trial;
use newsmill_pipeline::in_flight::Settlement;
use newsmill_pipeline::reload::{self, Reloading};
use newsmill_pipeline::supervisor::Crew;
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::systemd;
use newsmill_pipeline::telemetry::Telemetry;
use newsmill_pipeline::telemetry::endpoint::{Endpoint, EndpointError};
use newsmill_pipeline::topology::linked::Stages;
use newsmill_pipeline::topology::{self, Feed, Parts, SetUpError};
use newsmill_sink::SinkError;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::linked;

const EXAMPLES: &str = "\
Examples:
  newsmill check                    is pipeline.yaml right?
  newsmill run                      until SIGTERM or Ctrl-C
  newsmill run news.yaml --once-through
  newsmill run --stages summarizer  only this stage; the others run elsewhere, see `link`

SIGHUP and `newsmill reload` take over a changed configuration without losing anything in flight,
or refuse it whole and go on as before. SIGTERM and SIGINT stop the intake; what is in flight is
worked off for at most shutdown.grace. A second signal ends at once. Whatever way it ends, kill -9
included, the next start goes on where this one stopped, provided that the ledger has a file.";

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
    let looks = args.stages.is_none_or(|stages| stages.sink);
    if looks && resolved.sources.is_empty() {
        tracing::warn!(file = %args.file.display(), "no `sources`: there is nothing to look at");
    }
    let telemetry = Arc::new(Telemetry::default());
    let endpoint = match Endpoint::start(&resolved.telemetry, &telemetry).await {
        Ok(endpoint) => Arc::new(Mutex::new(endpoint)),
        Err(error) => return endpoint_failed(error),
    };
    let share = match Share::take(args.stages, &resolved) {
        Ok(share) => share,
        Err(error) => return set_up_failed(error.into()),
    };
    let (reload, requests) = mpsc::channel(4);
    let _admin = match socket(&resolved, &share) {
        Some(socket) => Some(Admin::open(&socket, &telemetry, reload.clone())?),
        None => None,
    };
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
    reload_on_hangup(reload).context("cannot listen to signals")?;
    let crew = match share {
        Share::All(ledger) => {
            let path = args.file.clone();
            let present = Reloading { path, resolved, endpoint: endpoint.clone(), requests };
            whole(parts, ledger, present, args.once_through, stop.clone())
        }
        Share::Some(stages, ledger) => {
            drop(requests);
            linked::some(&parts, stages, ledger, resolved, stop.clone()).await
        }
    };
    let crew = match crew {
        Ok(crew) => crew,
        Err(error) => return set_up_failed(error),
    };
    tracing::info!(file = %args.file.display(), "runs");
    systemd::ready();
    let stopping = telemetry.clone();
    let stopped = stop.clone();
    tokio::spawn(async move {
        stopped.cancelled().await;
        stopping.stops();
    });
    let ending = supervisor::run(crew, stop, signals, grace).await;
    endpoint.lock().await.close().await;
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
    let missed = args.once_through && left_behind(&telemetry);
    Ok(if missed { Exit::Unavailable } else { Exit::Done })
}

/// Whether a sink ended in the midst of its tries; which one, and why, is in the log.
pub(crate) fn left_behind(telemetry: &Telemetry) -> bool {
    telemetry.sinks().iter().any(|(_, meter)| meter.trouble().is_some())
}

/// This program as one that reads a single page from standard input.
pub(crate) fn trial(options: &[&OsStr]) -> Option<Trial> {
    let program = std::env::current_exe().ok()?.into_os_string();
    let once = ["once", "-", "--jobs", "1"].map(OsStr::new);
    let arguments = once.iter().chain(options).map(|word| (*word).to_owned()).collect();
    Some(Trial { program, arguments })
}

/// What this process does of the mill.
enum Share {
    /// All of it.
    All(Ledger),
    /// Some stages; the one with the sinks owns the ledger.
    Some(Stages, Option<Ledger>),
}

impl Share {
    fn take(stages: Option<Stages>, resolved: &Resolved) -> Result<Self, LedgerError> {
        Ok(match stages {
            None => Self::All(open_ledger(resolved)?),
            Some(stages) if stages.sink => Self::Some(stages, Some(open_ledger(resolved)?)),
            Some(stages) => Self::Some(stages, None),
        })
    }
}

/// The ledger that the configuration names, in a folder that is made where it is missing. It is
/// held until it is dropped.
fn open_ledger(resolved: &Resolved) -> Result<Ledger, LedgerError> {
    let mut ledger = match &resolved.ledger.path {
        Some(path) => {
            // Where it cannot be made, the ledger says what is wrong.
            let _ = path.parent().map(std::fs::create_dir_all);
            Ledger::open(path, &resolved.ledger)?
        }
        None => Ledger::in_memory(&resolved.ledger)?,
    };
    ledger.share_hosts(topology::share(&resolved.fetcher));
    Ok(ledger)
}

/// Where the admin socket goes. Whoever holds the file of the ledger is alone with the socket;
/// any other process goes without one where another answers there.
fn socket(resolved: &Resolved, share: &Share) -> Option<PathBuf> {
    let file = resolved.ledger.path.as_deref();
    let socket = resolved.telemetry.socket(file)?;
    let owns = !matches!(share, Share::Some(_, None));
    if !(owns && file.is_some()) && Client::connect(&socket).is_ok() {
        tracing::warn!(
            socket = %socket.display(),
            "another mill answers at the admin socket, so this one has none; `telemetry.socket` \
             names another place"
        );
        return None;
    }
    Some(socket)
}

/// All stages in this process.
fn whole(
    parts: Parts,
    ledger: Ledger,
    present: Reloading,
    once_through: bool,
    stop: CancellationToken,
) -> Result<Crew, SetUpError> {
    if once_through {
        let resolved = &present.resolved;
        let feed = Feed::Through(resolved.sources.clone());
        return topology::with_ledger(&parts, ledger, &resolved.sinks, feed, stop, log_settled);
    }
    topology::reloadable(parts, ledger, present, stop, log_settled)
}

/// Reads the configuration again at each SIGHUP.
fn reload_on_hangup(reload: mpsc::Sender<reload::Request>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            let (reply, answer) = oneshot::channel();
            if reload.send(reload::Request(reply)).await.is_err() {
                tracing::warn!(
                    "a mill that runs once through, or some stages only, is not reloaded"
                );
                continue;
            }
            // What came of it is in the log.
            let _ = answer.await;
        }
    });
    Ok(())
}

/// An address that is taken, or a token that is not there.
fn endpoint_failed(error: EndpointError) -> anyhow::Result<Exit> {
    let exit = match &error {
        EndpointError::Listen(_) => Exit::Unavailable,
        EndpointError::Token(_) => Exit::Usage,
        EndpointError::Otlp(_) => return Err(error.into()),
    };
    writeln!(std::io::stderr(), "newsmill: {}", newsmill_pipeline::stages::causes(&error))?;
    Ok(exit)
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
        line = format!("{line}: {}", list(&tally.outcomes()));
    }
    let reasons = tally.reasons();
    if !reasons.is_empty() {
        line = format!("{line} ({})", list(&reasons));
    }
    let usage = telemetry.llm.usage();
    if usage.requests + usage.cached > 0 {
        line = format!("{line}; language model: {usage}");
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
    let exit = match &error {
        SetUpError::Ledger(LedgerError::Held { .. }) | SetUpError::Link(_) => Exit::Unavailable,
        SetUpError::Ledger(ledger) if ledger.is_of_the_file() => Exit::Io,
        SetUpError::Sink { source, .. } => match source.downcast_ref() {
            Some(SinkError::Config { .. } | SinkError::Secret { .. }) => Exit::Usage,
            Some(SinkError::InUse { .. }) => Exit::Unavailable,
            _ => return Err(error.into()),
        },
        _ => return Err(error.into()),
    };
    writeln!(std::io::stderr(), "newsmill: {}", newsmill_pipeline::stages::causes(&error))?;
    Ok(exit)
}
