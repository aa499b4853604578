//! `newsmill replay`: archived pages through today's mill, and what would change.

use std::fs;
use std::path::Path;

use e2e::case;
use e2e::mill::{mill, records_in};
use e2e::web::feed::{Format, Item};
use e2e::web::{Answer, Web};
use newsmill_article::Record;

use crate::text;

const CASES: [&str; 3] = ["wordpress-de", "recipe", "interview"];

/// Lets a mill run once over a feed with these pages, with an archive, and stops the web.
fn archived(folder: &Path) -> Vec<Record> {
    let web = Web::start();
    let items: Vec<Item> = CASES
        .iter()
        .map(|name| {
            let page = fs::read(case::root().join(name).join("page.html")).expect("a page");
            let url = web.on(&format!("/{name}"), Answer::html(page).gzip());
            Item { title: format!("What the feed calls {name}"), url }
        })
        .collect();
    let forbidden = "<html><head><meta name=robots content=noindex><title>T</title><body>\
                     <p>This page asks not to be kept, so it is not, however long it is.</p>";
    let kept_out = Item { title: "No".into(), url: web.on("/no", Answer::html(forbidden)) };
    let items: Vec<_> = items.into_iter().chain([kept_out]).collect();
    let feed = web.on("/feed", Format::Rss20.answer(&items));
    let yaml = format!(
        "sources:\n  - name: paper\n    feed: {feed}\nfetcher:\n  allow_private: [127.0.0.0/8]\n  \
         host: {{ min_delay: 0s }}\n  archive: {{ dir: warc }}\nsinks:\n  \
         - jsonl: {{ path: news.jsonl }}\n  - sqlite: {{ path: news.sqlite }}\nledger: {{ path: ledger.sqlite }}\n"
    );
    fs::write(folder.join("pipeline.yaml"), yaml).expect("a configuration");
    let ran = mill(["run", "--once-through"]).current_dir(folder).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let records = records_in(&folder.join("news.jsonl"));
    assert_eq!(records.len(), CASES.len(), "{}", ran.stderr);
    records
}

#[test]
fn archived_pages_become_the_same_records_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = archived(folder.path());
    let ran = mill(["replay", "warc"]).current_dir(folder.path()).run();
    // The page that asks not to be kept is named.
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(ran.lines_about("/no: no_index").len(), 1, "{}", ran.stderr);
    let again = ran.records();
    assert_eq!(again.len(), records.len());
    for record in &records {
        let same = again.iter().find(|one| one.id == record.id).expect("the same article");
        let mut same = same.clone();
        let apart = record.fetched.duration_since(same.fetched).as_secs_f64();
        assert!((0.0..60.0).contains(&apart), "fetched {apart} s apart");
        (same.fetched, same.processed) = (record.fetched, record.processed);
        assert_eq!(same, *record, "source, input and the hints of the feed included");
    }

    let none = mill(["replay", "warc", "--host", "example.org"]).current_dir(folder.path()).run();
    assert_eq!((none.code, none.stdout.as_str()), (Some(66), ""), "{}", none.stderr);
    let host = mill(["replay", "warc", "--host", "127.0.0.1", "--since", "1h"]);
    assert_eq!(host.current_dir(folder.path()).run().records().len(), records.len());
    let late = mill(["replay", "warc", "--since", "2999-01-01"]).current_dir(folder.path()).run();
    assert_eq!((late.code, late.stdout.as_str()), (Some(66), ""), "{}", late.stderr);
    let late = mill(["replay", "warc", "--diff", "--since", "2999-01-01"]);
    assert_eq!(late.current_dir(folder.path()).run().code, Some(66));
}

#[test]
fn a_diff_shows_what_would_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut records = archived(folder.path());
    for diff in ["--diff", "--diff=news.sqlite"] {
        let ran = mill(["replay", "warc", diff]).current_dir(folder.path()).run();
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let totals = "4 pages: 3 the same, 0 changed, 0 no longer records, 0 without an older \
                      record, 1 rejected then and now\n";
        assert_eq!(ran.stdout, totals);
    }

    records[0].title = Some("An older headline".into());
    records[1].text.push_str("\n\nSubscribe to our newsletter");
    records[1].word_count += 4;
    records[2].summary.text = "An older summary.".into();
    let mut lines: Vec<String> =
        records.iter().map(|record| serde_json::to_string(record).expect("JSON")).collect();
    let gone = lines[0]
        .replace("/wordpress-de", "/no")
        .replace("/recipe", "/no")
        .replace("/interview", "/no");
    let id = records[0].id.to_string();
    lines.push(gone.replace(&id, "00000000000000000000000000000001"));
    let old = folder.path().join("old/old.jsonl");
    fs::create_dir(folder.path().join("old")).expect("a folder");
    fs::write(&old, lines.join("\n")).expect("older records");
    let ran = mill(["replay", "warc", &format!("--diff={}", text(&old))]);
    let ran = ran.current_dir(folder.path()).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for shown in [
        "    - An older headline\n    + ",
        "    - Subscribe to our newsletter\n",
        "  summary\n    - An older summary.\n    + ",
        "/no\n  no longer a record: ",
        "4 pages: 0 the same, 3 changed (title 1, text 1, summary 1), 1 no longer records (1 no_index), 0 without",
    ] {
        assert!(ran.stdout.contains(shown), "{shown:?} in:\n{}", ran.stdout);
    }
}
