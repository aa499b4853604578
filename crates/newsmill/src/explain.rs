//! `newsmill explain`: why a page came out as it did.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::ValueEnum;
use newsmill_cleaner::Input;
use newsmill_pipeline::config::{self, Resolved};

use crate::exit::Exit;
use crate::page::Reader;
use crate::stdout;

const EXAMPLES: &str = "\
Examples:
  newsmill explain page.html --out why.html
  newsmill explain https://example.org/story --format json | jq .verdict";

/// Which page.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A file or an http(s) URL
    page: String,

    /// How to show it
    #[arg(long, short, value_enum, default_value_t = Form::Html)]
    format: Form,

    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Take the fetcher and cleaner sections of this file
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// One page for a browser, with nothing to load
    Html,
    /// For programs
    Json,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let resolved = args.config.as_deref().map_or_else(|| Ok(Resolved::default()), config::load);
    let resolved = match resolved {
        Ok(resolved) => resolved,
        Err(error) => {
            writeln!(std::io::stderr(), "{error}")?;
            return Ok(Exit::Usage);
        }
    };
    let page = match Reader::new(&resolved.fetcher)?.read(&args.page) {
        Ok(page) => page,
        Err(error) => {
            writeln!(std::io::stderr(), "{}", newsmill_pipeline::stages::causes(error.as_ref()))?;
            return Ok(Exit::SomeRefused);
        }
    };
    let input = Input {
        bytes: &page.bytes,
        content_type: page.content_type.as_deref(),
        url: page.url.as_ref(),
        hints: &page.entry.hints,
    };
    let explanation = newsmill_cleaner::explain(&resolved.cleaner, &input);
    let shown = match args.format {
        Form::Html => explanation.to_html(),
        Form::Json => serde_json::to_string_pretty(&explanation)? + "\n",
    };
    match &args.out {
        Some(path) => std::fs::write(path, shown)
            .with_context(|| format!("cannot write {}", path.display()))?,
        None => stdout::lock().write_all(shown.as_bytes())?,
    }
    Ok(Exit::Done)
}
