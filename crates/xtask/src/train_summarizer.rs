//! Trains the weights in `models/extractive/` and says what they are worth.
//!
//! Deterministic: the same corpus gives the same files. Choices are made by cross-validation on
//! the training files; the dev files are read for the report alone.

mod corpus;
pub(crate) mod linear;
mod sets;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use newsmill_article::Document;
use newsmill_summarizer::extractive::model::{Idf, Weights};
use newsmill_summarizer::extractive::{self, Limits, features};
use newsmill_summarizer::rouge::{self, Vocabulary, bootstrap};

use corpus::{Example, Pair};
use linear::Scale;

/// Train the weights of the extractive summarizer
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder with `cnndm-train.jsonl.gz` and its fellows
    #[arg(long, default_value = "../shared/corpus/summarization")]
    corpus: PathBuf,
    /// Only cross-validate, write nothing
    #[arg(long)]
    cross_validate: bool,
}

/// What a summary may be in training and in the report.
const LIMITS: Limits = Limits { sentences: 3, words: 110 };
/// Folds of every cross-validation.
const FOLDS: usize = 5;
/// The sentence scorer's penalty: 1 / C.
const SENTENCE_PENALTY: f64 = 33.0;
/// A stem in fewer texts is left out of the table of rarities.
const LEAST_TEXTS: u32 = 2;

pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let folder = root.join(&args.corpus);
    let train = corpus::read(&folder, "cnndm-train.jsonl.gz")?;
    let xsum = corpus::read(&folder, "xsum-train.jsonl.gz")?;
    let table = rarities(train.iter().chain(&xsum));
    let idf = Idf::from_bytes(&table);
    let mut vocabulary = Vocabulary::default();
    let examples: Vec<Example> =
        train.iter().filter_map(|p| Example::new(p, &idf, &mut vocabulary)).collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} articles, {} stems in the table", examples.len(), table.len() / 5)?;

    let mut held: Vec<Scores> = Vec::new();
    let mut lead: Vec<Scores> = Vec::new();
    for fold in 0..FOLDS {
        let part = |inside: bool| {
            examples.iter().enumerate().filter(move |(i, _)| (i % FOLDS == fold) == inside)
        };
        let others: Vec<&Example> = part(false).map(|(_, e)| e).collect();
        let weights = fit(&others);
        for (_, example) in part(true) {
            held.push(Scores::of(example, &example.candidates.choose(&weights, LIMITS)));
            let first: Vec<usize> = (0..example.labels.len().min(2)).collect();
            lead.push(Scores::of(example, &first));
        }
    }
    writeln!(out, "cross-validated {}", Scores::mean(&held))?;
    writeln!(out, "first two       {}", Scores::mean(&lead))?;
    if args.cross_validate {
        return Ok(());
    }

    let all: Vec<&Example> = examples.iter().collect();
    let mut weights = fit(&all);
    weights.version = version(&weights, &table);
    let models = root.join("models/extractive");
    std::fs::create_dir_all(&models)?;
    std::fs::write(models.join("idf.bin"), &table)?;
    let json = serde_json::to_string_pretty(&weights)? + "\n";
    std::fs::write(models.join("model.json"), json)?;
    writeln!(out, "wrote {} version {}", models.display(), weights.version)?;

    for (name, lead) in [("cnndm", 2), ("xsum", 1), ("inshorts", 2), ("bbc", 3)] {
        let pairs = corpus::read(&folder, &format!("{name}-dev.jsonl.gz"))?;
        report(&mut out, name, &pairs, lead, &weights, &idf)?;
    }
    Ok(())
}

/// R1, R2, RLsum in points, and words.
struct Scores([f64; 4]);

impl Scores {
    fn of(example: &Example, set: &[usize]) -> Self {
        let rouge = example.rouge(set);
        let words = example.candidates.words(set) as f64;
        Self([100.0 * rouge.r1.f1, 100.0 * rouge.r2.f1, 100.0 * rouge.rl.f1, words])
    }

    fn mean(scores: &[Self]) -> String {
        let mean = |k: usize| scores.iter().map(|s| s.0[k]).sum::<f64>() / scores.len() as f64;
        let (r1, r2, rl) = (mean(0), mean(1), mean(2));
        format!("{r1:.2}/{r2:.2}/{rl:.2} (sum {:.2}), {:.1} words", r1 + r2 + rl, mean(3))
    }
}

