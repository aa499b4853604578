//! The saved pages: which have an article, and that an article cleaned stays as it is.

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
fn index_pages_front_pages_and_consent_walls_are_refused() {
    for case in ["index-page", "front-page", "consent-wall"] {
        assert_eq!(saved(case), Err(CleanError(Reason::NotAnArticle)), "{case}");
    }
}

#[test]
fn a_front_page_with_a_word_of_its_title_is_told_by_its_own_word() {
    let front = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/pages/front-page/page.html"),
    )
    .unwrap();
    let (head, body) = front.split_once("</head>").unwrap();
    let read = |markup: &str| {
        let page =
            format!("<title>Islanders and owners of the coast</title>{head}{markup}</head>{body}");
        let hints = Hints::default();
        let input = Input {
            bytes: page.as_bytes(),
            content_type: Some("text/html"),
            url: None,
            hints: &hints,
        };
        clean(&Config::default(), &input).map(|_| ())
    };
    let index =
        r#"<script type="application/ld+json">{"@type":"CollectionPage","name":"x"}</script>"#;
    assert_eq!(read(""), Ok(()));
    assert_eq!(read(index), Err(CleanError(Reason::NotAnArticle)));
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

/// Text has no markup for lines of a block and for what is a title: a broken line becomes a
/// paragraph, a first line without a stop becomes the title. No word goes, comes or moves.
#[test]
fn cleaning_the_text_of_a_result_keeps_every_word() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/pages");
    let hints = Hints::default();
    let read = |bytes: &[u8], content_type| {
        let input = Input { bytes, content_type, url: None, hints: &hints };
        clean(&Config { min_words: 0 }, &input)
    };
    let mut articles = 0;
    for case in std::fs::read_dir(pages).unwrap().map(|case| case.unwrap().path()) {
        for (name, content_type) in
            [("page.html", "text/html"), ("page.md", "text/markdown"), ("page.txt", "text/plain")]
        {
            let Ok(bytes) = std::fs::read(case.join(name)) else { continue };
            let Ok(once) = read(&bytes, Some(content_type)) else { continue };
            let twice = read(once.text.as_bytes(), Some("text/plain")).unwrap();
            let whole = match twice.title {
                Some(title) if !twice.text.starts_with(&title) => format!("{title} {}", twice.text),
                _ => twice.text,
            };
            assert!(
                once.text.split_whitespace().eq(whole.split_whitespace()),
                "{}:\n{}\n\nbecomes\n\n{whole}",
                case.display(),
                once.text
            );
            articles += 1;
        }
    }
    assert!(articles > 25, "only {articles} articles");
}
