//! Running other programs, saying what is run.

use std::ffi::OsStr;
use std::io::Write;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

/// A program with its arguments, to be run at the top of the workspace.
pub(crate) fn command<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(crate::root());
    command
}

/// Runs a step with its output passed through; says how long it took.
///
/// # Errors
///
/// When the program cannot be started or does not end with success.
pub(crate) fn step(what: &str, mut command: Command) -> anyhow::Result<()> {
    let mut err = std::io::stderr();
    writeln!(err, "==> {what}")?;
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot start: {command:?}"))?;
    if !status.success() {
        bail!("{what}: {command:?} ended with {status}");
    }
    writeln!(err, "    {what}: {:.0} s", start.elapsed().as_secs_f64())?;
    Ok(())
}
