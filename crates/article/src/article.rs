//! A document with its origin.

use jiff::Timestamp;
use url::Url;

use crate::{ArticleId, Document, Entry, Revision, canonical};

/// What the cleaner hands to the summarizer.
#[derive(Debug, Clone, PartialEq)]
pub struct Article {
    /// What led here.
    pub entry: Entry,
    /// The address that answered.
    pub url: Option<Url>,
    /// When its page was read.
    pub fetched: Timestamp,
    /// Text and metadata.
    pub document: Document,
}

impl Article {
    /// By the canonical address, else the address that answered (both in their [`canonical`](fn@crate::canonical) form),
    /// else the text.
    pub fn id(&self) -> ArticleId {
        match self.document.canonical_url.as_ref().or(self.url.as_ref()) {
            Some(url) => ArticleId::of_url(&canonical(url)),
            None => ArticleId::of_text(&self.document.text),
        }
    }

    /// The wording.
    pub fn revision(&self) -> Revision {
        Revision::of(self.document.title.as_deref(), &self.document.text)
    }
}
