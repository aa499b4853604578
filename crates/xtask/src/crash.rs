//! `cargo xtask crash`: nothing lost, nothing twice, under kill -9.
//!
//! A folder of made pages is milled once without a break. Then it is milled again into other
//! sinks by a process that is killed at random moments and started again, until it has been killed
//! often enough and one run ends by itself. Both must have left the same: the JSON Lines files
//! sorted and without the times in them byte for byte, the SQLite databases alike, and at the
//! webhook every record with the one idempotency key that it always has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::command;

/// How much.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often to kill
    #[arg(long, default_value_t = 200)]
    kills: usize,

    /// How many pages to mill
    #[arg(long, default_value_t = 20_000)]
    pages: usize,

    /// The longest life between two kills, in milliseconds
    #[arg(long, default_value_t = 1500)]
    life: u64,

    /// Where chance begins
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// A newsmill to test instead of a fresh release build
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Leave out the webhook
    #[arg(long)]
    no_webhook: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = match &args.binary {
        Some(binary) => binary.canonicalize()?,
        None => {
            let build = command::command("cargo", ["build", "--release", "-p", "newsmill"]);
            command::step("build", build)?;
            let target = std::env::var_os("CARGO_TARGET_DIR")
                .map_or_else(|| crate::root().join("target"), PathBuf::from);
            target.join("release/newsmill")
        }
    };
    let place = std::env::temp_dir().join(format!("newsmill-crash-{}", std::process::id()));
    let pages = place.join("pages");
    write_pages(&pages, args.pages)?;

    let whole = Mill::new(&binary, &place.join("whole"), &pages, !args.no_webhook)?;
    let begun = Instant::now();
    ensure!(whole.start()?.wait()?.success(), "the unbroken run failed: {}", whole.log());
    say(&format!("unbroken: {} pages in {:.1} s", args.pages, begun.elapsed().as_secs_f64()))?;

    let broken = Mill::new(&binary, &place.join("broken"), &pages, !args.no_webhook)?;
    let mut chance = Chance(args.seed);
    let mut kills = 0;
    let mut ended = 0;
    loop {
        let mut process = broken.start()?;
        let life = Duration::from_millis(chance.below(args.life.max(1)));
        let deadline = Instant::now() + life;
        let done = loop {
            if let Some(status) = process.try_wait()? {
                ensure!(status.success(), "a run failed by itself: {}", broken.log());
                break true;
            }
            if kills < args.kills && Instant::now() >= deadline {
                process.kill()?;
                process.wait()?;
                break false;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        kills += usize::from(!done);
        ended += usize::from(done);
        if done && kills >= args.kills {
            break;
        }
        ensure!(
            ended <= args.kills,
            "all was milled after {kills} kills: more pages, shorter lives"
        );
    }
    say(&format!("broken: {kills} kills"))?;
    compare(&whole, &broken, args.pages)?;
    std::fs::remove_dir_all(&place)?;
    say("nothing lost, nothing twice")
}

/// One configuration with its sinks.
struct Mill {
    binary: PathBuf,
    folder: PathBuf,
    hook: Option<Arc<Hook>>,
}

impl Mill {
    fn new(binary: &Path, folder: &Path, pages: &Path, webhook: bool) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let hook = webhook.then(Hook::listen).transpose()?;
        let mut sinks =
            "  - jsonl: { path: news.jsonl }\n  - sqlite: { path: news.sqlite }\n".to_owned();
        if let Some(hook) = &hook {
            let _ = writeln!(sinks, "  - webhook: {{ url: \"{}\", batch: 1 }}", hook.url);
        }
        let yaml = format!(
            "sources:\n  - name: pages\n    folder: {}\nsinks:\n{sinks}ledger:\n  path: ledger.db\n",
            pages.display()
        );
        std::fs::write(folder.join("pipeline.yaml"), yaml)?;
        Ok(Self { binary: binary.to_owned(), folder: folder.to_owned(), hook })
    }

    fn start(&self) -> anyhow::Result<std::process::Child> {
        let log = std::fs::File::create(self.folder.join("log"))?;
        Command::new(&self.binary)
            .args(["run", "pipeline.yaml", "--once-through"])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot start newsmill")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Each record of the file without its times, sorted.
    fn records(&self) -> anyhow::Result<Vec<String>> {
        let file = std::fs::File::open(self.folder.join("news.jsonl"))?;
        let mut records = BufReader::new(file)
            .lines()
            .map(|line| timeless(&line?))
            .collect::<anyhow::Result<Vec<_>>>()?;
        records.sort_unstable();
        Ok(records)
    }

    /// Each row of the database, older revisions too, without its times, sorted.
    fn rows(&self) -> anyhow::Result<Vec<String>> {
        let db = rusqlite::Connection::open(self.folder.join("news.sqlite"))?;
        let mut query = db.prepare("SELECT record FROM records")?;
        let mut rows = query
            .query_map([], |row| row.get::<_, String>(0))?
            .map(|row| timeless(&row?))
            .collect::<anyhow::Result<Vec<_>>>()?;
        rows.sort_unstable();
        Ok(rows)
    }

    fn status(&self) -> anyhow::Result<serde_json::Value> {
        let out = Command::new(&self.binary)
            .args(["status", "--json", "--ledger", "ledger.db"])
            .current_dir(&self.folder)
            .output()?;
        Ok(serde_json::from_slice(&out.stdout)?)
    }
}

/// A record without what differs from one run to the next.
fn timeless(record: &str) -> anyhow::Result<String> {
    let mut record: serde_json::Value = serde_json::from_str(record)?;
    let members = record.as_object_mut().context("a record is no object")?;
    members.remove("fetched");
    members.remove("processed");
    Ok(record.to_string())
}

fn compare(whole: &Mill, broken: &Mill, pages: usize) -> anyhow::Result<()> {
    let (expected, found) = (whole.records()?, broken.records()?);
    ensure!(expected.len() == pages, "the unbroken run wrote {} records", expected.len());
    let distinct: BTreeSet<&String> = found.iter().collect();
    let lost = expected.iter().filter(|record| !distinct.contains(record)).count();
    let twice = found.len() - distinct.len();
    say(&format!("jsonl: {} records, {lost} lost, {twice} twice", found.len()))?;
    ensure!(expected == found, "the files differ");
    let rows = broken.rows()?;
    say(&format!("sqlite: {} rows", rows.len()))?;
    ensure!(whole.rows()? == expected, "the unbroken run filled the database otherwise");
    ensure!(rows == expected, "the databases differ");
    for mill in [whole, broken] {
        let status = mill.status()?;
        let count = |name: &str| status[name].as_u64().unwrap_or(u64::MAX);
        ensure!(
            count("entries") == count("delivered") && count("waiting") == 0,
            "the counters do not add up: {status}"
        );
    }
    if let (Some(whole), Some(broken)) = (&whole.hook, &broken.hook) {
        let (expected, found) = (whole.keys(), broken.keys());
        let repeats: usize = found.values().map(|times| times - 1).sum();
        say(&format!("webhook: {} keys, {repeats} keyed repeats", found.len()))?;
        ensure!(expected.len() == pages, "the unbroken run posted {} keys", expected.len());
        ensure!(expected.keys().eq(found.keys()), "the webhook got other keys");
    }
    Ok(())
}

fn write_pages(folder: &Path, count: usize) -> anyhow::Result<()> {
    for number in 0..count {
        let shelf = folder.join(format!("{:03}", number / 1000));
        if number % 1000 == 0 {
            std::fs::create_dir_all(&shelf)?;
        }
        let mut html = format!(
            "<!doctype html><html lang=en><head><title>Bridge {number} opens</title>\
             <link rel=canonical href=https://example.org/{number}></head><body><article>\
             <h1>Bridge {number} opens</h1>"
        );
        for paragraph in 0..4 {
            let _ = write!(
                html,
                "<p>Bridge number {number} opened on day {paragraph} after {} years of work, and \
                 the mayor of town {} said that she had crossed it on foot before anybody else \
                 did, with {} people behind her.</p>",
                number % 37 + 2,
                number * 7 + paragraph,
                number % 101 + 3
            );
        }
        html.push_str("</article></body></html>");
        std::fs::write(shelf.join(format!("{number:06}.html")), html)?;
    }
    Ok(())
}

/// A receiver that counts each idempotency key.
struct Hook {
    url: String,
    keys: Mutex<BTreeMap<String, usize>>,
}

impl Hook {
    fn listen() -> anyhow::Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/", listener.local_addr()?);
        let hook = Arc::new(Self { url, keys: Mutex::default() });
        let receiver = hook.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let receiver = receiver.clone();
                // A connection that breaks is a kill; the repeat comes on another.
                std::thread::spawn(move || receiver.serve(stream));
            }
        });
        Ok(hook)
    }

    fn serve(&self, stream: TcpStream) -> anyhow::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        loop {
            let (mut key, mut length) = (None, 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                let line = line.trim_end();
                if line.is_empty() {
                    break;
                }
                match line.split_once(':') {
                    Some((name, value)) if name.eq_ignore_ascii_case("idempotency-key") => {
                        key = Some(value.trim().to_owned());
                    }
                    Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                        length = value.trim().parse()?;
                    }
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let Some(key) = key else { bail!("a request without a key") };
            *self.keys.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
        }
    }

    fn keys(&self) -> BTreeMap<String, usize> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// SplitMix64 (Steele et al. 2014): the same moments for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{line}")?)
}
