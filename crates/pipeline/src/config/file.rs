//! `pipeline.yaml` as it is typed.

use std::path::Path;

use newsmill_article::HumanDuration;
use newsmill_fetcher::SourceConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use super::error::ConfigError;
use crate::telemetry::TelemetryConfig;

/// The file. Sections stand in the order in which an article passes them. Relative paths start
/// from the folder in which newsmill runs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "pipeline.yaml of newsmill")]
pub(super) struct File {
    /// Where articles are announced.
    #[schemars(with = "Vec<SourceConfig>")]
    pub(super) sources: Vec<Spanned<SourceConfig>>,
    /// Who we say we are, how gentle we are, and what is too much.
    pub(super) fetcher: newsmill_fetcher::Config,
    /// How pages are cleaned.
    pub(super) cleaner: newsmill_cleaner::Config,
    /// How summaries are made.
    pub(super) summarizer: newsmill_summarizer::Config,
    /// Where records go. Without any they go to standard output.
    #[schemars(with = "Vec<newsmill_sink::Config>")]
    pub(super) sinks: Vec<Spanned<newsmill_sink::Config>>,
    /// The bounds of the channels between the stages.
    pub(super) channels: Channels,
    /// Where the mill keeps what it knows.
    pub(super) ledger: newsmill_ledger::Config,
    /// How its processes reach each other, where its stages run in several.
    #[schemars(with = "newsmill_link::Config")]
    pub(super) link: Option<Spanned<newsmill_link::Config>>,
    /// How it stops.
    pub(super) shutdown: Shutdown,
    /// How it can be looked at while it runs.
    pub(super) telemetry: TelemetryConfig,
}

/// How many items may wait between two stages. A full channel makes the stage before it wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Channels {
    /// Sources that are due. Default: 8.
    #[schemars(range(min = 1, max = 65536))]
    pub sources: usize,
    /// Entries to fetch. Default: 16; more would only age in memory.
    #[schemars(range(min = 1, max = 65536))]
    pub entries: usize,
    /// Pages to clean, each at most `fetcher.max_page`. Default: 16.
    #[schemars(range(min = 1, max = 65536))]
    pub pages: usize,
    /// Articles to summarize. Default: 32; it keeps a model busy across one slow page.
    #[schemars(range(min = 1, max = 65536))]
    pub articles: usize,
    /// Records to deliver. Default: 64; it lets a sink take them in batches.
    #[schemars(range(min = 1, max = 65536))]
    pub records: usize,
}

impl Default for Channels {
    fn default() -> Self {
        Self { sources: 8, entries: 16, pages: 16, articles: 32, records: 64 }
    }
}

impl Channels {
    /// The bounds by name, in the order of the flow.
    pub fn bounds(&self) -> [(&'static str, usize); 5] {
        [
            ("sources", self.sources),
            ("entries", self.entries),
            ("pages", self.pages),
            ("articles", self.articles),
            ("records", self.records),
        ]
    }
}

/// How the mill stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shutdown {
    /// How long work in flight may take after the signal. Default: 30s.
    pub grace: HumanDuration,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { grace: HumanDuration::secs(30) }
    }
}

pub(super) fn read(path: &Path, text: &str) -> Result<File, ConfigError> {
    // A file of comments alone is a valid configuration: everything has a default.
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(File::default());
    }
    serde_saphyr::from_str(text).map_err(|error| ConfigError::from_yaml(path, text, &error))
}
