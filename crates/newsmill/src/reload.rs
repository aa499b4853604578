//! `newsmill reload` and `newsmill health`: one question to a running mill.

use std::io::Write;

use newsmill_pipeline::admin::{Done, Health, Request};

use crate::connect::{Which, connect};
use crate::exit::Exit;
use crate::stdout;

/// Which mill.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
}

/// Waits until the change is made, or refused with its reason.
pub(crate) fn reload(args: &Args) -> anyhow::Result<Exit> {
    let mut mill = match connect(&args.which)? {
        Ok(mill) => mill,
        Err(exit) => return Ok(exit),
    };
    let Done { done, what } = mill.ask(&Request::Reload)?;
    if done {
        writeln!(stdout::lock(), "{what}")?;
        return Ok(Exit::Done);
    }
    writeln!(std::io::stderr(), "{what}")?;
    Ok(Exit::SomeRefused)
}

/// 0 where every part is ready.
pub(crate) fn health(args: &Args) -> anyhow::Result<Exit> {
    let mut mill = match connect(&args.which)? {
        Ok(mill) => mill,
        Err(exit) => return Ok(exit),
    };
    let Health { not_ready } = mill.ask(&Request::Health)?;
    let mut out = stdout::lock();
    if not_ready.is_empty() {
        writeln!(out, "ready")?;
        return Ok(Exit::Done);
    }
    for (part, why) in not_ready {
        writeln!(out, "{part}: {why}")?;
    }
    Ok(Exit::SomeRefused)
}
