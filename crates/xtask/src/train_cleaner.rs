//! `train-cleaner`: fits the block model of the cleaner and writes it as a source file.
//!
//! Pages and truths come from a folder with the layout of the public extraction corpora
//! (`scrapinghub` with whole texts, `trafilatura` with segments). Scores are reported twice:
//! cross-validated, where each page is read by a model that has seen no page of its site, and
//! plain, by the model that is written. The choice of columns is fixed: the same corpus gives the
//! same table.

pub(crate) mod corpus;
pub(crate) mod made;
mod report;
mod source;

use std::path::PathBuf;

use newsmill_cleaner::train::{FEATURES, Model, NAMES, TrainingPage};

use self::corpus::{Example, FOLDS, choose, load};
use self::made::copies;
use self::report::report;
use self::source::source;
use crate::gbm::{self, Options, Table};

/// Trains the block model of the cleaner.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The folder of the corpora
    #[arg(long, default_value = "../shared/corpus/extraction")]
    corpus: PathBuf,
    /// Where the table goes; nothing is written without it
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where the cross-validated texts go, as JSON Lines by corpus
    #[arg(long)]
    predictions: Option<PathBuf>,
    /// List so many of the worst pages of each corpus
    #[arg(long, default_value_t = 0)]
    worst: usize,
    /// Print what each feature gained
    #[arg(long)]
    gains: bool,
    /// Only fit the model that is written, without cross-validation
    #[arg(long)]
    quick: bool,
}

const OPTIONS: Options = Options {
    trees: 320,
    leaves: 8,
    rate: 0.1,
    l2: 1.0,
    min_hessian: 1.0,
    min_rows: 20,
    one_in: 2,
    seed: 1,
};
/// Blocks that nobody marked learn from the first model, at this weight.
const GUESS_WEIGHT: f32 = 0.4;
/// Of blocks that are surely furniture one in so many is taken, with as much weight.
const THINNING: usize = 4;
/// Copies with grafts of each page whose whole text is known.
const COPIES: usize = 3;

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let out = &mut std::io::stdout();
    let mut examples = Vec::new();
    let mut corpus_hash = 0_u64;
    for corpus in ["scrapinghub", "trafilatura"] {
        examples.extend(load(&args.corpus.join(corpus), corpus, &mut corpus_hash)?);
    }
    let copies = copies(&examples, COPIES);
    let mut gains = vec![0.0; FEATURES];

    // First round: only what the truths say. Its models guess the rest, each for the pages that it
    // has not seen.
    let guesses = held_out(&examples, |fold| train(&examples, None, &[], fold).0);
    choose(&mut examples, &guesses);
    let known = Some(guesses.as_slice());
    if !args.quick {
        let held_out = held_out(&examples, |fold| train(&examples, known, &copies, fold).0);
        report(out, "cross-validated", &examples, &held_out, args)?;
    }
    let (model, of_features) = train(&examples, known, &copies, None);
    gains.clone_from(&of_features);
    let plain: Vec<Vec<f32>> =
        examples.iter().map(|example| probabilities(&model, &example.page)).collect();
    report(out, "plain", &examples, &plain, &Args { predictions: None, worst: 0, ..args.clone() })?;
    if args.gains {
        let total: f64 = gains.iter().sum();
        let mut order: Vec<usize> = (0..FEATURES).collect();
        order.sort_by(|&a, &b| gains[b].total_cmp(&gains[a]));
        for at in order {
            use std::io::Write as _;
            writeln!(out, "{:7.3} % {}", 100.0 * gains[at] / total, NAMES[at])?;
        }
    }
    if let Some(path) = &args.out {
        std::fs::write(path, source(&model, corpus_hash, examples.len(), OPTIONS.seed))?;
    }
    Ok(())
}

/// What models that have not seen a page say of its blocks, for every page. The folds are trained
/// side by side.
fn held_out(examples: &[Example], train: impl Fn(Option<u64>) -> Model + Sync) -> Vec<Vec<f32>> {
    let mut all: Vec<Vec<f32>> = vec![Vec::new(); examples.len()];
    let one = |fold: u64| {
        let model = train(Some(fold));
        let pages = examples.iter().enumerate().filter(|(_, e)| e.fold == fold);
        pages.map(|(at, e)| (at, probabilities(&model, &e.page))).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let folds: Vec<_> = (0..FOLDS).map(|fold| scope.spawn(move || one(fold))).collect();
        for fold in folds {
            for (at, p) in fold.join().unwrap_or_default() {
                all[at] = p;
            }
        }
    });
    all
}

fn probabilities(model: &Model, page: &TrainingPage) -> Vec<f32> {
    page.rows.iter().map(|row| model.probability(row)).collect()
}

/// Fits on every page and copy outside the fold; also says what each feature gained.
fn train(
    examples: &[Example],
    guesses: Option<&[Vec<f32>]>,
    copies: &[Example],
    without: Option<u64>,
) -> (Model, Vec<f64>) {
    let mut rows = Rows::default();
    let seen = |example: &&Example| without != Some(example.fold);
    for (at, example) in examples.iter().enumerate().filter(|(_, e)| seen(e)) {
        let marked_only = example.truth.article_body.is_none();
        let guess = guesses.map(|guesses| guesses[at].as_slice());
        for (block, row) in example.page.rows.iter().enumerate() {
            let guess = guess.map(|guess| guess[block]);
            let (label, weight) = match (example.labels[block], guess) {
                (Some(label), _) => label,
                (None, Some(p)) if marked_only => (p >= 0.5, GUESS_WEIGHT * (2.0 * p - 1.0).abs()),
                _ => continue,
            };
            let marked = example.labels[block].is_some() && marked_only;
            let thin = !label && !marked && guess.is_none_or(|p| p < 0.02);
            rows.push(row, label, weight, if thin { THINNING } else { 1 }, true);
        }
    }
    for example in copies.iter().filter(seen) {
        for (row, label) in example.page.rows.iter().zip(&example.labels) {
            let Some((label, weight)) = *label else { continue };
            // What was put in is new; the furniture around it was seen in the page itself.
            let new = label || (weight - made::WEIGHT).abs() < 1e-6;
            rows.push(row, label, weight, if new { 1 } else { 2 * THINNING }, false);
        }
    }
    let columns: Vec<usize> = (0..FEATURES).collect();
    let table = Table::new(&rows.rows, &columns);
    let mut gains = vec![0.0; FEATURES];
    let model = gbm::fit(&table, &columns, &rows.labels, &rows.weights, OPTIONS, &mut gains);
    (model, gains)
}

/// What a model is fitted to.
#[derive(Default)]
struct Rows<'a> {
    rows: Vec<&'a [f32]>,
    labels: Vec<f32>,
    weights: Vec<f32>,
    thinned: usize,
}

impl<'a> Rows<'a> {
    /// Takes one row of so many of its kind, which then may weigh as much as all of them.
    fn push(&mut self, row: &'a [f32], label: bool, weight: f32, of: usize, as_all: bool) {
        if of > 1 {
            self.thinned += 1;
            if !self.thinned.is_multiple_of(of) {
                return;
            }
        }
        self.rows.push(row);
        self.labels.push(f32::from(u8::from(label)));
        self.weights.push(if as_all { weight * of as f32 } else { weight });
    }
}
