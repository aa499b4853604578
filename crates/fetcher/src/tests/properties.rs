//! Parsers on input that nobody wrote by hand: they never panic, and keep to their bounds.

use proptest::prelude::*;
use url::Url;

use crate::feed::{self, FeedLimits};
use crate::robots::{self, Robots};
use crate::{html, index, opml, sitemap, warc};

/// Pieces of all the formats, so that what is made of them gets beyond the first byte.
const PIECES: [&str; 62] = [
    "<rss>",
    "<channel>",
    "</channel>",
    "<item>",
    "</item>",
    "<title>",
    "</title>",
    "<link>",
    "</link>",
    "<link href='",
    "' rel=alternate/>",
    "<guid isPermaLink='",
    "'>",
    "</guid>",
    "<feed xml:lang='x' xml:base='",
    "<entry>",
    "</entry>",
    "<content type='xhtml'>",
    "<content mode=\"base64\">",
    "</content>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml version='1.0' encoding='",
    "?>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "&b;",
    "&#x",
    "&#99999999;",
    "&amp",
    "&",
    ";",
    "<",
    ">",
    "\"",
    "'",
    "=",
    "é",
    "日本",
    "\u{0}",
    "http://x.org/",
    "//",
    "Thu, 01 Jan 2004 19:48:21 GMT",
    "2004-02-30T25:61",
    "<pubDate>",
    "</pubDate>",
    "<urlset>",
    "<url>",
    "<loc>",
    "</loc>",
    "<a href=",
    "</a>",
    "<link ",
    "type=application/rss+xml ",
    "user-agent: *\n",
    "disallow: ",
    "*",
    "$",
    "%e",
    "\n",
    " ",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)
        .prop_map(|pieces| pieces.concat())
}

/// The plain meaning of a robots pattern: `*` is any run, a final `$` is the end.
fn plainly_fits(pattern: &[u8], path: &[u8]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return true };
    match first {
        b'$' if rest.is_empty() => path.is_empty(),
        b'*' => (0..=path.len()).any(|skip| plainly_fits(rest, &path[skip..])),
        _ => path.first() == Some(first) && plainly_fits(rest, &path[1..]),
    }
}

proptest! {
    #[test]
    fn parsers_never_panic_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        everything(&bytes);
    }

    #[test]
    fn parsers_never_panic_on_soup(text in soup(), cut in 0usize..400) {
        everything(text.as_bytes());
        everything(&text.as_bytes()[..cut.min(text.len())]);
    }

    #[test]
    fn robots_patterns_mean_what_they_say(pattern in "/[ab*$]{0,8}", path in "/[ab$]{0,8}") {
        let robots = Robots::parse(format!("user-agent: *\ndisallow: {pattern}\n").as_bytes());
        prop_assert_eq!(robots.allows("x", &path), !plainly_fits(pattern.as_bytes(), path.as_bytes()));
    }
}

fn everything(bytes: &[u8]) {
    let base = Url::parse("https://x.org/a/").unwrap();
    let limits = FeedLimits { entries: 3, depth: 20 };
    if let Ok(feed) = feed::parse(bytes, Some("text/xml; charset=utf-8"), Some(&base), limits) {
        assert!(feed.entries.len() <= 3);
        for entry in feed.entries {
            assert!(entry.title.is_none_or(|title| !title.trim().is_empty()), "an empty title");
        }
    }
    if let Ok(sitemap) = sitemap::parse(bytes, None, Some(&base), limits) {
        assert!(sitemap.entries.len() <= 3);
    }
    let _ = opml::parse(bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = feed::parse_date(&text);
    let _ = html::feeds(&text, Some(&base));
    for link in index::links(&text, &base) {
        let _ = index::is_article(&link);
    }
    let robots = Robots::parse(bytes);
    let _ = robots.allows("newsmill", robots::path_and_query(&base));
    let _ = html::head_tags(&html::beginning(bytes)).count();
    let _ = html::language(bytes);
    let _ = warc::content_of(bytes, 1000);
}