/// The two scorers: of sentences, by the oracle's choice; of sets, by what they are worth under
/// scores from outside their own fold.
fn fit(examples: &[&Example]) -> Weights {
    let mut outside: Vec<Vec<f32>> = vec![Vec::new(); examples.len()];
    for fold in 0..FOLDS {
        let others: Vec<&Example> = examples
            .iter()
            .enumerate()
            .filter(|(i, _)| i % FOLDS != fold)
            .map(|(_, e)| *e)
            .collect();
        let scorer = fit_sentences(&others);
        for (i, example) in examples.iter().enumerate().filter(|(i, _)| i % FOLDS == fold) {
            outside[i] = example.candidates.rows().iter().map(|row| scorer.score(row)).collect();
        }
    }
    Weights {
        version: String::new(),
        sentence: fit_sentences(examples),
        set: sets::fit(examples, &outside, LIMITS),
    }
}

fn fit_sentences(examples: &[&Example]) -> extractive::model::Linear {
    let rows = examples.iter().flat_map(|e| e.candidates.rows()).map(|r| r.as_slice());
    let scale = Scale::of(rows.clone(), features::COUNT);
    let scaled: Vec<Vec<f64>> = rows.map(|row| scale.apply(row)).collect();
    let taken = examples.iter().flat_map(|e| e.labels.iter());
    let labels: Vec<f64> = taken.map(|taken| f64::from(u8::from(*taken))).collect();
    scale.fold(&linear::logistic(&scaled, &labels, &vec![1.0; labels.len()], SENTENCE_PENALTY))
}

/// The table of how rare each stem is.
fn rarities<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Vec<u8> {
    let mut texts: HashMap<Vec<u8>, (u32, usize)> = HashMap::new();
    let mut n = 0;
    for (number, pair) in pairs.enumerate() {
        n = number + 1;
        extractive::stems(&pair.text, |stem| {
            let entry = texts.entry(stem.to_vec()).or_insert((0, usize::MAX));
            if entry.1 != number {
                *entry = (entry.0 + 1, number);
            }
        });
    }
    let rarity = |df: u32| (n as f32 / df as f32).ln();
    Idf::to_bytes(
        texts
            .iter()
            .filter(|(_, (df, _))| *df >= LEAST_TEXTS)
            .map(|(stem, (df, _))| (stem.as_slice(), rarity(*df))),
    )
}

/// The first digits of a hash over the files.
fn version(weights: &Weights, table: &[u8]) -> String {
    let numbers = weights.sentence.weights.iter().chain(&weights.set.weights);
    let bytes = numbers.flat_map(|w| w.to_le_bytes()).chain(table.iter().copied());
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    format!("{:08x}", hash >> 32)
}

fn report(
    out: &mut impl Write,
    name: &str,
    pairs: &[Pair],
    lead: usize,
    weights: &Weights,
    idf: &Idf,
) -> anyhow::Result<()> {
    let limits = Limits { sentences: if name == "xsum" { 1 } else { LIMITS.sentences }, ..LIMITS };
    let mut ours: [Vec<f64>; 3] = Default::default();
    let mut first: [Vec<f64>; 3] = Default::default();
    let mut words = 0;
    for pair in pairs {
        let title = pair.title.clone();
        let document = Document { text: pair.text.clone(), title, ..Document::default() };
        let candidates = extractive::Candidates::new(&document, idf).context("no sentence")?;
        let chosen = candidates.choose(weights, limits);
        words += candidates.words(&chosen);
        let lines = |set: &mut dyn Iterator<Item = std::ops::Range<usize>>| {
            set.map(|bytes| pair.text[bytes].replace('\n', " ")).collect::<Vec<_>>().join("\n")
        };
        let summary = lines(&mut chosen.iter().map(|&i| candidates.sentences[i].bytes.clone()));
        let whole = newsmill_summarizer::sentences::split(&pair.text);
        let leading = lines(&mut whole.iter().take(lead).map(|s| s.bytes.clone()));
        for (to, text) in [(&mut ours, &summary), (&mut first, &leading)] {
            let rouge = rouge::rouge(&pair.reference, text);
            for (to, prf) in to.iter_mut().zip([rouge.r1, rouge.r2, rouge.rl]) {
                to.push(100.0 * prf.f1);
            }
        }
    }
    writeln!(out, "{name} dev, {} words", words / pairs.len())?;
    for ((ours, first), measure) in ours.iter().zip(&first).zip(["R1", "R2", "RLsum"]) {
        let gain: Vec<f64> = ours.iter().zip(first).map(|(a, b)| a - b).collect();
        let (ours, first, gain) =
            (bootstrap(ours, 1000), bootstrap(first, 1000), bootstrap(&gain, 1000));
        writeln!(
            out,
            "  {measure:<6} {:.2}, first {lead}: {:.2}, gain {:+.2} [{:+.2}, {:+.2}]",
            ours.mean, first.mean, gain.mean, gain.low, gain.high
        )?;
    }
    Ok(())
}
