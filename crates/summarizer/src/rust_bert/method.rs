//! A rust-bert model as a summarizer: its sentences, grounded.

use std::sync::{Arc, Mutex, PoisonError};

use newsmill_article::{Document, Summary, SummarySentence};

use super::{Abstractive, ModelError};
use crate::{Config, SummarizeError, Summarizer, grounding, sentences};

/// Writes with one model; every sentence is then checked against the text.
pub struct RustBert {
    model: Arc<Mutex<Abstractive>>,
    config: Config,
}

impl RustBert {
    /// With a loaded model, which others may use too.
    pub fn new(config: &Config, model: Arc<Mutex<Abstractive>>) -> Self {
        Self { model, config: config.clone() }
    }

    fn model(&self) -> std::sync::MutexGuard<'_, Abstractive> {
        // A lock is poisoned by a panic; the model contains its own, and has no state to be torn.
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Summarizer for RustBert {
    fn version(&self) -> String {
        format!("rust-bert/{}", self.model().name())
    }

    fn summarize(&mut self, document: &Document) -> Result<Summary, SummarizeError> {
        let written = self.model().summarize(&document.text).map_err(failed)?;
        let sentences: Vec<SummarySentence> = sentences::split(&written)
            .into_iter()
            .take(self.config.sentences)
            .map(|sentence| SummarySentence {
                text: written[sentence.bytes].to_owned(),
                ..SummarySentence::default()
            })
            .collect();
        if sentences.is_empty() {
            return Err(SummarizeError::NoSentence);
        }
        let text = self.config.style.join(sentences.iter().map(|s| s.text.as_str()));
        let summary = Summary {
            text,
            method: "rust-bert".to_owned(),
            model: Some(self.model().name()),
            sentences,
            fallback: None,
            spent: None,
        };
        grounding::ground(summary, document, &self.config)
    }
}

/// A model that fails once is not trusted again: the mill stops, or the next method of the chain
/// takes over.
pub(super) fn failed(error: ModelError) -> SummarizeError {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        message.push_str(": ");
        message.push_str(&inner.to_string());
        cause = inner.source();
    }
    SummarizeError::Config(message)
}
