//! How good summaries and their check are, on records that people wrote or judged.
//!
//! Reads JSON Lines. Leaves out printing, and the clock: who wants articles a second times the
//! call. Nothing is held but the scores, so a corpus may be larger than memory.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use newsmill_article::Document;
use serde::Deserialize;

use crate::Summarizer;
use crate::grounding::Source;
use crate::rouge::{Mean, bootstrap, rouge};

/// Resamples behind every interval.
const ROUNDS: usize = 1000;

/// Why an evaluation ended early.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The records cannot be read, or the predictions not be written.
    #[error("failed to read records or write predictions")]
    Io(#[from] io::Error),
    /// A line is not a record.
    #[error("line {line} is not a record to evaluate")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A predicted summary could not be written as JSON.
    #[error("failed to write a prediction")]
    Prediction(#[source] serde_json::Error),
    /// Nothing to evaluate.
    #[error("there are no records")]
    Empty,
}

/// Opens a file of records, compressed with gzip or plain.
///
/// # Errors
///
/// As the file system says.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut plain = BufReader::new(File::open(path)?);
    if plain.fill_buf()?.starts_with(&[0x1F, 0x8B]) {
        return Ok(Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(plain))));
    }
    Ok(Box::new(plain))
}

#[derive(Deserialize)]
struct Pair {
    id: String,
    text: String,
    title: Option<String>,
    #[serde(default)]
    references: Vec<String>,
    reference: Option<String>,
}

/// What summaries are worth against the publisher's.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryReport {
    /// How many records there were.
    pub documents: usize,
    /// How many of them could not be summarized; they count 0.
    pub missing: usize,
    /// ROUGE-1 F1 in points.
    pub r1: Mean,
    /// ROUGE-2 F1 in points.
    pub r2: Mean,
    /// ROUGE-Lsum F1 in points.
    pub rl: Mean,
    /// Words a summary, between spaces.
    pub words: f64,
    /// Sentences a summary.
    pub sentences: f64,
    /// Mean support of written sentences; none where all were extracted.
    pub support: Option<f64>,
    /// Summaries that another method than the first had to make.
    pub fallbacks: usize,
}

impl fmt::Display for SummaryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "documents   {}, without a summary {}", self.documents, self.missing)?;
        for (name, mean) in [("ROUGE-1", self.r1), ("ROUGE-2", self.r2), ("ROUGE-Lsum", self.rl)] {
            writeln!(f, "{name:<11} {:6.2}  [{:.2}, {:.2}]", mean.mean, mean.low, mean.high)?;
        }
        write!(f, "length      {:.1} words, {:.2} sentences", self.words, self.sentences)?;
        if let Some(support) = self.support {
            write!(f, "\nsupport     {support:.3}")?;
        }
        if self.fallbacks > 0 {
            write!(f, "\nfallbacks   {}", self.fallbacks)?;
        }
        Ok(())
    }
}

#[derive(serde::Serialize)]
struct Prediction<'a> {
    id: &'a str,
    summary: &'a str,
}

/// Summarizes the text of every record (`id`, `text`, `title`?, `references`) and scores it
/// against the first reference. `predictions` gets `{id, summary}` lines, in a summary one
/// sentence a line.
///
/// # Errors
///
/// See [`EvalError`]. An article that cannot be summarized is no error: it counts 0.
pub fn summaries(
    records: impl BufRead,
    summarizer: &mut dyn Summarizer,
    mut predictions: Option<&mut dyn Write>,
) -> Result<SummaryReport, EvalError> {
    let mut scores: [Vec<f64>; 3] = Default::default();
    let (mut words, mut sentences, mut missing, mut fallbacks) = (0, 0, 0, 0);
    let mut supports = Vec::new();
    for_each_record(records, |pair: Pair| {
        let document = Document { text: pair.text, title: pair.title, ..Document::default() };
        let summary = match summarizer.summarize(&document) {
            Ok(summary) => summary,
            Err(_) => {
                missing += 1;
                scores.iter_mut().for_each(|s| s.push(0.0));
                return Ok(());
            }
        };
        let lines: Vec<String> =
            summary.sentences.iter().map(|s| s.text.replace('\n', " ")).collect();
        let lines = lines.join("\n");
        words += lines.split_whitespace().count();
        sentences += summary.sentences.len();
        fallbacks += usize::from(summary.fallback.is_some());
        supports.extend(summary.sentences.iter().filter_map(|s| s.support).map(f64::from));
        let reference = pair.references.first().or(pair.reference.as_ref());
        let score = rouge(reference.map_or("", String::as_str), &lines);
        for (to, prf) in scores.iter_mut().zip([score.r1, score.r2, score.rl]) {
            to.push(100.0 * prf.f1);
        }
        if let Some(out) = predictions.as_deref_mut() {
            serde_json::to_writer(&mut *out, &Prediction { id: &pair.id, summary: &lines })
                .map_err(EvalError::Prediction)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    })?;
    let documents = scores[0].len();
    if documents == 0 {
        return Err(EvalError::Empty);
    }
    let made = (documents - missing).max(1) as f64;
    let [r1, r2, rl] = scores.map(|s| bootstrap(&s, ROUNDS));
    Ok(SummaryReport {
        documents,
        missing,
        r1,
        r2,
        rl,
        words: words as f64 / made,
        sentences: sentences as f64 / made,
        support: (!supports.is_empty())
            .then(|| supports.iter().sum::<f64>() / supports.len() as f64),
        fallbacks,
    })
}

/// A summary with people's verdict on it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Judged {
    /// Which collection of verdicts it is of.
    pub set: String,
    /// Which article.
    pub doc: String,
    /// The article.
    pub text: String,
    /// The summary, a sentence a line.
    pub summary: String,
    /// Whether most people found every sentence supported.
    pub faithful: Option<bool>,
    /// Experts' marks.
    pub human: Option<Marks>,
    /// Verdicts by sentence.
    #[serde(default)]
    pub sentences: Vec<JudgedSentence>,
}

