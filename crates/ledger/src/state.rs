//! The life of one entry, as a pure function.
//!
//! `Due → Ready → Delivered` is the straight way; every other way ends in one of the settled
//! states, and only an operator brings a settled entry back.

use std::time::Duration;

use jiff::Timestamp;
use newsmill_article::{Outcome, Reason};

/// Waits between attempts are never longer.
const LONGEST_BACKOFF: Duration = Duration::from_secs(6 * 3600);

/// Where an entry stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// To be read.
    Due {
        /// How often it was tried.
        attempts: u32,
        /// Not to be read before.
        not_before: Timestamp,
    },
    /// Another machine has it.
    HandedOff {
        /// How often it was tried here.
        attempts: u32,
    },
    /// Its record is durable; some sink lacks it.
    Ready,
    /// Every sink has it.
    Delivered,
    /// The same article was known.
    Duplicate,
    /// It became no record, or a sink refused it.
    Rejected(Reason),
}

/// What happens to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// Its record is there, and new.
    Finished,
    /// Its record is there, and known.
    Known,
    /// Its ticket came back.
    Ended(&'a Outcome),
    /// Every sink has passed its record.
    Passed,
    /// A sink will never take its record.
    Refused(&'a Reason),
    /// An operator wants it read again.
    Revived,
    /// An operator wants its record delivered again.
    Redelivered,
}

/// How often to try, and how long to wait in between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries {
    pub(crate) attempts: u32,
    pub(crate) backoff: Duration,
}

impl Retries {
    /// Doubles from `backoff` up to the longest, and is never shorter than `asked`.
    fn wait(self, tried: u32, asked: Duration) -> Duration {
        let doublings = tried.saturating_sub(1).min(31);
        self.backoff.saturating_mul(1 << doublings).min(LONGEST_BACKOFF).max(asked)
    }
}

/// The state after `event`; `None` where the event means nothing in this state.
pub(crate) fn next(
    state: &State,
    event: &Event<'_>,
    now: Timestamp,
    retries: Retries,
) -> Option<State> {
    match (state, event) {
        (State::Due { .. } | State::HandedOff { .. }, Event::Finished) => Some(State::Ready),
        (State::Due { .. } | State::HandedOff { .. }, Event::Known) => Some(State::Duplicate),
        (State::Due { attempts, not_before }, Event::Ended(Outcome::Abandoned)) => {
            Some(State::Due { attempts: *attempts, not_before: *not_before })
        }
        (State::HandedOff { attempts }, Event::Ended(Outcome::Abandoned)) => {
            Some(State::Due { attempts: *attempts, not_before: now })
        }
        (State::Due { attempts, .. }, Event::Ended(Outcome::HandedOff)) => {
            Some(State::HandedOff { attempts: *attempts })
        }
        (State::Due { attempts, .. } | State::HandedOff { attempts }, Event::Ended(outcome)) => {
            ended(*attempts, outcome, now, retries)
        }
        (State::Ready, Event::Passed) => Some(State::Delivered),
        (State::Ready, Event::Refused(reason)) => Some(State::Rejected((*reason).clone())),
        (State::Rejected(_), Event::Revived) => Some(State::Due { attempts: 0, not_before: now }),
        (State::Rejected(_), Event::Redelivered) => Some(State::Ready),
        _ => None,
    }
}

fn ended(attempts: u32, outcome: &Outcome, now: Timestamp, retries: Retries) -> Option<State> {
    match outcome {
        Outcome::Delivered => Some(State::Delivered),
        Outcome::Duplicate { .. } => Some(State::Duplicate),
        Outcome::Rejected(reason) => Some(State::Rejected(reason.clone())),
        Outcome::Retry { after } => {
            let attempts = attempts.saturating_add(1);
            if attempts >= retries.attempts {
                return Some(State::Rejected(Reason::GaveUp { attempts }));
            }
            let not_before =
                now.saturating_add(retries.wait(attempts, *after)).unwrap_or(Timestamp::MAX);
            Some(State::Due { attempts, not_before })
        }
        Outcome::PutOff { after } => {
            let not_before = now.saturating_add(*after).unwrap_or(Timestamp::MAX);
            Some(State::Due { attempts, not_before })
        }
        Outcome::HandedOff | Outcome::Abandoned => None,
    }
}

