//! `cargo bench -p newsmill-cleaner`: cleaning beside parsing alone, over the same pages, preloaded,
//! one thread. Prints the ratio, which holds on a busy machine where times do not.

#![expect(clippy::print_stdout, reason = "a bench reports on the terminal")]

use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use newsmill_article::Hints;
use newsmill_cleaner::{Config, Input, clean};

const ROUNDS: usize = 5;

fn main() {
    let pages = pages();
    let bytes: usize = pages.iter().map(|(bytes, _)| bytes.len()).sum();
    let parse =
        |(_, text): &(Vec<u8>, String)| scraper::Html::parse_document(text).tree.nodes().len();
    let hints = Hints::default();
    let whole = |(bytes, _): &(Vec<u8>, String)| {
        let input = Input { bytes, content_type: Some("text/html"), url: None, hints: &hints };
        clean(&Config::default(), &input).map_or(0, |document| document.text.len())
    };
    // Turn by turn, the best of each, so that other work on the machine hits both alike.
    let (mut parsing, mut cleaning) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        parsing = parsing.min(time(&pages, parse));
        cleaning = cleaning.min(time(&pages, whole));
    }
    let rate = |time: Duration| pages.len() as f64 / time.as_secs_f64();
    println!("{} pages, {:.1} MB", pages.len(), bytes as f64 / 1e6);
    println!("scraper parse_document  {:8.0} pages/s", rate(parsing));
    println!("newsmill clean          {:8.0} pages/s", rate(cleaning));
    println!("clean / parse           {:8.2}", cleaning.as_secs_f64() / parsing.as_secs_f64());
}

fn time<T>(pages: &[T], work: impl Fn(&T) -> usize) -> Duration {
    let start = Instant::now();
    let sum: usize = pages.iter().map(work).sum();
    std::hint::black_box(sum);
    start.elapsed()
}

/// The pages of the extraction corpora where they are, else the saved pages of the tests.
fn pages() -> Vec<(Vec<u8>, String)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpora = here.join("../../../shared/corpus/extraction");
    let mut paths: Vec<_> = ["scrapinghub", "trafilatura"]
        .iter()
        .flat_map(|name| std::fs::read_dir(corpora.join(name)).into_iter().flatten())
        .chain(
            std::fs::read_dir(here.join("../../tests/pages"))
                .into_iter()
                .flatten()
                .flatten()
                .flat_map(|case| std::fs::read_dir(case.path()).into_iter().flatten()),
        )
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".html.gz") || path.ends_with("page.html"))
        .collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| {
            let mut bytes = std::fs::read(path).ok()?;
            if path.extension().is_some_and(|ext| ext == "gz") {
                let mut plain = Vec::new();
                flate2::read::GzDecoder::new(&*bytes).read_to_end(&mut plain).ok()?;
                bytes = plain;
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Some((bytes, text))
        })
        .collect()
}
