//! How many tickets ended how, and where.

use std::collections::BTreeMap;

use newsmill_article::Outcome;

/// Stage, [`outcome_code`], and [`Reason::code`](newsmill_article::Reason::code) of a rejection
/// (else empty).
type Key = (&'static str, &'static str, &'static str);

/// How many tickets ended how, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<Key, u64>,
}

impl Tally {
    /// Counts one that ended in `stage`.
    pub fn count(&mut self, stage: &'static str, outcome: &Outcome) {
        let reason = match outcome {
            Outcome::Rejected(reason) => reason.code(),
            _ => "",
        };
        *self.counts.entry((stage, outcome_code(outcome), reason)).or_default() += 1;
    }

    /// Stage, outcome, reason (or empty) and how many.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str, u64)> {
        self.counts
            .iter()
            .map(|((stage, outcome, reason), count)| (*stage, *outcome, *reason, *count))
    }

    /// By [`outcome_code`].
    pub fn outcomes(&self) -> BTreeMap<&'static str, u64> {
        let mut sums = BTreeMap::new();
        for (_, outcome, _, count) in self.each() {
            *sums.entry(outcome).or_default() += count;
        }
        sums
    }

    /// The rejected ones by their reason.
    pub fn reasons(&self) -> BTreeMap<&'static str, u64> {
        let mut sums = BTreeMap::new();
        for (_, _, reason, count) in self.each().filter(|(_, _, reason, _)| !reason.is_empty()) {
            *sums.entry(reason).or_default() += count;
        }
        sums
    }

    /// How many ended with this [`outcome_code`].
    pub fn of(&self, code: &str) -> u64 {
        self.outcomes().get(code).copied().unwrap_or(0)
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// One stable word for an outcome, for counting.
pub fn outcome_code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Duplicate { .. } => "duplicate",
        Outcome::Rejected(_) => "rejected",
        Outcome::Retry { .. } => "retry",
        Outcome::PutOff { .. } => "put_off",
        Outcome::HandedOff => "handed_off",
        Outcome::Abandoned => "abandoned",
    }
}

/// Whether what ended with this [`outcome_code`] comes again: its entry has not ended, or ends on
/// another machine, which tells.
pub fn comes_again(code: &str) -> bool {
    matches!(code, "retry" | "put_off" | "abandoned" | "handed_off")
}
