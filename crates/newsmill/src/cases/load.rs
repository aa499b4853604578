//! Cases as they lie in folders.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use flate2::read::MultiGzDecoder;
use newsmill_article::{Entry, Location, SourceName};
use newsmill_fetcher::{Fetcher, SourceConfig};
use newsmill_pipeline::config::Resolved;
use serde::Deserialize;
use url::Url;
use walkdir::WalkDir;

use super::case::Expected;
use crate::inputs;

/// The most folders below the one that is named.
const DEPTH: usize = 16;

/// One page of a case, to be milled and judged.
pub(super) struct Page {
    /// Of the case, and for a page of a feed its URL.
    pub(super) name: String,
    pub(super) entry: Source,
    pub(super) expected: Expected,
    pub(super) text: Option<String>,
}

/// Where a page comes from.
pub(super) enum Source {
    /// It is read.
    Entry(Box<Entry>),
    /// The feed lists it, but no page was saved: on the web it would be gone.
    Missing(String),
    /// The case expects it, but the feed does not list it.
    Unlisted,
    /// The feed lists it, but the case expects nothing of it.
    Unexpected,
}

/// `expected.json` of a feed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedFeed {
    /// The source in `pipeline.yaml` whose patterns count.
    source: Option<SourceName>,
    /// The address of the feed, where the source does not tell it.
    url: Option<Url>,
    /// The saved pages by their URL.
    pages: BTreeMap<String, PathBuf>,
    /// What is expected of each entry, by its URL.
    entries: BTreeMap<String, ExpectedEntry>,
}

#[derive(Debug, Deserialize)]
struct ExpectedEntry {
    /// The file with the expected text.
    text: Option<PathBuf>,
    #[serde(flatten)]
    expected: serde_json::Map<String, serde_json::Value>,
}

/// Every page of every case at or below `root`, by name.
pub(super) fn all(root: &Path, config: &Resolved) -> anyhow::Result<Vec<Page>> {
    let mut pages = Vec::new();
    for found in WalkDir::new(root).max_depth(DEPTH).sort_by_file_name() {
        let found = found?;
        if found.file_type().is_file() && found.file_name() == "expected.json" {
            let folder = found.path().parent().unwrap_or(root);
            let name = folder.strip_prefix(root).unwrap_or(folder).display().to_string();
            let name = if name.is_empty() { root.display().to_string() } else { name };
            load(folder, &name, config, &mut pages).with_context(|| name.clone())?;
        }
    }
    Ok(pages)
}

fn load(folder: &Path, name: &str, config: &Resolved, pages: &mut Vec<Page>) -> anyhow::Result<()> {
    let (page, feed) = (named(folder, "page.")?, named(folder, "feed.")?);
    match (page, feed) {
        (Some(page), None) => {
            pages.push(load_page(folder, name, page)?);
            Ok(())
        }
        (None, Some(feed)) => load_feed(folder, name, &feed, config, pages),
        _ => bail!("one file `page.*` or one file `feed.*` must be there"),
    }
}

/// The one file whose name begins so.
fn named(folder: &Path, prefix: &str) -> anyhow::Result<Option<PathBuf>> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(prefix) {
            found.push(file.path());
        }
    }
    if found.len() > 1 {
        bail!("{} files `{prefix}*`; one is a case", found.len());
    }
    Ok(found.pop())
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    Ok(read(path)?.trim_end_matches('\n').to_owned())
}

fn load_page(folder: &Path, name: &str, page: PathBuf) -> anyhow::Result<Page> {
    let expected: Expected =
        serde_json::from_str(&read(&folder.join("expected.json"))?).context("expected.json")?;
    let file = folder.join("expected.text");
    let text = if file.exists() { Some(read_text(&file)?) } else { None };
    let input = page.display().to_string();
    let location = match &expected.url {
        Some(url) => inline(&page, url)?,
        None => Location::File(page),
    };
    let entry = Source::Entry(Box::new(inputs::entry(input, location)));
    Ok(Page { name: name.to_owned(), entry, expected, text })
}

fn load_feed(
    folder: &Path,
    name: &str,
    feed: &Path,
    config: &Resolved,
    pages: &mut Vec<Page>,
) -> anyhow::Result<()> {
    let expected: ExpectedFeed =
        serde_json::from_str(&read(&folder.join("expected.json"))?).context("expected.json")?;
    let source = source(&expected, config)?;
    // A fetcher that reads only what it is handed.
    let fetcher = Fetcher::new(&config.fetcher, std::slice::from_ref(&source))?;
    let kind = match feed.extension().and_then(|kind| kind.to_str()) {
        Some("json") => Some("application/feed+json"),
        _ => None,
    };
    let listed = fetcher.listed_in(&source, &fs::read(feed)?, kind)?;
    let mut entries = expected.entries;
    for mut entry in listed {
        let url = entry.input.clone();
        let page = expected.pages.get(&url);
        if let (Some(page), Location::Url(address)) = (page, &entry.location) {
            entry.location = inline(&folder.join(page), address)?;
        }
        let name = format!("{name} {url}");
        let Some(wanted) = entries.remove(&url) else {
            let (entry, expected) = (Source::Unexpected, Expected::default());
            pages.push(Page { name, entry, expected, text: None });
            continue;
        };
        let (expected, text) = wanted.read(folder).with_context(|| url.clone())?;
        let entry = match page {
            Some(_) => Source::Entry(Box::new(entry)),
            None => Source::Missing(url),
        };
        pages.push(Page { name, entry, expected, text });
    }
    for (url, wanted) in entries {
        let (expected, text) = wanted.read(folder).with_context(|| url.clone())?;
        let name = format!("{name} {url}");
        pages.push(Page { name, entry: Source::Unlisted, expected, text });
    }
    Ok(())
}

impl ExpectedEntry {
    fn read(self, folder: &Path) -> anyhow::Result<(Expected, Option<String>)> {
        let text = self.text.map(|file| read_text(&folder.join(file))).transpose()?;
        Ok((serde_json::from_value(self.expected.into())?, text))
    }
}

/// The source of the configuration, or one that takes everything; without what only the web needs.
fn source(expected: &ExpectedFeed, config: &Resolved) -> anyhow::Result<SourceConfig> {
    let feed = expected.url.clone().map_or_else(|| Url::parse("http://feed.invalid/"), Ok)?;
    let Some(name) = &expected.source else {
        return Ok(SourceConfig { feed: Some(feed), ..SourceConfig::new(SourceName::new("feed")) });
    };
    let Some(source) = config.sources.iter().find(|source| source.name == *name) else {
        bail!("the configuration has no source `{name}` (--config FILE names another one)");
    };
    let mut source = SourceConfig { token_env: None, token_file: None, ..source.clone() };
    if expected.url.is_some() {
        source.feed = Some(feed);
    }
    Ok(source)
}

/// A saved page as its address would have answered.
fn inline(page: &Path, url: &Url) -> anyhow::Result<Location> {
    let mut bytes = fs::read(page).with_context(|| page.display().to_string())?;
    let name = page.to_string_lossy();
    if name.ends_with(".gz") {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(&bytes[..])
            .read_to_end(&mut unpacked)
            .with_context(|| page.display().to_string())?;
        bytes = unpacked;
    }
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let kind = match name.rsplit_once('.').map(|(_, kind)| kind) {
        Some("txt" | "text") => "text/plain",
        Some("md" | "markdown") => "text/markdown",
        _ => "text/html",
    };
    Ok(Location::Inline {
        url: Some(url.clone()),
        content_type: Some(kind.to_owned()),
        fetched: None,
        bytes: bytes.into(),
    })
}
