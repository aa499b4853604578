//! What the model answered, and whether it is a summary.

use serde::Deserialize;

use crate::Config;
use crate::grounding::Source;
use crate::sentences;

/// Of an answer's words, the text must have at least this share; less is another language or
/// another story.
const LEAST_SHARED: f32 = 0.3;

/// Why an answer is not a summary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The answer stopped at the bound of tokens.
    #[error("the answer was cut off")]
    CutOff,
    /// No JSON object with sentences is in it.
    #[error("the answer is not the JSON that was asked for")]
    NotJson,
    /// It has no sentence.
    #[error("the answer has no sentence")]
    Empty,
    /// Hardly a word of it is in the text.
    #[error("the answer is in another language or about another text")]
    Foreign,
    /// It is far longer than asked.
    #[error("the answer has {words} words where {most} were asked for")]
    TooLong {
        /// Words of the answer.
        words: usize,
        /// Words that were asked for.
        most: usize,
    },
}

#[derive(Deserialize)]
struct Answer {
    sentences: Vec<String>,
}

/// The sentences of an answer; words before and after the JSON, and a fence around it, do no harm.
pub(super) fn sentences(
    content: &str,
    source: &Source,
    config: &Config,
) -> Result<Vec<String>, AnswerError> {
    let answer = content
        .match_indices('{')
        // An answer that talks first may have a brace or two before the JSON.
        .take(8)
        .find_map(|(at, _)| {
            serde_json::Deserializer::from_str(&content[at..]).into_iter::<Answer>().next()?.ok()
        })
        .ok_or(AnswerError::NotJson)?;
    checked(answer.sentences.iter().map(String::as_str), source, config)
}

/// The sentences in `lines`, which a model wrote, where they can be a summary of `source`.
pub(crate) fn checked<'a>(
    lines: impl IntoIterator<Item = &'a str>,
    source: &Source,
    config: &Config,
) -> Result<Vec<String>, AnswerError> {
    let mut found: Vec<String> = Vec::new();
    for line in lines {
        // A model may put two sentences into one string; each must stand on its own.
        let line = super::prompt::defused(line).replace('\n', " ");
        found.extend(sentences::split(&line).into_iter().map(|s| line[s.bytes].to_owned()));
    }
    found.dedup();
    if found.is_empty() {
        return Err(AnswerError::Empty);
    }
    found.truncate(config.sentences.max(1));
    let words: usize = found.iter().map(|s| crate::words::count(s)).sum();
    if words > config.max_words.max(40) * 2 {
        return Err(AnswerError::TooLong { words, most: config.max_words });
    }
    if source.shared_words(&found.join(" ")) < LEAST_SHARED {
        return Err(AnswerError::Foreign);
    }
    Ok(found)
}
