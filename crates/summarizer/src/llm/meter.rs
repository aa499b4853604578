//! What all threads that ask one server share: how many ask at once, and what was spent.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{LlmConfig, LlmError, Usage};

/// Counts requests and tokens of the whole program. Cheap where nobody asks a server.
#[derive(Debug, Default)]
pub struct Meter {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// Days since 1970, UTC.
    day: u64,
    /// Tokens spent on that day, and tokens that requests under way may yet spend.
    spent: u64,
    held: u64,
    usage: Usage,
}

/// The right to make one request; given back when dropped.
pub(super) struct Turn<'a> {
    meter: &'a Meter,
    needed: u64,
}

impl Meter {
    /// What was spent since the start.
    pub fn usage(&self) -> Usage {
        self.lock().usage
    }

    pub(super) fn cached(&self) {
        self.lock().usage.cached += 1;
    }

    /// Waits until fewer than `llm.concurrency` requests are under way and sets `needed` tokens
    /// of the budget of `day` aside.
    pub(super) fn turn(
        &self,
        llm: &LlmConfig,
        needed: u64,
        day: u64,
    ) -> Result<Turn<'_>, LlmError> {
        let most = llm.concurrency.max(1);
        let state = self.lock();
        let mut state = self
            .ended
            .wait_while(state, |state| state.running >= most)
            .unwrap_or_else(PoisonError::into_inner);
        if state.day != day {
            (state.day, state.spent) = (day, 0);
        }
        if let Some(budget) = llm.budget.day
            && state.spent + state.held + needed > budget
        {
            return Err(LlmError::DayBudget { spent: state.spent, budget });
        }
        state.running += 1;
        state.held += needed;
        state.usage.requests += 1;
        Ok(Turn { meter: self, needed })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Notes what the request has cost.
    pub(super) fn spent(self, prompt: u64, answer: u64, cost: Option<f64>) {
        let mut state = self.meter.lock();
        state.spent += prompt + answer;
        state.usage.prompt_tokens += prompt;
        state.usage.answer_tokens += answer;
        state.usage.cost += cost.unwrap_or(0.0);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.meter.lock();
        state.running -= 1;
        state.held -= self.needed;
        drop(state);
        // All: one that wakes may find the budget spent and leave without a turn to give back.
        self.meter.ended.notify_all();
    }
}
