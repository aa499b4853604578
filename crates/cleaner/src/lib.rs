//! Bytes in, readable text and metadata out.
//!
//! Promises: no I/O, no clock, no panic on any input, time linear in the bytes, the same result
//! for the same input. Leaves out: fetching, summarizing, judging.

mod consent;
pub mod decode;
mod edges;
pub mod explain;
mod extract;
mod features;
mod hash;
pub mod html;
mod judge;
pub mod language;
mod layout;
mod mend;
pub mod metadata;
mod model;
pub mod parse;
pub mod phrases;
pub mod plain;
mod render;
mod rules;
pub mod score;
mod scripted;
mod statistics;
mod stop_words;
mod topic;
#[doc(hidden)]
pub mod train;
mod tree;
mod units;
mod vocabulary;

pub use explain::{Explanation, explain};

use newsmill_article::{Disposition, Document, Hints, Reason};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;
use url::Url;

/// The version that goes into records: changes with the rules and with the table.
pub const VERSION: &str = concat!("newsmill-cleaner/", env!("CARGO_PKG_VERSION"));

/// What may be tuned. `cleaner` in `pipeline.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Fewer words than this are rejected as `too_short` (words of [`word_count`]). Default 10: the
    /// shortest real notices have about fifteen.
    pub min_words: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { min_words: 10 }
    }
}

/// One page to clean.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The page, decompressed.
    pub bytes: &'a [u8],
    /// Its media type with parameters, where known.
    pub content_type: Option<&'a str>,
    /// Its address, where known: relative links resolve against it.
    pub url: Option<&'a Url>,
    /// What the feed said.
    pub hints: &'a Hints,
}

/// Why a page has no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CleanError(pub Reason);

impl CleanError {
    /// Always a rejection: cleaning the same bytes again gives the same answer.
    pub fn disposition(&self) -> Disposition {
        Disposition::Reject(self.0.clone())
    }
}

/// Cleans one page.
///
/// # Errors
///
/// The [`Reason`] why the page gives no document.
pub fn clean(config: &Config, input: &Input<'_>) -> Result<Document, CleanError> {
    let decoded = decode::decode(input.bytes, input.content_type)?;
    let document = if decode::is_html(&decoded.text, input.content_type, input.url.map(Url::as_str))
    {
        // What is not needed any more goes before the next step takes room.
        let html = parse::parse(&decoded.text);
        drop(decoded);
        let metadata = metadata::read(&html, input.url, input.hints);
        let tree = tree::Tree::new(&html);
        drop(html);
        let extraction = extract::extract(tree, &metadata, |title| {
            let decoded = decode::decode(input.bytes, input.content_type).ok()?;
            scripted::text(&decoded.text, title)
        })?;
        extract::document(metadata, extraction)
    } else {
        plain::document(&decoded.text, input.hints)
    };
    // Counting ends at the bound: a text is long and the bound is low.
    let words = document.text.unicode_words().take(config.min_words).count();
    enough(config, words)?;
    Ok(document)
}

/// Whether so many words are a document.
fn enough(config: &Config, words: usize) -> Result<usize, CleanError> {
    if words < config.min_words { Err(CleanError(Reason::TooShort { words })) } else { Ok(words) }
}

/// Words in a text, by Unicode word boundaries (UAX #29).
pub fn word_count(text: &str) -> usize {
    text.unicode_words().count()
}
