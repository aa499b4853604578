//! One request to a server that speaks OpenAI's chat completions, made again where that can help.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use ureq::Agent;

use super::LlmConfig;
use super::prompt::Prompt;

/// More bytes than this are not an answer.
const MAX_ANSWER: u64 = 1 << 20;
/// The longest wait that a server may ask for between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The server cannot be reached, or was too slow.
    #[error("no answer from {url}: {reason}")]
    NoAnswer {
        /// Where.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The server refused.
    #[error("{url} answered with status {status}")]
    Refused {
        /// Where.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not that of a chat completion.
    #[error("{url} did not answer with a chat completion: {reason}")]
    NotACompletion {
        /// Where.
        url: String,
        /// What is wrong.
        reason: String,
    },
}

impl RequestError {
    /// Whether the same request may work later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::NotACompletion { .. } => false,
        }
    }
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Completion {
    pub(super) content: String,
    pub(super) cut_off: bool,
    /// Tokens of the prompt and of the answer, where the server says.
    pub(super) tokens: Option<(u64, u64)>,
}

pub(super) struct Client {
    agent: Agent,
    url: String,
    key: Option<String>,
    config: LlmConfig,
    /// How the thread waits; tests do not.
    pub(super) wait: fn(Duration),
}

impl Client {
    pub(super) fn new(config: &LlmConfig) -> Result<Self, String> {
        let base = config.url.trim_end_matches('/');
        if !(base.starts_with("http://") || base.starts_with("https://")) {
            return Err(format!("llm.url: {:?} is not an http or https address", config.url));
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(config.timeout.0))
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .new_agent();
        Ok(Self {
            agent,
            url: format!("{base}/chat/completions"),
            key: config.key()?,
            config: config.clone(),
            wait: std::thread::sleep,
        })
    }

    /// Asks, and asks again up to `retries` times while the failure is of the moment.
    pub(super) fn complete(
        &self,
        prompt: &Prompt,
        max_tokens: u64,
    ) -> Result<Completion, RequestError> {
        let mut tried = 0;
        loop {
            match self.once(prompt, max_tokens) {
                Err((error, asked)) if error.is_transient() && tried < self.config.retries => {
                    let backoff = Duration::from_millis(500) * 2_u32.saturating_pow(tried.min(6));
                    (self.wait)(asked.unwrap_or(backoff).min(LONGEST_WAIT));
                    tried += 1;
                }
                Err((error, _)) => return Err(error),
                Ok(completion) => return Ok(completion),
            }
        }
    }

    fn once(
        &self,
        prompt: &Prompt,
        max_tokens: u64,
    ) -> Result<Completion, (RequestError, Option<Duration>)> {
        let no_answer = |error: ureq::Error| {
            (RequestError::NoAnswer { url: self.url.clone(), reason: error.to_string() }, None)
        };
        let mut body = json!({
            "model": self.config.model,
            "temperature": 0,
            "max_tokens": max_tokens,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
        });
        if self.config.json_schema {
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": {"name": "summary", "strict": true, "schema": {
                    "type": "object",
                    "properties": {"sentences": {"type": "array", "items": {"type": "string"}}},
                    "required": ["sentences"],
                    "additionalProperties": false,
                }},
            });
        }
        let mut request = self.agent.post(&self.url).header("content-type", "application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let mut response = request.send(body.to_string()).map_err(no_answer)?;
        let status = response.status().as_u16();
        if status != 200 {
            let asked = response
                .headers()
                .get("retry-after")
                .and_then(|v| v.to_str().ok())
                .and_then(|v| v.trim().parse().ok())
                .map(Duration::from_secs);
            return Err((RequestError::Refused { url: self.url.clone(), status }, asked));
        }
        let text = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER)
            .read_to_string()
            .map_err(no_answer)?;
        completion(&text).map_err(|reason| {
            (RequestError::NotACompletion { url: self.url.clone(), reason }, None)
        })
    }
}

#[derive(Deserialize)]
struct Body {
    choices: Vec<BodyChoice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct BodyChoice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

impl Usage {
    /// Of prompt and answer. A server that gives their sum alone gets it all counted as prompt.
    fn tokens(&self) -> Option<(u64, u64)> {
        let answer = self.completion_tokens.unwrap_or(0);
        let rest = || self.total_tokens.map(|total| total.saturating_sub(answer));
        self.prompt_tokens.or_else(rest).map(|prompt| (prompt, answer))
    }
}

fn completion(text: &str) -> Result<Completion, String> {
    let body: Body = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let choice = body.choices.into_iter().next().ok_or("it has no choice")?;
    Ok(Completion {
        content: choice.message.content.unwrap_or_default(),
        cut_off: choice.finish_reason.as_deref() == Some("length"),
        tokens: body.usage.and_then(|usage| usage.tokens()),
    })
}
