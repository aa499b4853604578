//! From what was typed to what is meant: what types alone cannot check.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use newsmill_fetcher::{SourceConfig, SourceKind};
use newsmill_sink::Config as SinkConfig;
use serde::Serialize;
use serde_saphyr::{Location, Spanned};

use super::error::{ConfigError, Place};
use super::file::{Channels, File, Shutdown};
use super::memory;
use crate::telemetry::TelemetryConfig;
use crate::telemetry::config::{LONGEST_SOCKET, OtlpConfig};

/// A configuration that holds: defaults filled in, names unique, files that must exist there,
/// bounds sane. Displayed as YAML that reads back as the same but for the values of headers, which
/// are not shown, with the memory of the channels in comments.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Resolved {
    /// Where articles are announced; names are unique.
    pub sources: Vec<SourceConfig>,
    /// Manners and bounds of fetching.
    pub fetcher: newsmill_fetcher::Config,
    /// How pages are cleaned.
    pub cleaner: newsmill_cleaner::Config,
    /// How summaries are made.
    pub summarizer: newsmill_summarizer::Config,
    /// Where records go; names are unique, and there is at least one.
    pub sinks: Vec<SinkConfig>,
    /// The bounds of the channels, each at least 1.
    pub channels: Channels,
    /// Where the mill keeps what it knows.
    pub ledger: newsmill_ledger::Config,
    /// How its processes reach each other.
    pub link: newsmill_link::Config,
    /// How it stops.
    pub shutdown: Shutdown,
    /// How it can be looked at while it runs.
    pub telemetry: TelemetryConfig,
}

/// What stands for a value that may be a secret.
const HIDDEN: &str = "(not shown)";

/// What errors point into.
struct Text<'a> {
    path: &'a Path,
    text: &'a str,
}

pub(super) fn resolve(path: &Path, text: &str, file: File) -> Result<Resolved, ConfigError> {
    let text = Text { path, text };
    check_names(&text, "source", file.sources.iter().map(|s| (s.value.name.as_str(), s.defined)))?;
    check_names(&text, "sink", file.sinks.iter().map(|s| (s.value.name(), s.defined)))?;
    for source in &file.sources {
        check_source(&text, source)?;
    }
    for sink in &file.sinks {
        check_sink(&text, sink)?;
    }
    check_bounds(&text, &file)?;
    if let Some(link) = &file.link {
        check_link(&text, link)?;
    }
    check_telemetry(&text, &file.telemetry)?;
    check_summarizer(&text, &file)?;
    let mut sinks: Vec<SinkConfig> = file.sinks.into_iter().map(|sink| sink.value).collect();
    if sinks.is_empty() {
        sinks.push(SinkConfig::Stdout(newsmill_sink::StdoutConfig::default()));
    }
    Ok(Resolved {
        sources: file.sources.into_iter().map(|source| source.value).collect(),
        fetcher: file.fetcher,
        cleaner: file.cleaner,
        summarizer: file.summarizer,
        sinks,
        channels: file.channels,
        ledger: file.ledger,
        link: file.link.map(|link| link.value).unwrap_or_default(),
        shutdown: file.shutdown,
        telemetry: file.telemetry,
    })
}

fn check_names<'a>(
    text: &Text<'_>,
    what: &str,
    names: impl Iterator<Item = (&'a str, Location)>,
) -> Result<(), ConfigError> {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, location) in names {
        if name.trim().is_empty() {
            return Err(text.error(location, "name", format!("a {what} needs a name")));
        }
        if let Some(line) = seen.insert(name, location.line()) {
            let message = format!("two {what}s are called `{name}`; the other is at line {line}");
            return Err(text.error(location, "name", message).help(
                "names stand for them in records, positions and metrics: give each its own `name`",
            ));
        }
    }
    Ok(())
}

