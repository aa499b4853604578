//! Other processes: killed at random moments, limited in their files, or holding the ledger.
//!
//! A child is this test binary once more, with `NEWSMILL_CHILD` set to the path of a ledger.
//! `NEWSMILL_KILLS` sets the number of kills (default 15).

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use newsmill_article::Disposition;
use newsmill_ledger::{Applied, Config, Ledger, LedgerError, Sequence};

use crate::make::{Dice, at, deliver, discover, entry, ready, record};

fn url(n: i64) -> String {
    format!("https://example.org/{n}")
}

/// Takes article after article through all three transactions and says each one that is
/// acknowledged, from where the ledger says it is.
fn work(path: &Path, until: i64) -> Result<(), LedgerError> {
    let mut ledger = Ledger::open(path, &Config::default())?;
    ledger.register_sinks(&["file"], at(0))?;
    say("open");
    // Resume: what was discovered and not ready first, then what is new.
    for claim in ledger.claim(at(1_000_000), 10_000)? {
        let n: i64 = claim.entry.input.rsplit('/').next().unwrap_or("").parse().unwrap();
        let text = format!("text {n}");
        let made = ready(claim.id, &record(&claim.entry, "T", &text));
        ledger.apply(&[made], at(n))?;
    }
    let status = ledger.inspect().status()?;
    for n in status.entries as i64 + 1..=until {
        let found = ledger.apply(&[discover(vec![entry(None, &url(n))])], at(n))?;
        let Applied::Discovered(found) = &found[0] else { panic!() };
        let made = record(&entry(None, &url(n)), "T", &format!("text {n}"));
        let answer = ledger.apply(&[ready(found[0].id(), &made)], at(n))?.remove(0);
        let Applied::Ready { sequence } = answer else { panic!("{answer:?}") };
        ledger.apply(&[deliver("file", sequence.0, &sequence.to_string())], at(n))?;
        say(&n.to_string());
    }
    Ok(())
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "> {line}").unwrap();
    out.flush().unwrap();
}

/// Not a test: what a child does.
#[test]
#[ignore = "run by the other tests in a process of its own"]
fn child() {
    let Some(path) = std::env::var_os("NEWSMILL_CHILD") else { return };
    match work(Path::new(&path), 100_000) {
        Ok(()) => say("done"),
        Err(error) => say(&format!("{:?}: {error}", error.disposition())),
    }
}

fn start(path: &Path, limit: Option<&str>) -> Child {
    let own = std::env::current_exe().unwrap();
    let mut command = match limit {
        None => Command::new(&own),
        Some(limit) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("trap '' XFSZ; {limit}; exec \"$0\" \"$@\"")).arg(&own);
            shell
        }
    };
    let arguments = ["--exact", "process::child", "--ignored", "--nocapture", "--test-threads=1"];
    command.args(arguments).env("NEWSMILL_CHILD", path);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// What the child said, each after its mark.
fn told(lines: &str) -> Vec<&str> {
    lines.lines().filter_map(|line| line.split_once("> ")).map(|(_, said)| said).collect()
}

/// Every article up to `least` is there, once, and everything adds up.
fn check(path: &Path, least: i64) -> i64 {
    let ledger = Ledger::open(path, &Config::default()).unwrap();
    let status = ledger.inspect().status().unwrap();
    assert!(status.adds_up(), "{status}");
    let entries = status.entries as i64;
    assert!(entries >= least, "{entries} of {least} acknowledged");
    assert_eq!(status.duplicates, 0, "an article was entered twice");
    let position = ledger.sink_position("file").unwrap().map_or(0, |(position, state)| {
        assert_eq!(state, (position.0 > 0).then(|| position.to_string()));
        position.0
    });
    assert!(position >= least);
    let mut records = Vec::new();
    let mut after = Sequence(0);
    loop {
        let batch = ledger.records_after("file", after, 1000).unwrap();
        if batch.records.is_empty() {
            break;
        }
        after = batch.through;
        records.extend(batch.records);
    }
    let sequences: Vec<_> = records.iter().map(|record| record.sequence.0).collect();
    assert_eq!(sequences, (1..=records.len() as i64).collect::<Vec<_>>());
    let mut articles: Vec<_> = records.iter().map(|record| record.id).collect();
    articles.sort_unstable();
    articles.dedup();
    assert_eq!(articles.len(), records.len(), "an article was recorded twice");
    for n in 1..=least {
        let fate = ledger.inspect().fate(&url(n)).unwrap();
        assert_eq!(fate.visits.len(), 1, "{fate}");
    }
    entries
}

#[test]
fn nothing_acknowledged_is_lost_by_kills_at_random_moments() {
    let kills = std::env::var("NEWSMILL_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(15);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.db");
    let mut dice = Dice::new(1);
    let (mut least, mut slowest) = (0, Duration::ZERO);
    for _ in 0..kills {
        let started = Instant::now();
        let mut child = start(&path, None);
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("> open") {
            assert!(lines.read_line(&mut said).unwrap() > 0, "{said}");
        }
        slowest = slowest.max(started.elapsed());
        // The moment of the kill is the point of this test; nothing waits for it to be enough.
        std::thread::sleep(Duration::from_micros(dice.below(150_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.read_to_string(&mut said).unwrap();
        // The last line may be cut.
        let whole = &said[..said.rfind('\n').unwrap_or(0)];
        let last = told(whole).iter().rev().find_map(|said| said.parse().ok());
        least = least.max(last.unwrap_or(0));
        check(&path, least);
    }
    assert!(least > 0, "no article was acknowledged between {kills} kills");
    println!("{kills} kills over {least} articles; slowest start of a process {slowest:?}");
}

#[test]
fn when_files_may_not_grow_the_error_is_clear_and_the_next_start_completes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.db");
    // Half-kilobyte blocks in sh: the log may grow to 300 kB.
    let child = start(&path, Some("ulimit -f 600")).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    let said = told(&said);
    let last = said.last().unwrap();
    assert!(last.starts_with("Fatal: ") && last.contains("check it, then start again"), "{last}");
    let acknowledged = said.iter().rev().find_map(|said| said.parse::<i64>().ok()).unwrap();
    let entries = check(&path, acknowledged);
    work(&path, entries + 20).unwrap();
    assert_eq!(check(&path, entries + 20), entries + 20);
}

#[test]
fn a_second_process_is_refused_with_who_holds_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.db");
    let mut child = start(&path, None);
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("> open") {
        assert!(lines.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let refused = Ledger::open(&path, &Config::default()).err().unwrap();
    let link = folder.path().join("link.db");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&path, &link).unwrap();
    #[cfg(unix)]
    assert!(matches!(Ledger::open(&link, &Config::default()), Err(LedgerError::Held { .. })));
    let beside = newsmill_ledger::Inspector::open(&path).unwrap().status().unwrap();
    assert!(beside.adds_up(), "a reader is not refused");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(refused.disposition(), Disposition::Fatal);
    let LedgerError::Held { holder: Some(holder), .. } = &refused else { panic!("{refused}") };
    assert_eq!(holder.pid, child.id());
    let words = format!("in use by process {} on {} since 2", holder.pid, holder.host);
    assert!(refused.to_string().contains(&words), "{refused}");
    Ledger::open(&path, &Config::default()).unwrap();
}
