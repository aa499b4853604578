//! Text in, summary out, whatever the method; every sentence grounded in the text.
//!
//! Promises: no clock, no panic on any text. Leaves out: cleaning, storing, choosing articles.

mod config;
pub mod eval;
pub mod extractive;
pub mod grounding;
pub mod rouge;
#[cfg(feature = "rust-bert")]
pub mod rust_bert;
pub mod sentences;
mod stem;
pub mod words;

use newsmill_article::{Disposition, Document, Reason, Summary};

pub use config::{Config, Method, Style};
pub use grounding::{Grounding, OnFail};

/// Why there is no summary.
#[derive(Debug, thiserror::Error)]
pub enum SummarizeError {
    /// Nothing in the text is a sentence.
    #[error("the text has no sentence")]
    NoSentence,
    /// The text does not support what was written, and the configuration says to refuse that.
    #[error("the text does not support the summary: {0}")]
    Ungrounded(String),
    /// The configuration asks for what cannot be.
    #[error("summarizer: {0}")]
    Config(String),
}

impl SummarizeError {
    /// What it means for the article.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::NoSentence => Disposition::Reject(Reason::TooShort { words: 0 }),
            Self::Ungrounded(_) => Disposition::Reject(Reason::Ungrounded),
            Self::Config(_) => Disposition::Fatal,
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
/// When a method that it names cannot be set up.
pub fn build(config: &Config) -> Result<Box<dyn Summarizer>, SummarizeError> {
    match config.method.as_slice() {
        [Method::Extractive, ..] => Ok(Box::new(extractive::Extractive::new(config))),
        [] => Err(SummarizeError::Config("method: name at least one".to_owned())),
    }
}
