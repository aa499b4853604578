//! Commit points at which a test may end the process or make a call fail once.
//!
//! A commit point is a step after which the world is another one: a transaction, a write, a sync, a
//! request. Each has a name in [`POINTS`] and two sides. In builds with debug assertions the
//! environment variable `NEWSMILL_FAIL` names one side of one point, and what happens there:
//!
//! | `NEWSMILL_FAIL` | what happens |
//! |---|---|
//! | `ledger.ready.before=3` | the process aborts before the third group with a finished record |
//! | `jsonl.sync.after=1:error` | the first sync is done and then told as failed |
//!
//! `NEWSMILL_POISON=WORD` makes any page that contains the word kill the process that cleans it;
//! `NEWSMILL_POISON=WORD:panic` makes it panic.
//!
//! In other builds every function here is empty, and the variables are not read.
//!
//! `cargo xtask crash --points` goes through all of them. Left out on purpose: delays, chances, and
//! points that are no commits; kills at random moments find those.

use std::fmt;

/// Every commit point there is.
pub const POINTS: [&str; 17] = [
    // Transactions of the ledger, by what is in them.
    "ledger.tables",
    "ledger.sources",
    "ledger.sinks",
    "ledger.discover",
    "ledger.ready",
    "ledger.settle",
    "ledger.deliver",
    "ledger.forget",
    // File operations of a JSON Lines sink.
    "jsonl.open",
    "jsonl.write",
    "jsonl.sync",
    "jsonl.rename",
    "jsonl.remove",
    "jsonl.truncate",
    // Transactions of an SQLite sink.
    "sqlite.tables",
    "sqlite.commit",
    // Requests of a webhook.
    "webhook.post",
];

/// Whether this build has commit points at all.
pub const ON: bool = cfg!(debug_assertions);

/// The failure of a call that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injected {
    /// The name of the point.
    pub point: &'static str,
}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "made to fail at {}", self.point)
    }
}

impl std::error::Error for Injected {}

impl From<Injected> for std::io::Error {
    fn from(injected: Injected) -> Self {
        Self::other(injected)
    }
}

/// Just before the step named `point` is made.
///
/// # Errors
///
/// Where the environment asks for it.
#[inline]
pub fn before(point: &'static str) -> Result<(), Injected> {
    at(point, "before")
}

/// Just after the step named `point` was made.
///
/// # Errors
///
/// Where the environment asks for it.
#[inline]
pub fn after(point: &'static str) -> Result<(), Injected> {
    at(point, "after")
}

/// Does what the environment asks for where `page` contains its word.
///
/// # Panics
///
/// Where the environment asks for it.
#[inline]
pub fn poison(page: &[u8]) {
    #[cfg(debug_assertions)]
    asked::poison(page);
    #[cfg(not(debug_assertions))]
    let _ = page;
}

#[inline]
fn at(point: &'static str, side: &str) -> Result<(), Injected> {
    #[cfg(debug_assertions)]
    return asked::at(point, side);
    #[cfg(not(debug_assertions))]
    {
        let _ = (point, side);
        Ok(())
    }
}

#[cfg(debug_assertions)]
mod asked {
    use std::io::Write;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Injected, POINTS};

    /// The side of the point that was asked for, at which pass, and whether the call only fails.
    struct Asked {
        side: String,
        pass: u64,
        fails: bool,
    }

    static ASKED: LazyLock<Option<Asked>> =
        LazyLock::new(|| std::env::var("NEWSMILL_FAIL").ok().as_deref().and_then(parse));

    static POISON: LazyLock<Option<(Vec<u8>, bool)>> = LazyLock::new(|| {
        let word = std::env::var("NEWSMILL_POISON").ok()?;
        Some(match word.strip_suffix(":panic") {
            Some(word) => (word.into(), true),
            None => (word.into(), false),
        })
    });

    static PASSES: AtomicU64 = AtomicU64::new(0);

    fn parse(asked: &str) -> Option<Asked> {
        let (side, pass) = asked.split_once('=')?;
        let (pass, fails) = match pass.strip_suffix(":error") {
            Some(pass) => (pass, true),
            None => (pass, false),
        };
        Some(Asked { side: side.to_owned(), pass: pass.parse().ok()?, fails })
    }

    pub(super) fn at(point: &'static str, side: &str) -> Result<(), Injected> {
        debug_assert!(POINTS.contains(&point), "{point} is not in the list of commit points");
        let Some(asked) = &*ASKED else { return Ok(()) };
        if asked.side.strip_prefix(point).and_then(|rest| rest.strip_prefix('.')) != Some(side)
            || PASSES.fetch_add(1, Ordering::Relaxed) + 1 != asked.pass
        {
            return Ok(());
        }
        // Who drives the test looks for this line; without a stderr there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "fail point {point}.{side}");
        if asked.fails { Err(Injected { point }) } else { std::process::abort() }
    }

    pub(super) fn poison(page: &[u8]) {
        let Some((word, panics)) = &*POISON else { return };
        if !word.is_empty() && page.windows(word.len()).any(|found| found == word) {
            assert!(!panics, "the page contains the word that it must not");
            std::process::abort();
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_asked_for_is_understood() {
            let asked = parse("ledger.ready.before=3").unwrap();
            assert_eq!((&*asked.side, asked.pass, asked.fails), ("ledger.ready.before", 3, false));
            let asked = parse("jsonl.sync.after=1:error").unwrap();
            assert_eq!((&*asked.side, asked.pass, asked.fails), ("jsonl.sync.after", 1, true));
            assert!(parse("ledger.ready").is_none());
        }
    }
}
