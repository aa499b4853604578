//! How well an extraction agrees with a truth: the two measures of the public extraction corpora.
//!
//! A truth with a whole text is compared by 4-word runs (the measure of
//! scrapinghub/article-extraction-benchmark), one with segments that must and must not be there
//! by whether they are found (the measure of trafilatura's evaluation). Words are runs of letters,
//! digits and `_`. Leaves out: metadata, confidence intervals.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What a page should give: `<id>.json` beside `<id>.html.gz`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Truth {
    /// The name of the page in its corpus; empty where the truth does not say.
    #[serde(default)]
    pub id: String,
    /// The address of the page.
    #[serde(default)]
    pub url: Option<String>,
    /// The whole text.
    #[serde(default, rename = "articleBody")]
    pub article_body: Option<String>,
    /// Segments that must be in the text.
    #[serde(default)]
    pub with: Vec<String>,
    /// Segments that must not.
    #[serde(default)]
    pub without: Vec<String>,
}

/// What was counted for one page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct PageScore {
    /// Runs or segments that are in both. A whole text counts as shares that sum to 1.
    pub shared: f64,
    /// In the prediction only.
    pub extra: f64,
    /// In the truth only.
    pub missed: f64,
    /// Segments rightly absent; 0 for a whole text.
    pub absent: f64,
}

/// The scores of a corpus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Scores {
    /// The harmonic mean of the two below.
    pub f1: f64,
    /// How much of what came out is right.
    pub precision: f64,
    /// How much of what is right came out.
    pub recall: f64,
}

/// Whether a corpus is measured by whole texts; otherwise by segments.
pub fn by_whole_text(truths: &[Truth]) -> bool {
    truths.iter().all(|truth| truth.article_body.is_some())
}

/// Scores one page's text against its truth.
pub fn page(truth: &Truth, text: &str) -> PageScore {
    match &truth.article_body {
        Some(body) => runs_score(body, text),
        None => segments_score(truth, text),
    }
}

/// Scores a corpus. For whole texts precision averages the pages with any output and recall those
/// with any truth; for segments both come from the sums.
pub fn corpus(whole_text: bool, pages: &[PageScore]) -> Scores {
    let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let (precision, recall) = if whole_text {
        let mean = |of: fn(&PageScore) -> f64, side: fn(&PageScore) -> f64| {
            let of: Vec<f64> = pages.iter().filter(|p| side(p) > 0.0).map(of).collect();
            ratio(of.iter().sum(), of.len() as f64)
        };
        (
            mean(PageScore::precision, |p| p.shared + p.extra),
            mean(PageScore::recall, |p| p.shared + p.missed),
        )
    } else {
        let sum = |of: fn(&PageScore) -> f64| pages.iter().map(of).sum::<f64>();
        let shared = sum(|p| p.shared);
        (ratio(shared, shared + sum(|p| p.extra)), ratio(shared, shared + sum(|p| p.missed)))
    };
    Scores { f1: harmonic(precision, recall), precision, recall }
}

impl PageScore {
    /// Share of the output that is right; 1 for nothing where nothing was to come.
    pub fn precision(&self) -> f64 {
        Self::share(self.shared, self.extra, self.missed)
    }

    /// Share of the truth that came out; 1 where there is none and nothing came.
    pub fn recall(&self) -> f64 {
        Self::share(self.shared, self.missed, self.extra)
    }

    /// The harmonic mean of both: what pages are ranked by.
    pub fn f1(&self) -> f64 {
        harmonic(self.precision(), self.recall())
    }

    fn share(shared: f64, off: f64, other: f64) -> f64 {
        if off == 0.0 && other == 0.0 {
            1.0
        } else if shared + off > 0.0 {
            shared / (shared + off)
        } else {
            0.0
        }
    }
}

fn harmonic(precision: f64, recall: f64) -> f64 {
    if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
}

/// Runs of letters, digits and `_`. Combining marks part words, as they do in the measures'
/// original (Python's `\w`).
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty())
}

fn is_word(c: char) -> bool {
    c == '_' || (c.is_alphanumeric() && !is_alphabetic_mark(c))
}

/// Letters to Unicode but marks by category (Mn, Mc) or symbols (So): the ranges of the scripts
/// that newspapers are written in.
fn is_alphabetic_mark(c: char) -> bool {
    matches!(u32::from(c),
        0x345 | 0x5B0..=0x5BD | 0x5BF | 0x5C1..=0x5C2 | 0x5C4..=0x5C5 | 0x5C7 | 0x610..=0x61A
        | 0x64B..=0x65F | 0x670 | 0x6D6..=0x6DC | 0x6E1..=0x6E4 | 0x6E7..=0x6E8 | 0x6ED
        | 0x900..=0x903 | 0x93A..=0x93B | 0x93E..=0x94C | 0x94E..=0x94F | 0x955..=0x957
        | 0x962..=0x963 | 0x981..=0x983 | 0x9BE..=0x9CC | 0x9D7 | 0xA01..=0xA03 | 0xA3E..=0xA4C
        | 0xA70..=0xA71 | 0xA81..=0xA83 | 0xABE..=0xACC | 0xB3E..=0xB4C | 0xB82 | 0xBBE..=0xBCC
        | 0xC00..=0xC03 | 0xC3E..=0xC4C | 0xC82..=0xC83 | 0xCBE..=0xCCC | 0xD00..=0xD03
        | 0xD3E..=0xD4C | 0xE31 | 0xE34..=0xE3A | 0xE4D | 0xEB1 | 0xEB4..=0xEB9 | 0xEBB..=0xEBC
        | 0x102B..=0x1038 | 0x17B6..=0x17C8 | 0x24B6..=0x24E9 | 0x1F130..=0x1F149
        | 0x1F150..=0x1F169 | 0x1F170..=0x1F189)
}

fn runs(text: &str) -> HashMap<Vec<&str>, usize> {
    const RUN: usize = 4;
    let words: Vec<&str> = words(text).collect();
    let mut runs = HashMap::new();
    if words.is_empty() {
        return runs;
    }
    for run in words.windows(RUN.min(words.len())) {
        *runs.entry(run.to_vec()).or_insert(0) += 1;
    }
    runs
}

fn runs_score(truth: &str, text: &str) -> PageScore {
    let (truth, text) = (runs(truth), runs(text));
    let shared: usize =
        truth.iter().map(|(run, n)| text.get(run).map_or(0, |other| *n.min(other))).sum();
    let extra = text.values().sum::<usize>() - shared;
    let missed = truth.values().sum::<usize>() - shared;
    let total = (shared + extra + missed) as f64;
    if total == 0.0 {
        return PageScore::default();
    }
    PageScore {
        shared: shared as f64 / total,
        extra: extra as f64 / total,
        missed: missed as f64 / total,
        absent: 0.0,
    }
}

fn segments_score(truth: &Truth, text: &str) -> PageScore {
    let text = collapse(text);
    let found = |segments: &[String]| {
        segments.iter().filter(|s| !text.is_empty() && text.contains(&collapse(s))).count() as f64
    };
    let (shared, extra) = (found(&truth.with), found(&truth.without));
    PageScore {
        shared,
        extra,
        missed: truth.with.len() as f64 - shared,
        absent: truth.without.len() as f64 - extra,
    }
}

/// Every run of white space to one space, none at the ends.
pub fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)) {
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}
