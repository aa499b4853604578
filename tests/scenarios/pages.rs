//! Every saved page becomes the record that is expected of it, or is rejected as expected.

use std::collections::HashMap;
use std::sync::OnceLock;

use e2e::case::{self, Case, Verdict};
use e2e::mill::{Ran, mill};
use newsmill_article::Record;

/// All cases and one run over all their pages.
fn run() -> &'static (Vec<Case>, Ran) {
    static RUN: OnceLock<(Vec<Case>, Ran)> = OnceLock::new();
    RUN.get_or_init(|| {
        let cases = case::all().unwrap_or_else(|error| panic!("{error}"));
        let pages = cases.iter().map(|case| case.page.display().to_string());
        let ran = mill(["once".to_owned()].into_iter().chain(pages)).run();
        (cases, ran)
    })
}

#[test]
fn every_page_becomes_what_is_expected() {
    let (cases, ran) = run();
    assert!(cases.len() >= 32, "only {} cases", cases.len());
    let records: HashMap<String, Record> =
        ran.records().into_iter().map(|record| (record.input.clone(), record)).collect();
    let mut faults = Vec::new();
    for case in cases {
        let input = case.page.display().to_string();
        let refused = ran.lines_about(&input);
        let not_yet = case.expected.not_yet.contains("rejected");
        let verdict = match (records.get(&input), &case.expected.rejected) {
            (None, Some(code)) if refused.iter().any(|line| line.contains(code.as_str())) => {
                Verdict::default()
            }
            (Some(_), Some(_)) | (None, _) if not_yet => continue,
            (Some(record), Some(_)) => Verdict::fault(format!("a record of {:?}", record.title)),
            (None, _) => Verdict::fault(format!("no record: {refused:?}")),
            (Some(record), None) => case.judge(record),
        };
        if not_yet {
            println!("{}: record or rejection is right now: drop it from not_yet", case.name);
        }
        for better in verdict.better {
            println!("{}: better than asked: {better}", case.name);
        }
        faults.extend(verdict.faults.iter().map(|fault| format!("{}: {fault}", case.name)));
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
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
    let (_, ran) = run();
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
    let (_, ran) = run();
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
    let (_, ran) = run();
    for line in ran.stdout.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert!(!empty(&record), "{line}");
    }
}
