//! How fast the ledger takes articles through its three transactions, by its size.
//!
//! `cargo bench -p newsmill-ledger [-- LARGEST [FOLDER]]`, with LARGEST 100 k and the target folder
//! where they are not given; 1 M and 5 M take minutes.
//!
//! - *Growing*: one ledger grows to 1 k, 10 k, 100 k and so on up to LARGEST entries. At each size
//!   new articles in groups of 64 and of 16: discovered, claimed, made ready, read by a sink,
//!   delivered, each of the three transactions of a group a synced commit.
//! - *Full*: a ledger of LARGEST entries (at most 1 M) in a window of two hours that goes on for
//!   another half of it: each new article comes in the place of one that is forgotten.
//! - *Hosts*: looking for what is due beside entries of so many hosts that all wait.
//!
//! CPU is user and system time of the thread (Linux only). Entries and records are made outside
//! the measured time.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench tells its figures there")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use newsmill_article::{
    Article, Document, Entry, Hints, HumanDuration, Location, Outcome, PipelineVersions, Record,
    SourceName, Summary,
};
use newsmill_ledger::{Applied, Config, Ledger, Operation};

/// Articles that are measured at each size and group.
const MEASURED: i64 = 12_800;

/// How long the full ledger remembers: longer than the hour in which a new owner forgets nothing.
const WINDOW: i64 = 7_200;

fn main() {
    // Cargo adds `--bench`.
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let largest: i64 = args.next().map_or(100_000, |arg| arg.parse().unwrap());
    let folder = args.next().map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    growing(&folder.path().join("growing.db"), largest);
    full(&folder.path().join("full.db"), largest.min(1_000_000));
    hosts(&folder.path().join("hosts.db"), largest.min(100_000));
}

fn growing(path: &Path, largest: i64) {
    println!(
        "{:>9} {:>5} {:>8} {:>8} {:>8} {:>9}  CPU µs: discover, claim, ready, deliver",
        "entries", "group", "URLs/s", "CPU µs", "commit", "file MiB"
    );
    let mut size = 1_000;
    let mut next = 0;
    while size <= largest {
        let mut ledger = open(path, &Config::default());
        while next < size {
            let n = (size - next).min(1_000);
            through(&mut ledger, &mut next, n, Timestamp::now(), &mut Spent::default());
        }
        for group in [64, 16] {
            let mut spent = Spent::default();
            let end = next + MEASURED;
            while next < end {
                let n = group.min(end - next);
                through(&mut ledger, &mut next, n, Timestamp::now(), &mut spent);
            }
            let each = spent.steps.map(|step| step.as_secs_f64() * 1e6 / MEASURED as f64);
            println!(
                "{size:>9} {group:>5} {:>8.0} {:>8.1} {:>6.2}ms {:>9.1}  {each:.1?}",
                MEASURED as f64 / spent.wall.as_secs_f64(),
                each.iter().sum::<f64>(),
                spent.wall.as_secs_f64() * 1000.0 / f64::from(spent.commits),
                mebibytes(&ledger),
            );
        }
        size *= if size == 1_000_000 { 5 } else { 10 };
    }
    let started = Instant::now();
    drop(open(path, &Config::default()));
    println!("opened again in {:.1} ms", started.elapsed().as_secs_f64() * 1000.0);
}

fn full(path: &Path, size: i64) {
    println!("\n{size} entries in the window, and on:");
    let forget_after = HumanDuration::secs(WINDOW.unsigned_abs());
    let mut ledger = open(path, &Config { forget_after, ..Config::default() });
    let begun = Timestamp::now();
    let mut next = 0;
    for tenths in [2; 5].into_iter().chain([1; 5]) {
        let mut spent = Spent::default();
        let (from, end) = (next, next + size * tenths / 10);
        while next < end {
            let now = begun + SignedDuration::from_secs(WINDOW * next / size);
            let n = 64.min(end - next);
            through(&mut ledger, &mut next, n, now, &mut spent);
        }
        let cpu: Duration = spent.steps.iter().sum();
        println!(
            "{next:>9} entered: {:>8.0} URLs/s {:>8.1} µs CPU {:>9.1} MiB",
            (next - from) as f64 / spent.wall.as_secs_f64(),
            cpu.as_secs_f64() * 1e6 / (next - from) as f64,
            mebibytes(&ledger)
        );
    }
}

