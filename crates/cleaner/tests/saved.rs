//! Saved pages that have no article of their own, beside pages that do.

use std::path::Path;

use newsmill_article::{Hints, Reason};
use newsmill_cleaner::{CleanError, Config, Input, clean};

fn saved(case: &str) -> Result<String, CleanError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/pages")
        .join(case)
        .join("page.html");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let hints = Hints::default();
    let input = Input { bytes: &bytes, content_type: Some("text/html"), url: None, hints: &hints };
    clean(&Config::default(), &input).map(|document| document.text)
}

#[test]
fn index_pages_and_consent_walls_are_refused() {
    for case in ["index-page", "consent-wall"] {
        assert_eq!(saved(case), Err(CleanError(Reason::NotAnArticle)), "{case}");
    }
}

#[test]
fn articles_lose_their_reply_form() {
    for case in ["wordpress-en-comments", "wordpress-de", "wordpress-fr", "wordpress-es"] {
        let text = saved(case).unwrap_or_else(|error| panic!("{case}: {error}"));
        for line in text.lines() {
            assert!(!newsmill_cleaner::phrases::reply_form(line), "{case}: {line}");
        }
    }
}
