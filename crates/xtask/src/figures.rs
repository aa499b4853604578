//! `cargo xtask figures`: what the whole mill does with a core, a second one, and its memory.
//!
//! A folder of pages (the saved pages of the tests, or `--pages`) is repeated under other names,
//! addresses and words (the ledger knows an article by its text too, and would do nothing) and milled by a release build: `once` on one and on two cores, then through a ledger into three
//! sinks, the same in three processes over NATS, then in silence and watched, then `once` on one page. The machine's load stands beside
//! the figures; every ratio is of runs of the same minute. CPU time is the kernel's (`user` +
//! `system` of the process or of its threads). Pages that are stored with gzip are milled plain unless
//! `--gzip` is given: inflating them costs an eighth of a core's time.

mod link;
mod overhead;
mod pages;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::command::{command, step};

/// How much.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pages to mill
    #[arg(long, default_value_t = 20_000)]
    count: usize,

    /// A folder of pages to repeat [default: tests/pages]
    #[arg(long, value_name = "FOLDER")]
    pages: Option<PathBuf>,

    /// Leave pages compressed that are stored so
    #[arg(long)]
    gzip: bool,

    /// A newsmill to measure instead of a fresh release build
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Every how many looks at a process its threads are looked at too: ten times a second.
const LOOKS_AT_THREADS: u32 = 50;

/// What one run took.
struct Run {
    wall: Duration,
    /// User and system time, in seconds.
    cpu: f64,
    /// The most memory, in bytes.
    peak: u64,
    /// Of the threads of cleaner and summarizer, in seconds.
    busy: f64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = match &args.binary {
        Some(binary) => binary.canonicalize()?,
        None => {
            step("build", command("cargo", ["build", "--release", "--package", "newsmill"]))?;
            crate::target().join("release/newsmill")
        }
    };
    let place = std::env::temp_dir().join(format!("newsmill-figures-{}", std::process::id()));
    let from = args.pages.clone().unwrap_or_else(|| crate::root().join("tests/pages"));
    let pages = place.join("pages");
    let bytes = pages::repeat(&from, &pages, args.count, args.gzip)?;
    say(&format!("{} pages, {} MB; load {}", args.count, bytes / 1_000_000, load()))?;

    let once = |jobs: &str, name: &str| {
        let out = place.join(name);
        let mut mill = Command::new(&binary);
        mill.args(["once", "--jobs", jobs, "--out"]).arg(&out).arg(&pages);
        measure(&mut mill, &place, "info")
    };
    let one = once("1", "one.jsonl")?;
    tell("once, 1 core", args.count, &one)?;
    let two = once("2", "two.jsonl")?;
    tell("once, 2 cores", args.count, &two)?;
    let ratio = one.wall.as_secs_f64() / two.wall.as_secs_f64();
    say(&format!("2 cores: {ratio:.2} x 1 core by the wall clock (meaningful on a calm machine)"))?;

    let yaml = format!(
        "sources:\n  - {{ name: pages, folder: {} }}\n\
         sinks:\n  - jsonl: {{ path: a.jsonl }}\n  - jsonl: {{ name: second, path: b.jsonl }}\n  - sqlite: {{ path: c.sqlite }}\n\
         ledger: {{ path: ledger.db }}\ntelemetry: {{ listen: \"127.0.0.1:0\" }}\n",
        pages.display()
    );
    fs::write(place.join("pipeline.yaml"), yaml)?;
    let mut mill = Command::new(&binary);
    mill.args(["run", "--once-through"]);
    let through = measure(&mut mill, &place, "info")?;
    tell("ledger and three sinks", args.count, &through)?;
    let share = two.wall.as_secs_f64() / through.wall.as_secs_f64();
    say(&format!(
        "ledger and sinks: {:.0} % of once by the wall clock, {:.0} % by CPU time",
        share * 100.0,
        100.0 * two.cpu / through.cpu
    ))?;

