//! How a rust-bert model generates.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to generate. `summarizer.rust_bert` in `pipeline.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder of the model: `config.json`, weights and tokenizer files. A bare name is looked for
    /// under the models folder (`newsmill models path`). Required.
    pub model: PathBuf,
    /// At least this many tokens. Default 30.
    pub min_length: u16,
    /// At most this many tokens. Default 130.
    pub max_length: u16,
    /// Beams of the search; 1 is greedy. Default 4.
    pub beams: u8,
    /// No run of this many tokens twice; 0 switches it off. Default 3.
    pub no_repeat_ngram: u8,
    /// Above 1 prefers longer summaries, below 1 shorter ones. Default 1.0; more than 0.
    pub length_penalty: f64,
    /// Threads of libtorch, for the whole process. Default 1: one thread a model.
    pub threads: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: PathBuf::new(),
            min_length: 30,
            max_length: 130,
            beams: 4,
            no_repeat_ngram: 3,
            length_penalty: 1.0,
            threads: 1,
        }
    }
}