/// Whether an entry that was refused so is kept with its page for an operator to look at.
pub(crate) fn is_dead_letter(reason: &Reason) -> bool {
    matches!(reason, Reason::GaveUp { .. } | Reason::Panicked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use newsmill_article::ArticleId;
    use proptest::prelude::*;

    fn outcomes() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::Delivered),
            Just(Outcome::Duplicate { of: ArticleId::from_bits(1) }),
            Just(Outcome::Rejected(Reason::Gone)),
            (0u64..10_000_000).prop_map(|s| Outcome::Retry { after: Duration::from_secs(s) }),
            (0u64..10_000_000).prop_map(|s| Outcome::PutOff { after: Duration::from_secs(s) }),
            Just(Outcome::HandedOff),
            Just(Outcome::Abandoned),
        ]
    }

    #[derive(Debug, Clone)]
    enum Step {
        Finished,
        Known,
        Ended(Outcome),
        Passed,
        Refused,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            1 => Just(Step::Finished),
            1 => Just(Step::Known),
            6 => outcomes().prop_map(Step::Ended),
            1 => Just(Step::Passed),
            1 => Just(Step::Refused),
        ];
        prop::collection::vec(step, 0..60)
    }

    fn event(step: &Step) -> Event<'_> {
        match step {
            Step::Finished => Event::Finished,
            Step::Known => Event::Known,
            Step::Ended(outcome) => Event::Ended(outcome),
            Step::Passed => Event::Passed,
            Step::Refused => Event::Refused(&Reason::NotHtml),
        }
    }

    proptest! {
        #[test]
        fn a_settled_entry_stays_settled_and_attempts_are_bounded(
            steps in steps(),
            attempts in 1u32..12,
            backoff in 0u64..100_000,
        ) {
            let retries = Retries { attempts, backoff: Duration::from_secs(backoff) };
            let now = Timestamp::from_second(1_700_000_000).unwrap();
            let mut state = State::Due { attempts: 0, not_before: now };
            let mut tried = 0;
            for step in &steps {
                let settled = matches!(
                    state,
                    State::Delivered | State::Duplicate | State::Rejected(_)
                );
                let Some(after) = next(&state, &event(step), now, retries) else { continue };
                prop_assert!(!settled, "{state:?} became {after:?}");
                if let Step::Ended(Outcome::Retry { after: asked }) = step {
                    tried += 1;
                    match &after {
                        State::Due { attempts: counted, not_before } => {
                            prop_assert_eq!(*counted, tried);
                            let wait = not_before.duration_since(now);
                            prop_assert!(wait >= (*asked).try_into().unwrap());
                            prop_assert!(
                                wait <= (*asked).max(LONGEST_BACKOFF).try_into().unwrap()
                            );
                        }
                        State::Rejected(Reason::GaveUp { attempts: counted }) => {
                            prop_assert_eq!(*counted, tried);
                            prop_assert_eq!(tried, attempts);
                        }
                        other => prop_assert!(false, "a retry became {other:?}"),
                    }
                }
                prop_assert!(tried <= attempts);
                state = after;
            }
        }

        #[test]
        fn every_due_entry_can_end(outcome in outcomes()) {
            let retries = Retries { attempts: 3, backoff: Duration::ZERO };
            let due = State::Due { attempts: 0, not_before: Timestamp::UNIX_EPOCH };
            prop_assert!(
                next(&due, &Event::Ended(&outcome), Timestamp::UNIX_EPOCH, retries).is_some()
            );
        }
    }

    #[test]
    fn waits_double_up_to_six_hours() {
        let retries = Retries { attempts: 99, backoff: Duration::from_secs(60) };
        let waits = [1, 2, 3, 9, 10, 40].map(|tried| retries.wait(tried, Duration::ZERO).as_secs());
        assert_eq!(waits, [60, 120, 240, 15_360, 21_600, 21_600]);
    }
}
