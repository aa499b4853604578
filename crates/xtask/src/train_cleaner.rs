//! `train-cleaner`: fits the block model of the cleaner and writes it as a source file.
//!
//! Pages and truths come from a folder with the layout of the public extraction corpora
//! (`scrapinghub` with whole texts, `trafilatura` with segments). Scores are reported twice:
//! cross-validated, where each page is read by a model that has seen no page of its site, and
//! plain, by the model that is written. No randomness: the same corpus gives the same table.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use newsmill_cleaner::score::{self, PageScore, Truth};
use newsmill_cleaner::train::{FEATURES, Model, NAMES, TrainingPage};

use crate::gbm::{self, Options, Table};

/// Trains the block model of the cleaner.
#[derive(Debug, clap::Args)]
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
}

const FOLDS: u64 = 5;
const OPTIONS: Options =
    Options { trees: 120, leaves: 16, rate: 0.1, l2: 1.0, min_hessian: 1.0, min_rows: 20 };
/// A segment counts as much as this many ordinary blocks.
const SEGMENT_WEIGHT: f32 = 2.0;
/// Blocks that nobody marked learn from the first model, at this weight.
const GUESS_WEIGHT: f32 = 0.4;
/// Of blocks that are surely furniture one in so many is taken, with as much weight.
const THINNING: usize = 4;

struct Example {
    corpus: &'static str,
    truth: Truth,
    comments: Vec<String>,
    page: TrainingPage,
    labels: Vec<Option<(bool, f32)>>,
    /// Segments that stand in several places: the blocks of each place.
    choices: Vec<Vec<Vec<usize>>>,
    fold: u64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let out = &mut std::io::stdout();
    let mut examples = Vec::new();
    let mut corpus_hash = 0_u64;
    for corpus in ["scrapinghub", "trafilatura"] {
        examples.extend(load(&args.corpus.join(corpus), corpus, &mut corpus_hash)?);
    }
    let columns: Vec<usize> = (0..FEATURES).collect();
    let mut gains = vec![0.0; FEATURES];

    // First round: only what the truths say. Its models guess the rest, each for the pages that it
    // has not seen.
    let mut guesses: Vec<Vec<f32>> = vec![Vec::new(); examples.len()];
    for fold in 0..FOLDS {
        let model = train(&examples, &guesses, Some(fold), &columns, &mut gains);
        for (at, example) in examples.iter().enumerate().filter(|(_, e)| e.fold == fold) {
            guesses[at] = probabilities(&model, &example.page);
        }
    }
    choose(&mut examples, &guesses);
    let mut held_out: Vec<Vec<f32>> = vec![Vec::new(); examples.len()];
    for fold in 0..FOLDS {
        let model = train(&examples, &guesses, Some(fold), &columns, &mut gains);
        for (at, example) in examples.iter().enumerate().filter(|(_, e)| e.fold == fold) {
            held_out[at] = probabilities(&model, &example.page);
        }
    }
    report(out, "cross-validated", &examples, &held_out, args)?;

    gains.fill(0.0);
    let model = train(&examples, &guesses, None, &columns, &mut gains);
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
        std::fs::write(path, source(&model, corpus_hash, examples.len()))?;
    }
    Ok(())
}

impl Clone for Args {
    fn clone(&self) -> Self {
        Self {
            corpus: self.corpus.clone(),
            out: self.out.clone(),
            predictions: self.predictions.clone(),
            worst: self.worst,
            gains: self.gains,
        }
    }
}

fn probabilities(model: &Model, page: &TrainingPage) -> Vec<f32> {
    page.rows.iter().map(|row| model.probability(row)).collect()
}

// ---------------------------------------------------------------- reading

