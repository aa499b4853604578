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

use std::path::Path;

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
