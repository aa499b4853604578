//! `newsmill tap`: what passes a stage, live.

use std::io::Write;

use clap::builder::PossibleValuesParser;
use newsmill_pipeline::admin::Request;
use newsmill_pipeline::telemetry::Telemetry;
use serde_json::Value;

use crate::connect::{Which, connect};
use crate::exit::Exit;
use crate::stdout;

const EXAMPLES: &str = "\
Examples:
  newsmill tap settlements                  how every entry ends
  newsmill tap cleaner --source bbc-world   articles of one source
  newsmill tap summarizer --grep election | jq .item.title

One JSON object a line. Looking disturbs nothing: what a slow reader does not take in time is
dropped for that reader, and how much is said on stderr.";

/// What to look at.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where: entries as they are taken up, what a stage makes of them, or how they end
    #[arg(value_parser = PossibleValuesParser::new(Telemetry::STAGES))]
    stage: String,

    /// Only what comes from this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    /// Only lines that contain this, whatever the case
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,

    #[command(flatten)]
    which: Which,
}

/// Until the mill ends, or nobody reads any more.
pub(crate) fn run(args: Args) -> anyhow::Result<Exit> {
    let mill = match connect(&args.which)? {
        Ok(mill) => mill,
        Err(exit) => return Ok(exit),
    };
    let Args { stage, source, grep, .. } = args;
    let mut out = stdout::lock();
    for line in mill.lines(&Request::Tap { stage, source, grep })? {
        let line = line?;
        match told(&line) {
            None => {
                writeln!(out, "{line}")?;
                out.flush()?;
            }
            Some(Told::Begins) => {}
            Some(Told::Dropped(count)) => {
                writeln!(std::io::stderr(), "{count} lines were dropped: too slow")?;
            }
            Some(Told::Error(error)) => {
                writeln!(std::io::stderr(), "{error}")?;
                return Ok(Exit::Usage);
            }
        }
    }
    Ok(Exit::Done)
}

/// A line about the look itself.
enum Told {
    Begins,
    Dropped(u64),
    Error(String),
}

fn told(line: &str) -> Option<Told> {
    // Every line of what passes begins with its time.
    if line.starts_with("{\"at\":") {
        return None;
    }
    let value: Value = serde_json::from_str(line).ok()?;
    if let Some(error) = value["error"].as_str() {
        return Some(Told::Error(error.to_owned()));
    }
    if let Some(count) = value["dropped"].as_u64() {
        return Some(Told::Dropped(count));
    }
    value["tap"].is_boolean().then_some(Told::Begins)
}
