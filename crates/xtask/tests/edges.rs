//! The edges between the crates of the workspace are those that ARCHITECTURE.md names.

#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each crate may depend on, besides crates from elsewhere.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("newsmill-article", &[]),
    ("newsmill-failpoint", &[]),
    ("newsmill-fetcher", &["newsmill-article"]),
    ("newsmill-cleaner", &["newsmill-article"]),
    ("newsmill-summarizer", &["newsmill-article"]),
    ("newsmill-sink", &["newsmill-article", "newsmill-failpoint"]),
    ("newsmill-ledger", &["newsmill-article", "newsmill-failpoint"]),
    ("newsmill-link", &[]),
    (
        "newsmill-pipeline",
        &[
            "newsmill-article",
            "newsmill-cleaner",
            "newsmill-failpoint",
            "newsmill-fetcher",
            "newsmill-ledger",
            "newsmill-link",
            "newsmill-sink",
            "newsmill-summarizer",
        ],
    ),
    (
        "newsmill",
        &[
            "newsmill-article",
            "newsmill-cleaner",
            "newsmill-fetcher",
            "newsmill-ledger",
            "newsmill-link",
            "newsmill-pipeline",
            "newsmill-sink",
            "newsmill-summarizer",
        ],
    ),
    (
        "newsmill-xtask",
        &[
            "newsmill-article",
            "newsmill-cleaner",
            "newsmill-failpoint",
            "newsmill-fetcher",
            "newsmill-link",
            "newsmill-pipeline",
            "newsmill-summarizer",
        ],
    ),
];

/// Crates without a runtime: no tokio, no channels, no HTTP of their own.
const SYNCHRONOUS: [(&str, &[&str]); 4] = [
    ("newsmill-article", &["tokio", "async-channel", "reqwest"]),
    ("newsmill-cleaner", &["tokio", "async-channel", "reqwest"]),
    ("newsmill-summarizer", &["tokio", "async-channel", "reqwest"]),
    ("newsmill-ledger", &["tokio", "async-channel", "reqwest"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let normal = |dependency: &Value| dependency["kind"].is_null();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let names = dependencies.filter(|d| normal(d)).map(|d| d["name"].as_str().unwrap());
            (package["name"].as_str().unwrap().to_owned(), names.map(str::to_owned).collect())
        })
        .collect()
}

#[test]
fn crates_depend_only_downwards() {
    let found = dependencies();
    for (name, allowed) in ALLOWED {
        let extra: Vec<&String> = found[name]
            .iter()
            .filter(|d| d.starts_with("newsmill") && !allowed.contains(&d.as_str()))
            .collect();
        assert!(extra.is_empty(), "{name} must not depend on {extra:?}");
    }
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).chain(["e2e"]).collect();
    let all: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(known, all, "a crate is missing here or in the workspace");
}

#[test]
fn the_synchronous_crates_stay_so() {
    let found = dependencies();
    for (name, banned) in SYNCHRONOUS {
        let extra: Vec<&&str> = banned.iter().filter(|d| found[name].contains(**d)).collect();
        assert!(extra.is_empty(), "{name} must not depend on {extra:?}");
    }
}