fn hosts(path: &Path, most: i64) {
    println!("\n{:>9} {:>10} {:>10} {:>12}", "hosts", "claim µs", "next µs", "held back µs");
    let mut ledger = open(path, &Config::default());
    ledger.share_hosts(16);
    let (mut known, mut hosts) = (0, 10);
    while hosts <= most {
        while known < hosts {
            let n = (hosts - known).min(1_000);
            let entries = (known..known + n).map(|host| {
                let url = format!("https://host-{host}.example/");
                let location = Location::Url(url.parse().unwrap());
                Entry { source: None, input: url, location, hints: Hints::default() }
            });
            let discover = Operation::Discover { poll: None, entries: entries.collect() };
            let answer = ledger.apply(&[discover], Timestamp::now()).unwrap().remove(0);
            let Applied::Discovered(found) = answer else { unreachable!() };
            let waits = found.into_iter().map(|found| Operation::Settle {
                entry: found.id(),
                outcome: Outcome::PutOff { after: Duration::from_secs(86_400) },
                detail: None,
                page: None,
            });
            ledger.apply(&waits.collect::<Vec<_>>(), Timestamp::now()).unwrap();
            known += n;
        }
        let mut measure = |look: &mut dyn FnMut(&mut Ledger)| {
            let cpu = cpu_time();
            for _ in 0..20 {
                look(&mut ledger);
            }
            cpu_time().saturating_sub(cpu).as_secs_f64() * 1e6 / 20.0
        };
        let now = Timestamp::now();
        let claim = measure(&mut |ledger| assert!(ledger.claim(now, 64).unwrap().is_empty()));
        let next = measure(&mut |ledger| assert!(ledger.next_due().unwrap().is_some()));
        let back = measure(&mut |ledger| assert!(!ledger.holds_back(now).unwrap()));
        println!("{hosts:>9} {claim:>10.0} {next:>10.0} {back:>12.0}");
        hosts *= 10;
    }
}

fn mebibytes(ledger: &Ledger) -> f64 {
    ledger.inspect().size().unwrap() as f64 / (1 << 20) as f64
}

fn open(path: &Path, config: &Config) -> Ledger {
    let config = Config { keep_records: Default::default(), ..config.clone() };
    let mut ledger = Ledger::open(path, &config).unwrap();
    ledger.register_sinks(&["out"], Timestamp::now()).unwrap();
    ledger
}

#[derive(Default)]
struct Spent {
    wall: Duration,
    /// CPU time of each step.
    steps: [Duration; 4],
    commits: u32,
}

/// Takes `n` new articles through everything as one group.
fn through(ledger: &mut Ledger, next: &mut i64, n: i64, now: Timestamp, spent: &mut Spent) {
    let group = usize::try_from(n).unwrap();
    let entries: Vec<_> = (*next..*next + n).map(entry).collect();
    let records: Vec<_> = (*next..*next + n).map(record).collect();
    *next += n;
    let mut cpu = cpu_time();
    let wall = Instant::now();
    let mut step = |place: usize| {
        let now = cpu_time();
        spent.steps[place] += now.saturating_sub(cpu);
        cpu = now;
    };
    let discover = Operation::Discover { poll: None, entries };
    ledger.apply(&[discover], now).unwrap();
    step(0);
    let claims = ledger.claim(now, group).unwrap();
    assert_eq!(claims.len(), group);
    step(1);
    let made = claims.iter().zip(records);
    let ready: Vec<_> =
        made.map(|(claim, record)| Operation::Ready { entry: claim.id, record }).collect();
    ledger.apply(&ready, now).unwrap();
    step(2);
    let position = ledger.sink_position("out").unwrap().unwrap().0;
    let batch = ledger.records_after("out", position, group).unwrap();
    assert_eq!(batch.records.len(), group);
    let deliver = Operation::Deliver {
        sink: "out".into(),
        position: batch.through,
        state: Some("123456".into()),
        rejected: Vec::new(),
    };
    ledger.apply(&[deliver], now).unwrap();
    step(3);
    spent.wall += wall.elapsed();
    spent.commits += 3;
}

fn entry(n: i64) -> Entry {
    let url = format!("https://www.example.org/news/2026/11/24/some-story-of-the-day-{n}?id={n}");
    let location = Location::Url(url.parse().unwrap());
    let hints = Hints {
        guid: Some(url.clone()),
        title: Some(format!("Some story of the day, number {n}")),
        published: Some(Timestamp::now().into()),
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
