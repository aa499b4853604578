//! The instruments of one sink.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The instruments of one sink. Its position and lag are the ledger's to tell.
#[derive(Debug, Default)]
pub struct SinkMeter {
    waiting: AtomicU64,
    busy: AtomicU64,
    records: AtomicU64,
    refused: AtomicU64,
    failures: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
}

/// Why a sink does not take its batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The last error, with its causes.
    pub error: String,
    /// Tries in a row.
    pub tries: u32,
}

/// A reading of a [`SinkMeter`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkTime {
    /// Waiting for records.
    pub waiting: Duration,
    /// Delivering, and writing down that it is delivered.
    pub busy: Duration,
    /// Records that it took.
    pub records: u64,
    /// Records that it refused.
    pub refused: u64,
    /// Tries that failed.
    pub failures: u64,
    /// Whether the present batch fails.
    pub trouble: Option<Trouble>,
}

impl SinkMeter {
    /// The time since `since` was spent waiting for records.
    pub fn waited(&self, since: &mut Instant) {
        add(&self.waiting, since);
    }

    /// The time since `since` was spent on a batch, and this came of it.
    pub fn delivered(&self, since: &mut Instant, records: usize, refused: usize) {
        add(&self.busy, since);
        let refused = u64::try_from(refused).unwrap_or(u64::MAX);
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.records.fetch_add(records.saturating_sub(refused), Ordering::Relaxed);
        self.refused.fetch_add(refused, Ordering::Relaxed);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A try failed, the `tries`th in a row.
    pub fn failed(&self, error: &str, tries: u32) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let trouble = Trouble { error: error.to_owned(), tries };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }

    /// What is wrong now.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The sums so far.
    pub fn read(&self) -> SinkTime {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SinkTime {
            waiting: Duration::from_nanos(read(&self.waiting)),
            busy: Duration::from_nanos(read(&self.busy)),
            records: read(&self.records),
            refused: read(&self.refused),
            failures: read(&self.failures),
            trouble: self.trouble(),
        }
    }
}

fn add(clock: &AtomicU64, since: &mut Instant) {
    let now = Instant::now();
    let nanos = u64::try_from(now.duration_since(*since).as_nanos()).unwrap_or(u64::MAX);
    *since = now;
    clock.fetch_add(nanos, Ordering::Relaxed);
}
