//! Summaries written by a language model behind an OpenAI-compatible address, then grounded.
//!
//! Promises: the article is data (marked off, control tokens taken out), the answer is checked
//! before anything else sees it, nothing is cut off in silence, no more tokens are spent than the
//! budget allows, and every sentence is grounded as the configuration says. Blocks its thread for
//! at most `timeout` × (`retries` + 1), the waits between, and until its turn comes. Reads the clock for the day of the
//! budget. Leaves out: running a model, streaming, several requests at once from one thread:
//! threads that share a [`Meter`] ask side by side.

mod answer;
mod cache;
mod client;
mod config;
mod meter;
mod prompt;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use newsmill_article::{Disposition, Document, Reason, Spent, Summary, SummarySentence};

pub use answer::AnswerError;
#[cfg(feature = "llama")]
pub(crate) use answer::checked;
pub use client::RequestError;
pub use config::{Budget, LlmConfig, Price};
pub use meter::Meter;
#[cfg(feature = "llama")]
pub(crate) use prompt::defused;

use crate::grounding::{self, Source};
use crate::{Config, SummarizeError, Summarizer};
use cache::Cache;
use client::Client;
use prompt::Prompt;

/// Why a model wrote no summary.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// No answer came.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// What came is no summary.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The article is longer than one article may cost.
    #[error("about {needed} tokens are needed, budget.article is {budget}")]
    ArticleBudget {
        /// About how many tokens it would take.
        needed: u64,
        /// How many it may.
        budget: u64,
    },
    /// The day's tokens are spent.
    #[error("{spent} of the day's {budget} tokens are spent")]
    DayBudget {
        /// Spent since midnight UTC.
        spent: u64,
        /// The day's bound.
        budget: u64,
    },
}

impl LlmError {
    /// What it means for the article where no other method stands in.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Request(error) if error.is_transient() => {
                Disposition::Retry { after: Duration::from_secs(60) }
            }
            // A wrong key or model name is wrong for every article.
            Self::Request(_) => Disposition::Fatal,
            Self::Answer(_) => Disposition::Reject(Reason::Ungrounded),
            Self::ArticleBudget { .. } => Disposition::Reject(Reason::Ungrounded),
            Self::DayBudget { .. } => Disposition::Retry { after: Duration::from_secs(3600) },
        }
    }
}

/// What was spent since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Answers that were asked for.
    pub requests: u64,
    /// Answers that were known already.
    pub cached: u64,
    /// Tokens of prompts, by the server's count, else by estimate.
    pub prompt_tokens: u64,
    /// Tokens of answers, likewise.
    pub answer_tokens: u64,
    /// What they cost by `llm.price`; 0 where no price is set.
    pub cost: f64,
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { requests, cached, prompt_tokens, answer_tokens, cost } = self;
        write!(
            f,
            "{requests} requests, {cached} cached, {prompt_tokens} + {answer_tokens} tokens"
        )?;
        if *cost > 0.0 {
            write!(f, ", cost {cost:.4}")?;
        }
        Ok(())
    }
}

/// Writes summaries by asking a server.
pub struct Llm {
    config: Config,
    llm: LlmConfig,
    client: Client,
    cache: Cache,
    meter: Arc<Meter>,
}

impl Llm {
    /// Reads the key and sets up the client; asks nothing yet. What it spends counts on `meter`.
    ///
    /// # Errors
    ///
    /// When `summarizer.llm` is missing, its address is none, or its key cannot be read.
    pub fn new(config: &Config, meter: Arc<Meter>) -> Result<Self, SummarizeError> {
        let missing = || "method llm needs summarizer.llm with url and model".to_owned();
        let llm = config.llm.clone().ok_or_else(missing).map_err(SummarizeError::Config)?;
        let client = Client::new(&llm).map_err(SummarizeError::Config)?;
        Ok(Self {
            config: config.clone(),
            cache: Cache::new(llm.cache.clone()),
            client,
            llm,
            meter,
        })
    }

    /// The sentences, and what this answer has cost; nothing where it was known already.
    fn write(&mut self, document: &Document) -> Result<(Vec<String>, Option<Spent>), LlmError> {
        let prompt = Prompt::new(document, &self.config);
        let key = Cache::key(&self.llm.model, &prompt);
        if let Some(sentences) = self.cache.get(&key) {
            self.meter.cached();
            return Ok((sentences, None));
        }
        // Three tokens a word leave room for scripts that need them, and for the JSON.
        let answer = self.config.max_words as u64 * 3 + 64;
        let needed = prompt.tokens() + answer;
        let budget = self.llm.budget.article;
        if needed > budget {
            return Err(LlmError::ArticleBudget { needed, budget });
        }
        let turn = self.meter.turn(&self.llm, needed, today())?;
        let completion = self.client.complete(&prompt, answer)?;
        let (asked, answered) = completion.tokens.unwrap_or((prompt.tokens(), answer));
        let cost = self
            .llm
            .price
            .map(|price| (asked as f64 * price.prompt + answered as f64 * price.answer) / 1e6);
        turn.spent(asked, answered, cost);
        if completion.cut_off {
            return Err(AnswerError::CutOff.into());
        }
        let source = Source::with_title(&document.text, document.title.as_deref());
        let sentences = answer::sentences(&completion.content, &source, &self.config)?;
        self.cache.put(&key, &sentences);
        Ok((sentences, Some(Spent { prompt_tokens: asked, answer_tokens: answered, cost })))
    }
}

impl Summarizer for Llm {
    fn version(&self) -> String {
        format!("llm/{}/{}", self.llm.model, prompt::VERSION)
    }

    fn summarize(&mut self, document: &Document) -> Result<Summary, SummarizeError> {
        if !document.text.chars().any(char::is_alphanumeric) {
            return Err(SummarizeError::NoSentence);
        }
        let (written, spent) = self.write(document)?;
        let sentences: Vec<SummarySentence> = written
            .into_iter()
            .map(|text| SummarySentence { text, ..SummarySentence::default() })
            .collect();
        let summary = Summary {
            text: String::new(),
            method: "llm".to_owned(),
            model: Some(format!("{} {}", self.llm.model, prompt::VERSION)),
            sentences,
            fallback: None,
            spent,
        };
        grounding::ground(summary, document, &self.config)
    }
}

/// Days since 1970, UTC; a clock before that counts as day 0.
fn today() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() / 86_400)
}

#[cfg(test)]
mod tests;
