//! What a page says about its article: title, authors, dates and the rest, each with its origin.

use jiff::Timestamp;
use newsmill_article::{Hints, Kind};
use scraper::Html;
use url::Url;

/// A value and where on the page it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Where it was found, in the words that `explain` shows: `json-ld headline`, `og:title`, `h1`.
    pub origin: &'static str,
}

/// What a page says about its article. Nothing is ever an empty string.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The headline, without the name of the site.
    pub title: Option<Found<String>>,
    /// Names of the writers, one each.
    pub authors: Vec<Found<String>>,
    /// When it was first published.
    pub published: Option<Found<Timestamp>>,
    /// When it was last changed.
    pub modified: Option<Found<Timestamp>>,
    /// The name of the site or paper.
    pub site: Option<Found<String>>,
    /// The section.
    pub section: Option<Found<String>>,
    /// Subjects.
    pub tags: Vec<Found<String>>,
    /// The lead image.
    pub image: Option<Found<Url>>,
    /// The language that the page declares, in BCP 47 form; see [`crate::language::of`].
    pub language: Option<Found<String>>,
    /// The address that the page names as its own.
    pub canonical_url: Option<Found<Url>>,
    /// A sentence or two about the article.
    pub description: Option<Found<String>>,
    /// What kind of page the markup says it is; `None` where it does not say.
    pub kind: Option<Found<Kind>>,
    /// Whether the publisher marks it as not free to read.
    pub paywalled: Option<Found<bool>>,
    /// The text of the article as JSON-LD repeats it, lines as they came.
    pub article_body: Option<Found<String>>,
}

/// Reads the metadata of a page in one walk over its tree. `base` is the address of the page,
/// against which relative links resolve; `hints` fill what the page leaves open.
pub fn read(html: &Html, base: Option<&Url>, hints: &Hints) -> Metadata {
    let _ = (html, base, hints);
    Metadata::default()
}
