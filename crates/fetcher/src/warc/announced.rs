//! What a page's source said of it, kept beside the page so that a replay cleans it with the same
//! hints: one line of JSON in the `metadata` record, under a name of our own.

use newsmill_article::{Entry, Hints, Moment, SourceName};
use serde::{Deserialize, Serialize};

/// The field of the metadata record.
const FIELD: &str = "newsmill-entry";

/// An entry without its place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Announced {
    pub(crate) input: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<Moment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

impl Announced {
    pub(crate) fn of(entry: &Entry) -> Self {
        let Hints { guid, title, authors, published, updated, tags, language, content } =
            entry.hints.clone();
        let (input, source) = (entry.input.clone(), entry.source.clone());
        Self { input, source, guid, title, authors, published, updated, tags, language, content }
    }

    /// The line, with its end. Strings of Rust are always JSON; were it otherwise, the line would
    /// be missing.
    pub(crate) fn line(&self) -> String {
        let json = serde_json::to_string(self);
        json.map(|json| format!("{FIELD}: {json}\r\n")).unwrap_or_default()
    }

    /// Finds the line in a block of WARC fields.
    pub(super) fn find(block: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(block).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(FIELD)?.strip_prefix(':'))?;
        serde_json::from_str(line.trim()).ok()
    }

    /// Gives an entry its input, source and hints.
    pub(super) fn tell(self, entry: &mut Entry) {
        entry.input = self.input;
        entry.source = self.source;
        entry.hints = Hints {
            guid: self.guid,
            title: self.title,
            authors: self.authors,
            published: self.published,
            updated: self.updated,
            tags: self.tags,
            language: self.language,
            content: self.content,
        };
    }
}
