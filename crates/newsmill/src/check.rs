//! `newsmill check`: is this configuration right, and what does it mean?

use std::io::Write;
use std::path::PathBuf;

use crate::exit::Exit;
use crate::stdout;

/// Which file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration
    #[arg(default_value = "pipeline.yaml")]
    file: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    match newsmill_pipeline::config::load(&args.file) {
        Ok(config) => {
            let mut out = stdout::lock();
            write!(out, "{config}")?;
            Ok(Exit::Done)
        }
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            Ok(Exit::Usage)
        }
    }
}
