//! The configuration changes while pages pass: none is lost, none comes twice.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use newsmill_fetcher::Fetcher;
use newsmill_ledger::Ledger;
use newsmill_pipeline::config;
use newsmill_pipeline::reload::{Answer, Reloading, Request};
use newsmill_pipeline::supervisor::{self, Ending};
use newsmill_pipeline::telemetry::Telemetry;
use newsmill_pipeline::telemetry::endpoint::Endpoint;
use newsmill_pipeline::topology::{self, Parts};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::make::{delivered, page, status};

/// Pages in each of the two folders for every reload, so that there is always something in flight.
const PAGES: usize = 5;

/// What a configuration says besides the folder and the sink that are always there.
#[derive(Default)]
struct Says<'a> {
    sources: &'a str,
    sinks: &'a str,
    rest: &'a str,
    /// Where the sink that is always there begins a new file.
    rotate: &'a str,
}

fn write(place: &Path, says: &Says<'_>) {
    let rotate = if says.rotate.is_empty() { "1GiB" } else { says.rotate };
    let place_name = place.display();
    let mut yaml = format!(
        "sources:\n  - {{ name: one, folder: {place_name}/one, every: {{ min: 20ms, max: 50ms }} }}\n"
    );
    write!(
        yaml,
        "{}sinks:\n  - jsonl: {{ path: {place_name}/out.jsonl, rotate: {{ size: {rotate} }} }}\n{}\
         ledger: {{ path: {place_name}/ledger.db }}\n{}",
        says.sources, says.sinks, says.rest
    )
    .unwrap();
    std::fs::write(place.join("pipeline.yaml"), yaml).unwrap();
}

/// A mill at work.
struct Mill {
    reloads: mpsc::Sender<Request>,
    telemetry: Arc<Telemetry>,
    signals: mpsc::Sender<&'static str>,
    ended: tokio::task::JoinHandle<Ending>,
}

impl Mill {
    async fn start(place: &Path) -> Self {
        let path = place.join("pipeline.yaml");
        let resolved = config::load(&path).unwrap();
        let telemetry = Arc::new(Telemetry::default());
        let endpoint = Endpoint::start(&resolved.telemetry, &telemetry).await.unwrap();
        let parts = Parts {
            fetcher: Fetcher::new(&resolved.fetcher, &resolved.sources).unwrap(),
            cleaner: resolved.cleaner.clone(),
            summarizer: resolved.summarizer.clone(),
            channels: resolved.channels.clone(),
            fetches: 8,
            attempts: 1,
            jobs: 2,
            telemetry: telemetry.clone(),
            trial: None,
        };
        let ledger = Ledger::open(&place.join("ledger.db"), &resolved.ledger).unwrap();
        let (reloads, requests) = mpsc::channel(1);
        let endpoint = Arc::new(Mutex::new(endpoint));
        let present = Reloading { path, resolved, endpoint, requests };
        let stop = CancellationToken::new();
        let crew = topology::reloadable(parts, ledger, present, stop.clone(), |_| {}).unwrap();
        let (signals, requested) = mpsc::channel(1);
        let grace = Duration::from_secs(60);
        let ended = tokio::spawn(supervisor::run(crew, stop, requested, grace));
        Self { reloads, telemetry, signals, ended }
    }

    async fn reload(&self) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.reloads.send(Request(reply)).await.unwrap();
        answer.await.unwrap()
    }

    async fn stop(self) -> Ending {
        self.signals.send("test").await.unwrap();
        self.ended.await.unwrap()
    }
}

