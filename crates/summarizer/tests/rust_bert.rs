//! The models of rust-bert write the same tokens as the reference implementation: tiny models
//! with random weights, whose expected ids `tiny/make.py` made with transformers.

#![cfg(feature = "rust-bert")]
#![expect(clippy::unwrap_used, reason = "a failed call fails the test")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use newsmill_summarizer::rust_bert::{Abstractive, Config, Encoder, LIMIT, ModelError};
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

/// all-MiniLM-L6-v2, which `cargo xtask setup --rust-bert` fetches.
fn minilm() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.libtorch/minilm");
    std::env::var_os("NEWSMILL_MINILM").map_or(root, PathBuf::from)
}

#[derive(Deserialize)]
struct Meant {
    text: String,
    embedding: Vec<f32>,
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn sentences_mean_what_the_reference_says() {
    let rows: Vec<Meant> =
        serde_json::from_str(&std::fs::read_to_string(tiny("minilm.json")).unwrap()).unwrap();
    assert_eq!(rows.len(), 14);
    let encoder = Encoder::load(&minilm(), 1).unwrap();
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    let together = encoder.encode(&texts).unwrap();
    for (row, embedding) in rows.iter().zip(&together) {
        let distance = distance(&row.embedding, embedding);
        assert!(distance < 1e-5, "{distance} from the reference: {:?}", row.text);
        let alone = encoder.encode(&[&row.text]).unwrap();
        assert!(self::distance(&alone[0], embedding) < 1e-6, "alone: {:?}", row.text);
    }
    assert_eq!(encoder.width(), 384);
    assert!(encoder.encode(&[]).unwrap().is_empty());
}

#[test]
fn what_is_beyond_the_limit_is_not_read() {
    let encoder = Encoder::load(&minilm(), 1).unwrap();
    // Each word is a token, and the two marks at the ends are two more.
    let full = "word ".repeat(LIMIT - 2);
    let encoded = encoder.encode(&[&full, &format!("{full} and more"), &full[5..]]).unwrap();
    assert!(distance(&encoded[0], &encoded[1]) < 1e-6);
    assert!(distance(&encoded[0], &encoded[2]) > 1e-5);
    // A sentence without an end, cut within a letter of three bytes, takes no time to speak of.
    let endless = "あ".repeat(3_000_000);
    assert!((encoder.encode(&[&endless]).unwrap()[0].len()) == 384);
}

#[test]
fn a_folder_that_is_no_encoder_is_an_error() {
    let refused = |path: &std::path::Path| Encoder::load(path, 1).err().unwrap().to_string();
    assert!(refused(&tiny("none")).contains("config.json cannot be read"));
    assert!(refused(&tiny("bart")).contains(r#"type "bart"; known here: bert"#));
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "vocab.txt", "modules.json"] {
        std::fs::copy(minilm().join(file), folder.path().join(file)).unwrap();
    }
    assert!(refused(folder.path()).contains("has none of model.safetensors"));
    std::fs::write(folder.path().join("model.safetensors"), b"not weights").unwrap();
    assert!(matches!(Encoder::load(folder.path(), 1), Err(ModelError::Model { .. })));
    std::fs::write(folder.path().join("modules.json"), r#"[{"type": "a.b.Dense"}]"#).unwrap();
    assert!(refused(folder.path()).contains("has a.b.Dense"));
    std::fs::remove_file(folder.path().join("modules.json")).unwrap();
    std::fs::write(
        folder.path().join("config.json"),
        r#"{"model_type": "bert", "max_position_embeddings": 512}"#,
    )
    .unwrap();
    assert!(matches!(Encoder::load(folder.path(), 1), Err(ModelError::Panicked { .. })));
}
