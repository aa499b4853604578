//! Articles with their references, as training sees them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use newsmill_article::Document;
use newsmill_summarizer::extractive::Candidates;
use newsmill_summarizer::extractive::model::Idf;
use newsmill_summarizer::rouge::{self, Vocabulary};
use serde_json::Value;

/// An article and its publisher's summary.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) text: String,
    pub(super) reference: String,
    pub(super) title: Option<String>,
}

/// Reads the records of `name` in `folder` (JSON Lines in gzip).
pub(super) fn read(folder: &Path, name: &str) -> anyhow::Result<Vec<Pair>> {
    let path = folder.join(name);
    let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut lines = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut lines)
        .with_context(|| format!("cannot read {}", path.display()))?;
    lines
        .lines()
        .map(|line| {
            let record: Value = serde_json::from_str(line)?;
            let text = record["text"].as_str().context("a record has no text")?.to_owned();
            let reference = record["references"][0].as_str().unwrap_or_default().to_owned();
            let title = record["title"].as_str().map(str::to_owned);
            Ok(Pair { text, reference, title })
        })
        .collect()
}

/// An article with all that training needs.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) candidates: Candidates,
    /// Stems of each candidate.
    stems: Vec<Vec<u32>>,
    reference: Vec<Vec<u32>>,
    /// Whether the greedy oracle takes the sentence.
    pub(super) labels: Vec<bool>,
}

impl Example {
    pub(super) fn new(pair: &Pair, idf: &Idf, vocabulary: &mut Vocabulary) -> Option<Self> {
        let document = Document { text: pair.text.clone(), ..Document::default() };
        let candidates = Candidates::new(&document, idf)?;
        let stems: Vec<Vec<u32>> = candidates
            .sentences
            .iter()
            .map(|s| vocabulary.tokens(&pair.text[s.bytes.clone()]))
            .collect();
        let reference = vocabulary.lines(&pair.reference);
        let mut example = Self { candidates, stems, reference, labels: Vec::new() };
        example.labels = example.oracle();
        Some(example)
    }

    /// ROUGE of the summary that these sentences make.
    pub(super) fn rouge(&self, set: &[usize]) -> rouge::Rouge {
        let summary: Vec<&[u32]> = set.iter().map(|&i| self.stems[i].as_slice()).collect();
        rouge::score(&self.reference, &summary)
    }

    /// What a set is worth: the sum of the three F1, in points.
    pub(super) fn worth(&self, set: &[usize]) -> f64 {
        let rouge = self.rouge(set);
        100.0 * (rouge.r1.f1 + rouge.r2.f1 + rouge.rl.f1)
    }

    /// Adds the sentence that gains the most R1 + R2, up to three, while there is a gain.
    fn oracle(&self) -> Vec<bool> {
        let mut chosen: Vec<usize> = Vec::new();
        let mut best = 0.0;
        while chosen.len() < 3 {
            let mut next = None;
            for i in (0..self.stems.len()).filter(|i| !chosen.contains(i)) {
                let mut set = chosen.clone();
                set.push(i);
                set.sort_unstable();
                let rouge = self.rouge(&set);
                let value = rouge.r1.f1 + rouge.r2.f1;
                if value > best + 1e-9 {
                    best = value;
                    next = Some(set);
                }
            }
            match next {
                Some(set) => chosen = set,
                None => break,
            }
        }
        (0..self.stems.len()).map(|i| chosen.contains(&i)).collect()
    }
}
