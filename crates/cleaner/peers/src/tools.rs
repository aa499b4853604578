//! What is compared.

use std::panic::catch_unwind;

use newsmill_article::Hints;
use newsmill_cleaner::{Config, Input, clean};
use trafilatura::{ExtractionFocus, Options};

use crate::pages::Page;

/// One tool: the text that it takes from a page, empty where it takes none.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// Its name and how it is set up.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&Page) -> String,
}

/// Parsing alone, as `scraper` does it with its default settings: what all others can be measured
/// in. It gives no text.
pub const PARSE: Tool = Tool {
    name: "scraper parse_document",
    run: |page| {
        std::hint::black_box(scraper::Html::parse_document(&page.text));
        String::new()
    },
};

/// This project's cleaner, from bytes to document.
pub const NEWSMILL: Tool = Tool {
    name: "newsmill clean",
    run: |page| {
        let hints = Hints::default();
        let content_type = Some("text/html");
        let input = Input { bytes: &page.bytes, content_type, url: None, hints: &hints };
        clean(&Config::default(), &input).map_or(String::new(), |document| document.text)
    },
};

/// The most precise of the extractors.
pub const TRAFILATURA: Tool = Tool {
    name: "trafilatura 0.6.0, precision",
    run: |page| {
        let options = Options::default()
            .with_focus(ExtractionFocus::FavorPrecision)
            .with_fallback(true)
            .with_exclude_comments(true);
        // A page that makes a peer panic gives it no text.
        let result = catch_unwind(|| trafilatura::extract(&page.text, &options));
        result.ok().and_then(Result::ok).map_or(String::new(), |result| result.content_text)
    },
};

/// The fastest of the accurate readability ports.
pub const DOM_SMOOTHIE: Tool = Tool {
    name: "dom_smoothie 0.19.0",
    run: |page| {
        let read = || dom_smoothie::Readability::new(page.text.as_str(), None, None)?.parse();
        let result = catch_unwind(read);
        result.ok().and_then(Result::ok).map_or(String::new(), |it| it.text_content.to_string())
    },
};

/// All of them.
pub const ALL: [Tool; 4] = [PARSE, NEWSMILL, TRAFILATURA, DOM_SMOOTHIE];
