//! Keeps an input that killed the process from killing it again.
//!
//! While a thread works on an entry, a mark beside the ledger says so. A process that dies leaves
//! its marks, and the next one counts a death against each marked entry: against the one that
//! killed, and against those that only happened to be worked on, or were when somebody sent a
//! `kill -9`. So an entry with a death against it is first tried out by a process of its own. If
//! that one dies too, the entry is settled as `Panicked`, with its page; if it lives, the entry goes
//! on as any other.
//!
//! Where there is no trial, or where an entry lives through it and yet processes die over it here, the
//! count of deaths decides. A trial leaves no mark: processes that are killed from outside faster than
//! a trial takes would condemn the innocent. So a trial that takes this process along (a container
//! that is ended as a whole for its memory) is made again at the next start, for ever.
//!
//! A source is marked while it is polled, for a feed is parsed there. One over which processes die
//! in a row rests for a while, so that between two deaths everything else gets on. Reading a page
//! or a file leaves no mark: it carries bytes under bounds and parses nothing.

use std::ffi::OsString;
use std::fmt;
use std::io::Write;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use newsmill_article::{Outcome, Page, Reason};
use newsmill_ledger::{AtWork, DueSource, Mark};

use crate::in_flight::Ticket;
use crate::stages::Failure;
use crate::stages::records::entry_of;

/// Deaths that condemn an entry that nobody can try out, and after which a source rests.
const DEATHS: u32 = 2;

/// Deaths that condemn an entry although it lived through its trials.
const DEATHS_DESPITE_TRIALS: u32 = 5;

/// The longest trial; what takes longer is slow, but it does not kill.
const LONGEST_TRIAL: Duration = Duration::from_secs(60);

/// How a page is tried out: a program that reads it from standard input and does with it what the
/// cleaner and the summarizer would. Its output is not read.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// The marks and the trial. The default has neither, and lets everything pass.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Where to mark what is being worked on.
    pub at_work: Option<Arc<AtWork>>,
    /// How to try out what somebody died over.
    pub trial: Option<Trial>,
}

impl Guard {
    /// Marks the entry of `ticket` as being worked on, until the mark is dropped.
    pub fn mark(&self, ticket: &Ticket) -> Option<Mark<'_>> {
        let marked = self.at_work.as_ref()?.begin(entry_of(ticket.number()));
        marked.inspect_err(|error| tracing::debug!(%error, "cannot mark what is worked on")).ok()
    }

    /// Marks a source as being polled, until the mark is dropped.
    pub fn mark_poll(&self, source: &DueSource) -> Option<Mark<'_>> {
        let marked = self.at_work.as_ref()?.begin_poll(source);
        marked.inspect_err(|error| tracing::debug!(%error, "cannot mark what is polled")).ok()
    }

    /// Whether a source may be polled now; why not, where it has to rest first.
    ///
    /// # Errors
    ///
    /// What to write down as the failure of its poll.
    pub fn admit_poll(source: &DueSource) -> Result<(), String> {
        if source.deaths < DEATHS {
            return Ok(());
        }
        Err(format!("{} processes in a row died while they polled it", source.deaths))
    }

    /// Whether a page may be worked on in this process.
    ///
    /// # Errors
    ///
    /// `Panicked` where it may not.
    pub fn admit(&self, page: &Page, ticket: &Ticket) -> Result<(), Failure> {
        let deaths = ticket.deaths();
        let input = ticket.label();
        let cause = match &self.trial {
            _ if deaths == 0 => return Ok(()),
            Some(trial) if deaths < DEATHS_DESPITE_TRIALS => {
                tracing::warn!(input, deaths, "a process died over it: tries it out in another");
                match trial.run(&page.bytes, LONGEST_TRIAL) {
                    Verdict::Lives => return Ok(()),
                    Verdict::Dies(status) => {
                        format!("killed the process that worked on it, and another one: {status}")
                    }
                    Verdict::Unknown(why) => {
                        tracing::warn!(input, why, "it could not be tried out");
                        return Ok(());
                    }
                }
            }
            None if deaths < DEATHS => return Ok(()),
            _ => format!("{deaths} processes died while they worked on it"),
        };
        tracing::error!(input, cause, "is set aside");
        let outcome = Outcome::Rejected(Reason::Panicked);
        Err(Failure::Ends { outcome, cause: Some(cause) })
    }
}

