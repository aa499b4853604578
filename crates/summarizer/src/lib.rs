//! Text in, summary out, whatever the method; every sentence grounded in the text.
//!
//! Promises: no panic on any text; no clock and no network but in [`llm`] and [`models`], which
//! block their thread. Leaves out: cleaning, storing, choosing articles.

mod by_source;
mod chain;
mod config;
pub mod eval;
pub mod extractive;
pub mod grounding;
pub mod llama;
pub mod llm;
pub mod models;
pub mod rouge;
pub mod rust_bert;
pub mod sentences;
mod stem;
pub mod words;

use std::sync::Arc;

use newsmill_article::{Disposition, Document, Reason, Summary};

pub use by_source::BySource;
pub use config::{Config, Method, Mistake, Override, Style};
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
    /// The language model wrote no summary.
    #[error(transparent)]
    Llm(#[from] llm::LlmError),
    /// The model in this process cannot be used, or wrote no summary.
    #[cfg(feature = "llama")]
    #[error(transparent)]
    Llama(#[from] llama::LlamaError),
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
            Self::Llm(error) => error.disposition(),
            #[cfg(feature = "llama")]
            Self::Llama(error) => error.disposition(),
            Self::Config(_) => Disposition::Fatal,
        }
    }

    /// Whether the configuration, or a file that it names, is what a person has to change.
    pub fn is_of_configuration(&self) -> bool {
        match self {
            Self::Config(_) => true,
            #[cfg(feature = "llama")]
            Self::Llama(error) => error.is_of_configuration(),
            _ => false,
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

/// The summarizer that `config` asks for. What is set for single sources is left aside: see
/// [`BySource`]. What a language model spends counts on `meter`, which all threads share.
///
/// # Errors
///
/// When a method that it names cannot be set up.
pub fn build(
    config: &Config,
    meter: &Arc<llm::Meter>,
) -> Result<Box<dyn Summarizer>, SummarizeError> {
    build_with(config, meter, &mut rust_bert::Loaded::default())
}

/// The same with models that may be in memory already, and stay there for the next.
fn build_with(
    config: &Config,
    meter: &Arc<llm::Meter>,
    loaded: &mut rust_bert::Loaded,
) -> Result<Box<dyn Summarizer>, SummarizeError> {
    let mut methods: Vec<(&'static str, Box<dyn Summarizer>)> = Vec::new();
    for method in &config.method {
        methods.push(match method {
            Method::Extractive => ("extractive", Box::new(extractive::Extractive::new(config))),
            Method::RustBert => ("rust-bert", loaded.rust_bert(config)?),
            #[cfg(feature = "llama")]
            Method::Llama => ("llama", Box::new(llama::Llama::new(config)?)),
            #[cfg(not(feature = "llama"))]
            Method::Llama => {
                let message = "method llama: this newsmill is built without it; build with \
                               `cargo build --release --features llama`";
                return Err(SummarizeError::Config(message.to_owned()));
            }
            Method::Llm => ("llm", Box::new(llm::Llm::new(config, Arc::clone(meter))?)),
        });
    }
    match methods.len() {
        0 => Err(SummarizeError::Config("method: name at least one".to_owned())),
        1 => Ok(methods.remove(0).1),
        _ => Ok(Box::new(chain::Chain::new(methods))),
    }
}
