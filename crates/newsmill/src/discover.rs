//! `newsmill discover`: the feeds of a page, of an OPML list or of a configuration, in the form that
//! the next tool takes.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use newsmill_fetcher::Fetcher;
use newsmill_fetcher::parse::{self, OpmlFeed};
use newsmill_pipeline::config::{self, Resolved};
use url::Url;

use crate::exit::Exit;
use crate::{inputs, stdout};

const EXAMPLES: &str = "\
Examples:
  newsmill discover https://example.org/                      the feeds that the page names
  newsmill discover https://example.org/ --config > pipeline.yaml
  newsmill discover subscriptions.opml --config               import from a feed reader
  newsmill discover pipeline.yaml --opml > newsmill.opml      export to one";

/// The most bytes of an OPML file.
const MAX_OPML: u64 = 16 << 20;

/// Where to look and what to print.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The http(s) URL of a site, a page or a feed; an OPML file; or a pipeline.yaml
    place: String,

    /// Print them as the sources of a pipeline.yaml
    #[arg(long, conflicts_with = "opml")]
    config: bool,

    /// Print them as OPML, which feed readers take
    #[arg(long)]
    opml: bool,

    /// Take the fetcher section of this pipeline.yaml
    #[arg(long, value_name = "FILE")]
    fetcher: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let found = if let Some(url) = inputs::web(&args.place) {
        of_page(&url, args.fetcher.as_deref())?
    } else {
        of_file(Path::new(&args.place))
    };
    let feeds = match found {
        Ok(feeds) => feeds,
        Err((exit, why)) => {
            writeln!(std::io::stderr(), "{why}")?;
            return Ok(exit);
        }
    };
    if feeds.is_empty() {
        writeln!(std::io::stderr(), "{}: names no feed", args.place)?;
        return Ok(Exit::SomeRefused);
    }
    let mut out = stdout::lock();
    if args.config {
        write!(out, "{}", sources(&feeds))?;
    } else if args.opml {
        write!(out, "{}", parse::write_opml("newsmill", &feeds))?;
    } else {
        for feed in &feeds {
            writeln!(out, "{}", feed.feed)?;
        }
    }
    Ok(Exit::Done)
}

/// What was found, or how to end and why.
type Found = Result<Vec<OpmlFeed>, (Exit, String)>;

fn of_page(url: &Url, config: Option<&Path>) -> anyhow::Result<Found> {
    let resolved = match config.map_or_else(|| Ok(Resolved::default()), config::load) {
        Ok(resolved) => resolved,
        Err(error) => return Ok(Err((Exit::Usage, error.to_string()))),
    };
    let fetcher = Fetcher::new(&resolved.fetcher, &[])?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    Ok(match runtime.block_on(fetcher.discover(url)) {
        Ok(feeds) => {
            Ok(feeds.into_iter().map(|feed| OpmlFeed { title: String::new(), feed }).collect())
        }
        Err(error) => Err((Exit::SomeRefused, newsmill_pipeline::stages::causes(&error))),
    })
}

fn of_file(path: &Path) -> Found {
    let name = path.display();
    if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
        let resolved = config::load(path).map_err(|error| (Exit::Usage, error.to_string()))?;
        let feeds = resolved.sources.into_iter().filter_map(|source| {
            let title = source.name.to_string();
            Some(OpmlFeed { title, feed: source.feed? })
        });
        return Ok(feeds.collect());
    }
    let length = path.metadata().map_err(|error| {
        let why =
            format!("{name}: neither an http(s) address nor a file that can be read: {error}");
        (Exit::Usage, why)
    })?;
    if length.len() > MAX_OPML {
        return Err((Exit::SomeRefused, format!("{name}: over {} MiB", MAX_OPML >> 20)));
    }
    let bytes = std::fs::read(path).map_err(|error| (Exit::Io, format!("{name}: {error}")))?;
    parse::opml(&bytes).map_err(|error| (Exit::SomeRefused, format!("{name}: {error}")))
}

/// The feeds as YAML, each with a name of its own. A JSON string is a YAML string too.
fn sources(feeds: &[OpmlFeed]) -> String {
    let mut names = HashSet::new();
    let mut yaml = "sources:\n".to_owned();
    for OpmlFeed { title, feed } in feeds {
        let host = feed.host_str().unwrap_or("feed");
        let plain = if title.is_empty() { host.trim_start_matches("www.") } else { title };
        let mut name = plain.to_owned();
        for number in 2.. {
            if names.insert(name.clone()) {
                break;
            }
            name = format!("{plain} {number}");
        }
        let text = |text: &str| serde_json::Value::from(text).to_string();
        yaml.push_str(&format!("  - name: {}\n    feed: {}\n", text(&name), text(feed.as_str())));
    }
    yaml
}
