//! Each kind of mistake has its place and its help.

use std::path::Path;

use super::{Resolved, parse};

fn error(yaml: &str) -> String {
    parse(Path::new("p.yaml"), yaml).unwrap_err().to_string()
}

fn good(yaml: &str) -> Resolved {
    parse(Path::new("p.yaml"), yaml).unwrap()
}

#[test]
fn an_empty_file_is_all_defaults() {
    for yaml in ["", "# nothing\n\n", "{}"] {
        let config = good(yaml);
        assert!(config.sources.is_empty());
        assert_eq!(config.sinks.len(), 1, "records go to standard output");
    }
}

#[test]
fn what_is_shown_reads_back_as_the_same() {
    let yaml = include_str!("../../../../pipeline.yaml");
    let config = good(yaml);
    let again = good(&config.to_string());
    assert_eq!(again.to_string(), config.to_string());
    assert!(config.to_string().contains("#   pages"), "{config}");
}

#[test]
fn the_values_of_headers_are_not_shown() {
    let yaml = "sources:\n- name: a\n  feed: https://e.org/f\n  headers: { Cookie: swordfish }\n";
    let config = good(yaml);
    assert_eq!(config.sources[0].headers["Cookie"], "swordfish");
    let shown = config.to_string();
    assert!(shown.contains("Cookie") && !shown.contains("swordfish"), "{shown}");
}

#[test]
fn a_wrong_key_is_shown_with_the_nearest() {
    assert_eq!(
        error("sources: []\nfetcher:\n  robot: true\n"),
        "p.yaml:3:3: unknown key `robot`\n 3 |   robot: true\n   |   ^\n  = did you mean `robots`?"
    );
    let deep = "sources:\n  - name: a\n    feed: https://e.org/f\n    evry: { min: 5m }\n";
    assert_eq!(
        error(deep),
        "p.yaml:4:5: unknown key `evry`\n 4 |     evry: { min: 5m }\n   |     ^\n  = did you mean `every`?"
    );
}

#[test]
fn a_wrong_unit_says_what_units_are() {
    let message = error("shutdown:\n  grace: 30 seconds\n");
    assert!(message.starts_with("p.yaml:2:10: "), "{message}");
    assert!(message.contains("30 seconds") && message.contains("30s"), "{message}");
    let message = error("fetcher:\n  max_page: 2\n");
    assert!(message.starts_with("p.yaml:2:13: ") && message.contains("MiB"), "{message}");
}

#[test]
fn a_value_of_another_kind_is_told_what_belongs_there() {
    assert_eq!(
        error("channels:\n  pages: many\n"),
        "p.yaml:2:10: a whole number belongs here, zero or more\n 2 |   pages: many\n   |          ^\n  \
         = `newsmill schema config` says what each key takes"
    );
    for (yaml, belongs) in [
        ("sources: [{ name: a, folder: in, every: 1m }]", "keys with values"),
        ("sources: inbox", "a list"),
        ("sources: [{ name: [a] }]", "one word"),
        ("fetcher: { robots: maybe }", "`true` or `false`"),
        ("fetcher: { host: { concurrency: -1 } }", "a whole number"),
        ("summarizer: { method: [magic] }", "none of the values"),
    ] {
        let message = error(yaml);
        assert!(message.contains(belongs) && message.contains("schema config"), "{message}");
    }
}

#[test]
fn broken_yaml_has_its_place() {
    let message = error("sources:\n  - name: [a\n");
    assert!(message.starts_with("p.yaml:"), "{message}");
}

#[test]
fn names_are_unique() {
    let yaml = "sources:\n  - name: a\n    feed: https://e.org/1\n  - name: a\n    feed: https://e.org/2\n";
    let message = error(yaml);
    assert!(message.starts_with("p.yaml:4:11: two sources are called `a`"), "{message}");
    let yaml = "sinks:\n  - jsonl: { path: a }\n  - jsonl: { path: b }\n";
    assert!(error(yaml).contains("two sinks are called `jsonl`"));
}

#[test]
fn a_source_is_one_thing() {
    let yaml = "sources:\n  - name: a\n    feed: https://e.org/1\n    folder: /tmp\n";
    assert!(error(yaml).contains("exactly one of feed"), "{}", error(yaml));
    let yaml = "sources:\n  - name: a\n    feed: ftp://e.org/1\n";
    assert!(error(yaml).starts_with("p.yaml:3:11: `ftp` cannot be fetched"), "{}", error(yaml));
}

#[test]
fn a_missing_path_is_shown_where_it_stands() {
    let yaml = "sources:\n  - name: a\n    folder: no/such/folder\n";
    let message = error(yaml);
    assert!(message.starts_with("p.yaml:3:13: no/such/folder does not exist"), "{message}");
    let yaml = "sinks:\n  - jsonl: { path: Cargo.toml/a.jsonl }\n";
    let message = error(yaml);
    assert!(message.contains("2:20: Cargo.toml is a file, not a folder"), "{message}");
}

#[test]
fn bounds_are_at_least_one() {
    let message = error("channels: { pages: 0 }\n");
    assert!(message.starts_with("p.yaml:1:20: "), "{message}");
    let message = error("summarizer:\n  sentences: 0\n");
    assert!(message.starts_with("p.yaml:2:14: `sentences` must be at least 1"), "{message}");
}

#[test]
fn a_method_without_what_it_needs_is_refused() {
    let message = error("summarizer:\n  method: llm\n");
    assert!(message.starts_with("p.yaml:2:11: method llm needs `summarizer.llm`"), "{message}");
    let message = error("summarizer:\n  method: [extractive, llm]\n");
    assert!(message.contains("add llm: { url:"), "{message}");
    let message = error(
        "sources:\n  - name: a\n    feed: https://e.org/f\n\
         summarizer:\n  by_source: { a: { method: llm } }\n",
    );
    assert!(message.contains("method llm needs"), "{message}");
    let message = error("summarizer:\n  method: llm\n  llm: { url: \"localhost:80\", model: m }\n");
    assert!(message.starts_with("p.yaml:3:15: "), "{message}");
}

#[test]
fn one_source_may_be_summarized_in_its_own_way() {
    let config = good(
        "sources:\n  - name: a\n    feed: https://e.org/f\n\
         summarizer:\n  sentences: 2\n  by_source:\n    a: { style: headline, max_words: 30 }\n",
    );
    let own = config.summarizer.for_source(Some("a"));
    assert_eq!((own.sentences, own.max_words), (2, 30));
    assert_eq!(config.summarizer.for_source(Some("b")).max_words, 110);
    assert_eq!(good(&config.to_string()).summarizer, config.summarizer);
    let message = error("summarizer:\n  by_source: { nobody: { sentences: 1 } }\n");
    assert!(message.contains("no source is called so"), "{message}");
}