    let linked = link::run(&binary, &pages, &place, args.count)?;
    say(&format!(
        "over a link: {:.0} pages/s, {:.0} pages per CPU second, the broker's counted: {:.0} % of once by CPU \
         time, {:.0} % by the wall clock",
        args.count as f64 / linked.wall.as_secs_f64(),
        args.count as f64 / linked.cpu,
        100.0 * two.cpu / linked.cpu,
        100.0 * two.wall.as_secs_f64() / linked.wall.as_secs_f64()
    ))?;

    overhead::run(&binary, &pages, &place)?;

    let page = fs::read_dir(&pages)?.next().context("no page")??.path();
    let mut first: Vec<Duration> = Vec::new();
    for _ in 0..20 {
        let mut mill = Command::new(&binary);
        mill.arg("once").arg(&page);
        first.push(measure(&mut mill, &place, "info")?.wall);
    }
    first.sort();
    say(&format!(
        "once on one page: {:.0} ms (median of 20, best {:.0})",
        millis(first[10]),
        millis(first[0])
    ))?;
    say(&format!("binary: {:.1} MB; load {}", fs::metadata(&binary)?.len() as f64 / 1e6, load()))?;
    fs::remove_dir_all(&place)?;
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn tell(what: &str, count: usize, run: &Run) -> anyhow::Result<()> {
    let wall = run.wall.as_secs_f64();
    say(&format!(
        "{what}: {:.0} pages/s, {:.0} pages per CPU second, {:.2} cores, cleaner and summarizer {:.0} % \
         of the CPU time, peak {} MB",
        count as f64 / wall,
        count as f64 / run.cpu,
        run.cpu / wall,
        100.0 * run.busy / run.cpu,
        run.peak / 1_000_000
    ))
}

/// Runs it to its end, reading `/proc` while it lives.
fn measure(mill: &mut Command, place: &Path, level: &str) -> anyhow::Result<Run> {
    let log = place.join("log");
    mill.current_dir(place)
        .env("RUST_LOG", level)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?);
    let begun = Instant::now();
    let mut child = mill.spawn().context("cannot start newsmill")?;
    let (mut peak, mut cpu) = (0, 0.0);
    let mut threads = BTreeMap::new();
    for turn in 0_u32.. {
        if let Some((now, memory)) = proc(child.id()) {
            (cpu, peak) = (now, peak.max(memory));
        }
        if turn.is_multiple_of(LOOKS_AT_THREADS) {
            working(child.id(), &mut threads);
        }
        if child.try_wait()?.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let wall = begun.elapsed();
    let status = child.wait()?;
    // 1: some pages are rejected, as they must be.
    ensure!(
        matches!(status.code(), Some(0 | 1)),
        "it ended with {status}: {}",
        fs::read_to_string(log)?
    );
    Ok(Run { wall, cpu, peak, busy: threads.values().sum() })
}

/// CPU seconds and the most memory so far. `None` once it has ended.
fn proc(id: u32) -> Option<(f64, u64)> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let peak = peak.split_whitespace().next()?.parse::<u64>().ok()? * 1024;
    Some((cpu_seconds(&format!("/proc/{id}/stat"))?, peak))
}

/// User and system time in a `stat` file of `/proc`.
fn cpu_seconds(file: &str) -> Option<f64> {
    let stat = fs::read_to_string(file).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks as f64 / 100.0)
}

/// CPU seconds so far of each thread of the cleaner and the summarizer, which bear the stages'
/// names.
fn working(id: u32, threads: &mut BTreeMap<String, f64>) {
    let Ok(tasks) = fs::read_dir(format!("/proc/{id}/task")) else { return };
    for task in tasks.flatten() {
        let path = task.path().display().to_string();
        let name = fs::read_to_string(format!("{path}/comm")).unwrap_or_default();
        if matches!(name.trim(), "cleaner" | "summarizer")
            && let Some(seconds) = cpu_seconds(&format!("{path}/stat"))
        {
            threads.insert(path, seconds);
        }
    }
}

fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{line}")?)
}
