//! Sitemaps and indexes of sitemaps (sitemaps.org 0.9), with the news extension.
//!
//! Read with the same forgiveness as feeds: local names, no entities but characters, bounded
//! depth. A plain list of URLs, one a line, is a sitemap too. Of a long sitemap the newest entries
//! are kept.

use newsmill_article::Moment;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Serialize;
use url::Url;

use crate::feed::{FeedError, FeedLimits, parse_date};
use crate::plain::{reference, tidy};
use crate::text;

/// The most entries that a sitemap may have by its standard.
const MAX_LISTED: usize = 50_000;

/// The most bytes of one field.
const MAX_FIELD: usize = 8 << 10;

/// A sitemap.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Sitemap {
    /// Whether `entries` are sitemaps themselves.
    pub index: bool,
    /// What it lists; where there are more than the bound, the newest.
    pub entries: Vec<SitemapEntry>,
    /// Entries beyond the bound.
    pub dropped: usize,
    /// The first thing that breaks the rules, where it was read nevertheless.
    pub defect: Option<String>,
}

/// One URL of a sitemap.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SitemapEntry {
    /// The address, absolute.
    pub loc: String,
    /// When it last changed.
    pub lastmod: Option<Moment>,
    /// `news:title`.
    pub title: Option<String>,
    /// `news:publication_date`.
    pub published: Option<Moment>,
    /// `news:language`.
    pub language: Option<String>,
    /// `news:keywords`.
    pub keywords: Vec<String>,
}

/// Reads a sitemap.
pub fn parse(
    bytes: &[u8],
    content_type: Option<&str>,
    base: Option<&Url>,
    limits: FeedLimits,
) -> Result<Sitemap, FeedError> {
    let (text, _) = text::decode(bytes, content_type);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.is_empty() {
        return Err(FeedError::Empty);
    }
    let mut sitemap = match text.starts_with('<') {
        true => xml(text, base, limits)?,
        false => lines(text)?,
    };
    if sitemap.entries.len() > limits.entries {
        sitemap.entries.sort_by_key(|entry| {
            std::cmp::Reverse(entry.published.map(Moment::at).max(entry.lastmod.map(Moment::at)))
        });
        sitemap.dropped += sitemap.entries.len() - limits.entries;
        sitemap.entries.truncate(limits.entries);
    }
    Ok(sitemap)
}

fn lines(text: &str) -> Result<Sitemap, FeedError> {
    let mut sitemap = Sitemap::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match Url::parse(line) {
            Ok(url) if sitemap.entries.len() < MAX_LISTED => {
                sitemap.entries.push(SitemapEntry { loc: url.into(), ..SitemapEntry::default() });
            }
            Ok(_) => sitemap.dropped += 1,
            Err(_) if sitemap.entries.is_empty() => {
                return Err(FeedError::NotAFeed("text that is no list of URLs".to_owned()));
            }
            Err(_) => sitemap.defect = Some(format!("{} is no URL", crate::guard::shortened(line))),
        }
    }
    Ok(sitemap)
}

fn xml(text: &str, base: Option<&Url>, limits: FeedLimits) -> Result<Sitemap, FeedError> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut sitemap = Sitemap::default();
    let (mut root, mut depth) = (None, 0usize);
    let mut entry: Option<SitemapEntry> = None;
    let mut field = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                depth += 1;
                if depth > limits.depth {
                    return Err(FeedError::TooDeep(limits.depth));
                }
                let local = tag.local_name();
                let name = local.as_ref().to_ascii_lowercase();
                match (&root, name.as_str()) {
                    (None, "urlset" | "sitemapindex") => {
                        sitemap.index = name == "sitemapindex";
                        root = Some(name);
                    }
                    (None, "html") => {
                        return Err(FeedError::Html { feeds: crate::html::feeds(text, base) });
                    }
                    (None, _) => {
                        return Err(FeedError::NotAFeed(format!(
                            "the outermost element is <{name}>"
                        )));
                    }
                    (Some(_), "url" | "sitemap") => entry = Some(SitemapEntry::default()),
                    _ => {}
                }
                field.clear();
            }
            Ok(Event::End(tag)) => {
                depth = depth.saturating_sub(1);
                let local = tag.local_name();
                // `image:loc` and its kin are not the address of the page.
                let full = tag.name();
                let foreign = full
                    .as_ref()
                    .split_once(':')
                    .is_some_and(|(prefix, _)| matches!(prefix, "image" | "video"));
                match local.as_ref().to_ascii_lowercase().as_str() {
                    "url" | "sitemap" => take(&mut sitemap, entry.take()),
                    name if !foreign => {
                        if let Some(entry) = &mut entry {
                            set(entry, name, &field, base);
                        }
                    }
                    _ => {}
                }
                field.clear();
            }
            Ok(Event::Text(text)) => append(&mut field, &text.into_inner()),
            Ok(Event::CData(text)) => append(&mut field, &text.into_inner()),
            Ok(Event::GeneralRef(name)) => {
                append(&mut field, &reference(&name.into_inner()).unwrap_or_default());
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                sitemap.defect = Some(format!("at byte {}: {error}", reader.error_position()));
                break;
            }
        }
    }
    if root.is_none() {
        return Err(FeedError::NotAFeed(sitemap.defect.unwrap_or("no element at all".to_owned())));
    }
    take(&mut sitemap, entry);
    Ok(sitemap)
}

