//! Summaries made of the text's own sentences, chosen by a small learned model.
//!
//! Two linear scorers: one of sentences, one of whole sets of up to three of the best eight, so
//! that coverage, repetition and length are judged together. Sentences beyond three are added
//! one by one.
//!
//! Promises: every sentence of a summary is the text between its offsets, code point for code
//! point (line breaks within a sentence included), in document order, none twice; the work is
//! linear in the text, and quadratic only in the first [`CONSIDERED`] sentences. A dateline or the
//! source that the text begins with is no part of the first sentence. Leaves out: rewriting of any
//! kind, and clauses of a sentence. Trained on English news; in
//! other languages the features that look at English words are silent.

mod analysis;
mod dateline;
pub mod features;
mod lexicon;
pub mod model;
pub mod sets;

use std::ops::Range;
use std::sync::LazyLock;

use newsmill_article::{Document, Span, Summary, SummarySentence};

use analysis::Analysis;
pub use analysis::stems;
use features::Features;
pub(crate) use lexicon::is_stop;
use model::{Idf, Weights};

use crate::sentences::{self, Sentence};
use crate::{Style, SummarizeError, Summarizer, words};

/// Sentences beyond this one are read, but not chosen: news puts what matters first.
pub const CONSIDERED: usize = 60;

/// Two sentences this similar (cosine) say the same.
const REPEATS: f32 = 0.7;

/// What the words of the title are worth to a set that has them all: its sentences on average, and
/// together. In points of ROUGE-1 + ROUGE-2 + ROUGE-Lsum, as sets are scored. No article that the
/// weights were trained on has a title. Gains 0.5 of each on Inshorts; makes no difference on BBC
/// News.
const TITLE: f32 = 10.0;

/// What each word costs a headline, in the same points.
const SHORTER: f32 = 0.5;

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is compiled in, and a test reads it")]
    Weights::from_json(include_str!("../../../../models/extractive/model.json"))
        .expect("models/extractive/model.json fits the features")
});

static IDF: LazyLock<Idf> =
    LazyLock::new(|| Idf::from_bytes(include_bytes!("../../../../models/extractive/idf.bin")));

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

    /// The text's sentences, best first, as a summary would have them: what stands in for written
    /// sentences, and what a prompt may be narrowed to.
    pub fn ranked(&self, document: &Document) -> Vec<SummarySentence> {
        let Some(candidates) = Candidates::new(document, &IDF) else { return Vec::new() };
        let order = candidates.order(&candidates.scores(&WEIGHTS));
        let fits: Vec<usize> = order
            .into_iter()
            .filter(|&i| candidates.tells[i] && candidates.words[i] <= self.max_words)
            .collect();
        candidates.extracts(&document.text, &fits)
    }
}

impl Summarizer for Extractive {
    fn version(&self) -> String {
        format!("extractive/{}", WEIGHTS.version)
    }

    fn summarize(&mut self, document: &Document) -> Result<Summary, SummarizeError> {
        let candidates = Candidates::new(document, &IDF).ok_or(SummarizeError::NoSentence)?;
        let limits = Limits { sentences: self.sentences.max(1), words: self.max_words };
        let chosen = match self.style {
            Style::Headline => candidates.headline(&WEIGHTS, self.max_words),
            Style::Sentences | Style::Bullets => candidates.choose(&WEIGHTS, limits),
        };
        let sentences = candidates.extracts(&document.text, &chosen);
        Ok(Summary {
            text: self.style.join(sentences.iter().map(|s| s.text.as_str())),
            method: "extractive".to_owned(),
            model: Some(self.version()),
            sentences,
            fallback: None,
            spent: None,
        })
    }
}

/// How long a summary may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// At most this many sentences, 1 or more.
    pub sentences: usize,
    /// At most this many words, except that one sentence is always kept.
    pub words: usize,
}

/// The sentences of a text that may be chosen, and what is known of them.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// In document order.
    pub sentences: Vec<Sentence>,
    /// Words of each, as `max_words` counts them.
    words: Vec<usize>,
    /// Whether each says something: the others are chosen only where there is nothing else.
    tells: Vec<bool>,
    analysis: Analysis,
    features: Features,
    /// Which of the title's words each has, as bits.
    titled: Vec<u64>,
    /// By word of the title: its share of the title's rarity.
    title: Vec<f32>,
}

