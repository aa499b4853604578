//! Any sitemap: no panic, bounds kept, addresses absolute.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_fetcher::parse::{FeedLimits, sitemap};
use url::Url;

fuzz_target!(|bytes: &[u8]| {
    let base = Url::parse("https://example.org/sitemap.xml").ok();
    let limits = FeedLimits { entries: 5, depth: 20 };
    if let Ok(sitemap) = sitemap(bytes, None, base.as_ref(), limits) {
        assert!(sitemap.entries.len() <= limits.entries);
        for entry in &sitemap.entries {
            assert!(Url::parse(&entry.loc).is_ok(), "{:?}", entry.loc);
        }
    }
});
