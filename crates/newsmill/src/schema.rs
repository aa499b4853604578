//! `newsmill schema`: the promises as JSON Schema.

use std::io::Write;

use clap::ValueEnum;

use crate::exit::Exit;
use crate::stdout;

/// What to print.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which schema
    #[arg(value_enum)]
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Of pipeline.yaml
    Config,
    /// Of one record: a line of `newsmill once`, a line of a jsonl sink
    Record,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let schema = match args.what {
        What::Config => newsmill_pipeline::config::schema(),
        What::Record => schemars::schema_for!(newsmill_article::Record),
    };
    let mut out = stdout::lock();
    serde_json::to_writer_pretty(&mut out, &schema)?;
    out.write_all(b"\n")?;
    Ok(Exit::Done)
}