impl Candidates {
    /// Reads `document`; `None` where it has no sentence.
    pub fn new(document: &Document, idf: &Idf) -> Option<Self> {
        let text = document.text.as_str();
        let mut sentences = sentences::of_document(document);
        if sentences.iter().any(|s| s.complete) {
            sentences.retain(|s| s.complete);
        }
        sentences.truncate(CONSIDERED);
        cut_dateline(text, sentences.first_mut()?);
        let places: Vec<Range<usize>> = sentences.iter().map(|s| s.bytes.clone()).collect();
        let analysis = Analysis::new(text, &places, document.title.as_deref(), idf);
        let features = Features::new(text, &analysis);
        let words: Vec<usize> = places.iter().map(|p| words::count(&text[p.clone()])).collect();
        let tells = tells(text, &places, &words);
        let (titled, title) = title_words(&analysis);
        Some(Self { sentences, words, tells, analysis, features, titled, title })
    }

    fn extracts(&self, text: &str, chosen: &[usize]) -> Vec<SummarySentence> {
        let extract = |&i: &usize| {
            let Sentence { span, bytes, .. } = &self.sentences[i];
            SummarySentence {
                text: text[bytes.clone()].to_owned(),
                start: Some(span.start),
                end: Some(span.end),
                ..SummarySentence::default()
            }
        };
        chosen.iter().map(extract).collect()
    }

    /// The features of each sentence.
    pub fn rows(&self) -> &[features::Row] {
        &self.features.rows
    }

    /// The words of `set`, as `max_words` counts them.
    pub fn words(&self, set: &[usize]) -> usize {
        set.iter().map(|&i| self.words[i]).sum()
    }

    /// Sentences by score, best first.
    pub fn order(&self, scores: &[f32]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        order
    }

    /// The sets to choose from, with their features: of at most three of the best eight
    /// sentences, within `limits`. Never empty.
    pub fn sets(&self, scores: &[f32], limits: Limits) -> Vec<(Vec<usize>, sets::Row)> {
        let order = self.order(scores);
        let mut shortlist: Vec<usize> = order
            .iter()
            .copied()
            .filter(|&i| self.tells[i] && self.words[i] <= limits.words)
            .take(sets::SHORTLIST)
            .collect();
        if shortlist.is_empty() {
            let shortest = order.iter().copied().min_by_key(|&i| {
                // Prefer what reads as a sentence; then the shortest.
                (!self.tells[i], self.words[i])
            });
            shortlist.extend(shortest);
        }
        let context = sets::Context::new(&self.analysis, &self.features, scores, &order);
        let all = sets::combinations(&shortlist, limits.sentences.min(sets::LARGEST));
        let n = scores.len();
        let fits = |set: &Vec<usize>| {
            set.len() == 1
                || (self.words(set) <= limits.words
                    && !pairs(set).any(|(i, j)| self.features.similar[i * n + j] > REPEATS))
        };
        let long = |set: &Vec<usize>| self.words(set) >= 12;
        let mut kept: Vec<Vec<usize>> = all.into_iter().filter(fits).collect();
        if kept.iter().any(long) {
            kept.retain(long);
        }
        kept.into_iter()
            .map(|set| {
                let row = context.row(&set);
                (set, row)
            })
            .collect()
    }

    /// The score of each sentence.
    pub fn scores(&self, weights: &Weights) -> Vec<f32> {
        self.features.rows.iter().map(|row| weights.sentence.score(row)).collect()
    }

    /// The best set, in document order.
    pub fn choose(&self, weights: &Weights, limits: Limits) -> Vec<usize> {
        let scores = self.scores(weights);
        let mut chosen = self
            .sets(&scores, limits)
            .into_iter()
            .map(|(set, row)| (weights.set.score(&row) + TITLE * self.told(&set), set))
            // The first of equals, so that ties go to the lead.
            .reduce(|best, other| if other.0 > best.0 { other } else { best })
            .map_or_else(|| vec![0], |(_, set)| set);
        if limits.sentences > sets::LARGEST {
            self.extend(&mut chosen, &scores, limits);
        }
        chosen
    }

