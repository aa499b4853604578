//! `newsmill completions` and `newsmill man`: the command line described for shells and for man,
//! from the one definition that also parses it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Command;
use clap_complete::Shell;

use crate::exit::Exit;
use crate::stdout;

/// For which shell.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Where to.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The folder to write into; it is created when missing
    folder: PathBuf,
}

pub(crate) fn run(args: &Args, mut command: Command) -> anyhow::Result<Exit> {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "newsmill", &mut script);
    stdout::lock().write_all(&script)?;
    Ok(Exit::Done)
}

/// One page for newsmill, one for each verb.
pub(crate) fn man(args: &ManArgs, command: Command) -> anyhow::Result<Exit> {
    std::fs::create_dir_all(&args.folder)
        .with_context(|| format!("cannot make {}", args.folder.display()))?;
    clap_mangen::generate_to(command, &args.folder)
        .with_context(|| format!("cannot write into {}", args.folder.display()))?;
    Ok(Exit::Done)
}
