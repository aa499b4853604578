//! Feeds: RSS 0.9x, 1.0 and 2.0, Atom and JSON Feed, also broken ones.
//!
//! One forgiving reader for all XML forms, because feeds in the wild mix their vocabularies and
//! break the rules of XML: elements are known by their local names, an end tag closes what it can,
//! an entity is at most one character, and what is unreadable ends the feed at the entries so far.
//! So there is nothing to expand and nothing outside to load. Depth and number of entries are
//! bounded. Left out: media, podcasts and everything that leads to no article.

mod date;
mod json;
mod xml;

use newsmill_article::{Hints, Moment};
use serde::Serialize;
use url::Url;

pub(crate) use date::parse as parse_date;

use crate::text;

/// A feed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Feed {
    /// What it is: `rss`, `rdf`, `atom` or `json`.
    pub format: &'static str,
    /// The encoding that it was in.
    pub encoding: &'static str,
    /// Its title.
    pub title: Option<String>,
    /// The page that it belongs to.
    pub link: Option<String>,
    /// BCP 47 language of its entries.
    pub language: Option<String>,
    /// Minutes for which an answer stays fresh.
    pub ttl: Option<u64>,
    /// Hours of the day (UTC, 0 to 23) in which it asks not to be polled.
    pub skip_hours: Vec<u8>,
    /// The address of a WebSub hub.
    pub hub: Option<String>,
    /// The address that the feed names as its own.
    pub own_link: Option<String>,
    /// The entries as listed.
    pub entries: Vec<FeedEntry>,
    /// Entries beyond the bound.
    pub dropped: usize,
    /// The first thing that breaks the rules of the format, where it was read nevertheless.
    pub defect: Option<String>,
}

/// One entry of a feed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FeedEntry {
    /// The identifier that the feed gives.
    pub id: Option<String>,
    /// The address of the article, absolute.
    pub link: Option<String>,
    /// The headline, plain text.
    pub title: Option<String>,
    /// Names of the writers.
    pub authors: Vec<String>,
    /// When it was first published.
    pub published: Option<Moment>,
    /// When it was last changed.
    pub updated: Option<Moment>,
    /// Subjects.
    pub tags: Vec<String>,
    /// BCP 47 language.
    pub language: Option<String>,
    /// HTML of the article, as whole as the feed has it.
    pub content: Option<String>,
}

/// Why bytes are no feed.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It is a web page; perhaps it names its feeds.
    #[error("this is an HTML page, not a feed{}", named(.feeds))]
    Html {
        /// Feeds that the page names.
        feeds: Vec<Url>,
    },
    /// No bytes, or only white space.
    #[error("nothing at all where a feed should be")]
    Empty,
    /// Something else.
    #[error("neither RSS, Atom nor JSON Feed: {0}")]
    NotAFeed(String),
    /// More values than any feed has.
    #[error("more than {0} values in one JSON feed")]
    TooMany(usize),
    /// Deeper nesting than the bound.
    #[error("elements nested deeper than the limit of {0}")]
    TooDeep(usize),
}

fn named(feeds: &[Url]) -> String {
    match feeds {
        [] => String::new(),
        [feed] => format!("; its feed is {feed}"),
        [feed, rest @ ..] => format!("; its feeds are {feed} and {} more", rest.len()),
    }
}

/// Bounds on what is read.
#[derive(Debug, Clone, Copy)]
pub struct FeedLimits {
    /// Most entries; further ones are counted.
    pub entries: usize,
    /// Deepest nesting of elements.
    pub depth: usize,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self { entries: 2000, depth: 128 }
    }
}

/// Reads a feed. `base` resolves relative links: the address that answered.
pub fn parse(
    bytes: &[u8],
    content_type: Option<&str>,
    base: Option<&Url>,
    limits: FeedLimits,
) -> Result<Feed, FeedError> {
    let (text, encoding) = text::decode(bytes, content_type);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    if text.is_empty() {
        return Err(FeedError::Empty);
    }
    let mut feed = match text.starts_with(['{', '[']) {
        true => json::parse(text, base, limits)?,
        false => xml::parse(text, base, limits)?,
    };
    feed.encoding = encoding;
    Ok(feed)
}

impl FeedEntry {
    /// What the entry tells the cleaner.
    pub fn hints(self, feed_language: Option<&str>) -> Hints {
        Hints {
            guid: self.id,
            title: self.title,
            authors: self.authors,
            published: self.published,
            updated: self.updated,
            tags: self.tags,
            language: self.language.or_else(|| feed_language.map(str::to_owned)),
            content: self.content,
        }
    }
}

/// A link as an absolute `http` URL.
fn resolve(link: &str, base: Option<&Url>) -> Option<String> {
    let link = link.trim();
    if link.is_empty() {
        return None;
    }
    let url = match base {
        Some(base) => base.join(link),
        None => Url::parse(link),
    };
    match url {
        Ok(url) => Some(url.into()),
        Err(_) => Some(link.to_owned()),
    }
}