fn check_source(text: &Text<'_>, source: &Spanned<SourceConfig>) -> Result<(), ConfigError> {
    let at = source.defined;
    let kind = source.value.kind().map_err(|error| text.error(at, "name", error.to_string()))?;
    let key = match kind {
        SourceKind::Feed(_) => "feed",
        SourceKind::Sitemap(_) => "sitemap",
        SourceKind::Index(_) => "index",
        SourceKind::Folder(_) => "folder",
        SourceKind::Warc(_) => "warc",
    };
    match kind {
        SourceKind::Folder(path) | SourceKind::Warc(path) => text.exists(at, key, path)?,
        SourceKind::Feed(url) | SourceKind::Sitemap(url) | SourceKind::Index(url) => {
            if !matches!(url.scheme(), "http" | "https") {
                let message = format!("`{}` cannot be fetched", url.scheme());
                return Err(text.error(at, key, message).help("http and https are read"));
            }
        }
    }
    if source.value.every.min > source.value.every.max {
        let message = format!(
            "`every.min` ({}) is more than `every.max` ({})",
            source.value.every.min, source.value.every.max
        );
        return Err(text.error(at, "every", message));
    }
    if let Some(path) = &source.value.token_file {
        text.exists(at, "token_file", path)?;
    }
    Ok(())
}

fn check_sink(text: &Text<'_>, sink: &Spanned<SinkConfig>) -> Result<(), ConfigError> {
    let at = sink.defined;
    match &sink.value {
        SinkConfig::Stdout(_) => Ok(()),
        SinkConfig::Jsonl(config) => text.writable(at, "path", &config.path),
        SinkConfig::Sqlite(config) => text.writable(at, "path", &config.path),
        SinkConfig::Postgres(config) => match &config.url_file {
            Some(path) => text.exists(at, "url_file", path),
            None if config.url_env.is_none() => Err(text
                .error(at, "postgres", "a postgres sink needs `url_env` or `url_file`")
                .help("the connection string holds a password: it never stands in this file")),
            None => Ok(()),
        },
        SinkConfig::Webhook(config) => match &config.secret_file {
            Some(path) => text.exists(at, "secret_file", path),
            None => Ok(()),
        },
    }
}

fn check_link(text: &Text<'_>, link: &Spanned<newsmill_link::Config>) -> Result<(), ConfigError> {
    let Some(nats) = &link.value.nats else { return Ok(()) };
    nats.check().map_err(|(key, message)| text.error(link.defined, key, message))?;
    for (key, path) in nats.files() {
        text.exists(link.defined, key, path)?;
    }
    Ok(())
}

fn check_bounds(text: &Text<'_>, file: &File) -> Result<(), ConfigError> {
    for (name, bound) in file.channels.bounds() {
        if !(1..=65_536).contains(&bound) {
            let message = format!("the bound of a channel is 1 to 65536, not {bound}");
            return Err(ConfigError::at(text.path, text.key("channels", name), message));
        }
    }
    if file.fetcher.host.concurrency == 0 {
        let place = text.key("fetcher", "concurrency");
        return Err(ConfigError::at(text.path, place, "`concurrency` must be at least 1"));
    }
    if let Some(path) = &file.ledger.path
        && path.is_dir()
    {
        let place = text.key("ledger", "path");
        let message = format!("{} is a folder; the ledger is a file", path.display());
        return Err(ConfigError::at(text.path, place, message));
    }
    Ok(())
}

fn check_telemetry(text: &Text<'_>, config: &TelemetryConfig) -> Result<(), ConfigError> {
    let error = |key: &str, message: String| {
        ConfigError::at(text.path, text.key("telemetry", key), message)
    };
    let has_token = config.token_env.is_some() || config.token_file.is_some();
    if config.is_open() && !has_token {
        let message = "an address that others can reach needs a bearer token".to_owned();
        return Err(error("listen", message)
            .help("name one with `token_env` or `token_file`, or listen on 127.0.0.1"));
    }
    if config.token_env.is_some() && config.token_file.is_some() {
        let message = "`token_env` and `token_file` exclude each other".to_owned();
        return Err(error("token_file", message));
    }
    if let Some(path) = &config.token_file
        && !path.exists()
    {
        return Err(error("token_file", format!("{} does not exist", path.display())));
    }
    if let Some(path) = &config.socket
        && path.as_os_str().len() > LONGEST_SOCKET
    {
        let message = format!("the path of a socket has at most {LONGEST_SOCKET} bytes");
        return Err(error("socket", message));
    }
    if let Some(OtlpConfig { url, sample }) = &config.otlp {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(error("url", format!("`{}` cannot be posted to", url.scheme()))
                .help("OTLP goes over http or https here, mostly to port 4318"));
        }
        if !(0.0..=1.0).contains(sample) {
            return Err(error("sample", "`sample` is a share from 0 to 1".to_owned()));
        }
    }
    Ok(())
}

