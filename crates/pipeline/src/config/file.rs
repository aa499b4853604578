//! `pipeline.yaml` as it is typed.

use std::path::{Path, PathBuf};

use newsmill_article::HumanDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ConfigError;

/// The file. Sections stand in the order in which an article passes them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "pipeline.yaml of newsmill")]
pub struct File {
    /// How pages are cleaned.
    pub cleaner: newsmill_cleaner::Config,
    /// How summaries are made.
    pub summarizer: newsmill_summarizer::Config,
    /// The bounds of the channels between the stages.
    pub channels: Channels,
    /// Where the mill keeps what it knows.
    pub ledger: LedgerSection,
    /// How it stops.
    pub shutdown: Shutdown,
}

/// How many items may wait between two stages. A full channel makes the stage before it wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Channels {
    /// Sources that are due. Default 8.
    #[schemars(range(min = 1, max = 65536))]
    pub sources: usize,
    /// Entries to fetch. Default 16: more would only age in memory.
    #[schemars(range(min = 1, max = 65536))]
    pub entries: usize,
    /// Pages to clean, each at most `fetcher.max_page`. Default 16.
    #[schemars(range(min = 1, max = 65536))]
    pub pages: usize,
    /// Articles to summarize. Default 32: keeps a model busy across one slow page.
    #[schemars(range(min = 1, max = 65536))]
    pub articles: usize,
    /// Records to deliver. Default 256: lets a sink take them in batches.
    #[schemars(range(min = 1, max = 65536))]
    pub records: usize,
}

impl Default for Channels {
    fn default() -> Self {
        Self { sources: 8, entries: 16, pages: 16, articles: 32, records: 256 }
    }
}

/// Where the ledger is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerSection {
    /// Its file; without one it is kept in memory and forgotten at the end.
    pub path: Option<PathBuf>,
}

/// How the mill stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shutdown {
    /// How long work in flight may take after the signal, as a duration. Default `30s`.
    pub grace: HumanDuration,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { grace: HumanDuration::secs(30) }
    }
}

pub(super) fn read(path: &Path, text: &str) -> Result<File, ConfigError> {
    serde_saphyr::from_str(text).map_err(|error| ConfigError::from_yaml(path, text, &error))
}
