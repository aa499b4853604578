//! Any page: no panic, sound offsets, bounded text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_article::Hints;
use newsmill_cleaner::{Config, Input, clean};

fuzz_target!(|bytes: &[u8]| {
    let hints = Hints::default();
    let input = Input { bytes, content_type: Some("text/html; charset=utf-8"), url: None, hints: &hints };
    if let Ok(document) = clean(&Config { min_words: 0 }, &input) {
        let length = document.text.chars().count();
        assert!(document.text.len() <= 4 * bytes.len() + 64);
        let mut end = 0;
        for block in &document.blocks {
            assert!(block.start >= end && block.start < block.end && block.end <= length);
            end = block.end;
        }
    }
});
