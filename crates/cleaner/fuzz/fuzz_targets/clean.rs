//! Any page, as HTML and as text: no panic, sound offsets, bounded text, the same result twice, and
//! cleaning the text of a result changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_article::{Document, Hints};
use newsmill_cleaner::{Config, Input, clean, explain};

fn read(bytes: &[u8], content_type: &str) -> Option<Document> {
    let hints = Hints::default();
    let input = Input { bytes, content_type: Some(content_type), url: None, hints: &hints };
    clean(&Config { min_words: 0 }, &input).ok()
}

fn check(document: &Document, bytes: usize) {
    // A character that the page names can be longer than its name by little.
    assert!(document.text.len() <= 4 * bytes + 64);
    let length = document.text.chars().count();
    let mut end = 0;
    for block in &document.blocks {
        assert!(block.start >= end && block.start < block.end && block.end <= length);
        end = block.end;
    }
    assert!(document.text.chars().all(|c| c == '\n' || !c.is_control()));
}

fuzz_target!(|bytes: &[u8]| {
    if let Some(document) = read(bytes, "text/html; charset=utf-8") {
        check(&document, bytes.len());
        assert_eq!(read(bytes, "text/html; charset=utf-8"), Some(document));
    }
    if let Some(document) = read(bytes, "text/plain; charset=utf-8") {
        check(&document, bytes.len());
    }
    let hints = Hints::default();
    let input = Input { bytes, content_type: None, url: None, hints: &hints };
    assert!(explain(&Config::default(), &input).to_html().ends_with("</main>\n"));
});
