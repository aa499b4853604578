//! A model in this process as a summarizer: what it is given, and what becomes of its answer.

use std::sync::Arc;

use newsmill_article::{Document, Summary, SummarySentence};

use super::LlamaError;
use super::model::{Question, VERSION, Written};
use super::owner::Owner;
use super::words::Words;
use crate::extractive::Extractive;
use crate::grounding::{self, Source};
use crate::llm::{AnswerError, checked, defused};
use crate::{Config, Style, SummarizeError, Summarizer, sentences};

/// Writes summaries with a model in this process.
pub struct Llama {
    owner: Arc<Owner>,
    extract: Extractive,
    config: Config,
    llama: super::Config,
    name: String,
}

impl Llama {
    /// Reads, verifies and loads the model of `config.llama`, unless this process has it already.
    ///
    /// # Errors
    ///
    /// When there is none, its hash is another, or it cannot be used.
    pub fn new(config: &Config) -> Result<Self, SummarizeError> {
        let missing = || "method llama needs `llama: { path: FILE, sha256: HASH }`".to_owned();
        let llama = config.llama.clone().ok_or_else(missing).map_err(SummarizeError::Config)?;
        if let Some(mistake) = llama.mistake() {
            return Err(SummarizeError::Config(format!("{}; {}", mistake.message, mistake.help)));
        }
        let owner = Owner::of(&llama)?;
        let stem = llama.path.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("{stem}@{}", llama.sha256[..8].to_ascii_lowercase());
        let mut config = config.clone();
        if config.style == Style::Headline {
            config.sentences = 1;
        }
        Ok(Self { owner, extract: Extractive::new(&config), config, llama, name })
    }

    /// The sentences that the model rewrites, in their order; the whole text where none are to be
    /// chosen.
    fn passage(&self, document: &Document) -> String {
        let mut best = match self.llama.sentences {
            0 => Vec::new(),
            most => self.extract.ranked(document).into_iter().take(most).collect(),
        };
        best.sort_by_key(|sentence| sentence.start);
        match best.as_slice() {
            [] => defused(&document.text),
            best => defused(&Style::Sentences.join(best.iter().map(|s| s.text.as_str()))),
        }
    }

    fn write(&self, document: &Document) -> Result<Vec<String>, LlamaError> {
        let written = self.owner.ask(Question {
            passage: self.passage(document),
            words: self.llama.copy_only.then(|| Words::of(&document.text)),
            sentences: self.config.sentences.max(1),
            max_tokens: self.llama.max_tokens,
        })?;
        let source = Source::with_title(&document.text, document.title.as_deref());
        Ok(checked([whole(written)?.as_str()], &source, &self.config)?)
    }
}

impl Summarizer for Llama {
    fn version(&self) -> String {
        format!("llama/{}/{VERSION}", self.name)
    }

    fn summarize(&mut self, document: &Document) -> Result<Summary, SummarizeError> {
        if !document.text.chars().any(char::is_alphanumeric) {
            return Err(SummarizeError::NoSentence);
        }
        let sentence = |text| SummarySentence { text, ..SummarySentence::default() };
        let summary = Summary {
            text: String::new(),
            method: "llama".to_owned(),
            model: Some(format!("{} {VERSION}", self.name)),
            sentences: self.write(document)?.into_iter().map(sentence).collect(),
            fallback: None,
            spent: None,
        };
        grounding::ground(summary, document, &self.config)
    }
}

/// What was written without a last sentence that the bound of tokens cut off.
fn whole(mut written: Written) -> Result<String, AnswerError> {
    if written.cut_off {
        let last = sentences::split(&written.text).pop();
        if let Some(last) = last.filter(|last| !last.complete) {
            written.text.truncate(last.bytes.start);
        }
        if sentences::split(&written.text).is_empty() {
            return Err(AnswerError::CutOff);
        }
    }
    Ok(written.text)
}
