//! What the features are computed from: the terms of each candidate sentence and of the text.
//!
//! Promises: one pass over the candidates' text, at most [`MAX_WORDS`] words a sentence.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use super::lexicon;
use super::model::Idf;
use crate::{stem, words};

/// Words of a sentence beyond this one are not looked at.
pub(super) const MAX_WORDS: usize = 300;

/// A word of a sentence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    /// Its stem's number in the text.
    pub(super) id: u32,
    /// Written with a capital, and not because it begins the sentence.
    pub(super) name: bool,
    /// A function word.
    pub(super) stop: bool,
    /// Has a digit.
    pub(super) number: bool,
    /// Within quotation marks.
    pub(super) quoted: bool,
}

/// A candidate.
#[derive(Debug, Clone, Default)]
pub(super) struct Unit {
    /// Its place in the text, in bytes.
    pub(super) bytes: Range<usize>,
    pub(super) terms: Vec<Term>,
    /// Distinct content stems with their tf-idf weight, by number, of length 1.
    pub(super) vector: Vec<(u32, f32)>,
    /// Distinct content stems, by number.
    pub(super) content: Vec<u32>,
    /// Pairs of neighbouring stems.
    pub(super) bigrams: Vec<u64>,
}

/// A text's candidates and its terms.
#[derive(Debug, Clone, Default)]
pub(super) struct Analysis {
    pub(super) units: Vec<Unit>,
    /// By stem: how often it occurs.
    pub(super) frequency: Vec<f32>,
    /// By stem: in how many candidates it occurs.
    pub(super) spread: Vec<f32>,
    /// By stem: how rare it is.
    pub(super) idf: Vec<f32>,
    /// By stem: how often it occurs as a name.
    pub(super) as_name: Vec<f32>,
    /// By stem: tf-idf weight in the text as a whole; zero for function words.
    pub(super) weight: Vec<f32>,
    /// The sum of `weight`.
    pub(super) mass: f32,
    /// The heaviest stems, heaviest first, at most 15.
    pub(super) top: Vec<u32>,
    /// The text's tf-idf vector, of length 1, by stem.
    pub(super) centroid: Vec<f32>,
    /// Pairs that occur more than once, sorted.
    pub(super) repeated: Vec<u64>,
    /// Distinct content stems of the title, at most 64.
    pub(super) title: Vec<u32>,
}

impl Analysis {
    /// Reads the sentences of `text` that these bytes are, and the title that stands over them.
    pub(super) fn new(
        text: &str,
        sentences: &[Range<usize>],
        title: Option<&str>,
        idf: &Idf,
    ) -> Self {
        let mut stems = Stems::default();
        let mut units: Vec<Unit> =
            sentences.iter().map(|bytes| stems.unit(text, bytes.clone(), idf)).collect();
        let title = title.map(|title| stems.title(title, idf)).unwrap_or_default();
        let n = stems.idf.len();
        let mut analysis = Self {
            title,
            frequency: vec![0.0; n],
            spread: vec![0.0; n],
            as_name: vec![0.0; n],
            weight: vec![0.0; n],
            centroid: vec![0.0; n],
            ..Self::default()
        };
        for unit in &mut units {
            for term in &unit.terms {
                analysis.frequency[term.id as usize] += 1.0;
                analysis.as_name[term.id as usize] += f32::from(u8::from(term.name));
            }
            unit.content = unit.terms.iter().filter(|t| !t.stop).map(|t| t.id).collect();
            unit.content.sort_unstable();
            unit.content.dedup();
            for id in &unit.content {
                analysis.spread[*id as usize] += 1.0;
            }
            unit.bigrams = unit
                .terms
                .windows(2)
                .filter(|w| !(w[0].stop && w[1].stop))
                .map(|w| (u64::from(w[0].id) << 32) | u64::from(w[1].id))
                .collect();
        }
        analysis.idf = stems.rarity(&analysis.spread, units.len());
        analysis.units = units;
        analysis.weigh();
        analysis
    }

