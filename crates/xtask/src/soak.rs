//! `cargo xtask soak`: a mill at full speed for a while; its memory stays flat, its files too, and
//! its counters add up.
//!
//! Four hosts of loopback announce stories as fast as they are read. Every few seconds the resident
//! memory and the open files of newsmill are noted; over the time after the warm-up a line is laid
//! through the memory by least squares. At the end SIGTERM, and a count: what the ledger says was
//! delivered is in the file and at the webhook, once.

mod web;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use self::web::Web;
use crate::crash::{Hook, build};

/// How long.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Minutes at full speed; the first five, or a third of them, are the warm-up
    #[arg(long, default_value_t = 30)]
    minutes: u64,

    /// A newsmill to test instead of a fresh release build
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// The steepest that memory may rise after the warm-up, in MB a minute.
const STEEPEST: f64 = 1.0;

/// Open files that may come and go: connections, rotation.
const FILES: usize = 16;

/// Time between two samples.
const EVERY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy)]
struct Sample {
    minutes: f64,
    megabytes: f64,
    files: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = match &args.binary {
        Some(binary) => binary.canonicalize()?,
        None => build(true)?,
    };
    let place = std::env::temp_dir().join(format!("newsmill-soak-{}", std::process::id()));
    fs::create_dir_all(&place)?;
    let (web, hook) = (Web::listen()?, Hook::listen()?);
    fs::write(place.join("pipeline.yaml"), configuration(&web, &hook)?)?;

    let length = Duration::from_secs(60 * args.minutes);
    let warm_up = (length / 3).min(Duration::from_secs(300));
    let mut mill = start(&binary, &place)?;
    let (samples, mut written) = watch(&mut mill, &place, length, warm_up, &web)?;
    let stopped = Command::new("kill").args(["-TERM", &mill.id().to_string()]).status()?;
    ensure!(stopped.success(), "cannot ask newsmill to stop");
    let status = mill.wait()?;
    ensure!(status.success(), "newsmill ended with {status}: {}", log(&place));
    count_closed(&place, &mut written, true)?;

    counts_add_up(&binary, &place, &web, &hook, &written)?;
    flat(&samples, length)?;
    fs::remove_dir_all(&place)?;
    Ok(())
}

fn configuration(web: &Web, hook: &Hook) -> anyhow::Result<String> {
    let mut yaml = "sources:\n".to_owned();
    for (number, origin) in web.origins.iter().enumerate() {
        writeln!(
            yaml,
            "  - name: host-{number}\n    feed: {origin}/feed\n    every: {{ min: 1s, max: 2s }}"
        )?;
    }
    write!(
        yaml,
        "fetcher:\n  robots: false\n  allow_private: [127.0.0.0/8]\n  \
         host: {{ concurrency: 16, min_delay: 0s }}\n\
         sinks:\n  - jsonl: {{ path: out/news.jsonl, rotate: {{ size: 16MiB }} }}\n  \
         - webhook: {{ url: \"{}\", batch: 1 }}\n\
         ledger: {{ path: ledger.db, keep_records: 1m }}\n",
        hook.url
    )?;
    Ok(yaml)
}

fn start(binary: &Path, place: &Path) -> anyhow::Result<Child> {
    Command::new(binary)
        .args(["run", "pipeline.yaml"])
        .current_dir(place)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(place.join("log"))?)
        .spawn()
        .context("cannot start newsmill")
}

fn log(place: &Path) -> String {
    fs::read_to_string(place.join("log")).unwrap_or_default()
}

/// What was written: each record's id and revision, and how many lines.
#[derive(Default)]
struct Written {
    lines: usize,
    keys: BTreeSet<String>,
}

/// Samples for `length`; closed files of records are counted and removed on the way.
fn watch(
    mill: &mut Child,
    place: &Path,
    length: Duration,
    warm_up: Duration,
    web: &Web,
) -> anyhow::Result<(Vec<Sample>, Written)> {
    let begun = Instant::now();
    let (mut samples, mut written) = (Vec::new(), Written::default());
    while begun.elapsed() < length {
        std::thread::sleep(EVERY.min(length.saturating_sub(begun.elapsed())));
        if let Some(status) = mill.try_wait()? {
            anyhow::bail!("newsmill ended by itself with {status}: {}", log(place));
        }
        count_closed(place, &mut written, false)?;
        let sample = Sample {
            minutes: begun.elapsed().as_secs_f64() / 60.0,
            megabytes: resident(mill.id())?,
            files: fs::read_dir(format!("/proc/{}/fd", mill.id()))?.count(),
        };
        if begun.elapsed() >= warm_up {
            samples.push(sample);
        }
        say(&format!(
            "{:5.1} min  {:6.1} MB  {:3} files  {} stories read",
            sample.minutes,
            sample.megabytes,
            sample.files,
            web.read()
        ))?;
    }
    Ok((samples, written))
}

