//! What is published.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Article, ArticleId, Block, Kind, Moment, Revision, SourceName, Summary};

/// The number of the promise that [`Record`] makes. It changes when a field changes its meaning
/// or goes away, not when one is added.
pub const SCHEMA: u32 = 1;

/// One cleaned and summarized article: the unit that every sink writes, one JSON object.
///
/// Unknown is absent or an empty list, never an empty string. Times are RFC 3339: the page's own
/// in the offset that it gives, ours in UTC. Places count Unicode code points of `text`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "newsmill record")]
pub struct Record {
    /// Always 1: the version of this schema.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The article: a hash of its canonical URL, or of its text where no address is known.
    pub id: ArticleId,
    /// This wording of it: a hash of title and text.
    pub revision: Revision,
    /// The path or URL exactly as it was given, or the entry's link in its feed.
    pub input: String,
    /// The address that answered; absent for a local file that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Url>,
    /// The address that the page names as its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical_url: Option<Url>,
    /// The source in `pipeline.yaml` that announced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    /// The headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Names of the writers, one each.
    #[serde(default)]
    pub authors: Vec<String>,
    /// When it was first published, in the offset that the page gives, `Z` where it gives none;
    /// the first ten characters are the page's own day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub published: Option<Moment>,
    /// When it was last changed, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub modified: Option<Moment>,
    /// The name of the site or paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The section that the site files it under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Subjects.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The lead image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Url>,
    /// BCP 47 language of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What kind of page it came from.
    #[serde(default)]
    pub kind: Kind,
    /// Whether the publisher marks the text as not free to read; absent where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paywalled: Option<bool>,
    /// The article, blocks parted by a blank line.
    pub text: String,
    /// The structure of `text`: paragraphs, headings, list items, quotes, table rows, code.
    #[serde(default)]
    pub blocks: Vec<Block>,
    /// Words in `text` (Unicode word boundaries; each ideograph or kana run counts by them).
    pub word_count: usize,
    /// The summary, each sentence with its place in `text`.
    pub summary: Summary,
    /// For a new revision of a known article: what changed against the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<Change>,
    /// When the page was read.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub fetched: Timestamp,
    /// When this record was made.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub processed: Timestamp,
    /// What made it.
    pub pipeline: PipelineVersions,
}

/// A part of an article that differs from the revision before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The headline.
    Title,
    /// The text.
    Text,
}

/// The versions that made a record, so that old records can be told from new ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineVersions {
    /// newsmill itself.
    pub version: String,
    /// The cleaner and its table.
    pub cleaner: String,
    /// The summarizer and its weights.
    pub summarizer: String,
}

impl Record {
    /// Joins an article and its summary. `word_count` is the caller's, by the same rule as the
    /// cleaner's.
    pub fn new(
        article: Article,
        summary: Summary,
        word_count: usize,
        processed: Timestamp,
        pipeline: PipelineVersions,
    ) -> Self {
        let (id, revision) = (article.id(), article.revision());
        let Article { entry, url, fetched, document } = article;
        Self {
            schema: SCHEMA,
            id,
            revision,
            input: entry.input,
            url,
            canonical_url: document.canonical_url,
            source: entry.source,
            title: document.title,
            authors: document.authors,
            published: document.published,
            modified: document.modified,
            site: document.site,
            section: document.section,
            tags: document.tags,
            image: document.image,
            language: document.language,
            kind: document.kind,
            paywalled: document.paywalled,
            text: document.text,
            blocks: document.blocks,
            word_count,
            summary,
            changed: Vec::new(),
            fetched,
            processed,
            pipeline,
        }
    }
}
