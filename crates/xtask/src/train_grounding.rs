//! Trains the weights in `models/grounding/` on people's verdicts on model summaries and says
//! what they are worth, by cross-validation over articles.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use newsmill_summarizer::eval::{Judged, auc, open};
use newsmill_summarizer::extractive::model::Linear;
use newsmill_summarizer::grounding::{COUNT, NAMES, Row, Source};

use crate::train_summarizer::linear::{Scale, logistic};

/// Train the weights of the check of written sentences
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder with `faithfulness-dev.jsonl.gz`
    #[arg(long, default_value = "../shared/corpus/summarization")]
    corpus: PathBuf,
}

const FOLDS: u64 = 10;
const PENALTY: f64 = 60.0;

/// A summary with its measures.
struct Example {
    set: String,
    fold: u64,
    faithful: bool,
    /// Each sentence, and the share of people who found it supported.
    sentences: Vec<(Row, f64)>,
}

impl Example {
    fn new(judged: &Judged) -> Self {
        let source = Source::new(&judged.text);
        let faithful = judged.is_faithful();
        let sentences = if judged.sentences.is_empty() {
            let lines = judged.summary.lines().filter(|l| !l.trim().is_empty());
            let all = f64::from(u8::from(faithful));
            lines.map(|l| (source.measures(l), all)).collect()
        } else {
            let sentences = judged.sentences.iter();
            sentences.map(|s| (source.measures(&s.text), s.yes / s.n)).collect()
        };
        let hash = judged.doc.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        Self { set: judged.set.clone(), fold: (hash >> 20) % FOLDS, faithful, sentences }
    }

    /// How much it counts: SummEval's summaries are many, of few articles, and nearly all
    /// faithful.
    fn importance(&self) -> f64 {
        if self.set == "summeval" { 0.3 } else { 2.0 }
    }
}

pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let path = root.join(&args.corpus).join("faithfulness-dev.jsonl.gz");
    let mut examples = Vec::new();
    for line in open(&path)?.lines() {
        examples.push(Example::new(&serde_json::from_str(&line?)?));
    }
    let mut held: Vec<(String, f64, bool)> = Vec::new();
    for fold in 0..FOLDS {
        let weights = fit(examples.iter().filter(|e| e.fold != fold));
        for example in examples.iter().filter(|e| e.fold == fold) {
            let sum: f32 = example.sentences.iter().map(|(row, _)| weights.score(row)).sum();
            let mean = f64::from(sum) / example.sentences.len() as f64;
            held.push((example.set.clone(), mean, example.faithful));
        }
    }
    let mut out = std::io::stdout().lock();
    for set in ["summeval", "qags-cnndm", "qags-xsum"] {
        let verdicts: Vec<(f64, bool)> =
            held.iter().filter(|h| h.0 == set).map(|h| (h.1, h.2)).collect();
        writeln!(out, "{set}: AUC {:.1}, cross-validated over articles", auc(&verdicts))?;
    }
    let weights = fit(examples.iter());
    for (name, weight) in NAMES.iter().zip(&weights.weights) {
        writeln!(out, "  {name} {weight:+.3}")?;
    }
    let folder = root.join("models/grounding");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("model.json"), serde_json::to_string_pretty(&weights)? + "\n")?;
    Ok(())
}

fn fit<'a>(examples: impl Iterator<Item = &'a Example>) -> Linear {
    let mut rows: Vec<Row> = Vec::new();
    let (mut labels, mut importance) = (Vec::new(), Vec::new());
    for example in examples {
        for (row, supported) in &example.sentences {
            rows.push(*row);
            labels.push(*supported);
            importance.push(example.importance() / example.sentences.len() as f64);
        }
    }
    let scale = Scale::of(rows.iter().map(|r| r.as_slice()), COUNT);
    let scaled: Vec<Vec<f64>> = rows.iter().map(|row| scale.apply(row)).collect();
    scale.fold(&logistic(&scaled, &labels, &importance, PENALTY))
}
