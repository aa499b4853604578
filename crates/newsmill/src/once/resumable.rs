//! `newsmill once --ledger FILE`: the same mill with a ledger behind it and one sink in front.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Context;
use newsmill_article::Outcome;
use newsmill_fetcher::warc::Rules;
use newsmill_ledger::Ledger;
use newsmill_pipeline::config::Resolved;
use newsmill_pipeline::in_flight::Settlement;
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::topology::{self, Feed};
use newsmill_sink::{Config, Format, JsonlConfig, Rotate, StdoutConfig};
use tokio_util::sync::CancellationToken;

use super::report::{left_out, refusal};
use super::{Args, parts, trial};
use crate::exit::Exit;
use crate::inputs::{self, Listed};
use crate::run;

/// The sink that the command line asks for, or what is wrong with it.
pub(super) fn sink(out: Option<&Path>, format: Format) -> Result<Config, &'static str> {
    match out {
        None => Ok(Config::Stdout(StdoutConfig { name: Some("once".to_owned()), format })),
        Some(path) if format == Format::Jsonl => Ok(Config::Jsonl(JsonlConfig {
            name: Some("once".to_owned()),
            path: path.to_owned(),
            rotate: Rotate::default(),
        })),
        Some(_) => Err("--ledger with --out writes JSON Lines only: leave --format out"),
    }
}

pub(super) async fn mill(
    args: Args,
    resolved: Resolved,
    ledger: &Path,
    sink: Config,
) -> anyhow::Result<Exit> {
    let rules = Rules::new(&resolved.fetcher);
    let grace = resolved.shutdown.grace.0;
    let mut ledger = match Ledger::open(ledger, &resolved.ledger) {
        Ok(ledger) => ledger,
        Err(error) => return run::set_up_failed(error.into()),
    };
    ledger.share_hosts(topology::share(&resolved.fetcher));
    let parts = match parts(resolved, args.jobs, trial(&args)) {
        Ok(parts) => parts,
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            return Ok(Exit::Usage);
        }
    };
    let listed = Arc::<Listed>::default();
    let feed = Feed::Inputs(inputs::list(args.inputs, rules, &listed));
    let stop = CancellationToken::new();
    let signals = supervisor::signals().context("cannot listen to signals")?;
    let crew =
        match topology::with_ledger(&parts, ledger, &[sink], feed, stop.clone(), name_refused) {
            Ok(crew) => crew,
            Err(error) => return run::set_up_failed(error),
        };
    let ending = supervisor::run(crew, stop, signals, grace).await;
    let refused = parts.telemetry.tally().of("rejected") > 0;
    let [inputs, passed_over] =
        [&listed.inputs, &listed.passed_over].map(|count| count.load(Ordering::Relaxed));
    let exit = match ending {
        Ending::Finished if run::left_behind(&parts.telemetry) => Exit::Io,
        Ending::Finished if refused => Exit::SomeRefused,
        Ending::Finished if inputs == 0 => Exit::NoInput,
        Ending::Finished => Exit::Done,
        Ending::Drained | Ending::Cut { .. } => Exit::Interrupted,
        Ending::Fatal(fatal) => return Err(fatal.into()),
    };
    let line = run::report(&parts.telemetry);
    writeln!(std::io::stderr(), "{line}{}", left_out(inputs, passed_over))?;
    Ok(exit)
}

fn name_refused(settlement: &Settlement) {
    if let Outcome::Rejected(_) = settlement.outcome {
        // That stderr is closed is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{}", refusal(settlement).1);
    }
}