fn load(folder: &Path, corpus: &'static str, hash: &mut u64) -> anyhow::Result<Vec<Example>> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect();
    names.sort();
    let mut examples = Vec::new();
    for name in names {
        let text = std::fs::read(&name)?;
        let truth: Truth = serde_json::from_slice(&text)?;
        let all: serde_json::Value = serde_json::from_slice(&text)?;
        let comments = all["comments"].as_array().into_iter().flatten();
        // Some truths have empty segments, which every text holds.
        let comments = comments.filter_map(|c| c.as_str().map(str::trim));
        let comments = comments.filter(|c| !c.is_empty()).map(str::to_owned).collect();
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(name.with_extension("html.gz"))?)
            .read_to_end(&mut bytes)?;
        for &byte in bytes.iter().chain(&text) {
            *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let page = match newsmill_cleaner::decode::decode(&bytes, None) {
            Ok(decoded) => TrainingPage::new(&decoded.text),
            Err(_) => TrainingPage::new(""),
        };
        let (labels, choices) = label(&truth, &page);
        let site = registered_domain(truth.url.as_deref().unwrap_or(&truth.id));
        let fold =
            site.bytes().fold(7, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let fold = (fold >> 20) % FOLDS;
        examples.push(Example { corpus, truth, comments, page, labels, choices, fold });
    }
    Ok(examples)
}

/// The last two labels of the host, three under a country's second level (`co.uk`).
fn registered_domain(url: &str) -> String {
    let host = url.split("://").last().unwrap_or(url).split(['/', ':', '?']).next().unwrap_or(url);
    let labels: Vec<&str> = host.split('.').collect();
    let second = labels.len().checked_sub(2).map_or("", |at| labels[at]);
    let last = labels.last().copied().unwrap_or("");
    let n = if labels.len() > 2 && second.len() <= 3 && last.len() == 2 { 3 } else { 2 };
    labels[labels.len().saturating_sub(n)..].join(".").to_lowercase()
}

// ---------------------------------------------------------------- labels

type Labels = (Vec<Option<(bool, f32)>>, Vec<Vec<Vec<usize>>>);

fn label(truth: &Truth, page: &TrainingPage) -> Labels {
    match &truth.article_body {
        Some(body) => (by_whole_text(body, page), Vec::new()),
        None => by_segments(truth, page),
    }
}

/// A block is text when most of its 4-word runs are in the truth; a short one when the truth has
/// it as a line, or as words in a row beside other text.
fn by_whole_text(body: &str, page: &TrainingPage) -> Vec<Option<(bool, f32)>> {
    let truth: Vec<&str> = score::words(body).collect();
    let runs: HashSet<&[&str]> = truth.windows(4).collect();
    let lines: HashSet<String> = body.lines().map(|line| join(score::words(line))).collect();
    let flat = format!(" {} ", truth.join(" "));
    let texts: Vec<&str> = page.texts().collect();
    let mut labels: Vec<Option<(bool, f32)>> = Vec::new();
    let mut sure = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let words: Vec<&str> = score::words(text).collect();
        let weight = (words.len() as f32 / 10.0).sqrt().clamp(0.5, 3.0);
        if words.len() < 4 {
            labels.push(None);
            continue;
        }
        let found = words.windows(4).filter(|run| runs.contains(run)).count() as f32;
        let share = found / (words.len() - 3) as f32;
        if share >= 0.5 {
            sure.push(at);
        }
        labels.push(Some((share >= 0.5, if (0.2..0.8).contains(&share) { 0.3 } else { weight })));
    }
    let near = |at: usize, reach: usize| sure.iter().any(|&other| other.abs_diff(at) <= reach);
    // Short blocks are seen with their neighbours: runs across the borders of blocks.
    let mut page_words = Vec::new();
    let mut owners = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        for word in score::words(text) {
            page_words.push(word);
            owners.push(at);
        }
    }
    let mut in_company = vec![(0, 0); texts.len()];
    for (from, run) in page_words.windows(4).enumerate() {
        let found = usize::from(runs.contains(run));
        let mut owners = owners[from..from + 4].to_vec();
        owners.dedup();
        for owner in owners {
            in_company[owner].0 += found;
            in_company[owner].1 += 1;
        }
    }
    for (at, text) in texts.iter().enumerate() {
        if labels[at].is_some() {
            continue;
        }
        let words = join(score::words(text));
        let (found, all) = in_company[at];
        labels[at] = if words.is_empty() {
            None
        } else if found * 2 > all || (lines.contains(&words) && near(at, 6)) {
            Some((true, 0.7))
        } else if flat.contains(&format!(" {words} ")) && near(at, 3) {
            None
        } else {
            Some((false, 0.5))
        };
    }
    // The same words twice on the page and once in the truth: the copy among other text counts.
    let mut copies: HashMap<String, Vec<usize>> = HashMap::new();
    for &at in &sure {
        copies.entry(join(score::words(texts[at]))).or_default().push(at);
    }
    let unique: Vec<usize> =
        copies.values().filter(|places| places.len() == 1).map(|places| places[0]).collect();
    for (words, places) in copies.iter().filter(|(_, places)| places.len() > 1) {
        let wanted = flat.matches(&format!(" {words} ")).count().max(1);
        let mut by_company: Vec<(usize, usize)> = places
            .iter()
            .map(|&at| (unique.iter().filter(|other| other.abs_diff(at) <= 8).count(), at))
            .collect();
        by_company.sort_by_key(|&(company, at)| (std::cmp::Reverse(company), at));
        for &(_, at) in by_company.iter().skip(wanted) {
            labels[at] = Some((false, 0.5));
        }
    }
    labels
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

