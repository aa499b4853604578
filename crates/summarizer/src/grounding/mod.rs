//! What a summary sentence rests on, and what to do with one that rests on nothing.
//!
//! A sentence is aligned with the text: its words, the pieces it is made of, its names, numbers
//! and quotations, negation. A logistic regression over these measures, trained on people's
//! verdicts on model summaries, says how likely a reader would call the sentence supported.
//!
//! Promises: no model beyond seven numbers, linear in the text for each sentence, the same answer
//! every time. Leaves out understanding: a sentence of the right words in the right company with
//! the roles swapped can pass.

mod measures;
mod source;
mod verify;

use std::sync::LazyLock;

use newsmill_article::{Document, Span, Summary, SummarySentence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use measures::{COUNT, NAMES, Row};
pub use source::Source;
pub use verify::{Fault, verify};

use crate::extractive::Extractive;
use crate::extractive::model::Linear;
use crate::{Config, SummarizeError};

/// When a written sentence is not good enough, and what happens then. `summarizer.grounding` in
/// `pipeline.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Grounding {
    /// A sentence with less support than this, 0 to 1, fails; so does one with a name, a number
    /// or a quotation that the text does not have. Default 0.5.
    pub min_support: f32,
    /// What happens to a sentence that fails. Default replace.
    pub on_fail: OnFail,
}

impl Default for Grounding {
    fn default() -> Self {
        Self { min_support: 0.5, on_fail: OnFail::Replace }
    }
}

/// What happens to a sentence that the text does not support.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// The best sentence of the text that the summary does not have yet stands in for it.
    #[default]
    Replace,
    /// It is left out; a summary with nothing left is refused.
    Drop,
    /// It stays, with a note.
    Flag,
    /// The whole article is refused.
    Reject,
}

/// What a text says to a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Support {
    /// How likely a reader would call the sentence supported, 0 to 1.
    pub value: f32,
    /// The sentences of the text that it rests on, in document order; at most three.
    pub evidence: Vec<Span>,
    /// Its names, numbers and quotations that the text does not have.
    pub missing: Vec<String>,
}

impl Support {
    /// Why the sentence fails, if it does.
    pub fn failure(&self, min_support: f32) -> Option<String> {
        if let Some(first) = self.missing.first() {
            return Some(format!("{first:?} is not in the text"));
        }
        (self.value < min_support)
            .then(|| format!("support {:.2} is under {min_support:.2}", self.value))
    }
}

static WEIGHTS: LazyLock<Linear> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is compiled in, and every test reads it")]
    serde_json::from_str(include_str!("../../../../models/grounding/model.json"))
        .expect("models/grounding/model.json is a linear scorer")
});

impl Source {
    /// How well this text supports `sentence`.
    pub fn support(&self, sentence: &str) -> Support {
        let evidence = measures::Evidence::of(self, sentence);
        let value = if self.has_run(sentence) {
            1.0
        } else {
            let z = WEIGHTS.score(&evidence.row);
            let value = 1.0 / (1.0 + (-z).exp());
            // Verdicts on sentences that turn a statement round are too few to learn from.
            let value = if evidence.denies_alone { value / 2.0 } else { value };
            (1000.0 * value).round() / 1000.0
        };
        Support { value, evidence: evidence.spans(self), missing: evidence.missing }
    }

    /// The log-odds that a reader would call `sentence` supported, also of a verbatim one.
    pub fn odds(&self, sentence: &str) -> f32 {
        WEIGHTS.score(&self.measures(sentence))
    }

    /// What is measured of `sentence`, for training.
    pub fn measures(&self, sentence: &str) -> Row {
        measures::Evidence::of(self, sentence).row
    }
}

/// Gives every written sentence of `summary` its evidence and support, and deals with those that
/// fail as `config` says. Extracted sentences are their own evidence.
///
/// # Errors
///
/// [`SummarizeError::Ungrounded`] where a sentence fails under `reject`, or nothing is left.
pub fn ground(
    mut summary: Summary,
    document: &Document,
    config: &Config,
) -> Result<Summary, SummarizeError> {
    let source = Source::with_title(&document.text, document.title.as_deref());
    let mut spares: Option<Vec<SummarySentence>> = None;
    let mut kept: Vec<SummarySentence> = Vec::new();
    for mut sentence in std::mem::take(&mut summary.sentences) {
        if sentence.start.is_some() {
            kept.push(sentence);
            continue;
        }
        let support = source.support(&sentence.text);
        let failure = support.failure(config.grounding.min_support);
        sentence.evidence = support.evidence;
        sentence.support = Some(support.value);
        let Some(why) = failure else {
            kept.push(sentence);
            continue;
        };
        match config.grounding.on_fail {
            OnFail::Reject => return Err(SummarizeError::Ungrounded(why)),
            OnFail::Drop => {}
            OnFail::Flag => {
                sentence.note = Some(format!("unsupported: {why}"));
                kept.push(sentence);
            }
            OnFail::Replace => {
                let spares = spares.get_or_insert_with(|| Extractive::new(config).ranked(document));
                if let Some(at) = spares.iter().position(|s| !is_said(s, &kept)) {
                    let note = Some(format!("in place of a written sentence: {why}"));
                    kept.push(SummarySentence { note, ..spares.remove(at) });
                }
            }
        }
    }
    if kept.is_empty() {
        return Err(SummarizeError::Ungrounded("no sentence is left".to_owned()));
    }
    summary.text = config.style.join(kept.iter().map(|s| s.text.as_str()));
    summary.sentences = kept;
    Ok(summary)
}

/// Whether the summary has this extract already, itself or as evidence of a written sentence.
fn is_said(spare: &SummarySentence, kept: &[SummarySentence]) -> bool {
    let meets = |start: usize, end: usize| {
        spare.start.is_some_and(|s| s < end) && spare.end.is_some_and(|e| start < e)
    };
    kept.iter().any(|k| {
        k.start.zip(k.end).is_some_and(|(start, end)| meets(start, end))
            || k.evidence.first().is_some_and(|e| meets(e.start, e.end))
    })
}

#[cfg(test)]
mod tests;