fn append(field: &mut String, text: &str) {
    if field.len() + text.len() <= MAX_FIELD {
        field.push_str(text);
    }
}

fn take(sitemap: &mut Sitemap, entry: Option<SitemapEntry>) {
    match entry {
        Some(entry) if entry.loc.is_empty() => {}
        Some(entry) if sitemap.entries.len() < MAX_LISTED => sitemap.entries.push(entry),
        Some(_) => sitemap.dropped += 1,
        None => {}
    }
}

fn set(entry: &mut SitemapEntry, name: &str, text: &str, base: Option<&Url>) {
    let text = text.trim();
    match name {
        // Nothing is no address, though relative to the sitemap it would be the sitemap's own.
        "loc" if text.is_empty() => {}
        "loc" => {
            let url = match base {
                Some(base) => base.join(text),
                None => Url::parse(text),
            };
            entry.loc = url.map(String::from).unwrap_or_default();
        }
        "lastmod" => entry.lastmod = parse_date(text),
        "publication_date" => entry.published = parse_date(text),
        "title" => entry.title = tidy(text),
        "language" => entry.language = tidy(text),
        "keywords" => entry.keywords = text.split(',').filter_map(tidy).take(100).collect(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_and_indexes_and_lists() {
        let news = "<?xml version='1.0'?><urlset xmlns:news='n' xmlns:image='i'><url><loc> https://x.org/a?b=1&amp;c=2 </loc>\
            <image:image><image:loc>https://x.org/a.jpg</image:loc></image:image>\
            <news:news><news:publication><news:name>X</news:name><news:language>en</news:language></news:publication>\
            <news:publication_date>2026-11-24T10:00:00Z</news:publication_date><news:title>A &amp; B</news:title>\
            <news:keywords>one, two</news:keywords></news:news></url></urlset>";
        let read = parse(news.as_bytes(), None, None, FeedLimits::default()).unwrap();
        assert_eq!(read.entries.len(), 1);
        let entry = &read.entries[0];
        assert_eq!(entry.loc, "https://x.org/a?b=1&c=2");
        assert_eq!(
            (entry.title.as_deref(), entry.language.as_deref()),
            (Some("A & B"), Some("en"))
        );
        assert_eq!(entry.published.unwrap().to_string(), "2026-11-24T10:00:00Z");
        assert_eq!(entry.keywords, ["one", "two"]);
        let index =
            "<sitemapindex><sitemap><loc>https://x.org/1.xml</loc></sitemap></sitemapindex>";
        assert!(parse(index.as_bytes(), None, None, FeedLimits::default()).unwrap().index);
        let list = "https://x.org/1\nhttps://x.org/2\n";
        assert_eq!(
            parse(list.as_bytes(), None, None, FeedLimits::default()).unwrap().entries.len(),
            2
        );
        assert!(parse(b"<html></html>", None, None, FeedLimits::default()).is_err());
    }

    #[test]
    fn an_entry_without_an_address_is_none() {
        let base = Url::parse("https://x.org/sitemap.xml").ok();
        let map = "<urlset><url><loc></loc></url><url><loc> </loc></url><url><loc>/a</loc></url></urlset>";
        let read = parse(map.as_bytes(), None, base.as_ref(), FeedLimits::default()).unwrap();
        let locs: Vec<_> = read.entries.iter().map(|entry| entry.loc.as_str()).collect();
        assert_eq!(locs, ["https://x.org/a"]);
    }

    #[test]
    fn of_a_long_sitemap_the_newest_are_kept() {
        let url =
            |n| format!("<url><loc>https://x.org/{n}</loc><lastmod>{}</lastmod></url>", 1950 + n);
        let all: String = (0..50).map(url).collect();
        let limits = FeedLimits { entries: 3, ..FeedLimits::default() };
        let read = parse(format!("<urlset>{all}</urlset>").as_bytes(), None, None, limits).unwrap();
        let locs: Vec<_> = read.entries.iter().map(|entry| entry.loc.as_str()).collect();
        assert_eq!(locs, ["https://x.org/49", "https://x.org/48", "https://x.org/47"]);
        assert_eq!(read.dropped, 47);
    }
}
