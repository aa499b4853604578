//! What a source announces: one thing that may be an article.

use std::path::PathBuf;

use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

use crate::{Moment, SourceName};

/// One thing to read, as a source or a command line named it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The source in `pipeline.yaml` that announced it; `None` for one-shot inputs.
    pub source: Option<SourceName>,
    /// The path or URL exactly as given.
    pub input: String,
    /// Where its bytes are.
    pub location: Location,
    /// What the source already said of it.
    pub hints: Hints,
}

/// Where the bytes of an entry are.
#[derive(Debug, Clone, PartialEq)]
pub enum Location {
    /// On the web.
    Url(Url),
    /// In a local file, perhaps compressed with gzip.
    File(PathBuf),
    /// Already here: standard input, a WARC record, a feed that carries the whole text.
    Inline {
        /// The address that the bytes came from, where that is known.
        url: Option<Url>,
        /// The media type with its parameters, where that is known.
        content_type: Option<String>,
        /// When they were fetched, where that was before now.
        fetched: Option<Timestamp>,
        /// The bytes as they came.
        bytes: Bytes,
    },
}

/// What a feed says of an entry. Used where the page itself is silent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hints {
    /// The identifier that the feed gives (`guid`, `id`).
    pub guid: Option<String>,
    /// The headline.
    pub title: Option<String>,
    /// Names of the writers, one each.
    pub authors: Vec<String>,
    /// When it was first published.
    pub published: Option<Moment>,
    /// When it was last changed.
    pub updated: Option<Moment>,
    /// Subjects.
    pub tags: Vec<String>,
    /// BCP 47 language that the feed declares.
    pub language: Option<String>,
    /// The feed's own HTML of the article, whole or in part.
    pub content: Option<String>,
}
