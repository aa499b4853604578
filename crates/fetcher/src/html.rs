//! The few things that are read of HTML here: the feeds that a page names, its links, its language,
//! and what its head says to robots. A scan for tags, not a parser: it need not see what a browser
//! would, and costs next to nothing.

use std::borrow::Cow;

use url::Url;

use crate::plain::unescape;

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
        let href = unescape(get("href").unwrap_or_default());
        let url = match base {
            Some(base) => base.join(&href),
            None => Url::parse(&href),
        };
        if let Ok(url) = url
            && !feeds.contains(&url)
        {
            feeds.push(url);
        }
    }
    feeds
}

/// The bytes of a page in which its head is looked for.
const HEAD: usize = 256 << 10;

/// The most of a tag that is seen: a page of open tags costs no more than its bytes.
const MAX_TAG: usize = 4096;

/// Elements whose content is text to the parser.
const TEXT_ONLY: [&str; 6] = ["script", "style", "title", "textarea", "template", "noframes"];

/// The beginning of a page, in an encoding that ASCII reads in: any but UTF-16, which is UTF-8 then.
pub(crate) fn beginning(page: &[u8]) -> Cow<'_, [u8]> {
    let start = &page[..page.len().min(HEAD)];
    match encoding_rs::Encoding::for_bom(start) {
        Some((encoding, skip)) if encoding != encoding_rs::UTF_8 => {
            encoding.decode_without_bom_handling(&start[skip..]).0.into_owned().into_bytes().into()
        }
        _ => start.into(),
    }
}

/// A start tag.
pub(crate) struct Tag<'a> {
    /// In lower case.
    pub(crate) name: String,
    inside: &'a [u8],
}

impl Tag<'_> {
    /// What stands between the name and `>`, of which the first 4 KiB are seen.
    pub(crate) fn inside(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.inside)
    }
}

/// The start tags before the body, without those in comments and scripts. Only tags become text:
/// the head of a page may be long, and most of it is scripts.
pub(crate) fn head_tags(html: &[u8]) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[memchr::memchr(b'<', rest)? + 1..];
            if let Some(comment) = rest.strip_prefix(b"!--") {
                // `<!-->` is a whole comment.
                rest = match comment.strip_prefix(b">") {
                    Some(after) => after,
                    None => &comment[memchr::memmem::find(comment, b"-->")? + 3..],
                };
                continue;
            }
            let end = rest.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if name.is_empty() {
                continue;
            }
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            if name == "body" {
                return None;
            }
            rest = after;
            if TEXT_ONLY.contains(&name.as_str()) {
                let close = |at: &usize| {
                    let after = &rest[at + 2..];
                    let end = after.get(..name.len());
                    end.is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
                };
                let end = memchr::memmem::find_iter(rest, b"</").find(close)?;
                rest = &rest[end + 2..];
                continue;
            }
            let inside = &rest[..rest.len().min(MAX_TAG)];
            let inside = &inside[..memchr::memchr(b'>', inside).unwrap_or(inside.len())];
            return Some(Tag { name, inside });
        }
    })
}

/// The language that a page declares for itself (`<html lang>`).
pub(crate) fn language(page: &[u8]) -> Option<String> {
    let start = beginning(&page[..page.len().min(8 << 10)]);
    let html = head_tags(&start).take(5).find(|tag| tag.name == "html")?;
    let inside = html.inside();
    let lang = attribute(&inside, "lang").or_else(|| attribute(&inside, "xml:lang"))?;
    (!lang.trim().is_empty()).then(|| lang.trim().to_owned())
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

/// The most of a link that is seen, from its tag to the end of its text.
const ANCHOR: usize = MAX_TAG;

/// The inside of each `<a>` tag with the HTML up to the next `</a` or `<a`, of which the first
/// 4 KiB are seen. Linear in the bytes, whatever is left open.
pub(crate) fn anchors(html: &str) -> impl Iterator<Item = (&str, &str)> {
    // The first `>` at or after the last tag looked at: found once for all tags before it.
    let mut close = Some(0);
    html.match_indices('<').filter_map(move |(at, _)| {
        let tag = html[at + 1..].strip_prefix(['a', 'A'])?;
        if !tag.starts_with(|c: char| c.is_ascii_whitespace()) {
            return None;
        }
        let start = at + 2;
        if close.is_some_and(|close| close < start) {
            close = tag.find('>').map(|length| start + length);
        }
        let inside = &tag[..close? - start];
        if inside.len() >= ANCHOR {
            return None;
        }
        let text = &tag[inside.len() + 1..tag.floor_char_boundary(ANCHOR)];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_end_at_the_next_tag_or_at_their_bound() {
        let seen = |html: &'static str| anchors(html).collect::<Vec<_>>();
        assert_eq!(
            seen("<a href=/1>One <b>bold</b></a> <A x>Two<a y>3"),
            [(" href=/1", "One <b>bold</b>"), (" x", "Two"), (" y", "3")]
        );
        assert_eq!(seen("<abbr>no</abbr><a>no</a><a href=/open"), []);
        // Tags that are never closed share the next `>`, each within its bound.
        assert_eq!(seen("<a <a x>T"), [(" <a x", "T"), (" x", "T")]);
        let long = format!("<a {}><a b>T", "é".repeat(ANCHOR / 2));
        assert_eq!(anchors(&long).collect::<Vec<_>>(), [(" b", "T")]);
        let fits = format!("<a {}>Text", "x".repeat(ANCHOR - 4));
        assert_eq!(
            anchors(&fits).next().map(|(inside, text)| (inside.len(), text)),
            Some((4093, "Te"))
        );
    }
}