/// Resident memory of a process, in MB.
fn resident(process: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}

/// Counts and removes the files that are closed, or all that there are.
fn count_closed(place: &Path, written: &mut Written, all: bool) -> anyhow::Result<()> {
    let Ok(files) = fs::read_dir(place.join("out")) else { return Ok(()) };
    let mut files = files.map(|file| Ok(file?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    files.sort();
    // The last two by number may be taken back after a failure; the open one is the last of all.
    let closed = if all { files.len() } else { files.len().saturating_sub(3) };
    for file in &files[..closed] {
        for line in BufReader::new(fs::File::open(file)?).lines() {
            let record: serde_json::Value = serde_json::from_str(&line?)?;
            let part = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            written.lines += 1;
            written.keys.insert(format!("{}-{}", part("id"), part("revision")));
        }
        fs::remove_file(file)?;
    }
    Ok(())
}

fn counts_add_up(
    binary: &Path,
    place: &Path,
    web: &Web,
    hook: &Hook,
    written: &Written,
) -> anyhow::Result<()> {
    let out = Command::new(binary)
        .args(["status", "--json", "--ledger", "ledger.db"])
        .current_dir(place)
        .output()?;
    let status: serde_json::Value = serde_json::from_slice(&out.stdout)?;
    let count = |name: &str| status[name].as_u64().unwrap_or(u64::MAX) as usize;
    let rejected: u64 = status["rejected"]
        .as_object()
        .map_or(0, |reasons| reasons.values().filter_map(serde_json::Value::as_u64).sum());
    let placed = count("delivered") + count("duplicates") + rejected as usize;
    ensure!(count("entries") == placed + count("waiting"), "does not add up: {status}");
    ensure!(count("entries") <= web.announced(), "more entries than were announced: {status}");
    ensure!(rejected == 0 && count("duplicates") == 0, "every story is good and new: {status}");
    let keys = hook.keys();
    ensure!(
        written.lines == written.keys.len(),
        "{} lines twice",
        written.lines - written.keys.len()
    );
    ensure!(written.lines == count("delivered"), "{} lines: {status}", written.lines);
    ensure!(keys.len() == written.lines && hook.unkeyed() == 0, "{} keys at the hook", keys.len());
    say(&format!(
        "{} announced, {} entries: {} delivered to both sinks once, {} waiting",
        web.announced(),
        count("entries"),
        count("delivered"),
        count("waiting")
    ))
}

fn flat(samples: &[Sample], length: Duration) -> anyhow::Result<()> {
    let slope = slope(samples);
    let files = samples.iter().map(|sample| sample.files);
    let (least, most) = (files.clone().min().unwrap_or(0), files.max().unwrap_or(0));
    say(&format!(
        "after the warm-up: memory {slope:+.2} MB a minute over {} samples, {least} to {most} files",
        samples.len()
    ))?;
    ensure!(samples.len() > 3, "too short to tell");
    ensure!(most - least <= FILES, "the number of open files is not flat");
    // A line through a few minutes is mostly noise.
    ensure!(length < Duration::from_secs(600) || slope < STEEPEST, "the memory is not flat");
    Ok(())
}

/// Of the line of least squares through the memory, in MB a minute.
fn slope(samples: &[Sample]) -> f64 {
    let n = samples.len() as f64;
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|sample| sample.minutes), mean(|sample| sample.megabytes));
    let (mut up, mut across) = (0.0, 0.0);
    for sample in samples {
        up += (sample.minutes - x) * (sample.megabytes - y);
        across += (sample.minutes - x).powi(2);
    }
    if across > 0.0 { up / across } else { 0.0 }
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{line}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_the_line() {
        let at = |minutes: f64, megabytes: f64| Sample { minutes, megabytes, files: 9 };
        let samples = [at(1.0, 52.0), at(2.0, 53.0), at(3.0, 57.0), at(4.0, 58.0)];
        assert!((slope(&samples) - 2.2).abs() < 1e-9);
        assert!(slope(&samples[..1]).abs() < 1e-9);
    }
}
