//! Any address: what it is written as reads as itself, and its canonical form is final.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_article::canonical;
use newsmill_fetcher::parse::url;
use url::Url;

fuzz_target!(|input: &str| {
    for base in [None, Some("https://example.org/a/b?c#d")] {
        let Ok(parts) = url(input, base) else { continue };
        assert_eq!(url(&parts.href, None), Ok(parts.clone()));
        let parsed = Url::parse(&parts.href).expect("it was read just now");
        let once = canonical(&parsed);
        assert_eq!(canonical(&once), once);
    }
});
