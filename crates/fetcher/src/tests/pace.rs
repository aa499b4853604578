//! How often feeds of all paces are asked, and what is missed.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use newsmill_article::{Entry, Hints, Location, SourceName};
use url::Url;

use crate::SourceConfig;
use crate::poll::{Cursor, Listed, Look, conclude, entry};

fn source() -> SourceConfig {
    SourceConfig {
        feed: Url::parse("https://example.org/feed").ok(),
        ..SourceConfig::new(SourceName::new("simulated"))
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn item(source: &SourceConfig, number: usize) -> Entry {
    let url = format!("https://example.org/{number}");
    entry(&source.name, url.clone(), Location::Url(Url::parse(&url).unwrap()), Hints::default())
}

/// A feed that lists its newest 20 articles and publishes at random, on average each `gap`
/// seconds. Returns polls, articles, articles that were never seen, and gaps.
fn week(random: &mut fastrand::Rng, gap: f64, fresh: Option<u64>) -> (usize, usize, usize, u64) {
    const WEEK: i64 = 7 * 24 * 3600;
    let source = source();
    let mut published = Vec::new();
    // It was there before we came.
    let mut time = -20.0 * gap;
    while time < WEEK as f64 {
        published.push(time as i64);
        time += -gap * (1.0 - random.f64()).ln();
    }
    let (mut cursor, mut now, mut polls) = (Cursor::default(), 0, 0);
    let mut seen: HashMap<String, u32> = HashMap::new();
    while now < WEEK {
        polls += 1;
        let here = published.partition_point(|time| *time <= now);
        let listed = here.saturating_sub(20)..here;
        let mut look = Look::default();
        look.asked.fresh = fresh.map(Duration::from_secs);
        for number in listed.rev() {
            look.asked.published.push(at(published[number]));
            let entry = item(&source, number);
            let input = entry.input.clone();
            look.entries.push(Listed::new(entry, &input, &[]));
        }
        let poll = conclude(&source, &cursor, Ok(look), 2000, at(now));
        for entry in &poll.entries {
            *seen.entry(entry.input.clone()).or_default() += 1;
        }
        let wait = poll.next.duration_since(at(now)).as_secs();
        let least = fresh.unwrap_or(0).clamp(300, 6 * 3600);
        assert!(wait >= least as i64 && wait <= 6 * 3600 * 21 / 20 + 1, "{wait}");
        (cursor, now) = (poll.cursor, now + wait);
    }
    assert!(seen.values().all(|times| *times == 1), "an article was announced twice");
    let first = published.partition_point(|time| *time <= 0).saturating_sub(20);
    let last = published.partition_point(|time| *time <= now - 6 * 3600 * 21 / 20);
    let missed =
        (first..last).filter(|number| !seen.contains_key(&format!("https://example.org/{number}")));
    (polls, published.len(), missed.count(), cursor.gaps)
}

#[test]
fn feeds_of_all_paces_for_a_week() {
    // 1000 take minutes without optimisation, and show the same.
    const FEEDS: u32 = 50;
    let mut random = fastrand::Rng::with_seed(7);
    let (mut polls, mut fixed) = (0, 0);
    for n in 0..FEEDS {
        // From one article each two minutes to one in three weeks.
        let gap = 120.0 * 15_000f64.powf(f64::from(n) / f64::from(FEEDS));
        let (asked, articles, missed, gaps) = week(&mut random, gap, (n % 10 == 0).then_some(1800));
        assert!(missed == 0 || gaps > 0, "feed {n}: {missed} of {articles} missed without a word");
        assert!(
            missed == 0 || gap < 300.0,
            "feed {n} with an article each {gap} s: {missed} missed"
        );
        polls += asked;
        fixed += 7 * 24 * 3600 / 300;
    }
    assert!(polls * 3 < fixed, "{polls} polls; each five minutes would be {fixed}");
}