/// Blocks of a segment that must be there are text, blocks of one that must not are none.
fn by_segments(truth: &Truth, page: &TrainingPage) -> Labels {
    let mut flat = String::new();
    let mut starts = Vec::new();
    for text in page.texts() {
        starts.push(flat.len());
        flat.push_str(&score::collapse(text));
        flat.push(' ');
    }
    let places = |segment: &str| -> Vec<Vec<usize>> {
        let segment = score::collapse(segment);
        if segment.is_empty() {
            return Vec::new();
        }
        flat.match_indices(&segment)
            .map(|(from, _)| {
                let first = starts.partition_point(|&start| start <= from) - 1;
                let last = starts.partition_point(|&start| start < from + segment.len()) - 1;
                (first..=last).collect()
            })
            .collect()
    };
    let mut labels = vec![None; starts.len()];
    let mut choices = Vec::new();
    for segment in &truth.without {
        for at in places(segment).into_iter().flatten() {
            labels[at] = Some((false, SEGMENT_WEIGHT));
        }
    }
    for segment in &truth.with {
        let places = places(segment);
        if places.len() > 1 {
            choices.push(places);
        } else {
            for at in places.into_iter().flatten() {
                labels[at] = if labels[at].is_some() { None } else { Some((true, SEGMENT_WEIGHT)) };
            }
        }
    }
    (labels, choices)
}

/// Of several places of a segment, the one that the first model likes best is text.
fn choose(examples: &mut [Example], guesses: &[Vec<f32>]) {
    for (example, guess) in examples.iter_mut().zip(guesses) {
        for places in &example.choices {
            let liking = |place: &[usize]| place.iter().map(|&at| guess[at]).fold(1.0, f32::min);
            let best = places.iter().max_by(|a, b| liking(a).total_cmp(&liking(b)));
            for &at in best.into_iter().flatten() {
                example.labels[at].get_or_insert((true, SEGMENT_WEIGHT));
            }
        }
    }
}

// ---------------------------------------------------------------- fitting

/// Fits on every page outside the fold.
fn train(
    examples: &[Example],
    guesses: &[Vec<f32>],
    without: Option<u64>,
    columns: &[usize],
    gains: &mut [f64],
) -> Model {
    let second = guesses.iter().all(|guess| !guess.is_empty());
    let (mut rows, mut labels, mut weights) = (Vec::<&[f32]>::new(), Vec::new(), Vec::new());
    let mut count = 0;
    for (example, guess) in examples.iter().zip(guesses) {
        if without == Some(example.fold) {
            continue;
        }
        for (at, row) in example.page.rows.iter().enumerate() {
            let (label, mut weight) = match example.labels[at] {
                Some(label) => label,
                None if second && example.truth.article_body.is_none() => {
                    let p = guess[at];
                    (p >= 0.5, GUESS_WEIGHT * (2.0 * p - 1.0).abs())
                }
                None => continue,
            };
            let marked = example.labels[at].is_some() && example.truth.article_body.is_none();
            let sure = if second { guess[at] < 0.02 } else { false };
            if !label && !marked && (sure || !second) {
                count += 1;
                if count % THINNING != 0 {
                    continue;
                }
                weight *= THINNING as f32;
            }
            rows.push(row);
            labels.push(f32::from(u8::from(label)));
            weights.push(weight);
        }
    }
    let table = Table::new(&rows, columns);
    gbm::fit(&table, columns, &labels, &weights, OPTIONS, gains)
}

// ---------------------------------------------------------------- reporting

