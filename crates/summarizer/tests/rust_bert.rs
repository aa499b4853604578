//! The models of rust-bert write the same tokens as the reference implementation: tiny models
//! with random weights, whose expected ids `tiny/make.py` made with transformers.

#![cfg(feature = "rust-bert")]
#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use newsmill_summarizer::rust_bert::{Abstractive, Config, ModelError};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    texts: Vec<String>,
    settings: BTreeMap<String, Setting>,
    ids: BTreeMap<String, BTreeMap<String, Vec<Vec<i64>>>>,
}

#[derive(Deserialize)]
struct Setting {
    num_beams: u8,
    min_length: u16,
    max_length: u16,
    no_repeat_ngram_size: u8,
    #[serde(default = "one")]
    length_penalty: f64,
}

fn one() -> f64 {
    1.0
}

fn tiny(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tiny").join(name)
}

fn expected() -> Expected {
    serde_json::from_str(&std::fs::read_to_string(tiny("expected.json")).unwrap()).unwrap()
}

fn check(name: &str) {
    let expected = expected();
    let mut lengths = std::collections::BTreeSet::new();
    for (setting, rows) in &expected.ids[name] {
        let options = &expected.settings[setting];
        let model = Abstractive::load(&Config {
            model: tiny(name),
            min_length: options.min_length,
            max_length: options.max_length,
            beams: options.num_beams,
            no_repeat_ngram: options.no_repeat_ngram_size,
            length_penalty: options.length_penalty,
            threads: 1,
        })
        .unwrap();
        for (text, ids) in expected.texts.iter().zip(rows) {
            assert_eq!(&model.token_ids(text).unwrap(), ids, "{name}, {setting}: {text}");
            lengths.insert(ids.len());
        }
    }
    assert!(lengths.len() > 5, "the end token is hardly tested: lengths {lengths:?}");
}

#[test]
fn bart_writes_the_reference_tokens() {
    check("bart");
}

#[test]
fn t5_writes_the_reference_tokens() {
    check("t5");
}

#[test]
fn a_long_text_is_read_whole_in_parts() {
    let config = Config {
        model: tiny("bart"),
        min_length: 2,
        max_length: 20,
        beams: 1,
        ..Config::default()
    };
    let model = Abstractive::load(&config).unwrap();
    let long = "The ferry to the islands was cancelled on Monday. ".repeat(60);
    // Deterministic, and not the summary of its beginning alone.
    assert_eq!(model.summarize(&long).unwrap(), model.summarize(&long).unwrap());
    assert_eq!(model.summarize("").unwrap(), "");
}

#[test]
fn what_would_panic_is_an_error() {
    let refused = |config: Config| Abstractive::load(&config).err().map(|e| e.to_string()).unwrap();
    let good = Config { model: tiny("bart"), ..Config::default() };
    assert!(refused(Config { length_penalty: 0.0, ..good.clone() }).contains("length_penalty"));
    assert!(refused(Config { beams: 0, ..good.clone() }).contains("beams"));
    assert!(refused(Config { model: tiny("none"), ..good }).contains("config.json"));
    let broken = tempfile::tempdir().unwrap();
    for file in ["model.safetensors", "vocab.json", "merges.txt"] {
        std::fs::copy(tiny("bart").join(file), broken.path().join(file)).unwrap();
    }
    std::fs::write(broken.path().join("config.json"), r#"{"model_type": "bart"}"#).unwrap();
    let config = Config { model: broken.path().to_owned(), ..Config::default() };
    assert!(matches!(Abstractive::load(&config), Err(ModelError::Panicked { .. })));
}
