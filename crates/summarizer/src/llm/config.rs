//! What may be tuned of the `llm` method: `summarizer.llm` in `pipeline.yaml`.

use std::path::PathBuf;

use newsmill_article::HumanDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A server that speaks OpenAI's chat completions: llama.cpp, vLLM, Ollama, or a hosted one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmConfig {
    /// The address before `/chat/completions`, such as `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// The model's name, as the server knows it.
    pub model: String,
    /// The environment variable that holds the key. Default none: no key is sent.
    #[serde(default)]
    pub key_env: Option<String>,
    /// The file that holds the key. Default none.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// The longest that one request may take. Default 60s.
    #[serde(default = "default_timeout")]
    pub timeout: HumanDuration,
    /// How often a request that failed for the time being is made again. Default 2.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Whether the server can hold the answer to a JSON schema. Default true.
    #[serde(default = "default_json_schema")]
    pub json_schema: bool,
    /// How many requests may be under way at once, in the whole program; 1 or more. Default 4.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
    /// How many tokens may be spent.
    #[serde(default)]
    pub budget: Budget,
    /// What tokens cost, for the record. Default none: costs are not counted.
    #[serde(default)]
    pub price: Option<Price>,
    /// A folder for answers, so that the same text costs nothing a second time, also after a
    /// restart. Default none: they are remembered in memory alone.
    #[serde(default)]
    pub cache: Option<PathBuf>,
}

/// How many tokens may be spent. `summarizer.llm.budget` in `pipeline.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Tokens of one article, prompt and answer together. A longer article is not cut: it goes
    /// to the next method. Default 8000.
    pub article: u64,
    /// Tokens of one day (UTC), of the whole program. Default none: no bound.
    pub day: Option<u64>,
}

/// What a million tokens cost, in the currency of your bill. `summarizer.llm.price` in
/// `pipeline.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// A million tokens of prompts.
    pub prompt: f64,
    /// A million tokens of answers.
    pub answer: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { article: 8000, day: None }
    }
}

fn default_timeout() -> HumanDuration {
    HumanDuration::secs(60)
}

fn default_concurrency() -> usize {
    4
}

fn default_retries() -> u32 {
    2
}

fn default_json_schema() -> bool {
    true
}

impl LlmConfig {
    /// Reads the key.
    pub(super) fn key(&self) -> Result<Option<String>, String> {
        let (key, origin) = match (&self.key_env, &self.key_file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err("llm: set key_env or key_file, not both".to_owned()),
            (Some(name), None) => {
                let key = std::env::var(name).map_err(|e| format!("llm.key_env {name}: {e}"))?;
                (key, name.clone())
            }
            (None, Some(path)) => {
                let origin = path.display().to_string();
                let key = std::fs::read_to_string(path)
                    .map_err(|e| format!("llm.key_file {origin}: {e}"))?;
                (key, origin)
            }
        };
        let key = key.trim();
        if key.is_empty() || key.contains(char::is_control) {
            return Err(format!("llm: {origin} holds no usable key"));
        }
        Ok(Some(key.to_owned()))
    }
}