    fn weigh(&mut self) {
        for unit in &self.units {
            for id in &unit.content {
                let id = *id as usize;
                self.weight[id] = self.frequency[id] * self.idf[id];
            }
        }
        self.mass = self.weight.iter().sum::<f32>().max(1e-6);
        let mut top: Vec<u32> =
            (0..self.weight.len() as u32).filter(|id| self.weight[*id as usize] > 0.0).collect();
        let heavier = |a: &u32, b: &u32| {
            self.weight[*b as usize].total_cmp(&self.weight[*a as usize]).then(a.cmp(b))
        };
        if top.len() > 15 {
            top.select_nth_unstable_by(14, heavier);
            top.truncate(15);
        }
        top.sort_unstable_by(heavier);
        self.top = top;
        let norm = self.weight.iter().map(|w| w * w).sum::<f32>().sqrt().max(1e-6);
        self.centroid = self.weight.iter().map(|w| w / norm).collect();

        let mut counts: HashMap<u32, f32, BuildHasherDefault<Fnv>> = HashMap::default();
        let mut bigrams = Vec::new();
        for unit in &mut self.units {
            counts.clear();
            for term in unit.terms.iter().filter(|t| !t.stop) {
                *counts.entry(term.id).or_default() += 1.0;
            }
            unit.vector =
                unit.content.iter().map(|id| (*id, counts[id] * self.idf[*id as usize])).collect();
            let norm = unit.vector.iter().map(|(_, w)| w * w).sum::<f32>().sqrt().max(1e-6);
            unit.vector.iter_mut().for_each(|(_, w)| *w /= norm);
            bigrams.extend_from_slice(&unit.bigrams);
        }
        bigrams.sort_unstable();
        self.repeated =
            bigrams.chunk_by(|a, b| a == b).filter(|c| c.len() > 1).map(|c| c[0]).collect();
    }
}

/// The cosine of two vectors of length 1.
pub(super) fn cosine(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i].0, b[j].0);
        if x == y {
            sum += a[i].1 * b[j].1;
        }
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    sum
}

#[derive(Default)]
struct Stems {
    ids: HashMap<Vec<u8>, u32, BuildHasherDefault<Fnv>>,
    stop: Vec<bool>,
    /// Background rarity; none for stems that the table does not have.
    idf: Vec<Option<f32>>,
    known: usize,
    seen: usize,
    lower: Vec<u8>,
}

impl Stems {
    fn unit(&mut self, text: &str, bytes: Range<usize>, idf: &Idf) -> Unit {
        let sentence = &text[bytes.clone()];
        let mut terms = Vec::with_capacity(32);
        let mut quoted = false;
        let mut last = 0;
        words::for_each_word(sentence, |word| {
            if terms.len() >= MAX_WORDS {
                return;
            }
            for c in sentence[last..word.start].chars() {
                match c {
                    '"' => quoted = !quoted,
                    '“' | '«' | '„' | '「' => quoted = true,
                    '”' | '»' | '」' => quoted = false,
                    _ => {}
                }
            }
            last = word.end;
            let word = &sentence[word];
            let id = self.id(word, idf);
            terms.push(Term {
                id,
                name: !terms.is_empty() && word.starts_with(char::is_uppercase) && word.len() > 1,
                stop: self.stop[id as usize],
                number: word.bytes().any(|b| b.is_ascii_digit()),
                quoted,
            });
        });
        Unit { bytes, terms, ..Unit::default() }
    }

    fn title(&mut self, title: &str, idf: &Idf) -> Vec<u32> {
        let mut ids = Vec::new();
        words::for_each_word(title, |word| {
            if ids.len() < 64 {
                let id = self.id(&title[word], idf);
                if !self.stop[id as usize] && !ids.contains(&id) {
                    ids.push(id);
                }
            }
        });
        ids
    }

    fn id(&mut self, word: &str, idf: &Idf) -> u32 {
        self.lower.clear();
        if word.is_ascii() {
            self.lower.extend(word.bytes().map(|b| b.to_ascii_lowercase()));
        } else {
            let mut utf8 = [0; 4];
            for c in word.chars().flat_map(char::to_lowercase) {
                self.lower.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
            }
        }
        let stop = lexicon::is_stop(&self.lower);
        if !stop && word.is_ascii() && self.lower.len() > 3 {
            stem::stem(&mut self.lower);
        }
        self.seen += 1;
        let id = match self.ids.get(&self.lower) {
            Some(id) => *id,
            None => {
                let id = self.idf.len() as u32;
                self.ids.insert(self.lower.clone(), id);
                self.idf.push(idf.get(&self.lower));
                self.stop.push(stop);
                id
            }
        };
        self.known += usize::from(self.idf[id as usize].is_some());
        id
    }

    /// How rare each stem is: by the background table where that knows most of the words, that is
    /// in English; else by the text itself.
    fn rarity(&self, spread: &[f32], sentences: usize) -> Vec<f32> {
        if self.known * 10 >= self.seen * 6 {
            return self.idf.iter().map(|idf| idf.unwrap_or(Idf::UNSEEN)).collect();
        }
        let n = sentences as f32 + 1.0;
        spread.iter().map(|df| 1.0 + (n / (df + 0.5)).ln().max(0.0)).collect()
    }
}

/// FNV-1a: short keys, and at most [`MAX_WORDS`] times the candidates of them.
#[derive(Clone, Copy)]
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Calls `each` with the stem of every word of `text` that is not a function word: the keys of
/// the table of rarities.
pub fn stems(text: &str, mut each: impl FnMut(&[u8])) {
    let mut stems = Stems::default();
    let none = Idf::default();
    words::for_each_word(text, |word| {
        let id = stems.id(&text[word], &none);
        if !stems.stop[id as usize] {
            each(&stems.lower);
        }
    });
}
