//! `newsmill top`: a running mill at a glance.

mod lines;
mod screen;
mod view;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use newsmill_pipeline::admin::client::Client;
use newsmill_pipeline::admin::{Request, Snapshot};

use self::lines::panels;
use self::view::View;
use crate::connect::{Which, connect};
use crate::exit::Exit;
use crate::stdout;

const EXAMPLES: &str = "\
Examples:
  newsmill top                   live; q ends it
  newsmill top | cat             one plain snapshot, over a second
  newsmill top --json            one snapshot for a program

The bottleneck is the last stage whose input is full: those before it wait for it.";

/// What to show.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Seconds between two looks
    #[arg(long, short = 'n', value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,

    /// One snapshot as JSON: sums since the start of the mill
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut mill = match connect(&args.which)? {
        Ok(mill) => mill,
        Err(exit) => return Ok(exit),
    };
    let interval = Duration::from_secs(args.interval);
    if args.json {
        let snapshot = look(&mut mill)?;
        let mut out = stdout::lock();
        serde_json::to_writer_pretty(&mut out, &snapshot)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    if std::io::stdout().is_terminal() {
        screen::run(&mut mill, interval)?;
        return Ok(Exit::Done);
    }
    let before = look(&mut mill)?;
    std::thread::sleep(interval);
    let now = look(&mut mill)?;
    let mut out = stdout::lock();
    for (number, panel) in panels(&now, &View::between(&before, &now)).iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", panel.title)?;
        for line in &panel.lines {
            writeln!(out, "  {}", line.text.trim_end())?;
        }
    }
    Ok(Exit::Done)
}

fn look(mill: &mut Client) -> std::io::Result<Snapshot> {
    mill.ask(&Request::Snapshot)
}