fn report(
    out: &mut impl std::io::Write,
    title: &str,
    examples: &[Example],
    probabilities: &[Vec<f32>],
    args: &Args,
) -> anyhow::Result<()> {
    for corpus in ["scrapinghub", "trafilatura"] {
        let pages: Vec<(&Example, &Vec<f32>)> =
            examples.iter().zip(probabilities).filter(|(e, _)| e.corpus == corpus).collect();
        let texts: Vec<String> = pages.iter().map(|(e, p)| e.page.text(p)).collect();
        let scores: Vec<PageScore> =
            pages.iter().zip(&texts).map(|((e, _), text)| score::page(&e.truth, text)).collect();
        let whole = pages.iter().all(|(e, _)| e.truth.article_body.is_some());
        let total = score::corpus(whole, &scores);
        let leaked = |segments: &dyn Fn(&Example) -> Vec<String>| {
            pages
                .iter()
                .zip(&texts)
                .map(|((e, _), text)| {
                    let text = score::collapse(text);
                    segments(e).iter().filter(|s| text.contains(&score::collapse(s))).count()
                })
                .sum::<usize>()
        };
        let comments = leaked(&|e: &Example| e.comments.clone());
        writeln!(
            out,
            "{title:16} {corpus:12} F1 {:.4}  P {:.4}  R {:.4}  comment segments {comments}",
            total.f1, total.precision, total.recall
        )?;
        if args.worst > 0 {
            let mut order: Vec<usize> = (0..pages.len()).collect();
            let loss = |at: usize| {
                if whole { 1.0 - scores[at].f1() } else { scores[at].extra + scores[at].missed }
            };
            order.sort_by(|&a, &b| loss(b).total_cmp(&loss(a)));
            for at in order.into_iter().take(args.worst) {
                let s = scores[at];
                writeln!(
                    out,
                    "  {:.3} P {:.3} R {:.3} {}",
                    s.f1(),
                    s.precision(),
                    s.recall(),
                    pages[at].0.truth.id
                )?;
            }
        }
        if let Some(folder) = &args.predictions {
            std::fs::create_dir_all(folder)?;
            let mut lines = String::new();
            for ((example, _), text) in pages.iter().zip(&texts) {
                let line = serde_json::json!({ "id": example.truth.id, "text": text });
                writeln!(lines, "{line}")?;
            }
            std::fs::write(folder.join(format!("{corpus}.jsonl")), lines)?;
            let mut lines = String::new();
            for (example, p) in &pages {
                let decisions = example.page.decisions(p);
                writeln!(lines, "# {}", example.truth.id)?;
                for (((text, p), (kept, rule)), label) in
                    example.page.texts().zip(p.iter()).zip(decisions).zip(&example.labels)
                {
                    let sign = if kept { '+' } else { '-' };
                    let label = label.map_or('?', |(label, _)| if label { 'Y' } else { 'n' });
                    let text = text.replace('\n', "\\n");
                    writeln!(lines, "{sign} {label} {p:.3} {rule}\t{text}")?;
                }
            }
            std::fs::write(folder.join(format!("{corpus}.blocks")), lines)?;
        }
    }
    Ok(())
}

/// The model as a source file.
fn source(model: &Model, corpus: u64, pages: usize) -> String {
    let mut out = String::new();
    let names = newsmill_cleaner::train::names_hash();
    let _ = write!(
        out,
        "//! Generated by `cargo xtask train-cleaner`; do not edit.\n//!\n\
         //! {pages} pages (FNV of all bytes {corpus:016x}), {} trees, {} nodes, no random seed.\n\n\
         use std::borrow::Cow;\n\nuse super::{{Model, Node}};\n\n\
         /// Of the names of the features that the table was trained on.\n\
         #[cfg(test)]\npub(crate) const NAMES_HASH: u64 = {names:#x};\n\n",
        model.roots.len(),
        model.nodes.len(),
    );
    out.push_str(
        "const fn n(feature: u8, threshold: f32, left: i16, right: i16) -> Node {\n    \
         Node { feature, threshold, left, right }\n}\n\n",
    );
    let _ = write!(
        out,
        "/// The model.\n#[rustfmt::skip]\npub(crate) static MODEL: Model = Model {{\n    base: {:?},\n    \
         roots: Cow::Borrowed(&{:?}),\n    nodes: Cow::Borrowed(&[\n",
        model.base, model.roots
    );
    for node in model.nodes.iter() {
        let _ = writeln!(
            out,
            "        n({}, {:?}, {}, {}),",
            node.feature, node.threshold, node.left, node.right
        );
    }
    let _ = write!(out, "    ]),\n    leaves: Cow::Borrowed(&{:?}),\n}};\n", model.leaves);
    out
}
