//! What is measured is what has happened: against the ledger's own counters.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use newsmill_fetcher::Fetcher;
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::telemetry::tap::Filter;
use newsmill_pipeline::telemetry::{Telemetry, prometheus};
use newsmill_pipeline::topology::{self, Feed, Parts};
use newsmill_sink::{Config, JsonlConfig, Rotate};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::make::{ARTICLES, given, open, status, write_inputs};

/// The samples of a page of metrics.
fn samples(page: &str) -> BTreeMap<&str, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name, value.parse().unwrap())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_counted_once_as_the_ledger_counts_it() {
    let place = tempfile::tempdir().unwrap();
    let files = write_inputs(place.path());
    let telemetry = Arc::new(Telemetry::default());
    let spans = telemetry.spans.begin_export(1.0);
    let mut tap = telemetry.tap.read(Filter { stage: "cleaner".to_owned(), ..Filter::default() });
    let parts = Parts {
        fetcher: Fetcher::new(&newsmill_fetcher::Config::default(), &[]).unwrap(),
        cleaner: newsmill_cleaner::Config::default(),
        summarizer: newsmill_summarizer::Config::default(),
        channels: newsmill_pipeline::config::Channels::default(),
        fetches: 3,
        attempts: 1,
        jobs: 2,
        telemetry: telemetry.clone(),
        trial: None,
    };
    let path = place.path().join("out.jsonl");
    let sink = Config::Jsonl(JsonlConfig { name: None, path, rotate: Rotate::default() });
    let stop = CancellationToken::new();
    let ledger = open(&place.path().join("ledger.db")).await;
    let feed = Feed::Inputs(given(&files));
    let crew = topology::with_ledger(&parts, ledger, &[sink], feed, stop.clone(), |_| {}).unwrap();
    let (_send, signals) = mpsc::channel(1);
    let ending = supervisor::run(crew, stop, signals, Duration::from_secs(60)).await;
    assert!(matches!(ending, Ending::Finished), "{ending:?}");

    let status = status(place.path());
    assert!(status.adds_up(), "{status:?}");
    let page = prometheus::page(&telemetry, Some(&status), Timestamp::now());
    let samples = samples(&page);
    let sum = |prefix: &str| {
        let of = samples.iter().filter(|(name, _)| name.starts_with(prefix));
        of.map(|(_, value)| *value as u64).sum::<u64>()
    };
    assert_eq!(sum("newsmill_outcomes_total{"), status.entries, "{page}");
    assert_eq!(sum("newsmill_taken_up_total"), status.entries, "nothing came back");
    assert_eq!(sum("newsmill_returns_total{"), 0);
    assert_eq!(sum("newsmill_in_flight"), 0);
    for (sample, count) in [
        (
            "newsmill_outcomes_total{stage=\"records\",outcome=\"delivered\",reason=\"\"}",
            status.delivered,
        ),
        (
            "newsmill_outcomes_total{stage=\"records\",outcome=\"duplicate\",reason=\"\"}",
            status.duplicates,
        ),
        ("newsmill_outcomes_total{stage=\"fetcher\",outcome=\"rejected\",reason=\"not_found\"}", 1),
        ("newsmill_sink_records_total{sink=\"jsonl\"}", status.delivered),
        ("newsmill_sink_lag{sink=\"jsonl\"}", 0),
        ("newsmill_ledger_entries", status.entries),
        ("newsmill_clean_seconds_count", ARTICLES as u64 + 1),
        ("newsmill_summarize_seconds_count", ARTICLES as u64 + 1),
        ("newsmill_summarize_seconds_bucket{le=\"+Inf\"}", ARTICLES as u64 + 1),
        ("newsmill_fetch_seconds_count", ARTICLES as u64 + 3),
        ("newsmill_stage_items_total{stage=\"cleaner\"}", ARTICLES as u64 + 1),
    ] {
        assert_eq!(samples.get(sample), Some(&(count as f64)), "{sample}\n{page}");
    }
    let empty = "outcome=\"rejected\",reason=\"empty\"} 1";
    assert!(page.contains(empty), "{page}");

    // One look saw every page that was cleaned, and each entry is one span with its stages below.
    for _ in 0..=ARTICLES {
        let (line, dropped) = tap.next().await.unwrap();
        assert!(dropped == 0 && line.contains("\"stage\":\"cleaner\""), "{line}");
    }
    let (mut entries, mut below) = (BTreeMap::new(), Vec::new());
    while let Ok(span) = spans.try_recv() {
        match span.name {
            "entry" => assert!(entries.insert(span.context.span, span.clone()).is_none()),
            _ => below.push(span),
        }
    }
    assert_eq!((entries.len() as u64, telemetry.spans.dropped()), (status.entries, 0));
    for span in &below {
        let entry = &entries[&span.parent.unwrap()];
        assert_eq!((span.context.trace, &span.input), (entry.context.trace, &entry.input));
        assert!(span.begin >= entry.begin && span.end <= entry.end, "{span:?} of {entry:?}");
    }
    let cleaned = below.iter().filter(|span| span.name == "cleaner").count();
    assert_eq!(cleaned, ARTICLES + 1);
}
