//! How many pages are worked on at the same time, whichever stage has them.
//!
//! Cleaner and summarizer each have their threads, but what a person means by `--jobs 2` is two
//! cores. A thread computes only while it holds one of the permits; one that waits for a channel
//! holds none, so the stage that has work gets the cores.

use std::sync::{Condvar, Mutex, PoisonError};

use tokio::sync::Notify;

/// The permits.
#[derive(Debug)]
pub struct Jobs {
    free: Mutex<usize>,
    for_threads: Condvar,
    for_tasks: Notify,
}

/// The right to compute, until it is dropped.
#[derive(Debug)]
pub struct Permit<'a>(&'a Jobs);

impl Jobs {
    /// `count` permits, at least one.
    pub fn new(count: usize) -> Self {
        let free = Mutex::new(count.max(1));
        Self { free, for_threads: Condvar::new(), for_tasks: Notify::new() }
    }

    /// Waits for a permit on a thread of its own.
    pub fn acquire_blocking(&self) -> Permit<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .for_threads
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Permit(self)
    }

    /// Waits for a permit in a task. Cancel safe.
    pub async fn acquire(&self) -> Permit<'_> {
        loop {
            let notified = self.for_tasks.notified();
            let mut notified = std::pin::pin!(notified);
            // Listens before it looks, so that a permit given back in between is not missed.
            notified.as_mut().enable();
            if let Some(permit) = self.try_acquire() {
                return permit;
            }
            notified.await;
        }
    }

    fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.for_threads.notify_one();
        self.0.for_tasks.notify_one();
    }
}
