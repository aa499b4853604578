//! What may be tuned: `summarizer` in `pipeline.yaml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Grounding;
use crate::llm::LlmConfig;

/// What may be tuned. `summarizer` in `pipeline.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How to summarize: one method, or a list of methods that stand in for each other in this
    /// order. Default extractive.
    #[serde(deserialize_with = "one_or_many")]
    #[schemars(with = "OneOrMany")]
    pub method: Vec<Method>,
    /// At most this many sentences, 1 or more. Default 3.
    pub sentences: usize,
    /// At most this many words, but always one sentence. Default 110.
    pub max_words: usize,
    /// How the summary is laid out. Default sentences.
    pub style: Style,
    /// What happens to written sentences that the text does not support.
    pub grounding: Grounding,
    /// The model behind method rust-bert. Default none.
    pub rust_bert: Option<crate::rust_bert::Config>,
    /// The model behind method llama. Default none.
    pub llama: Option<crate::llama::Config>,
    /// The language model behind method llm. Default none.
    pub llm: Option<LlmConfig>,
    /// What is different for the articles of single sources, by the source's name. Default
    /// nothing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_source: BTreeMap<String, Override>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            method: vec![Method::Extractive],
            sentences: 3,
            max_words: 110,
            style: Style::Sentences,
            grounding: Grounding::default(),
            rust_bert: None,
            llama: None,
            llm: None,
            by_source: BTreeMap::new(),
        }
    }
}

/// What is different for one source. `summarizer.by_source.NAME` in `pipeline.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Override {
    /// How to summarize. Default as for all.
    #[serde(deserialize_with = "some_one_or_many", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<OneOrMany>")]
    pub method: Option<Vec<Method>>,
    /// At most this many sentences, 1 or more. Default as for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentences: Option<usize>,
    /// At most this many words, but always one sentence. Default as for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_words: Option<usize>,
    /// How the summary is laid out. Default as for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<Style>,
}

/// A configuration that cannot work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The key that is wrong.
    pub key: &'static str,
    /// What is wrong with it.
    pub message: String,
    /// What would be right.
    pub help: &'static str,
    /// Whether a section is missing, which `help` then says: nothing that stands there is wrong.
    pub missing: bool,
}

impl Mistake {
    pub(crate) fn new(key: &'static str, message: impl Into<String>, help: &'static str) -> Self {
        Self { key, message: message.into(), help, missing: false }
    }

    /// A section that a method needs.
    fn missing(message: &str, help: &'static str) -> Self {
        Self { missing: true, ..Self::new("method", message, help) }
    }
}

impl Config {
    /// The settings for the articles of one source: nothing in them is by source any more.
    pub fn for_source(&self, source: Option<&str>) -> Self {
        let mut config = Self { by_source: BTreeMap::new(), ..self.clone() };
        if let Some(own) = source.and_then(|source| self.by_source.get(source)) {
            config.method = own.method.clone().unwrap_or(config.method);
            config.sentences = own.sentences.unwrap_or(config.sentences);
            config.max_words = own.max_words.unwrap_or(config.max_words);
            config.style = own.style.unwrap_or(config.style);
        }
        config
    }

    /// What cannot work, here or for one source, as far as it shows without reading a key,
    /// loading a model or asking a server.
    pub fn mistake(&self) -> Option<Mistake> {
        let sources = self.by_source.keys().map(|name| self.for_source(Some(name)));
        std::iter::once(self.for_source(None))
            .chain(sources)
            .find_map(|config| config.own_mistake())
    }

