//! A collector gets the spans of every article, the last ones too.

use std::collections::HashMap;
use std::fs;

use e2e::mill::mill;
use e2e::web::{Answer, Web};
use serde_json::Value;

use crate::page;

/// Pages that become records, and one that is rejected.
const CASES: [&str; 4] = ["amp", "recipe", "interview", "consent-wall"];

#[test]
fn a_collector_gets_every_span_of_a_run() {
    let collector = Web::start();
    let url = collector.on("/v1/traces", Answer::status(200));
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("pages")).expect("a folder");
    for case in CASES {
        let copy = folder.path().join(format!("pages/{case}.html"));
        fs::copy(page(case), copy).expect("a copy of a page");
    }
    let yaml = format!(
        "sources:\n  - {{ name: pages, folder: pages }}\nsinks:\n  - jsonl: {{ path: out.jsonl }}\n\
         ledger: {{ path: ledger.sqlite }}\ntelemetry: {{ otlp: {{ url: \"{url}\" }} }}\n"
    );
    fs::write(folder.path().join("pipeline.yaml"), yaml).expect("a configuration");
    let ran = mill(["run", "--once-through"]).current_dir(folder.path()).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    let mut spans = Vec::new();
    for logged in collector.log() {
        let body: Value = serde_json::from_str(&logged.request.body).expect("JSON");
        let found = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().cloned();
        spans.extend(found.expect("spans"));
    }
    let text = |span: &Value, name: &str| span[name].as_str().unwrap_or_default().to_owned();
    let (entries, stages): (Vec<Value>, Vec<Value>) =
        spans.into_iter().partition(|span| span["name"] == "entry");
    assert_eq!(entries.len(), CASES.len(), "one for each entry");
    let traces: HashMap<String, String> =
        entries.iter().map(|span| (text(span, "traceId"), text(span, "spanId"))).collect();
    assert_eq!(traces.len(), CASES.len(), "each in a trace of its own");
    let mut worked: HashMap<String, usize> = HashMap::new();
    for span in &stages {
        assert_eq!(traces.get(&text(span, "traceId")), Some(&text(span, "parentSpanId")), "{span}");
        *worked.entry(text(span, "name")).or_default() += 1;
    }
    let worked: Vec<_> =
        ["fetcher", "cleaner", "summarizer", "records"].map(|stage| worked[stage]).into();
    assert_eq!(worked, [4, 4, 3, 3]);
}
