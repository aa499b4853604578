//! How long things took, in fixed buckets, as Prometheus wants them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the buckets in seconds, and as a label shows them. From a cached page to
/// the slowest written summary.
pub const BOUNDS: [(f64, &str); 15] = [
    (0.001, "0.001"),
    (0.0025, "0.0025"),
    (0.005, "0.005"),
    (0.01, "0.01"),
    (0.025, "0.025"),
    (0.05, "0.05"),
    (0.1, "0.1"),
    (0.25, "0.25"),
    (0.5, "0.5"),
    (1.0, "1"),
    (2.5, "2.5"),
    (5.0, "5"),
    (10.0, "10"),
    (30.0, "30"),
    (60.0, "60"),
];

/// Counts of durations by bucket.
#[derive(Debug, Default)]
pub struct Histogram {
    /// Not cumulative; the last one is for what is above every bound.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// A reading of a [`Histogram`].
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// For each of [`BOUNDS`], how many took at most that long.
    pub up_to: [u64; BOUNDS.len()],
    /// All of them.
    pub count: u64,
    /// The sum of all, in seconds.
    pub sum: f64,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.iter().position(|(bound, _)| seconds <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The counts so far. `count` is the sum of the buckets that were read, so that a reading is
    /// consistent in itself while others count on.
    pub fn read(&self) -> Reading {
        let mut count = 0;
        let mut up_to = [0; BOUNDS.len()];
        for (bucket, up_to) in self.buckets.iter().zip(&mut up_to) {
            count += bucket.load(Ordering::Relaxed);
            *up_to = count;
        }
        count += self.buckets[BOUNDS.len()].load(Ordering::Relaxed);
        let sum = Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64();
        Reading { up_to, count, sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_buckets_add_up() {
        let histogram = Histogram::default();
        for millis in [1, 2, 5, 60_000, 60_001] {
            histogram.observe(Duration::from_millis(millis));
        }
        let reading = histogram.read();
        assert_eq!(reading.up_to[..3], [1, 2, 3]);
        assert_eq!((reading.up_to[BOUNDS.len() - 1], reading.count), (4, 5));
        assert!((reading.sum - 120.009).abs() < 1e-9);
    }

    #[test]
    fn labels_are_their_bounds() {
        for (bound, label) in BOUNDS {
            assert_eq!(label.parse::<f64>().unwrap(), bound);
        }
    }
}
