//! Summaries made of the text's own sentences.
//!
//! Promises: every sentence of a summary is the text between its offsets, code point for code
//! point, in document order, none twice; the work is linear in the text, and quadratic only in
//! the first [`CONSIDERED`] sentences. Leaves out: rewriting of any kind.

use std::collections::HashMap;

use newsmill_article::{Document, Summary, SummarySentence};

use crate::sentences::{self, Sentence};
use crate::{Style, SummarizeError, Summarizer, words};

/// Sentences beyond this one are read, but not chosen: news puts what matters first.
pub const CONSIDERED: usize = 60;

/// Chooses sentences.
#[derive(Debug, Clone)]
pub struct Extractive {
    sentences: usize,
    max_words: usize,
    style: Style,
}

impl Extractive {
    /// With the bounds and the style of `config`.
    pub fn new(config: &crate::Config) -> Self {
        Self { sentences: config.sentences, max_words: config.max_words, style: config.style }
    }
}

impl Summarizer for Extractive {
    fn version(&self) -> String {
        "extractive/0".to_owned()
    }

    fn summarize(&mut self, document: &Document) -> Result<Summary, SummarizeError> {
        let text = document.text.as_str();
        let mut candidates = sentences::of_document(document);
        if candidates.iter().any(|s| s.complete) {
            candidates.retain(|s| s.complete);
        }
        candidates.truncate(CONSIDERED);
        if candidates.is_empty() {
            return Err(SummarizeError::NoSentence);
        }
        let bags: Vec<Vec<String>> =
            candidates.iter().map(|s| bag(&text[s.bytes.clone()])).collect();
        let scores = score(&bags);
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        let wanted = if self.style == Style::Headline { 1 } else { self.sentences.max(1) };
        let mut chosen: Vec<usize> = Vec::new();
        let mut room = self.max_words;
        for i in order {
            let words = words::count(&text[candidates[i].bytes.clone()]);
            if chosen.len() == wanted {
                break;
            }
            let repeats = chosen.iter().any(|&j| overlap(&bags[i], &bags[j]) > 0.6);
            if repeats || (words > room && !chosen.is_empty()) {
                continue;
            }
            room = room.saturating_sub(words);
            chosen.push(i);
        }
        chosen.sort_unstable();
        Ok(summary(text, chosen.iter().map(|&i| &candidates[i]), self.style))
    }
}

/// Builds the summary of these sentences.
fn summary<'a>(text: &str, chosen: impl Iterator<Item = &'a Sentence>, style: Style) -> Summary {
    let sentences: Vec<SummarySentence> = chosen
        .map(|s| SummarySentence {
            text: text[s.bytes.clone()].to_owned(),
            start: Some(s.span.start),
            end: Some(s.span.end),
            ..SummarySentence::default()
        })
        .collect();
    Summary {
        text: style.join(sentences.iter().map(|s| s.text.as_str())),
        method: "extractive".to_owned(),
        model: None,
        sentences,
        fallback: None,
    }
}

fn bag(sentence: &str) -> Vec<String> {
    let mut bag = Vec::new();
    words::for_each_word(sentence, |word| bag.push(sentence[word].to_lowercase()));
    bag.sort_unstable();
    bag.dedup();
    bag
}

fn overlap(a: &[String], b: &[String]) -> f32 {
    let shared = a.iter().filter(|word| b.binary_search(word).is_ok()).count();
    shared as f32 / a.len().min(b.len()).max(1) as f32
}

/// Position and centrality: early sentences that share rare words with the others.
fn score(bags: &[Vec<String>]) -> Vec<f32> {
    let mut frequency: HashMap<&str, f32> = HashMap::new();
    for word in bags.iter().flatten() {
        *frequency.entry(word).or_default() += 1.0;
    }
    let n = bags.len() as f32;
    bags.iter()
        .enumerate()
        .map(|(i, bag)| {
            let central: f32 = bag
                .iter()
                .map(|word| {
                    let df = frequency[word.as_str()];
                    (df - 1.0) * (n / df).ln()
                })
                .sum::<f32>()
                / (bag.len() as f32 + 5.0);
            let short = if bag.len() < 5 { 0.5 } else { 1.0 };
            short * (central + 2.0 / (1.0 + i as f32))
        })
        .collect()
}

#[cfg(test)]
mod tests;
