//! Any feed and any list of feeds: no panic, bounds kept, the same answer twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_fetcher::parse::{FeedLimits, feed, opml, write_opml};
use url::Url;

fuzz_target!(|bytes: &[u8]| {
    let base = Url::parse("https://example.org/news/").ok();
    let limits = FeedLimits { entries: 5, depth: 20 };
    let read = || feed(bytes, None, base.as_ref(), limits).ok();
    if let Some(feed) = read() {
        assert!(feed.entries.len() <= limits.entries);
        for entry in &feed.entries {
            assert!(entry.title.as_ref().is_none_or(|title| !title.trim().is_empty()));
        }
        assert_eq!(read(), Some(feed));
    }
    if let Ok(feeds) = opml(bytes) {
        let again = opml(write_opml("feeds", &feeds).as_bytes());
        assert_eq!(again.ok().map(|feeds| feeds.len()), Some(feeds.len()));
    }
});
