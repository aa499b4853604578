//! An entry of `sources:` in `pipeline.yaml`: where articles are announced, and how often to look.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use newsmill_article::{HumanDuration, SourceName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::FetchError;

/// One source. Exactly one of `feed`, `sitemap`, `index`, `folder` and `warc` says what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// A name of its own; it stands in records, logs and metrics.
    pub name: SourceName,
    /// The URL of an RSS, Atom or JSON feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<Url>,
    /// The URL of a sitemap or of an index of sitemaps, best one with the news extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sitemap: Option<Url>,
    /// The URL of a page that links to articles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Url>,
    /// A folder whose new and changed files are read, with its subfolders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// A WARC file (`.warc`, `.warc.gz`), or a folder of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warc: Option<PathBuf>,
    /// How often to look.
    #[serde(default)]
    pub every: Every,
    /// Only entries whose URL or path fits one of these patterns (`*` stands for anything).
    /// Default: all.
    #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub matching: Vec<String>,
    /// No entry whose URL or path fits one of these patterns. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Of a WARC source only pages that declare one of these languages (BCP 47, as `en`), or none.
    /// Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Headers that go to the hosts of this source's own URL, such as `Cookie`. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The environment variable that holds a bearer token for the host of this source's own URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// The file that holds such a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

/// The least and the most time between two looks at a source. Between them, the time follows what
/// the source really publishes and asks for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Every {
    /// Never sooner. Default: 5m.
    pub min: HumanDuration,
    /// Never later, while the source is alive. Default: 6h.
    pub max: HumanDuration,
}

impl Default for Every {
    fn default() -> Self {
        Self { min: HumanDuration::mins(5), max: HumanDuration::hours(6) }
    }
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind<'a> {
    /// RSS, Atom or JSON feed.
    Feed(&'a Url),
    /// Sitemap or sitemap index.
    Sitemap(&'a Url),
    /// HTML page of links.
    Index(&'a Url),
    /// Watched folder.
    Folder(&'a Path),
    /// WARC file or folder of them.
    Warc(&'a Path),
}

impl<'a> SourceKind<'a> {
    /// The URL that is polled; `None` for local sources.
    pub fn url(self) -> Option<&'a Url> {
        match self {
            Self::Feed(url) | Self::Sitemap(url) | Self::Index(url) => Some(url),
            Self::Folder(_) | Self::Warc(_) => None,
        }
    }
}

impl SourceConfig {
    /// A source with this name, all else as where the file says nothing. What it is, one of its
    /// fields has yet to say.
    pub fn new(name: SourceName) -> Self {
        Self {
            name,
            feed: None,
            sitemap: None,
            index: None,
            folder: None,
            warc: None,
            every: Every::default(),
            matching: Vec::new(),
            exclude: Vec::new(),
            languages: Vec::new(),
            headers: BTreeMap::new(),
            token_env: None,
            token_file: None,
        }
    }

    /// What this source is. An error where it is nothing or several things at once.
    pub fn kind(&self) -> Result<SourceKind<'_>, FetchError> {
        let kinds = [
            self.feed.as_ref().map(SourceKind::Feed),
            self.sitemap.as_ref().map(SourceKind::Sitemap),
            self.index.as_ref().map(SourceKind::Index),
            self.folder.as_deref().map(SourceKind::Folder),
            self.warc.as_deref().map(SourceKind::Warc),
        ];
        let mut kinds = kinds.into_iter().flatten();
        match (kinds.next(), kinds.next()) {
            (Some(kind), None) => Ok(kind),
            _ => Err(FetchError::Config(format!(
                "source `{}` needs exactly one of feed, sitemap, index, folder, warc",
                self.name
            ))),
        }
    }
}
