//! `newsmill models`: which models there are, fetching them, and what they cost to run.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use newsmill_article::Document;
use newsmill_pipeline::stages;
use newsmill_summarizer::models::{self, Manifest, Model, Origin};
use newsmill_summarizer::{Config, Method};

use crate::exit::Exit;
use crate::stdout;

const EXAMPLES: &str = "\
Examples:
  newsmill models list
  newsmill models pull all-MiniLM-L6-v2
  newsmill models pull all-MiniLM-L6-v2 --from /media/usb
  newsmill models pull my-bart --manifest my-models.toml --from https://mirror.example
  newsmill models check                 what the built-in model costs on this machine
  newsmill models check my-bart --manifest my-models.toml
  newsmill models path

Models lie in $NEWSMILL_MODELS, else in newsmill/models in the user's data folder; a model in
models/ of the folder in which newsmill runs comes first.";

/// What to do with models.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,

    /// Read this list of models instead of the one that is built in
    #[arg(long, global = true, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every model with its task, licence, size, and whether it is here
    List,
    /// Fetch a model; goes on where it was broken off, and refuses what is not the model
    Pull {
        /// Which
        name: String,
        /// A folder or the address of a mirror; in it lie NAME/FILES
        #[arg(long, value_name = "FOLDER|URL")]
        from: Option<String>,
        /// Put it into this folder
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Verify the files of a model and, where this newsmill can run it, measure memory and
    /// seconds per article (sentences a second of an encoder); without a name, of the model that
    /// is built in
    Check {
        /// Which
        name: Option<String>,
    },
    /// Where models lie, or where this one does
    Path {
        /// Which
        name: Option<PathBuf>,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let manifest = match &args.manifest {
        None => Manifest::built_in()?,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            match Manifest::parse(&text) {
                Ok(manifest) => manifest,
                Err(error) => {
                    let path = path.display();
                    writeln!(std::io::stderr(), "{path}: {}", stages::causes(&error))?;
                    return Ok(Exit::Usage);
                }
            }
        }
    };
    let mut out = stdout::lock();
    match &args.what {
        What::List => list(&mut out, &manifest),
        What::Path { name } => {
            let path = name.as_deref().map_or_else(models::folder, models::find);
            writeln!(out, "{}", path.display())?;
            Ok(Exit::Done)
        }
        What::Pull { name, from, to } => match known(&manifest, name)? {
            Some(model) => pull(&mut out, model, from.as_deref(), to.as_deref()),
            None => Ok(Exit::Usage),
        },
        What::Check { name: None } => {
            writeln!(out, "extractive: built in, {}", summarizing(&Config::default())?)?;
            Ok(Exit::Done)
        }
        What::Check { name: Some(name) } => match known(&manifest, name)? {
            Some(model) => check(&mut out, model),
            None => Ok(Exit::Usage),
        },
    }
}

/// The model of this name; where there is none, stderr says which there are.
fn known<'a>(manifest: &'a Manifest, name: &str) -> anyhow::Result<Option<&'a Model>> {
    let model = manifest.get(name);
    if model.is_none() {
        let names: Vec<&str> = manifest.models.iter().map(|model| model.name.as_str()).collect();
        writeln!(std::io::stderr(), "no model {name:?}; known are: {}", names.join(", "))?;
    }
    Ok(model)
}

fn list(out: &mut impl Write, manifest: &Manifest) -> anyhow::Result<Exit> {
    for model in &manifest.models {
        let Model { name, task, licence, .. } = model;
        let folder = models::find(Path::new(name));
        let there = model.files.iter().all(|file| {
            std::fs::metadata(folder.join(&file.path)).is_ok_and(|found| found.len() == file.size)
        });
        let place = if there { folder.display().to_string() } else { "not here".to_owned() };
        let size = indicatif::HumanBytes(model.size());
        writeln!(out, "{name:<24} {task:<14} {licence:<12} {size:>10}  {place}")?;
    }
    Ok(Exit::Done)
}

fn pull(
    out: &mut impl Write,
    model: &Model,
    from: Option<&str>,
    to: Option<&Path>,
) -> anyhow::Result<Exit> {
    let origin = from.map_or(Origin::Publisher, Origin::parse);
    let folder = to.map_or_else(models::folder, Path::to_owned);
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new(model.size())
    } else {
        ProgressBar::with_draw_target(Some(model.size()), ProgressDrawTarget::hidden())
    };
    let style = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} ETA {eta} {msg}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    let pulled = models::pull(model, &origin, &folder, |file, have| {
        let before = model.files.iter().take_while(|other| *other != file);
        bar.set_position(before.map(|file| file.size).sum::<u64>() + have);
        bar.set_message(file.path.clone());
    });
    bar.finish_and_clear();
    match pulled {
        Ok(folder) => {
            writeln!(out, "{}", folder.display())?;
            Ok(Exit::Done)
        }
        Err(error @ models::PullError::Io { .. }) => Err(error.into()),
        Err(error @ models::PullError::Other { .. }) => {
            writeln!(std::io::stderr(), "newsmill: {error}")?;
            Ok(Exit::SomeRefused)
        }
        Err(error) => {
            writeln!(std::io::stderr(), "newsmill: {error}")?;
            Ok(Exit::Unavailable)
        }
    }
}