    /// How much of the title a set tells, 0 to 2: its sentences on average, and together.
    fn told(&self, set: &[usize]) -> f32 {
        if self.title.is_empty() {
            return 0.0;
        }
        let share = |bits: u64| -> f32 {
            let has = |(at, weight): (usize, &f32)| if bits >> at & 1 == 1 { *weight } else { 0.0 };
            self.title.iter().enumerate().map(has).sum()
        };
        let alone: f32 = set.iter().map(|&i| share(self.titled[i])).sum();
        alone / set.len() as f32 + share(set.iter().fold(0, |bits, &i| bits | self.titled[i]))
    }

    /// Adds the next best sentences that fit and say something new.
    fn extend(&self, chosen: &mut Vec<usize>, scores: &[f32], limits: Limits) {
        let n = scores.len();
        let mut words = self.words(chosen);
        for i in self.order(scores) {
            if chosen.len() >= limits.sentences {
                break;
            }
            let repeats =
                chosen.iter().any(|&j| i == j || self.features.similar[i * n + j] > REPEATS);
            if !repeats && self.tells[i] && words + self.words[i] <= limits.words {
                words += self.words[i];
                chosen.push(i);
            }
        }
        chosen.sort_unstable();
    }

    /// The sentence that best stands for the text alone, shorter ones first.
    fn headline(&self, weights: &Weights, words: usize) -> Vec<usize> {
        let scores = self.scores(weights);
        self.sets(&scores, Limits { sentences: 1, words })
            .into_iter()
            .map(|(set, row)| {
                let length = SHORTER * self.words(&set) as f32;
                (weights.set.score(&row) + TITLE * self.told(&set) - length, set)
            })
            .reduce(|best, other| if other.0 > best.0 { other } else { best })
            .map_or_else(|| vec![0], |(_, set)| set)
    }
}

/// Which sentences say something. Fewer words than four are an exclamation, and names, numbers and
/// capitals alone are a place, a date or a signature ("14:11 EST, 25 October 2013."), unless all of
/// the text is written so.
fn tells(text: &str, places: &[Range<usize>], words: &[usize]) -> Vec<bool> {
    let says = |place: &Range<usize>| {
        let sentence = &text[place.clone()];
        let mut says = false;
        words::for_each_word(sentence, |word| {
            // "CNN's" ends with a word of one letter. Letters without case are no capitals.
            let plain = |c: char| c.is_alphabetic() && !c.is_uppercase();
            says |= word.len() > 1 && sentence[word].starts_with(plain);
        });
        says
    };
    let long = |i: usize| words[i] >= 4;
    let said: Vec<bool> = places.iter().map(says).collect();
    let any = (0..words.len()).any(|i| long(i) && said[i]);
    (0..words.len()).map(|i| long(i) && (said[i] || !any)).collect()
}

/// Which words of the title each sentence has, and what each word weighs.
fn title_words(analysis: &Analysis) -> (Vec<u64>, Vec<f32>) {
    let bit = |content: &[u32], (at, id): (usize, &u32)| {
        u64::from(content.binary_search(id).is_ok()) << at
    };
    let of = |content: &[u32]| {
        analysis.title.iter().enumerate().fold(0, |bits, word| bits | bit(content, word))
    };
    let titled = analysis.units.iter().map(|unit| of(&unit.content)).collect();
    let rarity = |id: &u32| analysis.idf[*id as usize];
    let all: f32 = analysis.title.iter().map(rarity).sum::<f32>().max(1e-6);
    (titled, analysis.title.iter().map(|id| rarity(id) / all).collect())
}

fn pairs(set: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    set.iter().enumerate().flat_map(|(a, &i)| set[a + 1..].iter().map(move |&j| (i, j)))
}

/// Takes the dateline off the text's first sentence.
fn cut_dateline(text: &str, first: &mut Sentence) {
    if !text[..first.bytes.start].trim().is_empty() {
        return;
    }
    let sentence = &text[first.bytes.clone()];
    let cut = dateline::length(sentence);
    if cut > 0 && words::count(&sentence[cut..]) > 0 {
        first.bytes.start += cut;
        first.span =
            Span { start: first.span.start + sentence[..cut].chars().count(), ..first.span };
    }
}

#[cfg(test)]
mod tests;
