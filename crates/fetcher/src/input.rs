//! Pages that come as JSON Lines: one object a line with `url`, `html` or `text`, and perhaps
//! `content_type`.

use bytes::Bytes;
use newsmill_article::{Entry, Hints, Location};
use serde::Deserialize;
use url::Url;

use crate::FetchError;

#[derive(Deserialize)]
struct Line {
    url: Option<Url>,
    html: Option<String>,
    text: Option<String>,
    content_type: Option<String>,
}

/// The entry that a line names: its own content, else the page at its `url`. `number` counts lines
/// from 1, for messages and for content without an address.
pub fn json_line(line: &str, number: usize) -> Result<Entry, FetchError> {
    let wrong = |why: String| FetchError::Unreadable { place: format!("line {number}"), why };
    let read: Line = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
    let input = read.url.as_ref().map_or_else(|| format!("line {number}"), Url::to_string);
    let kind =
        |default: &str| Some(read.content_type.clone().unwrap_or_else(|| default.to_owned()));
    // JSON strings are Unicode, whatever the page says of itself.
    let location = match (read.html, read.text, read.url) {
        (Some(html), _, url) => {
            let content_type = kind("text/html; charset=utf-8");
            Location::Inline { url, content_type, fetched: None, bytes: Bytes::from(html) }
        }
        (None, Some(text), url) => {
            let content_type = kind("text/plain; charset=utf-8");
            Location::Inline { url, content_type, fetched: None, bytes: Bytes::from(text) }
        }
        (None, None, Some(url)) => Location::Url(url),
        (None, None, None) => return Err(wrong("needs `url`, `html` or `text`".to_owned())),
    };
    Ok(Entry { source: None, input, location, hints: Hints::default() })
}
