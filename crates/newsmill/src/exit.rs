//! How the process ends: the exit codes that `newsmill --help` documents.

use std::process::ExitCode;

/// An exit code with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: everything asked for was done.
    Done,
    /// 1: done, but some inputs or records were refused or did not hold.
    SomeRefused,
    /// 2: the command line or the configuration is wrong; nothing was done.
    Usage,
    /// 66 (`EX_NOINPUT`): what was named holds nothing to read.
    NoInput,
    /// 69 (`EX_UNAVAILABLE`): something outside is missing or in use, such as a locked ledger.
    Unavailable,
    /// 70 (`EX_SOFTWARE`): a fault of newsmill itself.
    Software,
    /// 74 (`EX_IOERR`): reading or writing failed.
    Io,
    /// 130 (128 + SIGINT): asked to stop before all was done.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::SomeRefused => 1,
            Exit::Usage => 2,
            Exit::NoInput => 66,
            Exit::Unavailable => 69,
            Exit::Software => 70,
            Exit::Io => 74,
            Exit::Interrupted => 130,
        })
    }
}

/// The part of `--help` that lists them.
pub(crate) const HELP: &str = "\
Exit codes:
  0   everything asked for was done
  1   done, but some inputs were rejected or some checks failed (each is named on stderr)
  2   the command line or the configuration is wrong; nothing was done
  66  nothing to read in what was named, such as a folder without a page
  69  something outside is missing or in use (a locked ledger, a dead server)
  70  a fault of newsmill itself; please report it
  74  reading or writing failed
  130 interrupted before all was done; a daemon that was asked to stop ends with 0";
