//! JSON Feed 1.0 and 1.1.

use serde::Deserialize;
use url::Url;

use super::{Feed, FeedEntry, FeedError, FeedLimits, parse_date, resolve};
use crate::plain::plain;

#[derive(Deserialize)]
struct JsonFeed {
    version: Option<String>,
    title: Option<String>,
    home_page_url: Option<String>,
    feed_url: Option<String>,
    language: Option<String>,
    #[serde(default)]
    hubs: Vec<Hub>,
    items: Option<Vec<serde_json::Value>>,
}

#[derive(Deserialize)]
struct Hub {
    url: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    id: Option<serde_json::Value>,
    url: Option<String>,
    external_url: Option<String>,
    title: Option<String>,
    content_html: Option<String>,
    content_text: Option<String>,
    summary: Option<String>,
    date_published: Option<String>,
    date_modified: Option<String>,
    author: Option<Author>,
    #[serde(default)]
    authors: Vec<Author>,
    #[serde(default)]
    tags: Vec<String>,
    language: Option<String>,
}

#[derive(Deserialize)]
struct Author {
    name: Option<String>,
}

/// The most values, outside of strings, of one feed: each takes far more memory than its text.
const MAX_VALUES: usize = 200_000;

/// Commas and brackets outside of strings, which are as many as the values but for a few.
fn values(text: &str) -> usize {
    let (mut count, mut string, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = string,
            b'"' => string = !string,
            b',' | b'[' | b'{' if !string => count += 1,
            _ => {}
        }
    }
    count
}

pub(super) fn parse(text: &str, base: Option<&Url>, limits: FeedLimits) -> Result<Feed, FeedError> {
    if values(text) > MAX_VALUES {
        return Err(FeedError::TooMany(MAX_VALUES));
    }
    let not = |why: String| FeedError::NotAFeed(why);
    let json: JsonFeed = serde_json::from_str(text).map_err(|error| not(error.to_string()))?;
    let version = json.version.unwrap_or_default();
    let Some(items) = json.items.filter(|_| version.contains("jsonfeed.org/version/")) else {
        return Err(not("JSON without the version and items of a JSON Feed".to_owned()));
    };
    let mut feed = Feed {
        format: "json",
        title: json.title.as_deref().and_then(plain),
        link: json.home_page_url.and_then(|url| resolve(&url, base)),
        language: json.language,
        own_link: json.feed_url,
        hub: json.hubs.into_iter().find_map(|hub| hub.url),
        dropped: items.len().saturating_sub(limits.entries),
        ..Feed::default()
    };
    for item in items.into_iter().take(limits.entries) {
        match serde_json::from_value::<Item>(item) {
            Ok(item) => feed.entries.push(entry(item, base)),
            Err(error) => feed.defect = feed.defect.or_else(|| Some(format!("an item: {error}"))),
        }
    }
    Ok(feed)
}

fn entry(item: Item, base: Option<&Url>) -> FeedEntry {
    let id = item.id.map(|id| match id {
        serde_json::Value::String(id) => id,
        other => other.to_string(),
    });
    let link = item.url.or(item.external_url).or_else(|| {
        let id = id.clone()?;
        id.starts_with("http").then_some(id)
    });
    let content = item.content_html.or_else(|| item.content_text.map(|text| as_html(&text)));
    let authors = item.authors.into_iter().chain(item.author);
    FeedEntry {
        link: link.and_then(|link| resolve(&link, base)),
        id,
        title: item.title.as_deref().and_then(plain),
        authors: authors.filter_map(|author| plain(&author.name?)).collect(),
        published: item.date_published.as_deref().and_then(parse_date),
        updated: item.date_modified.as_deref().and_then(parse_date),
        tags: item.tags,
        language: item.language,
        content: content.or(item.summary).filter(|content| !content.trim().is_empty()),
    }
}

/// Paragraphs of plain text as HTML.
fn as_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    let paragraphs = escaped.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty());
    paragraphs.map(|paragraph| format!("<p>{paragraph}</p>")).collect()
}
