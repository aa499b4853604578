//! OPML 2.0: lists of feeds, as readers exchange them.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use serde::Serialize;
use url::Url;

use crate::feed::FeedError;
use crate::plain::{tidy, unescape};
use crate::text;

/// The most feeds that are read of one file.
const MAX_FEEDS: usize = 10_000;

/// A feed in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpmlFeed {
    /// Its name, perhaps empty.
    pub title: String,
    /// Its address.
    pub feed: Url,
}

/// The feeds of a file, whatever folders they are in, each address once. Outlines without a
/// usable `xmlUrl` are folders or links and are passed over.
pub fn parse(bytes: &[u8]) -> Result<Vec<OpmlFeed>, FeedError> {
    let (text, _) = text::decode(bytes, None);
    let mut reader = Reader::from_str(text.trim_start());
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let (mut feeds, mut is_opml): (Vec<OpmlFeed>, bool) = (Vec::new(), false);
    let mut known = std::collections::HashSet::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => {
                let local = tag.local_name();
                if local.as_ref().eq_ignore_ascii_case("opml") {
                    is_opml = true;
                } else if local.as_ref().eq_ignore_ascii_case("outline") && feeds.len() < MAX_FEEDS
                {
                    let feed = outline(&tag).filter(|feed| known.insert(feed.feed.clone()));
                    feeds.extend(feed);
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) if feeds.is_empty() => return Err(FeedError::NotAFeed(error.to_string())),
            Err(_) => break,
        }
    }
    if !is_opml {
        return Err(FeedError::NotAFeed("no <opml> element".to_owned()));
    }
    Ok(feeds)
}

fn outline(tag: &BytesStart<'_>) -> Option<OpmlFeed> {
    let get = |name: &str| {
        tag.html_attributes().with_checks(false).flatten().find_map(|attribute| {
            attribute.key.as_ref().eq_ignore_ascii_case(name).then(|| unescape(&attribute.value))
        })
    };
    let feed = Url::parse(get("xmlUrl")?.trim()).ok()?;
    let title = get("title").or_else(|| get("text")).and_then(|title| tidy(&title));
    matches!(feed.scheme(), "http" | "https")
        .then(|| OpmlFeed { title: title.unwrap_or_default(), feed })
}

/// A file with these feeds.
pub fn write(title: &str, feeds: &[OpmlFeed]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head><title>{}</title></head>\n  <body>\n",
        escape(title)
    );
    for feed in feeds {
        let (title, url) = (escape(&feed.title), escape(feed.feed.as_str()));
        out.push_str(&format!(
            "    <outline type=\"rss\" text=\"{title}\" title=\"{title}\" xmlUrl=\"{url}\"/>\n"
        ));
    }
    out.push_str("  </body>\n</opml>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_back_as_written() {
        let feed = |title: &str, url: &str| OpmlFeed {
            title: title.to_owned(),
            feed: Url::parse(url).unwrap(),
        };
        let feeds =
            [feed("A & \"B\" <C>", "https://x.org/feed?a=1&b=2"), feed("", "http://y.org/")];
        assert_eq!(parse(write("mine", &feeds).as_bytes()).unwrap(), feeds);
    }

    #[test]
    fn folders_and_repeats_and_odd_addresses() {
        let opml = "<opml><body><outline text='News'><outline text='One' XMLURL='https://x.org/1'>\
                    <outline xmlUrl='https://x.org/1'/><outline xmlUrl='file:///etc/passwd'/></outline></body>";
        let found = parse(opml.as_bytes()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title, "One");
        assert!(parse(b"<rss/>").is_err());
    }
}
