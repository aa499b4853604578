//! How fast the ledger takes articles through its three transactions, by its size.
//!
//! `cargo bench -p newsmill-ledger [-- LARGEST]`: grows one ledger to 1 k, 10 k, 100 k and so on
//! up to LARGEST entries (default 100 k; 1 M and 5 M take a while), and at each size measures new
//! articles in groups of 64 and of 16: discovered, claimed, ready, read by a sink, delivered, each
//! step of a group one synced commit. CPU is user and system time of the thread (Linux only).
//! Entries and records are made outside the measured time.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench tells its figures there")]

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use newsmill_article::{
    Article, Document, Entry, Hints, Location, PipelineVersions, Record, SourceName, Summary,
};
use newsmill_ledger::{Config, Ledger, Operation, Sequence};

/// Articles that are measured at each size and group.
const MEASURED: i64 = 6_400;

fn main() {
    let largest = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("l.db");
    println!(
        "{:>9} {:>5} {:>8} {:>8} {:>8} {:>9}",
        "entries", "group", "URLs/s", "CPU µs", "commit", "file MiB"
    );
    let mut size = 1_000;
    let mut next = 0;
    while size <= largest {
        let mut ledger = open(&path);
        while next < size {
            let n = (size - next).min(1_000);
            through(&mut ledger, &mut next, n, n, &mut Spent::default());
        }
        for group in [64, 16] {
            let mut spent = Spent::default();
            let end = next + MEASURED;
            while next < end {
                let n = group.min(end - next);
                through(&mut ledger, &mut next, group, n, &mut spent);
            }
            println!(
                "{size:>9} {group:>5} {:>8.0} {:>8.0} {:>6.2}ms {:>9.1}",
                MEASURED as f64 / spent.wall.as_secs_f64(),
                spent.cpu.as_micros() as f64 / MEASURED as f64,
                spent.wall.as_secs_f64() * 1000.0 / f64::from(spent.commits),
                ledger.inspect().size().unwrap() as f64 / (1 << 20) as f64,
            );
        }
        size *= if size == 1_000_000 { 5 } else { 10 };
    }
    drop(open(&path));
    let started = Instant::now();
    drop(open(&path));
    println!("opened again in {:.1} ms", started.elapsed().as_secs_f64() * 1000.0);
}

fn open(path: &Path) -> Ledger {
    let config = Config { keep_records: Default::default(), ..Config::default() };
    let mut ledger = Ledger::open(path, &config).unwrap();
    ledger.register_sinks(&["out"], Timestamp::now()).unwrap();
    ledger
}

#[derive(Default)]
struct Spent {
    wall: Duration,
    cpu: Duration,
    commits: u32,
}

/// Takes `n` new articles through everything, a group at a time.
fn through(ledger: &mut Ledger, next: &mut i64, group: i64, n: i64, spent: &mut Spent) {
    let entries: Vec<_> = (*next..*next + n).map(entry).collect();
    let records: Vec<_> = (*next..*next + n).map(record).collect();
    *next += n;
    let (wall, cpu) = (Instant::now(), cpu_time());
    let discover = Operation::Discover { poll: None, entries };
    ledger.apply(&[discover], Timestamp::now()).unwrap();
    let claims = ledger.claim(Timestamp::now(), usize::try_from(group).unwrap()).unwrap();
    assert_eq!(claims.len() as i64, n);
    let made = claims.iter().zip(records);
    let ready: Vec<_> =
        made.map(|(claim, record)| Operation::Ready { entry: claim.id, record }).collect();
    ledger.apply(&ready, Timestamp::now()).unwrap();
    let position = ledger.sink_position("out").unwrap().unwrap().0;
    let batch = ledger.records_after("out", position, usize::try_from(group).unwrap()).unwrap();
    assert_eq!(batch.records.len() as i64, n);
    assert!(batch.through > Sequence(0));
    let deliver = Operation::Deliver {
        sink: "out".into(),
        position: batch.through,
        state: Some("123456".into()),
        rejected: Vec::new(),
    };
    ledger.apply(&[deliver], Timestamp::now()).unwrap();
    spent.wall += wall.elapsed();
    spent.cpu += cpu_time().saturating_sub(cpu);
    spent.commits += 3;
}

fn entry(n: i64) -> Entry {
    let url = format!("https://www.example.org/news/2026/11/24/some-story-of-the-day-{n}?id={n}");
    let location = Location::Url(url.parse().unwrap());
    let hints = Hints {
        guid: Some(url.clone()),
        title: Some(format!("Some story of the day, number {n}")),
        published: Some(Timestamp::now()),
        ..Hints::default()
    };
    Entry { source: Some(SourceName::new("wire")), input: url, location, hints }
}

/// A record of about 5 kB.
fn record(n: i64) -> Box<Record> {
    let entry = entry(n);
    let Location::Url(url) = entry.location.clone() else { unreachable!() };
    let text = format!("Story {n}. {}", "A sentence of an article as it might be. ".repeat(100));
    let document = Document { title: Some(format!("Story {n}")), text, ..Document::default() };
    let summary = Summary {
        text: "A sentence of an article as it might be. ".repeat(3),
        method: "extractive".into(),
        model: None,
        sentences: Vec::new(),
        fallback: None,
        spent: None,
    };
    let article = Article { entry, url: Some(url), fetched: Timestamp::now(), document };
    let pipeline =
        PipelineVersions { version: "1".into(), cleaner: "1".into(), summarizer: "1".into() };
    Box::new(Record::new(article, summary, 700, Timestamp::now(), pipeline))
}

/// User and system time of this process so far, to a nanosecond by the scheduler's count; zero
/// where there is none.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    Duration::from_nanos(nanos)
}
