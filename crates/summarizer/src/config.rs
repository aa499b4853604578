//! What may be tuned: `summarizer` in `pipeline.yaml`.

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
    /// The language model behind method llm. Default none.
    pub llm: Option<LlmConfig>,
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
            llm: None,
        }
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

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Method>, D::Error> {
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(method) => vec![method],
        OneOrMany::Many(methods) => methods,
    })
}