/// What came of a trial.
enum Verdict {
    Lives,
    Dies(ExitStatus),
    Unknown(String),
}

impl Trial {
    fn run(&self, page: &Bytes, longest: Duration) -> Verdict {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Verdict::Unknown(format!("{self}: {error}")),
        };
        if let Some(mut input) = child.stdin.take() {
            let page = page.clone();
            // Beside the wait, for one that does not read would block it. Its end closes the pipe,
            // and so ends the thread.
            let writer = std::thread::Builder::new().name("trial".to_owned());
            if let Err(error) = writer.spawn(move || input.write_all(&page)) {
                // It gets no page, and lives; that would tell nothing.
                let _ = child.kill().and_then(|()| child.wait());
                return Verdict::Unknown(error.to_string());
            }
        }
        match wait(&mut child, longest) {
            Ok(Some(status)) if killed(status) => Verdict::Dies(status),
            Ok(Some(_)) => Verdict::Lives,
            Ok(None) => Verdict::Unknown(format!("took longer than {longest:?}")),
            Err(error) => Verdict::Unknown(error.to_string()),
        }
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.program.display().fmt(f)
    }
}

/// Waits for a process, but not for ever; `None` when it had to be ended.
fn wait(child: &mut Child, longest: Duration) -> std::io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < longest {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// Whether it ended by a signal: an abort, a stack overflow, or the system that took it for memory.
fn killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use newsmill_article::{Entry, Hints, Location};

    fn page() -> Page {
        let bytes = Bytes::from_static(b"<p>poison");
        let location =
            Location::Inline { url: None, content_type: None, fetched: None, bytes: bytes.clone() };
        let entry = Entry { source: None, input: "x".into(), location, hints: Hints::default() };
        Page { entry, url: None, content_type: None, bytes, fetched: Timestamp::UNIX_EPOCH }
    }

    fn shell(script: &str) -> Option<Trial> {
        let arguments = vec!["-c".into(), script.into()];
        Some(Trial { program: "sh".into(), arguments })
    }

    #[test]
    fn a_trial_that_does_not_read_its_page_is_ended_all_the_same() {
        // More than a pipe holds.
        let page = Bytes::from(vec![b' '; 1 << 20]);
        let deaf = Trial { program: "sleep".into(), arguments: vec!["3600".into()] };
        let Verdict::Unknown(why) = deaf.run(&page, Duration::from_millis(20)) else { panic!() };
        assert!(why.contains("longer than 20ms"), "{why}");
    }

    #[test]
    fn who_kills_is_told_from_who_was_there() {
        // How it is tried out, deaths before, and what is said where it is set aside.
        let cases = [
            (None, 0, None),
            (None, 1, None),
            (None, 2, Some("2 processes died")),
            (shell("exit 1"), 0, None),
            (shell("cat >/dev/null; exit 1"), 1, None),
            (shell("grep -q poison && kill -ABRT $$"), 1, Some("signal: 6")),
            (shell("kill -KILL $$"), 4, Some("signal: 9")),
            (shell("exit 0"), 4, None),
            (shell("exit 0"), 5, Some("5 processes died")),
            (Some(Trial { program: "/no/such/program".into(), arguments: vec![] }), 1, None),
        ];
        let (settlements, _ends) = async_channel::unbounded();
        for (trial, deaths, said) in cases {
            let guard = Guard { at_work: None, trial };
            let ticket = Ticket::open(1, "x", &settlements).with_deaths(deaths);
            match (guard.admit(&page(), &ticket), said) {
                (Ok(()), None) => {}
                (Err(Failure::Ends { outcome, cause: Some(cause) }), Some(said)) => {
                    assert_eq!(outcome, Outcome::Rejected(Reason::Panicked));
                    assert!(cause.contains(said), "{cause}");
                }
                (told, said) => panic!("{guard:?}, {deaths} deaths: {told:?}, not {said:?}"),
            }
        }
    }
}
