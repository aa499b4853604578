//! When to look at a source again.
//!
//! Between `every.min` and `every.max` the interval follows the source: half the usual time
//! between two of its articles, longer the longer it has been silent, shorter after a gap. What
//! the source asks for (`ttl`, `max-age`, `skipHours`) is granted up to `every.max`. A source that
//! fails is asked ever more rarely, at last once a week.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use newsmill_article::Disposition;

use crate::{Every, FetchError};

/// The rarest look at a source that only fails.
const DEAD: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a source asks for, and what it published.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// How long the answer stays fresh.
    pub(crate) fresh: Option<Duration>,
    /// Hours of the day (UTC) in which not to ask.
    pub(crate) skip_hours: Vec<u8>,
    /// When its entries were published.
    pub(crate) published: Vec<Timestamp>,
}

/// The interval that fits the source.
pub(crate) fn interval(
    every: Every,
    before: Option<u64>,
    asked: &Asked,
    new: usize,
    gap: bool,
    now: Timestamp,
) -> Duration {
    let (min, max) = bounds(every);
    let before = before.map_or(min, Duration::from_secs);
    let fitting = if gap {
        before / 2
    } else if let Some(usual) = usual_gap(&asked.published, now) {
        usual
    } else if new > 0 {
        before.mul_f64(0.7)
    } else {
        before.mul_f64(1.3)
    };
    fitting.clamp(min, max)
}

/// Half the median time between the newest articles, or a tenth of the silence since the last one
/// where that is longer. `None` with fewer than three dated articles.
fn usual_gap(published: &[Timestamp], now: Timestamp) -> Option<Duration> {
    let mut times: Vec<_> = published.iter().copied().filter(|time| *time <= now).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    times.truncate(20);
    if times.len() < 3 {
        return None;
    }
    let mut gaps: Vec<_> = times.windows(2).map(|pair| span(pair[1], pair[0])).collect();
    gaps.sort_unstable();
    Some((gaps[gaps.len() / 2] / 2).max(span(times[0], now) / 10))
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// The next look after a success, with up to a twentieth more so that sources spread out.
pub(crate) fn next(every: Every, interval: Duration, asked: &Asked, now: Timestamp) -> Timestamp {
    let (_, max) = bounds(every);
    let wait = interval.max(asked.fresh.unwrap_or_default().min(max));
    let next = later(now, wait.mul_f64(1.0 + fastrand::f64() / 20.0));
    out_of_skipped(next, &asked.skip_hours)
}

/// The first instant from `next` on whose hour is not skipped; `next` where all hours are.
fn out_of_skipped(next: Timestamp, skip: &[u8]) -> Timestamp {
    let hour_of = |seconds: i64| u8::try_from(seconds.rem_euclid(86_400) / 3600).unwrap_or(0);
    let second = next.as_second();
    if !skip.contains(&hour_of(second)) {
        return next;
    }
    let hours = (1..24).map(|hours| (second.div_euclid(3600) + hours) * 3600);
    let free = hours.into_iter().find(|at| !skip.contains(&hour_of(*at)));
    free.and_then(|at| Timestamp::from_second(at).ok()).unwrap_or(next)
}

/// The next look after a failure: `every.min`, doubled with each failure in a row, and not before
/// the server's own wish.
pub(crate) fn after_failure(
    every: Every,
    failures: u32,
    error: &FetchError,
    now: Timestamp,
) -> Timestamp {
    let (min, max) = bounds(every);
    let asked = match error.disposition() {
        Disposition::Retry { after } => after,
        _ => Duration::ZERO,
    };
    let first = min.max(Duration::from_secs(1));
    let wait = first.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)));
    later(now, wait.min(DEAD.max(max)).max(asked))
}

fn bounds(every: Every) -> (Duration, Duration) {
    (every.min.0, every.max.0.max(every.min.0))
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_hours_are_kept() {
        let noon: Timestamp = "2026-11-24T12:10:00Z".parse().unwrap();
        assert_eq!(out_of_skipped(noon, &[12, 13]).to_string(), "2026-11-24T14:00:00Z");
        assert_eq!(out_of_skipped(noon, &[11]), noon);
        assert_eq!(out_of_skipped(noon, &(0..24).collect::<Vec<_>>()), noon);
        let late: Timestamp = "2026-11-24T23:10:00Z".parse().unwrap();
        assert_eq!(out_of_skipped(late, &[23, 0]).to_string(), "2026-11-25T01:00:00Z");
    }
}
