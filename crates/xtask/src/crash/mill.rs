//! One configuration with its three sinks, how it is run, and what it has left.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, ensure};

use super::hook::Hook;

/// A folder in which newsmill runs.
pub(super) struct Mill {
    pub(super) binary: PathBuf,
    folder: PathBuf,
    pub(super) pages: PathBuf,
    pub(super) rotate: String,
    hook: Arc<Hook>,
}

impl Mill {
    /// A mill of `pages` whose JSON Lines go into files of the size `rotate`.
    pub(super) fn new(
        binary: &Path,
        folder: &Path,
        pages: &Path,
        rotate: &str,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let hook = Hook::listen()?;
        let yaml = format!(
            "sources:\n  - name: pages\n    folder: {}\n\
             sinks:\n  - jsonl: {{ path: out/news.jsonl, rotate: {{ size: {rotate} }} }}\n  \
             - sqlite: {{ path: news.sqlite }}\n  \
             - webhook: {{ url: \"{}\", batch: 1 }}\n\
             ledger:\n  path: ledger.db\n",
            pages.display(),
            hook.url
        );
        fs::write(folder.join("pipeline.yaml"), yaml)?;
        let (binary, folder) = (binary.to_owned(), folder.to_owned());
        Ok(Self { binary, folder, pages: pages.to_owned(), rotate: rotate.to_owned(), hook })
    }

    /// Starts it; `fail` is what the commit points are asked for.
    pub(super) fn start(&self, fail: Option<&str>) -> anyhow::Result<Child> {
        let log = fs::File::create(self.folder.join("log"))?;
        let mut command = Command::new(&self.binary);
        command.args(["run", "pipeline.yaml", "--once-through"]).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if let Some(fail) = fail {
            command.env("NEWSMILL_FAIL", fail);
        }
        command.spawn().context("cannot start newsmill")
    }

    /// What the last run said.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The bytes of all JSON Lines files.
    pub(super) fn written(&self) -> u64 {
        let files = fs::read_dir(self.folder.join("out")).into_iter().flatten();
        files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum()
    }

    /// Each record of the files without its times, sorted.
    fn records(&self) -> anyhow::Result<Vec<String>> {
        let mut records = Vec::new();
        for file in fs::read_dir(self.folder.join("out"))? {
            for line in fs::read_to_string(file?.path())?.lines() {
                records.push(timeless(line)?);
            }
        }
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

    /// The counts of the ledger: all but what belongs to single sources and sinks.
    fn counts(&self) -> anyhow::Result<serde_json::Value> {
        let out = Command::new(&self.binary)
            .args(["status", "--json", "--ledger", "ledger.db"])
            .current_dir(&self.folder)
            .output()?;
        let mut status: serde_json::Value = serde_json::from_slice(&out.stdout)?;
        let members = status.as_object_mut().context("the status is no object")?;
        members.retain(|name, _| !["sources", "sinks", "oldest_due"].contains(&name.as_str()));
        Ok(status)
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

/// What a mill has left.
pub(super) struct Left {
    records: Vec<String>,
    rows: Vec<String>,
    counts: serde_json::Value,
    rejected: u64,
    keys: BTreeMap<String, usize>,
}

impl Left {
    /// Of a mill that has ended; each part agrees with the others.
    ///
    /// # Errors
    ///
    /// Where they do not.
    pub(super) fn of(mill: &Mill) -> anyhow::Result<Self> {
        let (records, rows, counts) = (mill.records()?, mill.rows()?, mill.counts()?);
        let count = |name: &str| counts[name].as_u64().unwrap_or(u64::MAX);
        let rejected = counts["rejected"]
            .as_object()
            .map_or(0, |reasons| reasons.values().filter_map(serde_json::Value::as_u64).sum());
        ensure!(
            count("entries") == count("delivered") + rejected && count("waiting") == 0,
            "the counts do not add up: {counts}"
        );
        let keys = mill.hook.keys();
        ensure!(!records.is_empty(), "nothing was written");
        ensure!(mill.hook.unkeyed() == 0, "a request without a key");
        Ok(Self { records, rows, counts, rejected, keys })
    }

    /// What is alike in what another mill has left, in one line.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub(super) fn compare(&self, other: &Self) -> anyhow::Result<String> {
        let distinct: BTreeSet<&String> = other.records.iter().collect();
        let lost = self.records.iter().filter(|record| !distinct.contains(record)).count();
        let twice = other.records.len() - distinct.len();
        let found = other.records.len();
        ensure!(
            self.records == other.records,
            "jsonl: {found} records, {lost} lost, {twice} twice"
        );
        ensure!(self.rows == self.records, "the unbroken run filled the database otherwise");
        ensure!(other.rows == self.records, "sqlite: {} rows that differ", other.rows.len());
        ensure!(self.counts == other.counts, "the counts differ: {} {}", self.counts, other.counts);
        ensure!(self.counts["delivered"] == found, "delivered is not what is there");
        ensure!(self.keys.len() == found, "the unbroken run posted {} keys", self.keys.len());
        ensure!(self.keys.keys().eq(other.keys.keys()), "the webhook got other keys");
        let repeats: usize = other.keys.values().map(|times| times - 1).sum();
        Ok(format!(
            "jsonl and sqlite: {found} records, 0 lost, 0 twice; {} rejected; webhook: {} keys, \
             {repeats} keyed repeats",
            self.rejected,
            other.keys.len()
        ))
    }
}

/// Every twentieth has no article.
pub(super) fn write_pages(folder: &Path, count: usize) -> anyhow::Result<()> {
    for number in 0..count {
        let shelf = folder.join(format!("{:03}", number / 1000));
        if number % 1000 == 0 {
            fs::create_dir_all(&shelf)?;
        }
        let mut html = format!(
            "<!doctype html><html lang=en><head><title>Bridge {number} opens</title>\
             <link rel=canonical href=https://example.org/{number}></head><body><article>\
             <h1>Bridge {number} opens</h1>"
        );
        for paragraph in 0..if number % 20 == 7 { 0 } else { 4 } {
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
        fs::write(shelf.join(format!("{number:06}.html")), html)?;
    }
    Ok(())
}