fn check(out: &mut impl Write, model: &Model) -> anyhow::Result<Exit> {
    let folder = models::find(Path::new(&model.name));
    let mut wrong = 0;
    for file in &model.files {
        let path = folder.join(&file.path);
        if !models::holds(&path, file)? {
            let what = if path.exists() { "is another file" } else { "is missing" };
            writeln!(out, "{}: {what}", path.display())?;
            wrong += 1;
        }
    }
    let name = &model.name;
    if wrong > 0 {
        writeln!(out, "{name}: run `newsmill models pull {name}`")?;
        return Ok(Exit::SomeRefused);
    }
    let cost = match model.task.as_str() {
        "summarization" => {
            let rust_bert = newsmill_summarizer::rust_bert::Config {
                model: folder,
                ..newsmill_summarizer::rust_bert::Config::default()
            };
            let config = Config {
                method: vec![Method::RustBert],
                rust_bert: Some(rust_bert),
                ..Config::default()
            };
            match config.mistake() {
                Some(mistake) => format!("not run: {}", mistake.message),
                None => summarizing(&config)?,
            }
        }
        "embeddings" => encoding(&folder)?,
        task => format!("not run: {task} is nothing that this newsmill does"),
    };
    writeln!(out, "{name}: whole, {cost}")?;
    Ok(Exit::Done)
}

const PARAGRAPH: &str = "The council of the port town voted on Tuesday to rebuild the harbour \
    wall that a storm broke in January. The work will cost 14 million euros and begin in May. \
    Mayor Ines Falk said that the fishing fleet could stay. Some residents fear noise and closed \
    roads for two summers. An engineer told the meeting that the old wall could not be repaired.";

/// What it costs to set `config`'s method up and let it summarize.
fn summarizing(config: &Config) -> anyhow::Result<String> {
    // Numbered, so that no two paragraphs are the same.
    let text: Vec<String> =
        (1..=10).map(|number| format!("{PARAGRAPH} That was item {number} of the day.")).collect();
    let document = Document { text: text.join("\n\n"), ..Document::default() };
    let run = measure(
        || Ok(newsmill_summarizer::build(config, &std::sync::Arc::default())?),
        |summarizer| Ok(summarizer.summarize(&document).map(drop)?),
    )?;
    let Run { loading, each, memory } = run;
    Ok(format!("loads in {loading:.1} s, {each:.4} s per article of 600 words{memory}"))
}

/// What it costs to set the encoder in `folder` up and let it encode.
#[cfg(feature = "rust-bert")]
fn encoding(folder: &Path) -> anyhow::Result<String> {
    let sentences: Vec<&str> = PARAGRAPH.split_inclusive(". ").collect();
    // As many as an article has.
    let batch: Vec<&str> = sentences.iter().copied().cycle().take(30).collect();
    let run = measure(
        || Ok(newsmill_summarizer::rust_bert::Encoder::load(folder, 1)?),
        |encoder| Ok(encoder.encode(&batch).map(drop)?),
    )?;
    let Run { loading, each, memory } = run;
    let rate = 30.0 / each;
    Ok(format!("loads in {loading:.1} s, {rate:.0} sentences/s{memory}"))
}

#[cfg(not(feature = "rust-bert"))]
fn encoding(_: &Path) -> anyhow::Result<String> {
    Ok("not run: this newsmill is built without the cargo feature rust-bert".to_owned())
}

/// What a model costs here.
struct Run {
    /// Seconds, the first piece of work included.
    loading: f64,
    /// Seconds a piece of work.
    each: f64,
    /// In words, behind a comma; empty where the system does not say.
    memory: String,
}

/// Loads something and lets it work for a second or so: some take a millisecond, some half a
/// minute.
fn measure<T>(
    load: impl FnOnce() -> anyhow::Result<T>,
    mut work: impl FnMut(&mut T) -> anyhow::Result<()>,
) -> anyhow::Result<Run> {
    let before = memory("VmRSS:");
    let begun = Instant::now();
    let mut loaded = load()?;
    work(&mut loaded)?;
    let loading = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let mut count = 0.0;
    while count < 1.0 || begun.elapsed().as_secs_f64() < 1.0 {
        work(&mut loaded)?;
        count += 1.0;
    }
    let each = begun.elapsed().as_secs_f64() / count;
    let grown = memory("VmRSS:").zip(before).map(|(now, before)| now.saturating_sub(before));
    let memory = match grown.zip(memory("VmHWM:")) {
        Some((grown, peak)) => format!(", {grown} MiB of memory, {peak} MiB at its peak"),
        None => String::new(),
    };
    Ok(Run { loading, each, memory })
}

/// MiB by a line of `/proc/self/status`; none outside of Linux.
fn memory(line: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|l| l.strip_prefix(line))?;
    Some(value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? / 1024)
}
