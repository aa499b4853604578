//! Any robots.txt, asked for paths that are made of it: no panic, and an answer in time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_fetcher::parse::Robots;

fuzz_target!(|bytes: &[u8]| {
    let robots = Robots::parse(bytes);
    let text = String::from_utf8_lossy(bytes);
    for path in text.split_whitespace().filter(|word| word.starts_with('/')).take(8) {
        let _ = robots.allows("newsmill", path);
    }
    assert!(robots.allows("newsmill", "/robots.txt"), "robots.txt itself may always be read");
    if let Some(delay) = robots.crawl_delay("newsmill") {
        assert!(delay.is_finite() && delay >= 0.0, "{delay}");
    }
    let _ = robots.refuses_ai("newsmill");
});