fn check_summarizer(text: &Text<'_>, file: &File) -> Result<(), ConfigError> {
    let is_source = |name: &str| file.sources.iter().any(|s| s.value.name.as_str() == name);
    if let Some(name) = file.summarizer.by_source.keys().find(|name| !is_source(name)) {
        let place = text.key("summarizer", name);
        let message = format!("`by_source` names `{name}`, but no source is called so");
        return Err(ConfigError::at(text.path, place, message));
    }
    match file.summarizer.mistake() {
        Some(mistake) => {
            let place = text.key("summarizer", mistake.key);
            Err(ConfigError::at(text.path, place, mistake.message).help(mistake.help))
        }
        None => Ok(()),
    }
}

impl Text<'_> {
    /// An error at `key` of the item that begins at `location`, or at the item itself.
    fn error(&self, location: Location, key: &str, message: impl Into<String>) -> ConfigError {
        let start = usize::try_from(location.line()).unwrap_or(1).max(1);
        let item = Place::of(self.text, location);
        let indent = item.as_ref().map_or(0, |place| place.column.saturating_sub(1));
        // The item ends where a line is indented less than its keys.
        let inside = |line: &str| {
            line.trim().is_empty() || line.chars().take_while(|c| *c == ' ').count() >= indent
        };
        let lines = self.text.lines().enumerate().skip(start - 1);
        let place = lines
            .take_while(|(number, line)| *number + 1 == start || inside(line))
            .find_map(|(number, line)| place_of_key(number + 1, line, key));
        ConfigError::at(self.path, place.or(item), message)
    }

    /// Where `key` stands in a top-level section.
    fn key(&self, section: &str, key: &str) -> Option<Place> {
        self.text
            .lines()
            .enumerate()
            .skip_while(|(_, line)| !line.starts_with(section))
            .find_map(|(number, line)| place_of_key(number + 1, line, key))
    }

    fn exists(&self, location: Location, key: &str, path: &Path) -> Result<(), ConfigError> {
        if path.exists() {
            return Ok(());
        }
        let message = format!("{} does not exist", path.display());
        let error = self.error(location, key, message);
        Err(if path.is_relative() {
            error.help("relative paths start from the folder in which newsmill runs")
        } else {
            error
        })
    }

    /// A file that will be written: not a folder, and no file where a folder must be.
    fn writable(&self, location: Location, key: &str, path: &Path) -> Result<(), ConfigError> {
        let blocked = path.ancestors().skip(1).find(|folder| folder.is_file());
        let message = match blocked {
            Some(file) => format!("{} is a file, not a folder", file.display()),
            None if path.is_dir() => format!("{} is a folder, not a file", path.display()),
            None => return Ok(()),
        };
        Err(self.error(location, key, message))
    }
}

fn place_of_key(line: usize, text: &str, key: &str) -> Option<Place> {
    let start = text.match_indices(key).map(|(start, _)| start).find(|&start| {
        let before = text[..start].chars().next_back();
        let after = text[start + key.len()..].trim_start();
        after.starts_with(':') && before.is_none_or(|c| matches!(c, ' ' | '{' | ',' | '"'))
    })?;
    // Point at the value: it is what is wrong.
    let value = start + key.len() + text[start + key.len()..].find(':')? + 1;
    let value = value + (text[value..].len() - text[value..].trim_start().len());
    let column = text[..value.min(text.len())].chars().count() + 1;
    Some(Place { line, column, text: text.to_owned() })
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.clone();
        for value in shown.sources.iter_mut().flat_map(|source| source.headers.values_mut()) {
            // A cookie or a key, as often as not.
            *value = HIDDEN.to_owned();
        }
        let yaml = serde_saphyr::to_string(&shown).map_err(|_| fmt::Error)?;
        f.write_str(&yaml)?;
        f.write_str(&memory::worst_case(self))
    }
}