/// Changes the configuration `times` times while pages are milled, in every way that there is.
async fn reload_under_load(times: usize) {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    for folder in ["one", "two"] {
        std::fs::create_dir(place.join(folder)).unwrap();
    }
    std::fs::write(place.join("no-database"), "This is no database. ".repeat(99)).unwrap();
    let database = format!("  - sqlite: {{ path: {}/no-database }}\n", place.display());
    let more = format!("  - jsonl: {{ name: more, path: {}/more.jsonl }}\n", place.display());
    let two = format!(
        "  - {{ name: two, folder: {}/two, every: {{ min: 20ms, max: 50ms }} }}\n",
        place.display()
    );
    write(place, &Says { sources: &two, ..Says::default() });
    let mill = Mill::start(place).await;
    let (mut applied, mut refused) = (0, 0);
    for number in 0..times {
        for (at, folder) in ["one", "two"].iter().enumerate() {
            for page_number in 0..PAGES {
                let number = (number * PAGES + page_number) * 2 + at;
                // Whole or not at all, as a folder that is watched wants it.
                let hidden = place.join("page");
                std::fs::write(&hidden, page(number)).unwrap();
                let file = place.join(folder).join(format!("{number}.html"));
                std::fs::rename(hidden, file).unwrap();
            }
        }
        // The second source comes and goes; what it listed stays.
        let sources = if number % 4 == 3 { "" } else { two.as_str() };
        let says = match number % 8 {
            0 => Says { rest: "summarizer: { sentences: 2 }\n", ..Says::default() },
            1 => Says { rest: "channels: { pages: 3, articles: 1 }\n", ..Says::default() },
            2 => Says { rest: "summariser: { sentences: 2 }\n", ..Says::default() },
            3 => Says { sinks: &more, ..Says::default() },
            4 => Says { sinks: &database, ..Says::default() },
            5 => Says { rest: "fetcher: { host: { min_delay: 2s } }\n", ..Says::default() },
            6 => Says { rotate: "2GiB", ..Says::default() },
            _ => Says { rest: "cleaner: { min_words: 9 }\nledger: {}\n", ..Says::default() },
        };
        let (is_wrong, wrong) = match number % 8 {
            2 => (true, "did you mean `summarizer`?"),
            4 => (true, "sink `sqlite`"),
            // The key stands there twice.
            7 => (true, "ledger"),
            _ => (false, ""),
        };
        write(place, &Says { sources, ..says });
        match mill.reload().await {
            Ok(_) if !is_wrong => applied += 1,
            Err(why) if is_wrong && why.contains(wrong) => refused += 1,
            other => panic!("reload {number}: {other:?}"),
        }
    }
    // The last word: both sources, and time to take up what they list.
    write(place, &Says { sources: &two, ..Says::default() });
    mill.reload().await.unwrap();
    let all = u64::try_from(2 * PAGES * times).unwrap();
    loop {
        let status = mill.telemetry.ledger_status().await.unwrap();
        if status.delivered == all {
            break;
        }
        assert!(!mill.ended.is_finished(), "the mill ended early: {:?}", mill.ended.await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (telemetry, reloads) = (mill.telemetry.clone(), mill.reloads.clone());
    assert!(matches!(mill.stop().await, Ending::Drained));
    assert!(reloads.is_closed(), "nobody reloads any more");
    let counted = [&telemetry.reloads.applied, &telemetry.reloads.refused];
    assert_eq!(counted.map(|count| count.load(Ordering::Relaxed)), [applied + 1, refused]);

    let status = status(place);
    assert!(status.adds_up(), "{status:?}");
    assert_eq!((status.entries, status.delivered, status.waiting), (all, all, 0));
    let records = delivered(&place.join("out.jsonl"));
    assert_eq!(records.len() as u64, all, "each page is a record");
    assert!(records.values().all(|times| *times == 1), "and each once");
    // The sink that comes and goes has what it has once.
    let more = delivered(&place.join("more.jsonl"));
    assert!(more.values().all(|times| *times == 1), "{more:?}");
    let known: BTreeSet<&String> = records.keys().collect();
    assert!(more.keys().all(|input| known.contains(input)));
    let tally = telemetry.tally();
    assert_eq!((tally.of("delivered"), tally.of("rejected")), (all, 0));
    assert_eq!(telemetry.tickets(), all + tally.of("abandoned"), "each once but what a stop left");
    assert_eq!(telemetry.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn reloads_under_load_lose_and_double_nothing() {
    reload_under_load(24).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute or more: cargo test -p newsmill-pipeline --test mill -- --ignored thousand"]
async fn a_thousand_reloads_under_load_lose_and_double_nothing() {
    reload_under_load(1000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_change_is_refused_with_its_key() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    std::fs::create_dir(place.join("one")).unwrap();
    write(place, &Says::default());
    let mill = Mill::start(place).await;
    assert_eq!(mill.reload().await, Ok("nothing has changed".to_owned()));
    let yaml = std::fs::read_to_string(place.join("pipeline.yaml")).unwrap();
    for (change, key) in [
        (yaml.replace("ledger.db", "other.db"), "`ledger.path` can only change with a restart"),
        (format!("{yaml}telemetry: {{ socket: s }}\n"), "`telemetry.socket`"),
        (format!("{yaml}telemetry: {{ listen: \"192.0.2.1:1\" }}\n"), "needs a bearer token"),
        (format!("{yaml}telemetry: {{ token_env: NO_SUCH_TOKEN }}\n"), "NO_SUCH_TOKEN is not set"),
        (format!("{yaml}summarizer: {{ method: llm }}\n"), "summarizer"),
        (String::from("sources: 3"), "3"),
    ] {
        std::fs::write(place.join("pipeline.yaml"), change).unwrap();
        let why = mill.reload().await.unwrap_err();
        assert!(why.contains(key), "{key}: {why}");
    }
    std::fs::write(place.join("pipeline.yaml"), &yaml).unwrap();
    assert_eq!(mill.reload().await, Ok("nothing has changed".to_owned()));
    assert!(matches!(mill.stop().await, Ending::Drained));
}
