//! The messages that this process was handed and has not acknowledged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use newsmill_link::Taken;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::wire::Stamp;

/// A message that is older than this in our hands gets no more signs of life: whatever holds it
/// is stuck, and another process shall have it. The end that still comes is harmless.
const LONGEST_HOLD: Duration = Duration::from_secs(3600);

/// One message in our hands.
pub(super) struct Held<T> {
    pub(super) taken: Arc<T>,
    pub(super) stamp: Stamp,
    since: Instant,
    /// The place that it takes up; free again when this is dropped.
    _place: OwnedSemaphorePermit,
}

/// The messages in our hands, by the number of their ticket, which is the entry's. The queue may
/// hand the same entry to us twice, so there can be several of one number; they are alike.
pub struct Outstanding<T>(Mutex<HashMap<u64, Vec<Held<T>>>>);

impl<T> Default for Outstanding<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Taken> Outstanding<T> {
    fn with<R>(&self, work: impl FnOnce(&mut HashMap<u64, Vec<Held<T>>>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn add(&self, taken: T, stamp: Stamp, place: OwnedSemaphorePermit) {
        let held = Held { taken: Arc::new(taken), stamp, since: Instant::now(), _place: place };
        self.with(|held_by| held_by.entry(stamp.entry).or_default().push(held));
    }

    /// The stamp of a ticket that is still open.
    pub(super) fn stamp(&self, number: u64) -> Option<Stamp> {
        self.with(|held_by| held_by.get(&number)?.last().map(|held| held.stamp))
    }

    /// Takes out the message of a ticket that has ended.
    pub(super) fn remove(&self, number: u64) -> Option<Held<T>> {
        self.with(|held_by| {
            let held = held_by.get_mut(&number)?;
            let one = held.pop();
            if held.is_empty() {
                held_by.remove(&number);
            }
            one
        })
    }

    /// Those that are still worked on, as far as can be told.
    pub(super) fn alive(&self) -> Vec<Arc<T>> {
        self.with(|held_by| {
            let all = held_by.values().flatten();
            let alive = all.filter(|held| held.since.elapsed() < LONGEST_HOLD);
            alive.map(|held| held.taken.clone()).collect()
        })
    }
}
