//! `newsmill eval` and `newsmill verify`: how good the results are, measured on truths.

use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::Context;
use clap::Subcommand;
use newsmill_cleaner::score::{self, PageScore, Truth};
use newsmill_cleaner::{Config, Input};
use newsmill_pipeline::config::{self, Resolved};
use newsmill_summarizer::{Method, eval};

use crate::exit::Exit;
use crate::page::Reader;
use crate::stdout;
use crate::summarizer::in_words;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The cleaner, on a folder of pages (ID.html or ID.html.gz) with truths (ID.json) beside them:
    /// `articleBody`, or segments `with` and `without`
    Extraction {
        /// The folder
        folder: PathBuf,
        /// Write the extracted texts here, as lines {id, text}
        #[arg(long, value_name = "FILE")]
        predictions: Option<PathBuf>,
        /// Exit with 1 when F1 (0 to 1) is under this
        #[arg(long, value_name = "X")]
        min_f1: Option<f64>,
        /// How many pages to list, worst first
        #[arg(long, value_name = "N", default_value_t = 20)]
        worst: usize,
    },
    /// The summarizer, on lines {id, text, references}, perhaps compressed with gzip: ROUGE with
    /// bootstrap intervals
    Summaries {
        /// The file
        file: PathBuf,
        /// Write the summaries here, as lines {id, summary}
        #[arg(long, value_name = "FILE")]
        predictions: Option<PathBuf>,
        /// Most sentences in a summary
        #[arg(long, short, value_name = "N")]
        sentences: Option<usize>,
        /// How to summarize: extractive, llm, … [default: what the configuration says]
        #[arg(long, value_name = "METHOD", value_parser = crate::summarizer::method)]
        summarizer: Option<Method>,
        /// Take the summarizer section of this file
        #[arg(long, short, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// The support score, on summaries that people judged: AUC for each set
    Faithfulness {
        /// The file
        file: PathBuf,
    },
}

/// Which records.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// A file of records, one a line, perhaps compressed with gzip
    records: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.what {
        What::Extraction { folder, predictions, min_f1, worst } => {
            extraction(folder, predictions.as_deref(), *min_f1, *worst)
        }
        What::Summaries { file, predictions, sentences, summarizer, config } => {
            let given = config.as_deref();
            let resolved = given.map_or_else(|| Ok(Resolved::default()), config::load);
            let mut config = match resolved {
                Ok(resolved) => resolved.summarizer.for_source(None),
                Err(error) => {
                    writeln!(std::io::stderr(), "{error}")?;
                    return Ok(Exit::Usage);
                }
            };
            config.sentences = sentences.unwrap_or(config.sentences);
            if let Some(method) = summarizer {
                config.method = vec![*method];
            }
            if let Some(mistake) = config.mistake() {
                let message = in_words(&mistake, given);
                writeln!(std::io::stderr(), "{message}")?;
                return Ok(Exit::Usage);
            }
            summaries(file, predictions.as_deref(), &config)
        }
        What::Faithfulness { file } => {
            let report = eval::faithfulness(open(file)?)?;
            writeln!(stdout::lock(), "{report}")?;
            Ok(Exit::Done)
        }
    }
}

fn open(path: &Path) -> anyhow::Result<Box<dyn std::io::BufRead>> {
    eval::open(path).with_context(|| format!("cannot read {}", path.display()))
}

fn create(path: &Path) -> anyhow::Result<std::io::BufWriter<std::fs::File>> {
    let file =
        std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(std::io::BufWriter::new(file))
}

