//! The mill with a ledger, over real files and a real sink: whatever way a run ends, the next one
//! goes on, and the sink holds each record once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use newsmill_article::Reason;
use newsmill_fetcher::Fetcher;
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::telemetry::Telemetry;
use newsmill_pipeline::topology::{self, Feed, Parts};
use newsmill_sink::{Config, JsonlConfig, Rotate};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::make::{ARTICLES, delivered, given, open, status, write_inputs};

/// Runs the mill; `signals` is how often and after how many records it is asked to stop.
async fn mill(place: &Path, files: &[PathBuf], stop_after: Option<u64>, signals: usize) -> Ending {
    let ledger = open(&place.join("ledger.db")).await;
    let telemetry = Arc::new(Telemetry::default());
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
    let sink = Config::Jsonl(JsonlConfig {
        name: None,
        path: place.join("out.jsonl"),
        rotate: Rotate::default(),
    });
    let stop = CancellationToken::new();
    let (send, requests) = mpsc::channel(4);
    let (settled_in, mut settled) = mpsc::unbounded_channel();
    let seen = move |_: &newsmill_pipeline::in_flight::Settlement| {
        let _ = settled_in.send(());
    };
    let feed = Feed::Inputs(given(files));
    let crew = topology::with_ledger(&parts, ledger, &[sink], feed, stop.clone(), seen).unwrap();
    tokio::spawn(async move {
        if let Some(count) = stop_after {
            for _ in 0..count {
                settled.recv().await;
            }
            for _ in 0..signals {
                let _ = send.send("test").await;
            }
        }
        send.closed().await;
    });
    supervisor::run(crew, stop, requests, Duration::from_secs(60)).await
}

fn assert_all_is_done(place: &Path) {
    let status = status(place);
    assert!(status.adds_up(), "{status:?}");
    assert_eq!(status.entries, ARTICLES as u64 + 3);
    assert_eq!((status.delivered, status.duplicates, status.waiting), (ARTICLES as u64, 1, 0));
    let reasons = [(Reason::Empty.code(), 1), (Reason::NotFound.code(), 1)];
    let reasons: BTreeMap<_, _> = reasons.map(|(code, n)| (code.to_owned(), n)).into();
    assert_eq!(status.rejected, reasons);
    let delivered = delivered(&place.join("out.jsonl"));
    assert_eq!(delivered.len(), ARTICLES);
    assert!(delivered.values().all(|times| *times == 1), "{delivered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_a_break_does_all_and_the_next_finds_nothing_to_do() {
    let place = tempfile::tempdir().unwrap();
    let files = write_inputs(place.path());
    for _ in 0..2 {
        let ending = mill(place.path(), &files, None, 0).await;
        assert!(matches!(ending, Ending::Finished), "{ending:?}");
        assert_all_is_done(place.path());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_stopped_add_up_to_one_that_is_not() {
    for (signals, step) in [(1, 7), (2, 5)] {
        let place = tempfile::tempdir().unwrap();
        let files = write_inputs(place.path());
        for _ in 0..4 {
            let ending = mill(place.path(), &files, Some(step), signals).await;
            assert!(!matches!(ending, Ending::Fatal(_)), "{ending:?}");
            let status = status(place.path());
            assert!(status.adds_up(), "{status:?}");
        }
        let ending = mill(place.path(), &files, None, 0).await;
        assert!(matches!(ending, Ending::Finished), "{ending:?}");
        assert_all_is_done(place.path());
    }
}
