//! How many pages are worked on at the same time, whichever stage has them.
//!
//! Cleaner and summarizer each have their threads, but what a person means by `--jobs 2` is two
//! cores. A thread computes only while it holds one of the permits; one that waits for a channel
//! holds none, so the stage that has work gets the cores. Where all cores are meant there is one
//! permit more: between giving a permit back and the waking of the thread that takes it a core
//! would stand still, and the one more thread fills it.

use std::sync::{Condvar, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The permits.
#[derive(Debug)]
pub struct Jobs {
    free: Mutex<usize>,
    given_back: Condvar,
    asking: Semaphore,
}

/// The right to compute, until it is dropped.
#[derive(Debug)]
pub struct Permit<'a>(&'a Jobs);

impl Jobs {
    /// `count` permits, at least one.
    pub fn new(count: usize) -> Self {
        let count = count.max(1);
        let asking = Semaphore::new(count.min(Semaphore::MAX_PERMITS));
        Self { free: Mutex::new(count), given_back: Condvar::new(), asking }
    }

    /// Permits that keep `cores` cores busy.
    pub fn busy(cores: usize) -> Self {
        let all = std::thread::available_parallelism().is_ok_and(|all| cores >= all.get());
        Self::new(cores + usize::from(all))
    }

    /// For a task, which takes a thread only to compute on it: waits until it may ask for a permit
    /// on one. Of such threads there are hardly more than permits, whatever the number of tasks;
    /// each would keep memory of its own.
    pub async fn may_ask(&self) -> Option<SemaphorePermit<'_>> {
        // An error would say that it was closed, which it never is.
        self.asking.acquire().await.ok()
    }

    /// Waits for a permit, on a thread that may wait.
    pub fn acquire(&self) -> Permit<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .given_back
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}
