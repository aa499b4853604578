//! Index pages: which of a page's links look like articles.
//!
//! No selectors to write: an article's address has a date, a long slug or a long number, and its
//! link a headline for text. Where the user gives `match` patterns, they decide instead. Left out:
//! links that only a script makes.

use std::collections::HashSet;

use url::Url;

use crate::{html, plain};

/// Segments of addresses that list or serve, but do not tell.
const NOT_ARTICLES: [&str; 24] = [
    "tag",
    "tags",
    "category",
    "categories",
    "topic",
    "topics",
    "author",
    "authors",
    "search",
    "login",
    "signin",
    "signup",
    "register",
    "subscribe",
    "account",
    "newsletter",
    "newsletters",
    "about",
    "contact",
    "privacy",
    "terms",
    "page",
    "feed",
    "rss",
];

/// A link and the words that it stands on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    pub(crate) url: Url,
    pub(crate) text: String,
}

/// The links of a page to its own site, as listed, each address once with its longest text.
pub(crate) fn links(html: &str, base: &Url) -> Vec<Link> {
    let base_tag = html::tags(html, "base").next().and_then(|tag| html::attribute(tag, "href"));
    let base = base_tag.and_then(|href| base.join(href).ok()).unwrap_or_else(|| base.clone());
    let mut links: Vec<Link> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (tag, inside) in html::anchors(html) {
        let Some(href) = html::attribute(tag, "href") else { continue };
        let Ok(mut url) = base.join(&plain::unescape(href)) else { continue };
        url.set_fragment(None);
        if !matches!(url.scheme(), "http" | "https") || site(&url) != site(&base) {
            continue;
        }
        let text = plain::plain(inside).unwrap_or_default();
        match places.get(&url) {
            None => {
                places.insert(url.clone(), links.len());
                links.push(Link { url, text });
            }
            Some(&place) => {
                let known: &mut Link = &mut links[place];
                if known.text.len() < text.len() {
                    known.text = text;
                }
            }
        }
    }
    links
}

/// Whether a link looks like one to an article.
pub(crate) fn is_article(link: &Link) -> bool {
    let segments: Vec<_> =
        link.url.path_segments().into_iter().flatten().filter(|s| !s.is_empty()).collect();
    let Some(last) = segments.last() else { return false };
    let lower: HashSet<String> =
        segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    if NOT_ARTICLES.iter().any(|segment| lower.contains(*segment)) {
        return false;
    }
    let name = last.rsplit_once('.').map_or(*last, |(name, _)| name);
    let words = name.split(['-', '_']).filter(|word| word.len() > 1).count();
    let longest_number = name.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let headline = link.text.split(' ').count() >= 4
        || !link.text.is_ascii() && link.text.chars().count() >= 12;
    let marks =
        [dated(&segments), words >= 4, longest_number >= 5].iter().filter(|mark| **mark).count();
    marks >= 2
        || marks == 1 && headline
        || headline && link.text.split(' ').count() >= 6 && segments.len() >= 2
}

/// `…/2026/11/…` or `…/2026-11-24…`.
fn dated(segments: &[&str]) -> bool {
    let year = |text: &str| matches!(text.parse::<u32>(), Ok(1990..=2100)) && text.len() == 4;
    let month = |text: &str| matches!(text.parse::<u32>(), Ok(1..=12));
    segments.windows(2).any(|pair| year(pair[0]) && month(pair[1]))
        || segments.iter().any(|segment| {
            let mut parts = segment.split('-');
            parts.next().is_some_and(year) && parts.next().is_some_and(month)
        })
}

/// The host without `www.`, for telling own links from others.
fn site(url: &Url) -> &str {
    let host = url.host_str().unwrap_or("");
    host.strip_prefix("www.").unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_are_told_from_the_rest() {
        let html = r#"<a href=/>Home</a><a href="/politics">Politics</a>
            <a href="/2026/11/24/council-votes-on-bridge"><img></a>
            <a href="/2026/11/24/council-votes-on-bridge#c"><b>Council votes</b> on the new bridge</a>
            <a href='/politics/article-1234567.html'>Mayor resigns after long night</a>
            <a href="/tag/one-two-three-four">One two three four five six</a>
            <a href="https://other.example/2026/11/24/some-long-headline-here">Some long headline here</a>
            <a href="/news/rain-is-expected-over-the-weekend?a=1&amp;b=2">Rain is expected over the weekend</a>
            <a href="mailto:x@y.z">Write to us about anything at all</a>"#;
        let base = Url::parse("https://www.paper.example/news").unwrap();
        let found: Vec<_> = links(html, &base).into_iter().filter(is_article).collect();
        let paths: Vec<_> =
            found.iter().map(|link| &link.url[url::Position::BeforePath..]).collect();
        assert_eq!(
            paths,
            [
                "/2026/11/24/council-votes-on-bridge",
                "/politics/article-1234567.html",
                "/news/rain-is-expected-over-the-weekend?a=1&b=2",
            ]
        );
        assert_eq!(found[0].text, "Council votes on the new bridge");
    }
}