fn summaries(
    file: &Path,
    predictions: Option<&Path>,
    config: &newsmill_summarizer::Config,
) -> anyhow::Result<Exit> {
    let meter = Arc::default();
    let mut summarizer = newsmill_summarizer::build(config, &meter)?;
    let mut out = predictions.map(create).transpose()?;
    let begun = Instant::now();
    let report = eval::summaries(
        open(file)?,
        summarizer.as_mut(),
        out.as_mut().map(|out| out as &mut dyn Write),
    )?;
    if let Some(out) = &mut out {
        out.flush()?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = report.documents as f64 / begun.elapsed().as_secs_f64().max(1e-6);
    writeln!(stdout::lock(), "{report}\nspeed       {rate:.1} articles/s with scoring")?;
    let usage = meter.usage();
    if usage.requests + usage.cached > 0 {
        writeln!(stdout::lock(), "asked       {usage}")?;
    }
    Ok(Exit::Done)
}

/// One page with its truth: the text that came out, and how well it agrees.
struct Judged {
    id: String,
    text: String,
    score: PageScore,
    truth: Truth,
}

fn extraction(
    folder: &Path,
    predictions: Option<&Path>,
    min_f1: Option<f64>,
    worst: usize,
) -> anyhow::Result<Exit> {
    let mut truths: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|ending| ending == "json"))
        .filter(|file| page_of(file).is_some())
        .collect();
    truths.sort();
    if truths.is_empty() {
        let folder = folder.display();
        writeln!(
            std::io::stderr(),
            "{folder}: no ID.json with an ID.html or ID.html.gz beside it"
        )?;
        return Ok(Exit::Usage);
    }
    let mut judged = judge_all(&truths)?;
    if let Some(path) = predictions {
        let mut out = create(path)?;
        for page in &judged {
            let line = serde_json::json!({ "id": page.id, "text": page.text });
            writeln!(out, "{line}")?;
        }
        out.flush()?;
    }
    let truths: Vec<Truth> = judged.iter().map(|page| page.truth.clone()).collect();
    let scores: Vec<PageScore> = judged.iter().map(|page| page.score).collect();
    let total = score::corpus(score::by_whole_text(&truths), &scores);
    judged.sort_by(|a, b| a.score.f1().total_cmp(&b.score.f1()));
    let mut out = stdout::lock();
    for page in judged.iter().take(worst) {
        let Judged { id, score, .. } = page;
        let (f1, precision, recall) = (score.f1(), score.precision(), score.recall());
        writeln!(out, "{f1:.3}  P {precision:.3}  R {recall:.3}  {id}")?;
    }
    let score::Scores { f1, precision, recall } = total;
    writeln!(out, "{} pages: F1 {f1:.4}  P {precision:.4}  R {recall:.4}", judged.len())?;
    if let Some(least) = min_f1.filter(|least| f1 < *least) {
        writeln!(std::io::stderr(), "F1 {f1:.4} is under --min-f1 {least}")?;
        return Ok(Exit::SomeRefused);
    }
    Ok(Exit::Done)
}

fn page_of(truth: &Path) -> Option<PathBuf> {
    ["html.gz", "html"].iter().map(|ending| truth.with_extension(ending)).find(|it| it.is_file())
}

/// Cleans and scores every page, on all cores.
fn judge_all(truths: &[PathBuf]) -> anyhow::Result<Vec<Judged>> {
    let next = AtomicUsize::new(0);
    let judged = Mutex::new(Vec::with_capacity(truths.len()));
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<()> {
                    let reader = Reader::new(&newsmill_fetcher::Config::default())?;
                    while let Some(truth) = truths.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let page = judge(&reader, truth)
                            .with_context(|| format!("{}", truth.display()))?;
                        judged.lock().map_err(|_| anyhow::anyhow!("a worker panicked"))?.push(page);
                    }
                    Ok(())
                })
            })
            .collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a worker panicked"))??;
        }
        Ok(())
    })?;
    let mut judged = judged.into_inner().map_err(|_| anyhow::anyhow!("a worker panicked"))?;
    judged.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(judged)
}

fn judge(reader: &Reader, truth: &Path) -> anyhow::Result<Judged> {
    let path = page_of(truth).context("its page is gone")?;
    let name = truth.file_stem().unwrap_or_default().to_string_lossy();
    let mut truth: Truth = serde_json::from_slice(&std::fs::read(truth)?)?;
    if truth.id.is_empty() {
        truth.id = name.into_owned();
    }
    // A page that cannot be read counts as one without text.
    let text = reader.read(&path.to_string_lossy()).ok().and_then(|page| {
        let url = truth.url.as_deref().and_then(|url| url::Url::parse(url).ok());
        let input = Input {
            bytes: &page.bytes,
            content_type: page.content_type.as_deref(),
            url: url.as_ref(),
            hints: &page.entry.hints,
        };
        newsmill_cleaner::clean(&Config::default(), &input).ok()
    });
    let text = text.map(|document| document.text).unwrap_or_default();
    let score = score::page(&truth, &text);
    Ok(Judged { id: truth.id.clone(), text, score, truth })
}

/// Checks records against themselves: each fault is a line.
pub(crate) fn verify(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let mut out = stdout::lock();
    let (mut records, mut faults) = (0_u64, 0_u64);
    for (number, line) in (1..).zip(std::io::BufRead::lines(open(&args.records)?)) {
        let line = line.with_context(|| format!("line {number}"))?;
        if line.trim().is_empty() {
            continue;
        }
        records += 1;
        match serde_json::from_str(&line) {
            Ok(record) => {
                for fault in newsmill_summarizer::grounding::verify(&record) {
                    faults += 1;
                    writeln!(out, "line {number}: {}: {fault}", record.id)?;
                }
            }
            Err(error) => {
                faults += 1;
                writeln!(out, "line {number}: not a record: {error}")?;
            }
        }
    }
    writeln!(std::io::stderr(), "{records} records, {faults} faults")?;
    Ok(if faults > 0 { Exit::SomeRefused } else { Exit::Done })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truth_without_an_id_is_called_as_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let truth = folder.path().join("bridge.json");
        std::fs::write(&truth, r#"{"articleBody": "The bridge opened."}"#).unwrap();
        std::fs::write(truth.with_extension("html"), "<p>The bridge opened.</p>").unwrap();
        let reader = Reader::new(&newsmill_fetcher::Config::default()).unwrap();
        assert_eq!(judge(&reader, &truth).unwrap().id, "bridge");
    }
}
