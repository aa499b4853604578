//! One configuration with its three sinks, how it is run, and what it has left.

use std::collections::BTreeSet;
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

/// What was found alike, in one line.
///
/// # Errors
///
/// The first difference.
pub(super) fn compare(whole: &Mill, broken: &Mill) -> anyhow::Result<String> {
    let (expected, found) = (whole.records()?, broken.records()?);
    let distinct: BTreeSet<&String> = found.iter().collect();
    let lost = expected.iter().filter(|record| !distinct.contains(record)).count();
    let twice = found.len() - distinct.len();
    ensure!(!expected.is_empty(), "the unbroken run wrote nothing");
    ensure!(expected == found, "jsonl: {} records, {lost} lost, {twice} twice", found.len());
    let rows = broken.rows()?;
    ensure!(whole.rows()? == expected, "the unbroken run filled the database otherwise");
    ensure!(rows == expected, "sqlite: {} rows that differ", rows.len());
    let (counted, recounted) = (whole.counts()?, broken.counts()?);
    ensure!(counted == recounted, "the counts differ: {counted} {recounted}");
    let count = |name: &str| counted[name].as_u64().unwrap_or(u64::MAX);
    let rejected: u64 = counted["rejected"]
        .as_object()
        .map_or(0, |reasons| reasons.values().filter_map(serde_json::Value::as_u64).sum());
    ensure!(
        count("entries") == count("delivered") + rejected && count("waiting") == 0,
        "the counts do not add up: {counted}"
    );
    ensure!(count("delivered") == expected.len() as u64, "delivered is not what is there");
    let (keys, rekeys) = (whole.hook.keys(), broken.hook.keys());
    ensure!(keys.len() == expected.len(), "the unbroken run posted {} keys", keys.len());
    ensure!(keys.keys().eq(rekeys.keys()), "the webhook got other keys");
    ensure!(whole.hook.unkeyed() + broken.hook.unkeyed() == 0, "a request without a key");
    let repeats: usize = rekeys.values().map(|times| times - 1).sum();
    Ok(format!(
        "jsonl and sqlite: {} records, 0 lost, 0 twice; {rejected} rejected; webhook: {} keys, \
         {repeats} keyed repeats",
        found.len(),
        rekeys.len()
    ))
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
