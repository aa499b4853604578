//! `cargo xtask power-loss`: no acknowledged record is lost, whatever the disk keeps of what was not
//! synced.
//!
//! The tests of the same name in the ledger (its log cut at every frame, sectors missing, torn
//! checkpoints) and in the JSON Lines sink (files and names that come to the disk in part), over
//! many random histories.

use crate::command;

/// How many.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Random histories of the ledger and of the sink, each
    #[arg(long, default_value_t = 10_000)]
    histories: u64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    for (what, test) in [
        ("sink", "test --release -p newsmill-sink --lib power_loss -- --nocapture"),
        ("ledger", "test --release -p newsmill-ledger --test ledger power -- --nocapture"),
    ] {
        let mut test = command::command("cargo", test.split(' '));
        test.env("NEWSMILL_HISTORIES", args.histories.to_string());
        command::step(&format!("power loss: {what}"), test)?;
    }
    Ok(())
}