/// Experts' marks, 1 to 5.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Marks {
    /// Whether the summary says only what the article says.
    pub consistency: f64,
}

/// A sentence with people's verdict on it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct JudgedSentence {
    /// The sentence.
    pub text: String,
    /// How many found it supported.
    pub yes: f64,
    /// Of how many.
    pub n: f64,
}

impl Judged {
    /// Whether people found the whole summary supported.
    pub fn is_faithful(&self) -> bool {
        self.faithful
            .unwrap_or_else(|| self.human.as_ref().is_some_and(|m| m.consistency > 5.0 - 1e-6))
    }
}

/// How well support tells faithful summaries from others.
#[derive(Debug, Clone, PartialEq)]
pub struct FaithfulnessReport {
    /// Each collection of verdicts, in order of appearance.
    pub sets: Vec<SetReport>,
}

/// One collection of verdicts.
#[derive(Debug, Clone, PartialEq)]
pub struct SetReport {
    /// Its name.
    pub set: String,
    /// How many summaries.
    pub summaries: usize,
    /// Of which faithful, in percent.
    pub faithful: f64,
    /// Area under the ROC curve of mean support for the verdict, in percent.
    pub auc: f64,
}

impl fmt::Display for FaithfulnessReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14} {:>9} {:>10} {:>6}", "set", "summaries", "faithful %", "AUC %")?;
        for SetReport { set, summaries, faithful, auc } in &self.sets {
            write!(f, "\n{set:<14} {summaries:>9} {faithful:>10.1} {auc:>6.1}")?;
        }
        Ok(())
    }
}

/// Measures support on summaries that people judged.
///
/// # Errors
///
/// See [`EvalError`].
pub fn faithfulness(records: impl BufRead) -> Result<FaithfulnessReport, EvalError> {
    let mut sets: Vec<(String, Vec<(f64, bool)>)> = Vec::new();
    for_each_record(records, |judged: Judged| {
        let score = summary_support(&Source::new(&judged.text), &judged.summary);
        let verdict = (score, judged.is_faithful());
        match sets.iter_mut().find(|(name, _)| *name == judged.set) {
            Some((_, verdicts)) => verdicts.push(verdict),
            None => sets.push((judged.set, vec![verdict])),
        }
        Ok(())
    })?;
    if sets.is_empty() {
        return Err(EvalError::Empty);
    }
    let report = |(set, verdicts): (String, Vec<(f64, bool)>)| SetReport {
        set,
        summaries: verdicts.len(),
        faithful: 100.0 * verdicts.iter().filter(|v| v.1).count() as f64 / verdicts.len() as f64,
        auc: auc(&verdicts),
    };
    Ok(FaithfulnessReport { sets: sets.into_iter().map(report).collect() })
}

/// The mean over a summary's lines of the log-odds that each is supported.
fn summary_support(source: &Source, summary: &str) -> f64 {
    let odds: Vec<f64> = summary
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|line| f64::from(source.odds(line)))
        .collect();
    odds.iter().sum::<f64>() / odds.len().max(1) as f64
}

/// The chance, in percent, that a faithful summary scores higher than one that is not; a tie
/// counts half.
pub fn auc(verdicts: &[(f64, bool)]) -> f64 {
    let mut sorted = verdicts.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins) = (0.0, 0.0);
    for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
        let yes = equal.iter().filter(|v| v.1).count() as f64;
        let no = equal.len() as f64 - yes;
        wins += yes * (below + no / 2.0);
        below += no;
    }
    let yes = sorted.len() as f64 - below;
    if yes * below == 0.0 { f64::NAN } else { 100.0 * wins / (yes * below) }
}

fn for_each_record<T: for<'de> Deserialize<'de>>(
    records: impl BufRead,
    mut each: impl FnMut(T) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    for (number, line) in records.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let record = serde_json::from_str(&line)
            .map_err(|source| EvalError::Line { line: number + 1, source })?;
        each(record)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
