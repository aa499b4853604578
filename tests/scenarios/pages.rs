//! Every saved page becomes the record that is expected of it, or is rejected as expected.

use std::sync::OnceLock;

use e2e::case::{self, Case};
use e2e::mill::{Ran, mill};
use newsmill_article::Record;

use crate::text;

/// One run over the pages of all cases.
fn run() -> &'static Ran {
    static RUN: OnceLock<Ran> = OnceLock::new();
    RUN.get_or_init(|| {
        let cases = case::all().unwrap_or_else(|error| panic!("{error}"));
        let pages = cases.iter().map(|case: &Case| text(&case.page));
        mill(["once".to_owned()].into_iter().chain(pages)).run()
    })
}

#[test]
fn every_page_becomes_what_is_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    let junit = folder.path().join("junit.xml");
    let ran = mill(["test", &text(&case::root()), "--junit", &text(&junit)]).run();
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    println!("{}", ran.stdout);
    let xml = std::fs::read_to_string(junit).expect("a result");
    let cases = case::all().expect("the cases load").len();
    assert!(cases >= 32, "only {cases} cases");
    assert!(xml.contains(&format!("tests=\"{cases}\" failures=\"0\"")), "{xml}");
    assert_eq!(xml.matches("<testcase ").count(), cases);
}

/// A copy of a page, with another truth.
fn wrong(expected: &str, truth: Option<&str>) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |name: &str| {
        let from = case::root().join("wire-story").join(name);
        std::fs::copy(from, folder.path().join(name)).expect("a copy");
    };
    copy("page.html");
    copy("expected.text");
    std::fs::write(folder.path().join("expected.json"), expected).expect("a file");
    if let Some(truth) = truth {
        std::fs::write(folder.path().join("expected.text"), truth).expect("a file");
    }
    mill(["test", &text(folder.path())]).run()
}

#[test]
fn what_differs_is_shown() {
    let truth = std::fs::read_to_string(case::root().join("wire-story/expected.text"));
    let truth = truth.expect("the truth");
    assert_eq!(wrong("{}", None).code, Some(0), "what is left out is not compared");
    let ran = wrong("{\"title\": \"Tin rises\", \"site\": null}", None);
    assert_eq!(ran.code, Some(1));
    for part in ["FAILED", "- \"Tin rises\"", "+ \"Copper slips", "site", "1 cases, 1 failed"] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let (first, rest) = truth.trim_end().split_once(' ').expect("words");
    let ran = wrong("{}", Some(&format!("{first}, {rest}\n\nShare this story")));
    assert!(ran.stdout.contains("[-,-]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("- \"Share this story"), "{}", ran.stdout);
    let ran = wrong("{\"rejected\": \"too_short\"}", None);
    assert!(ran.stdout.contains("expected too_short"), "{}", ran.stdout);
    for (expected, fault) in [("{\"titel\": \"x\"}", "titel"), ("{", "expected.json")] {
        let ran = wrong(expected, None);
        assert_eq!(ran.code, Some(2), "{}", ran.stdout);
        assert!(ran.stderr.contains(fault), "{}", ran.stderr);
    }
}

#[test]
fn a_saved_feed_is_a_case_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    std::fs::copy(case::root().join("tables/page.html"), folder.path().join("a.html"))
        .expect("a page");
    write(
        "feed.xml",
        "<rss version='2.0'><channel><title>T</title>\
         <item><title>A</title><link>https://example.org/a</link></item>\
         <item><title>B</title><link>https://example.org/b</link></item>\
         <item><title>C</title><link>https://example.org/live/c</link></item></channel></rss>",
    );
    write(
        "pipeline.yaml",
        "sources:\n  - name: news\n    feed: https://example.org/feed\n    exclude: ['*/live/*']\n\
         summarizer: { method: llm, llm: { url: 'http://127.0.0.1:1/v1', model: m } }\n",
    );
    let config = text(&folder.path().join("pipeline.yaml"));
    let records = text(&folder.path().join("records.jsonl"));
    let run = |expected: &str| {
        write("expected.json", expected);
        let place = text(folder.path());
        mill(["test", &place, "--config", &config, "--records", &records]).run()
    };
    let good = "{\"source\": \"news\", \"pages\": {\"https://example.org/a\": \"a.html\"}, \"entries\": {\
                \"https://example.org/a\": {\"kind\": \"article\"}, \
                \"https://example.org/b\": {\"rejected\": \"gone\"}}}";
    let ran = run(good);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let first = std::fs::read(&records).expect("records");
    let record: Record = serde_json::from_slice(&first).expect("one record");
    assert_eq!(record.url.expect("an address").as_str(), "https://example.org/a");
    assert_eq!(record.source.expect("a source").as_str(), "news");
    assert_eq!(record.processed.to_string(), "1970-01-01T00:00:00Z");
    run(good);
    assert_eq!(std::fs::read(&records).expect("records"), first, "the clock stands still");
    let ran = run(&good.replace("org/b", "org/x"));
    assert!(ran.stdout.contains("FAILED") && ran.code == Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("the feed does not list it"), "{}", ran.stdout);
    assert!(ran.stdout.contains("nothing is expected of it"), "{}", ran.stdout);
}

#[test]
fn every_record_fits_the_schema() {
    let schema = mill(["schema", "record"]).run();
    assert_eq!(schema.code, Some(0), "{}", schema.stderr);
    let schema = serde_json::from_str(&schema.stdout).expect("the schema is JSON");
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("the schema is a schema");
    // The validator would accept anything if the schema said nothing.
    assert!(!validator.is_valid(&serde_json::json!({})));
    let ran = run();
    assert!(!ran.stdout.is_empty());
    for line in ran.stdout.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let errors: Vec<String> =
            validator.iter_errors(&record).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", record["input"]);
    }
}

#[test]
fn offsets_give_back_the_text() {
    let ran = run();
    for record in ran.records() {
        let text: Vec<char> = record.text.chars().collect();
        let slice = |start: usize, end: usize| text[start..end].iter().collect::<String>();
        assert!(!record.summary.sentences.is_empty(), "{}: no summary", record.input);
        let mut after = 0;
        for sentence in &record.summary.sentences {
            let (Some(start), Some(end)) = (sentence.start, sentence.end) else {
                panic!("{}: a sentence without a place: {:?}", record.input, sentence.text);
            };
            assert_eq!(slice(start, end), sentence.text, "{}", record.input);
            assert!(start >= after, "{}: not in document order", record.input);
            after = end;
        }
        // The blocks cover the text but for the blank lines between them.
        let blocks: Vec<_> = record.blocks.iter().map(|b| slice(b.start, b.end)).collect();
        assert_eq!(blocks.join("\n\n"), record.text, "{}", record.input);
    }
}

#[test]
fn no_field_is_an_empty_string() {
    fn empty(value: &serde_json::Value) -> bool {
        match value {
            serde_json::Value::String(text) => text.trim().is_empty(),
            serde_json::Value::Array(items) => items.iter().any(empty),
            serde_json::Value::Object(fields) => fields.values().any(empty),
            _ => false,
        }
    }
    let ran = run();
    for line in ran.stdout.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert!(!empty(&record), "{line}");
    }
}
