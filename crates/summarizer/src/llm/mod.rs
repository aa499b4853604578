//! Summaries written by a language model behind an OpenAI-compatible address, then grounded.
//!
//! Promises: the article is data (marked off, control tokens taken out), the answer is checked
//! before anything else sees it, nothing is cut off in silence, no more tokens are spent than the
//! budget allows, and every sentence is grounded as the configuration says. Blocks its thread for
//! at most `timeout` × (`retries` + 1) and the waits between. Reads the clock for the day of the
//! budget. Leaves out: running a model, streaming, several requests at once from one thread.

mod answer;
mod cache;
mod client;
mod config;
mod prompt;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use newsmill_article::{Disposition, Document, Reason, Summary, SummarySentence};

pub use answer::AnswerError;
pub use client::RequestError;
pub use config::{Budget, LlmConfig};

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Answers that were asked for.
    pub requests: u64,
    /// Answers that were known already.
    pub cached: u64,
    /// Tokens of prompts and answers, by the server's count, else by estimate.
    pub tokens: u64,
}

/// Writes summaries by asking a server.
pub struct Llm {
    config: Config,
    llm: LlmConfig,
    client: Client,
    cache: Cache,
    usage: Usage,
    /// The day (since 1970, UTC) and the tokens spent on it.
    today: (u64, u64),
}

impl Llm {
    /// Reads the key and sets up the client; asks nothing yet.
    ///
    /// # Errors
    ///
    /// When `summarizer.llm` is missing, its address is none, or its key cannot be read.
    pub fn new(config: &Config) -> Result<Self, SummarizeError> {
        let missing = || "method llm needs summarizer.llm with url and model".to_owned();
        let llm = config.llm.clone().ok_or_else(missing).map_err(SummarizeError::Config)?;
        let client = Client::new(&llm).map_err(SummarizeError::Config)?;
        Ok(Self {
            config: config.clone(),
            cache: Cache::new(llm.cache.clone()),
            client,
            llm,
            usage: Usage::default(),
            today: (0, 0),
        })
    }

    /// What was spent since the start.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    fn write(&mut self, document: &Document) -> Result<Vec<String>, LlmError> {
        let prompt = Prompt::new(document, &self.config);
        let key = Cache::key(&self.llm.model, &prompt);
        if let Some(sentences) = self.cache.get(&key) {
            self.usage.cached += 1;
            return Ok(sentences);
        }
        // Three tokens a word leave room for scripts that need them, and for the JSON.
        let answer = self.config.max_words as u64 * 3 + 64;
        let needed = prompt.tokens() + answer;
        let budget = self.llm.budget.article;
        if needed > budget {
            return Err(LlmError::ArticleBudget { needed, budget });
        }
        let day = today();
        if self.today.0 != day {
            self.today = (day, 0);
        }
        if let Some(budget) = self.llm.budget.day
            && self.today.1 + needed > budget
        {
            return Err(LlmError::DayBudget { spent: self.today.1, budget });
        }
        self.usage.requests += 1;
        let completion = self.client.complete(&prompt, answer)?;
        let tokens = completion.tokens.unwrap_or(needed);
        self.usage.tokens += tokens;
        self.today.1 += tokens;
        if completion.cut_off {
            return Err(AnswerError::CutOff.into());
        }
        let source = Source::with_title(&document.text, document.title.as_deref());
        let sentences = answer::sentences(&completion.content, &source, &self.config)?;
        self.cache.put(&key, &sentences);
        Ok(sentences)
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
        let written = self.write(document)?;
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
