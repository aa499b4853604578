//! `newsmill discover`: the feeds of a page.

use std::io::Write;

use anyhow::Context;
use newsmill_fetcher::{Config, Fetcher};

use crate::exit::Exit;
use crate::inputs;

/// Which page.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The http(s) URL of a site, a page or a feed
    url: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let Some(url) = inputs::web(&args.url) else {
        writeln!(std::io::stderr(), "{}: not an http or https address", args.url)?;
        return Ok(Exit::Usage);
    };
    let fetcher = Fetcher::new(&Config::default(), &[])?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let feeds = match runtime.block_on(fetcher.discover(&url)) {
        Ok(feeds) => feeds,
        Err(error) => {
            writeln!(std::io::stderr(), "{}", newsmill_pipeline::stages::causes(&error))?;
            return Ok(Exit::SomeRefused);
        }
    };
    for feed in &feeds {
        writeln!(std::io::stdout(), "{feed}")?;
    }
    if feeds.is_empty() {
        writeln!(std::io::stderr(), "{url}: names no feed")?;
        return Ok(Exit::SomeRefused);
    }
    Ok(Exit::Done)
}
