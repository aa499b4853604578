//! How fast sinks take records, each beside the least that anybody could do with the same records.
//!
//! `cargo bench -p newsmill-sink [-- RECORDS]`: records of about 5 kB in batches of 64, durable
//! after each batch. Beside `jsonl`: the same lines written and synced by hand. Beside `sqlite`: an
//! insert into one table without columns to search by. Beside `webhook`: the same requests on one
//! connection, without a client's care. CPU is user and system time of the process (Linux only); at
//! the webhook it includes the receiver.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench tells its figures there")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use newsmill_article::{
    Article, Document, Entry, Hints, HumanDuration, Location, PipelineVersions, Record, Summary,
};
use newsmill_sink::{Config, Delivery, JsonlConfig, Rotate, Sink, SqliteConfig, WebhookConfig};

const BATCH: usize = 64;

fn main() {
    let records = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(6_400);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = |name: &str| folder.path().join(name);
    let batches: Vec<Vec<Delivery>> = (0..records as u64)
        .map(|n| Delivery::new(n + 1, &record(n)).unwrap())
        .collect::<Vec<_>>()
        .chunks(BATCH)
        .map(<[Delivery]>::to_vec)
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let through = |config: Config| {
        let mut sink = Sink::open(&config, None).unwrap();
        measured(records, || {
            for batch in &batches {
                let delivered = runtime.block_on(sink.deliver(batch)).unwrap();
                assert!(delivered.rejected.is_empty());
            }
        })
    };

    println!("{:>10} {:>10} {:>8} {:>12} {:>8}", "", "records/s", "CPU µs", "by hand /s", "CPU µs");
    let jsonl = JsonlConfig { name: None, path: path("sink.jsonl"), rotate: Rotate::default() };
    row("jsonl", through(Config::Jsonl(jsonl)), plain_file(&path("plain.jsonl"), &batches));
    let sqlite = SqliteConfig { name: None, path: path("sink.sqlite") };
    row("sqlite", through(Config::Sqlite(sqlite)), plain_table(&path("plain.sqlite"), &batches));
    let webhook = through(Config::Webhook(webhook(&receiver())));
    row("webhook", webhook, plain_requests(&receiver(), &batches));
}

/// Records a second, and CPU time of each.
type Figures = (f64, Duration);

fn row(name: &str, (rate, cpu): Figures, (by_hand, least): Figures) {
    println!(
        "{name:>10} {rate:>10.0} {:>8} {by_hand:>12.0} {:>8}",
        cpu.as_micros(),
        least.as_micros()
    );
}

fn measured(records: usize, work: impl FnOnce()) -> Figures {
    let (wall, cpu) = (Instant::now(), cpu_time());
    work();
    let cpu = cpu_time().saturating_sub(cpu) / u32::try_from(records).unwrap();
    (records as f64 / wall.elapsed().as_secs_f64(), cpu)
}

fn count(batches: &[Vec<Delivery>]) -> usize {
    batches.iter().map(Vec::len).sum()
}

fn plain_file(path: &Path, batches: &[Vec<Delivery>]) -> Figures {
    let mut file = File::create(path).unwrap();
    measured(count(batches), || {
        for batch in batches {
            let mut lines = Vec::new();
            for delivery in batch {
                lines.extend_from_slice(delivery.json.as_bytes());
                lines.push(b'\n');
            }
            file.write_all(&lines).unwrap();
            file.sync_data().unwrap();
        }
    })
}

fn plain_table(path: &Path, batches: &[Vec<Delivery>]) -> Figures {
    let mut db = rusqlite::Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    db.pragma_update(None, "synchronous", "full").unwrap();
    db.execute_batch("CREATE TABLE record (id TEXT, json TEXT)").unwrap();
    measured(count(batches), || {
        for batch in batches {
            let tx = db.transaction().unwrap();
            for delivery in batch {
                tx.prepare_cached("INSERT INTO record VALUES (?1, ?2)")
                    .unwrap()
                    .execute((delivery.id.to_string(), &*delivery.json))
                    .unwrap();
            }
            tx.commit().unwrap();
        }
    })
}

fn webhook(address: &str) -> WebhookConfig {
    WebhookConfig {
        name: None,
        url: format!("http://{address}/").parse().unwrap(),
        secret_env: None,
        secret_file: None,
        token_env: None,
        token_file: None,
        batch: 1,
        ca_file: None,
        timeout: HumanDuration::secs(30),
    }
}

fn plain_requests(address: &str, batches: &[Vec<Delivery>]) -> Figures {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    measured(count(batches), || {
        for delivery in batches.iter().flatten() {
            let json = &delivery.json;
            let length = json.len();
            let request = format!("POST / HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{json}");
            stream.write_all(request.as_bytes()).unwrap();
            while read_line(&mut answers).unwrap().len() > 2 {}
        }
    })
}

/// Answers everything with 204; says where.
fn receiver() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(mut stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let mut length = 0;
        loop {
            let line = read_line(&mut reader)?.to_ascii_lowercase();
            if line.len() <= 2 {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
    }
}

/// The next line; `None` at the end.
fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    (reader.read_line(&mut line).ok()? > 0).then_some(line)
}

/// About 5 kB as JSON.
fn record(n: u64) -> Record {
    let url = format!("https://www.example.org/news/2026/11/24/some-story-of-the-day-{n}");
    let text = format!("Story {n}. {}", "A sentence of an article as it might be. ".repeat(100));
    let location = Location::Url(url.parse().unwrap());
    let entry = Entry { source: None, input: url.clone(), location, hints: Hints::default() };
    let document = Document { title: Some(format!("Story {n}")), text, ..Document::default() };
    let summary = Summary {
        text: "A sentence of an article as it might be. ".repeat(3),
        method: "extractive".into(),
        model: None,
        sentences: Vec::new(),
        fallback: None,
        spent: None,
    };
    let (url, fetched) = (url.parse().ok(), Timestamp::now());
    let article = Article { entry, url, fetched, document };
    let pipeline =
        PipelineVersions { version: "1".into(), cleaner: "1".into(), summarizer: "1".into() };
    Record::new(article, summary, 700, Timestamp::now(), pipeline)
}

/// User and system time of this process so far; zero where it is not told.
fn cpu_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos = threads.map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
    });
    Duration::from_nanos(nanos.sum())
}