    fn own_mistake(&self) -> Option<Mistake> {
        let mistake = |key, message: &str, help| Some(Mistake::new(key, message, help));
        if self.sentences == 0 {
            return mistake("sentences", "`sentences` must be at least 1", "3 is the default");
        }
        if self.max_words == 0 {
            return mistake("max_words", "`max_words` must be at least 1", "110 is the default");
        }
        if self.method.is_empty() {
            return mistake("method", "no method is named", "extractive needs nothing else");
        }
        if self.method.contains(&Method::Llm) {
            match &self.llm {
                None => {
                    let help = "add llm: { url: \"http://127.0.0.1:8080/v1\", model: NAME }";
                    return Some(Mistake::missing("method llm needs `summarizer.llm`", help));
                }
                Some(llm)
                    if !(llm.url.starts_with("http://") || llm.url.starts_with("https://")) =>
                {
                    let message = format!("{:?} is not an http or https address", llm.url);
                    return mistake("url", &message, "it is what stands before /chat/completions");
                }
                Some(llm) if llm.concurrency == 0 => {
                    let message = "`concurrency` must be at least 1";
                    return mistake("concurrency", message, "4 is the default");
                }
                Some(_) => {}
            }
        }
        if self.method.contains(&Method::RustBert) {
            if !cfg!(feature = "rust-bert") {
                let message = "this newsmill is built without method rust-bert";
                let help = "build with `cargo build --release --features rust-bert`";
                return mistake("method", message, help);
            }
            if self.rust_bert.is_none() {
                let help = "add rust_bert: { model: FOLDER }";
                let message = "method rust-bert needs `summarizer.rust_bert`";
                return Some(Mistake::missing(message, help));
            }
        }
        if self.method.contains(&Method::Llama) {
            if !cfg!(feature = "llama") {
                let message = "this newsmill is built without method llama";
                let help = "build with `cargo build --release --features llama`";
                return mistake("method", message, help);
            }
            let Some(llama) = &self.llama else {
                let help = "add llama: { path: FILE.gguf, sha256: HASH }";
                return Some(Mistake::missing("method llama needs `summarizer.llama`", help));
            };
            return llama.mistake();
        }
        None
    }

    /// Whether a method, of all sources or of one, mostly waits for a server.
    pub fn asks_a_server(&self) -> bool {
        let own = self.by_source.values().filter_map(|own| own.method.as_ref());
        own.chain([&self.method]).any(|methods| methods.contains(&Method::Llm))
    }

    /// How many threads should summarize, where `jobs` of them may compute: requests to a server
    /// wait side by side.
    pub fn threads(&self, jobs: usize) -> usize {
        let asked = self.llm.as_ref().filter(|_| self.asks_a_server());
        let requests = asked.map_or(1, |llm| llm.concurrency);
        jobs.max(requests.min(64)).max(1)
    }
}

/// A way to summarize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The text's own sentences, chosen by a small learned model that is built in.
    Extractive,
    /// A BART, T5, Pegasus, LongT5 or ProphetNet in a folder; needs `rust_bert` and a newsmill
    /// that was built with the cargo feature rust-bert.
    RustBert,
    /// A GGUF model in this process; needs `llama` and a newsmill that was built with the cargo
    /// feature llama.
    Llama,
    /// A language model behind an OpenAI-compatible address; needs `llm`.
    Llm,
}

/// How a summary is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Running text.
    #[default]
    Sentences,
    /// One sentence, as short as it can be and still tell the story.
    Headline,
    /// One line a sentence, each behind "• ".
    Bullets,
}

impl Style {
    /// Joins sentences into the text of a summary; line breaks within a sentence become spaces.
    pub fn join<'a>(self, sentences: impl Iterator<Item = &'a str>) -> String {
        let mut joined = String::new();
        for sentence in sentences {
            match self {
                Self::Bullets if joined.is_empty() => joined.push_str("• "),
                Self::Bullets => joined.push_str("\n• "),
                _ if joined.is_empty() => {}
                _ => joined.push(' '),
            }
            joined.extend(sentence.chars().map(|c| if c == '\n' { ' ' } else { c }));
        }
        joined
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMany {
    One(Method),
    Many(Vec<Method>),
}

fn some_one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Method>>, D::Error> {
    one_or_many(deserializer).map(Some)
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Method>, D::Error> {
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(method) => vec![method],
        OneOrMany::Many(methods) => methods,
    })
}
