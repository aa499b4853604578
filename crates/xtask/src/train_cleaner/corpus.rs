//! The pages that the block model learns from: where they come from and what the truths say of
//! their blocks.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use newsmill_cleaner::score::{self, Truth};
use newsmill_cleaner::train::TrainingPage;

/// Pages of one site are in one fold.
pub(crate) const FOLDS: u64 = 5;
/// A segment counts as much as this many ordinary blocks.
const SEGMENT_WEIGHT: f32 = 2.0;

/// A page with what is known of its blocks.
pub(crate) struct Example {
    pub(crate) corpus: &'static str,
    pub(crate) truth: Truth,
    pub(crate) comments: Vec<String>,
    pub(crate) html: String,
    pub(crate) page: TrainingPage,
    pub(crate) labels: Vec<Option<(bool, f32)>>,
    /// Segments that stand in several places: the blocks of each place.
    pub(crate) choices: Vec<Vec<Vec<usize>>>,
    pub(crate) fold: u64,
}

/// Every page of a folder, in the order of their names.
pub(crate) fn load(
    folder: &Path,
    corpus: &'static str,
    hash: &mut u64,
) -> anyhow::Result<Vec<Example>> {
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
        let html = newsmill_cleaner::decode::decode(&bytes, None)
            .map_or(String::new(), |it| it.text.into_owned());
        let page = TrainingPage::new(&html);
        let (labels, choices) = label(&truth, &page);
        let site = registered_domain(truth.url.as_deref().unwrap_or(&truth.id));
        let fold =
            site.bytes().fold(7, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        let fold = (fold >> 20) % FOLDS;
        examples.push(Example { corpus, truth, comments, html, page, labels, choices, fold });
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

type Labels = (Vec<Option<(bool, f32)>>, Vec<Vec<Vec<usize>>>);

pub(super) fn label(truth: &Truth, page: &TrainingPage) -> Labels {
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
pub(crate) fn choose(examples: &mut [Example], guesses: &[Vec<f32>]) {
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
