//! The instruments of one stage.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use newsmill_article::Outcome;
use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::spans::Spans;
use super::tap::{Passing, Shown, Tap};
use crate::in_flight::Ticket;

/// The instruments of one stage, shared by all its loops.
///
/// Its time is split into waiting for input (or for a core), being busy and waiting for room in
/// the output, so that the slow stage names itself: it is the busy one, those before it wait for
/// room, those after it wait for input. What has not ended yet (a model that writes for a minute)
/// is in a reading too.
#[derive(Debug)]
pub struct Meter {
    stage: &'static str,
    epoch: Instant,
    clocks: Mutex<Clocks>,
    items: AtomicU64,
    passed: AtomicU64,
    /// How long the single items took.
    pub(super) seconds: Histogram,
    tap: Arc<Tap>,
    spans: Arc<Spans>,
}

/// For each [`Phase`], in nanoseconds: the sum of what has ended, and of the loops that are in it
/// now, how many and the sum of when they began.
#[derive(Debug, Default)]
struct Clocks {
    ended: [u128; 3],
    loops: [u64; 3],
    begun: [u128; 3],
}

/// A reading of a [`Meter`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTime {
    /// Waiting for input.
    pub waiting_in: Duration,
    /// Working.
    pub busy: Duration,
    /// Waiting for room in the output.
    pub waiting_out: Duration,
    /// Items (batches where the stage works in batches) that were worked on.
    pub items: u64,
    /// Items that went on to the next stage.
    pub passed: u64,
    /// Loops at work.
    pub loops: u64,
}

/// What a loop spends its time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for input.
    WaitingIn,
    /// Working on one item.
    Busy,
    /// Waiting for room in the output.
    WaitingOut,
}

/// The clock of one loop. Dropping it says that the loop has ended.
#[derive(Debug)]
pub struct Clock {
    meter: Arc<Meter>,
    phase: Phase,
    since: u128,
}

impl Default for Meter {
    fn default() -> Self {
        Self::of("", Arc::default(), Arc::default())
    }
}

impl Meter {
    pub(super) fn of(stage: &'static str, tap: Arc<Tap>, spans: Arc<Spans>) -> Self {
        Self {
            stage,
            epoch: Instant::now(),
            clocks: Mutex::default(),
            items: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            seconds: Histogram::default(),
            tap,
            spans,
        }
    }

    /// The name of the stage.
    pub fn stage(&self) -> &'static str {
        self.stage
    }

    /// A loop is ready to work, and waits for input.
    pub fn at_work(self: &Arc<Self>) -> Clock {
        let (phase, since) = (Phase::WaitingIn, self.now());
        self.with(|clocks| clocks.enter(phase, since));
        Clock { meter: self.clone(), phase, since }
    }

    fn now(&self) -> u128 {
        self.epoch.elapsed().as_nanos()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Clocks) -> T) -> T {
        work(&mut self.clocks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The item of `ticket` became `made` and goes on.
    pub fn passed(&self, ticket: &Ticket, took: Duration, made: &impl Shown) {
        self.passed.fetch_add(1, Ordering::Relaxed);
        self.spans.stage(self.stage, ticket, took, None);
        self.tap.offer(self.stage, || Passing::made(self.stage, ticket, took, made.show()));
    }

    /// The item of `ticket` ends here.
    pub fn ended(&self, ticket: &Ticket, took: Duration, outcome: &Outcome, cause: Option<&str>) {
        self.spans.stage(self.stage, ticket, took, Some((outcome, cause)));
        self.tap.offer(self.stage, || Passing::ended(self.stage, ticket, took, outcome, cause));
    }

    /// The sums so far.
    pub fn read(&self) -> StageTime {
        let (sums, loops) = self.with(|clocks| {
            let now = self.now();
            let sum = |phase: Phase| {
                let at = phase as usize;
                let running = u128::from(clocks.loops[at]) * now - clocks.begun[at];
                let nanos = clocks.ended[at] + running;
                Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            };
            let sums = [sum(Phase::WaitingIn), sum(Phase::Busy), sum(Phase::WaitingOut)];
            (sums, clocks.loops.iter().sum())
        });
        let [waiting_in, busy, waiting_out] = sums;
        StageTime {
            waiting_in,
            busy,
            waiting_out,
            items: self.items.load(Ordering::Relaxed),
            passed: self.passed.load(Ordering::Relaxed),
            loops,
        }
    }
}

impl Clocks {
    fn enter(&mut self, phase: Phase, at: u128) {
        self.loops[phase as usize] += 1;
        self.begun[phase as usize] += at;
    }

    fn leave(&mut self, phase: Phase, since: u128, at: u128) {
        self.loops[phase as usize] -= 1;
        self.begun[phase as usize] -= since;
        self.ended[phase as usize] += at - since;
    }
}

impl Clock {
    /// The loop now does this. Says how long it did what it did before; where it was busy, that
    /// was one item.
    pub fn turn(&mut self, phase: Phase) -> Duration {
        let meter = &self.meter;
        let now = meter.with(|clocks| {
            // Inside, so that no reading is earlier than what it reads.
            let now = meter.now();
            clocks.leave(self.phase, self.since, now);
            clocks.enter(phase, now);
            now
        });
        let took = Duration::from_nanos(u64::try_from(now - self.since).unwrap_or(u64::MAX));
        if self.phase == Phase::Busy {
            meter.items.fetch_add(1, Ordering::Relaxed);
            meter.seconds.observe(took);
        }
        (self.phase, self.since) = (phase, now);
        took
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let meter = &self.meter;
        meter.with(|clocks| clocks.leave(self.phase, self.since, meter.now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_ended_is_read_too_and_all_time_is_somewhere() {
        let meter = Arc::new(Meter::default());
        let (mut one, mut other) = (meter.at_work(), meter.at_work());
        one.turn(Phase::Busy);
        other.turn(Phase::Busy);
        other.turn(Phase::WaitingOut);
        let first = meter.read();
        let second = meter.read();
        assert_eq!((first.items, first.loops), (1, 2));
        assert!(second.busy > first.busy, "the one is still busy");
        assert!(second.waiting_out > first.waiting_out, "the other still waits");
        assert_eq!(second.waiting_in, first.waiting_in, "nobody waits for input");
        drop((one, other));
        let ended = meter.read();
        assert_eq!((ended.loops, meter.read()), (0, ended), "no clock runs any more");
    }
}
