//! What a GGUF model is worth as a summarizer, in the four ways that it can be asked:
//!
//! ```sh
//! cargo run --release -p newsmill-summarizer --features llama --example measure_llama -- \
//!     MODEL.gguf SHA256 ARTICLES.jsonl OUT [N [WAY...]]
//! ```
//!
//! Reads N lines {id, text} (100 where not given) and writes to the folder OUT, for each way (all
//! four where none is named: plain, fuse, copy, fuse-copy), what the model wrote (`WAY.jsonl`) and what the check made of it (`WAY-checked.jsonl`), as lines
//! {id, summary} for `newsmill eval` and its like. Prints names and numbers that the article lacks,
//! and support.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use newsmill_article::{Document, Summary, SummarySentence};
use newsmill_summarizer::grounding::{self, Source};
use newsmill_summarizer::llama::{self, Llama};
use newsmill_summarizer::{Config, Method, OnFail, Summarizer, eval};

/// Name, sentences that the model is given (0: all), whether it may only copy.
const WAYS: [(&str, usize, bool); 4] =
    [("plain", 0, false), ("fuse", 4, false), ("copy", 0, true), ("fuse-copy", 4, true)];

#[derive(Default)]
struct Sums {
    articles: usize,
    failed: usize,
    sentences: usize,
    /// Sentences that the check refuses.
    refused: usize,
    /// Names, numbers and quotations that the article lacks, and summaries with any.
    foreign: usize,
    with_foreign: usize,
    support: f64,
    seconds: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, sha256, articles, out, rest @ ..] = arguments.as_slice() else {
        return Err("give MODEL.gguf SHA256 ARTICLES.jsonl OUT [N [WAY...]]".into());
    };
    let most: usize = rest.first().map_or(Ok(100), |n| n.parse())?;
    fs::create_dir_all(out)?;
    let named = rest.get(1..).unwrap_or_default();
    let asked = |way: &str| named.is_empty() || named.iter().any(|name| name == way);
    for (way, sentences, copy_only) in WAYS.into_iter().filter(|(way, ..)| asked(way)) {
        let settings = llama::Config {
            path: path.into(),
            sha256: sha256.clone(),
            sentences,
            copy_only,
            ..llama::Config::default()
        };
        let mut config =
            Config { method: vec![Method::Llama], llama: Some(settings), ..Config::default() };
        config.grounding.on_fail = OnFail::Flag;
        let mut method = Llama::new(&config)?;
        let mut written = File::create(Path::new(out).join(format!("{way}.jsonl")))?;
        let mut checked = File::create(Path::new(out).join(format!("{way}-checked.jsonl")))?;
        let mut sums = Sums::default();
        for line in eval::open(Path::new(articles))?.lines().take(most) {
            let line: serde_json::Value = serde_json::from_str(&line?)?;
            let text = line["text"].as_str().ok_or("a line without text")?;
            let document = Document { text: text.to_owned(), ..Document::default() };
            let begun = Instant::now();
            let summary = method.summarize(&document);
            sums.seconds += begun.elapsed().as_secs_f64();
            sums.articles += 1;
            let (raw, good) = match summary {
                Ok(summary) => {
                    sums.count(&summary, text);
                    (lines(&summary), lines(&replaced(&summary, &document)?))
                }
                Err(error) => {
                    sums.failed += 1;
                    writeln!(std::io::stderr(), "{way} {}: {error}", line["id"])?;
                    (String::new(), String::new())
                }
            };
            writeln!(written, "{}", serde_json::json!({ "id": line["id"], "summary": raw }))?;
            writeln!(checked, "{}", serde_json::json!({ "id": line["id"], "summary": good }))?;
        }
        let Sums { articles, failed, sentences, refused, foreign, with_foreign, .. } = sums;
        writeln!(
            std::io::stdout(),
            "{way}: {articles} articles, {failed} without a summary, {sentences} sentences, \
             {refused} refused by the check, {foreign} foreign names, numbers or quotations in \
             {with_foreign} summaries, support {:.3}, {:.1} s an article",
            sums.support / sentences.max(1) as f64,
            sums.seconds / articles.max(1) as f64,
        )?;
    }
    Ok(())
}

impl Sums {
    fn count(&mut self, summary: &Summary, text: &str) {
        let source = Source::new(text);
        let mut foreign = 0;
        for sentence in &summary.sentences {
            let support = source.support(&sentence.text);
            foreign += support.missing.len();
            self.sentences += 1;
            self.refused += usize::from(sentence.note.is_some());
            self.support += f64::from(support.value);
        }
        self.foreign += foreign;
        self.with_foreign += usize::from(foreign > 0);
    }
}

/// The same answer under the default of `grounding.on_fail`.
fn replaced(summary: &Summary, document: &Document) -> Result<Summary, Box<dyn Error>> {
    let plain = |s: &SummarySentence| SummarySentence {
        text: s.text.clone(),
        ..SummarySentence::default()
    };
    let sentences = summary.sentences.iter().map(plain).collect();
    let summary = Summary { sentences, ..summary.clone() };
    Ok(grounding::ground(summary, document, &Config::default())?)
}

fn lines(summary: &Summary) -> String {
    let sentences: Vec<&str> = summary.sentences.iter().map(|s| s.text.as_str()).collect();
    sentences.join("\n")
}
