//! A summary, and what each of its sentences rests on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run of a text, in Unicode code points: `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
}

/// A summary of one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// The whole summary; its sentences joined by a space (or by line breaks for bullets).
    pub text: String,
    /// How it was made: `extractive`, `rust-bert`, `llama` or `llm`.
    pub method: String,
    /// Which model made it, with its version; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The sentences, in reading order.
    pub sentences: Vec<SummarySentence>,
    /// Why this is not the method that was asked for first; absent where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// What a language model was paid for this summary; absent where nothing was spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
}

/// What an answer of a language model has cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spent {
    /// Tokens of the prompt, by the server's count, else by estimate.
    pub prompt_tokens: u64,
    /// Tokens of the answer, likewise.
    pub answer_tokens: u64,
    /// By the configured price; absent where none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

/// One sentence of a summary. An extracted sentence has `start` and `end`; a written one has
/// `evidence` and `support`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SummarySentence {
    /// The sentence.
    pub text: String,
    /// Where the sentence begins in `text` of the record, in code points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<usize>,
    /// Where it ends, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<usize>,
    /// The parts of the text that a written sentence rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Span>,
    /// How well the evidence supports a written sentence, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<f32>,
    /// Set where an unsupported sentence gave way to this one, or was kept in spite of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
