//! ROUGE-1, ROUGE-2 and summary-level ROUGE-L (Lin 2004), as the PyPI package `rouge-score`
//! counts them with its stemmer: words of `[a-z0-9]`, those of four letters and more stemmed.
//!
//! Promises: the same precision, recall and F1, and bootstrap intervals that come out the same on
//! every run. Leaves out: other languages (a text without Latin letters scores 0), files.

use std::collections::HashMap;

use crate::stem::stem;

/// Precision, recall and their harmonic mean, 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Prf {
    /// Of the summary's units, how many the reference has.
    pub precision: f64,
    /// Of the reference's units, how many the summary has.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

impl Prf {
    fn new(hits: usize, summary: usize, reference: usize) -> Self {
        let share = |n: usize| if n == 0 { 0.0 } else { hits as f64 / n as f64 };
        let (precision, recall) = (share(summary), share(reference));
        let sum = precision + recall;
        let f1 = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
        Self { precision, recall, f1 }
    }
}

/// The three measures of one summary.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rouge {
    /// Words.
    pub r1: Prf,
    /// Pairs of neighbouring words.
    pub r2: Prf,
    /// Longest common subsequences, sentence by sentence.
    pub rl: Prf,
}

/// Numbers for stems, so that counting compares integers.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    ids: HashMap<Vec<u8>, u32>,
}

impl Vocabulary {
    /// The stems of `text`, in order.
    pub fn tokens(&mut self, text: &str) -> Vec<u32> {
        let lower = text.to_lowercase();
        let mut tokens = Vec::new();
        for word in lower.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit())) {
            if word.is_empty() {
                continue;
            }
            let mut bytes = word.as_bytes().to_vec();
            if bytes.len() > 3 {
                stem(&mut bytes);
            }
            let next = self.ids.len() as u32;
            tokens.push(*self.ids.entry(bytes).or_insert(next));
        }
        tokens
    }

    /// The stems of each line of `text` that is not blank: one line, one sentence.
    pub fn lines(&mut self, text: &str) -> Vec<Vec<u32>> {
        text.split('\n').filter(|l| !l.trim().is_empty()).map(|l| self.tokens(l)).collect()
    }
}

/// Scores `summary` against `reference`; in both, a sentence is a line.
pub fn rouge(reference: &str, summary: &str) -> Rouge {
    let mut vocabulary = Vocabulary::default();
    let reference = vocabulary.lines(reference);
    score(&reference, &vocabulary.lines(summary))
}

/// Scores sentences that are stems already, of one [`Vocabulary`].
pub fn score<S: AsRef<[u32]>>(reference: &[Vec<u32>], summary: &[S]) -> Rouge {
    let whole = |n: usize| -> Vec<u32> { Vec::with_capacity(n) };
    let mut r = whole(64);
    reference.iter().for_each(|s| r.extend_from_slice(s));
    let mut c = whole(64);
    summary.iter().for_each(|s| c.extend_from_slice(s.as_ref()));
    Rouge {
        r1: shared(r.clone(), c.clone()),
        r2: shared(pairs(&r), pairs(&c)),
        rl: lsum(reference, summary, r.len(), c.len()),
    }
}

fn pairs(tokens: &[u32]) -> Vec<u64> {
    tokens.windows(2).map(|w| (u64::from(w[0]) << 32) | u64::from(w[1])).collect()
}

/// Units in common, each as often as both have it.
fn shared<T: Ord>(mut reference: Vec<T>, mut summary: Vec<T>) -> Prf {
    reference.sort_unstable();
    summary.sort_unstable();
    let (mut i, mut j, mut hits) = (0, 0, 0);
    while i < reference.len() && j < summary.len() {
        match reference[i].cmp(&summary[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                hits += 1;
                i += 1;
                j += 1;
            }
        }
    }
    Prf::new(hits, summary.len(), reference.len())
}

/// Union of the longest common subsequences of each reference sentence with every summary
/// sentence, each word used at most as often as both sides have it.
fn lsum<S: AsRef<[u32]>>(reference: &[Vec<u32>], summary: &[S], m: usize, n: usize) -> Prf {
    let mut left_r: HashMap<u32, usize> = HashMap::new();
    let mut left_c: HashMap<u32, usize> = HashMap::new();
    reference.iter().flatten().for_each(|t| *left_r.entry(*t).or_default() += 1);
    summary.iter().flat_map(AsRef::as_ref).for_each(|t| *left_c.entry(*t).or_default() += 1);
    let mut hits = 0;
    let mut table = Vec::new();
    for sentence in reference {
        let mut union = vec![false; sentence.len()];
        for other in summary {
            mark_lcs(sentence, other.as_ref(), &mut table, &mut union);
        }
        for (token, _) in sentence.iter().zip(&union).filter(|(_, marked)| **marked) {
            if let (Some(c), Some(r)) = (left_c.get_mut(token), left_r.get_mut(token))
                && *c > 0
                && *r > 0
            {
                hits += 1;
                *c -= 1;
                *r -= 1;
            }
        }
    }
    Prf::new(hits, n, m)
}

/// Marks the words of `reference` in one longest common subsequence with `other`, ties broken as
/// `rouge-score` breaks them. `table` is scratch space.
fn mark_lcs(reference: &[u32], other: &[u32], table: &mut Vec<u32>, marked: &mut [bool]) {
    let width = other.len() + 1;
    table.clear();
    table.resize((reference.len() + 1) * width, 0);
    for (i, r) in reference.iter().enumerate() {
        for (j, c) in other.iter().enumerate() {
            table[(i + 1) * width + j + 1] = if r == c {
                table[i * width + j] + 1
            } else {
                table[i * width + j + 1].max(table[(i + 1) * width + j])
            };
        }
    }
    let (mut i, mut j) = (reference.len(), other.len());
    while i > 0 && j > 0 {
        if reference[i - 1] == other[j - 1] {
            marked[i - 1] = true;
            i -= 1;
            j -= 1;
        } else if table[i * width + j - 1] > table[(i - 1) * width + j] {
            j -= 1;
        } else {
            i -= 1;
        }
    }
}

/// Mean of `values` with its 95 % bootstrap interval over `rounds` resamples.
pub fn bootstrap(values: &[f64], rounds: usize) -> Mean {
    let n = values.len();
    let mean = |sum: f64| if n == 0 { 0.0 } else { sum / n as f64 };
    let middle = mean(values.iter().sum());
    if n < 2 || rounds == 0 {
        return Mean { mean: middle, low: middle, high: middle };
    }
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut means: Vec<f64> =
        (0..rounds).map(|_| mean((0..n).map(|_| values[random.below(n)]).sum())).collect();
    means.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| means[((share * rounds as f64) as usize).min(rounds - 1)];
    Mean { mean: middle, low: at(0.025), high: at(0.975) }
}

/// A mean with its 95 % interval.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// 2.5 % of resamples lie below.
    pub low: f64,
    /// 97.5 % of resamples lie below.
    pub high: f64,
}

/// SplitMix64 (Steele et al. 2014): resamples that are the same on every run.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// A number below `n`, which must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((u128::from(z ^ (z >> 31)) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests;
