//! Scenarios against the real binary, by subject.

#![expect(clippy::expect_used, reason = "the helpers of a test fail it")]

mod bad_input;
mod config;
mod daemon;
mod discover;
mod hubs;
mod linked;
mod mistakes;
mod once;
mod operations;
mod pages;
mod poison;
mod replay;
mod traces;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::mill::binary;

/// The path of a saved page that becomes a record.
fn page(case: &str) -> String {
    let folder = e2e::case::root().join(case);
    let found = ["page.html", "page.txt", "page.md", "page.html.gz"]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|path| path.exists());
    found.unwrap_or_else(|| panic!("no page in {}", folder.display())).display().to_string()
}

/// Every entry of a ledger has one place, and what counts as delivered is in the JSON Lines file.
fn assert_adds_up(ledger: &Path, lines: &Path) {
    let ran = e2e::mill::mill(["status", "--json", "--ledger", &text(ledger)]).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let status: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a status in JSON");
    let count = |name: &str| status[name].as_u64().expect("a count");
    let reasons = status["rejected"].as_object().expect("counts by reason").values();
    let rejected: u64 = reasons.map(|count| count.as_u64().expect("a count")).sum();
    let placed = count("delivered") + count("duplicates") + rejected + count("handed_off");
    assert_eq!(count("entries"), placed + count("waiting"), "{status}");
    let records = e2e::mill::records_in(lines).len() as u64;
    assert_eq!(records, count("delivered"), "{status}");
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// newsmill as a user whom permissions bind: a copy of it in `folder`, as root cannot lend its own.
fn as_nobody(folder: &Path) -> Option<Command> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let root = status.contains("\nUid:\t0\t0\t");
    if !root {
        return Some(Command::new(binary()));
    }
    let setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].map(PathBuf::from);
    let setpriv = setpriv.into_iter().find(|path| path.exists())?;
    let copy = folder.join("newsmill");
    fs::copy(binary(), &copy).expect("a copy of newsmill");
    let mut command = Command::new(setpriv);
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(copy);
    Some(command)
}
