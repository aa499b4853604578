//! The few things that are read of HTML here: the feeds that a page names, and its links. A scan for
//! tags, not a parser: it need not see what a browser would, and costs next to nothing.

use url::Url;

pub(crate) use crate::feed::{plain, unescape};

/// Feeds that a page names in `<link rel="alternate">`, absolute, as listed, each once.
pub(crate) fn feeds(html: &str, base: Option<&Url>) -> Vec<Url> {
    let mut feeds = Vec::new();
    for tag in tags(html, "link").take(500) {
        let get = |name| attribute(tag, name);
        let alternate =
            get("rel").is_some_and(|rel| rel.to_ascii_lowercase().contains("alternate"));
        let kind = get("type").unwrap_or_default().to_ascii_lowercase();
        let feed = ["application/rss+xml", "application/atom+xml", "application/feed+json"];
        if !alternate || !feed.contains(&kind.trim()) {
            continue;
        }
        let href = get("href").unwrap_or_default();
        let url = match base {
            Some(base) => base.join(href),
            None => Url::parse(href),
        };
        if let Ok(url) = url
            && !feeds.contains(&url)
        {
            feeds.push(url);
        }
    }
    feeds
}

/// The insides of all start tags of one name.
pub(crate) fn tags<'a>(html: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    html.split('<').skip(1).filter_map(move |tag| {
        let head = tag.get(..name.len())?;
        let after = tag[name.len()..].chars().next()?;
        let named =
            head.eq_ignore_ascii_case(name) && (after.is_ascii_whitespace() || after == '/');
        named.then(|| tag[name.len()..].split('>').next().unwrap_or(""))
    })
}

/// The value of an attribute in the inside of a tag.
pub(crate) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/'));
        let (key, after) = rest.split_at(end.unwrap_or(rest.len()));
        if key.is_empty() && after.is_empty() {
            return None;
        }
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('=').map(str::trim_start) {
            None => ("", after),
            Some(value) => match value.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    value[1..].split_once(quote).unwrap_or((&value[1..], ""))
                }
                _ => value
                    .split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len())),
            },
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next;
    }
}

/// The inside of each `<a>` tag with the HTML up to the next `</a` or `<a`, of which the first
/// 4 KiB are seen.
pub(crate) fn anchors(html: &str) -> impl Iterator<Item = (&str, &str)> {
    html.match_indices('<').filter_map(|(at, _)| {
        let tag = html[at + 1..].strip_prefix(['a', 'A'])?;
        if !tag.starts_with(|c: char| c.is_ascii_whitespace()) {
            return None;
        }
        let tag = &tag[..tag.floor_char_boundary(4096)];
        let (inside, text) = tag.split_once('>')?;
        let ends = |at: &usize| {
            let after = &text[*at + 1..];
            let after = after.strip_prefix('/').unwrap_or(after);
            after
                .strip_prefix(['a', 'A'])
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        let end = text.match_indices('<').map(|(at, _)| at).find(ends).unwrap_or(text.len());
        Some((inside, &text[..end]))
    })
}
