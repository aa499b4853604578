//! What holds of any page.

use newsmill_article::Hints;
use newsmill_cleaner::{Config, Input, clean, explain};
use proptest::prelude::*;

/// Pieces that pages are made of, well and badly put together.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("<p>".to_owned()),
        Just("</p>".to_owned()),
        Just("<div class=\"article-body\">".to_owned()),
        Just("</div>".to_owned()),
        Just("<h2>Heading of a part</h2>".to_owned()),
        Just("<ul><li>first<li>second</ul>".to_owned()),
        Just("<table><tr><td>a</td><td>b</td></tr></table>".to_owned()),
        Just("<pre>  code\n\n  more\n</pre>".to_owned()),
        Just("<br><br>".to_owned()),
        Just("<b><i></b>".to_owned()),
        Just("<!-- -->".to_owned()),
        Just("&nbsp;&shy;\u{0}".to_owned()),
        Just(
            "The council said, after a long evening, that the road would be mended in spring. "
                .to_owned()
        ),
        Just("日本語の文章です。これは長い段落で、句読点もあります。".to_owned()),
        "\\PC{0,40}",
        "<[a-z]{1,6}( [a-z]{1,3}=[a-z\"' ]{0,6}){0,3}/?>",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn pages_give_sound_documents(pieces in prop::collection::vec(piece(), 0..60)) {
        let page = pieces.concat();
        let hints = Hints::default();
        let input = Input {
            bytes: page.as_bytes(),
            content_type: Some("text/html"),
            url: None,
            hints: &hints,
        };
        let config = Config { min_words: 0 };
        if let Ok(document) = clean(&config, &input) {
            prop_assert!(document.text.chars().all(|c| c == '\n' || !c.is_control()));
            let length = document.text.chars().count();
            let mut at = 0;
            for block in &document.blocks {
                let gap = if at == 0 { 0 } else { 2 };
                prop_assert_eq!(block.start, at + gap);
                prop_assert!(block.start < block.end);
                let text: String = document
                    .text
                    .chars()
                    .skip(block.start)
                    .take(block.end - block.start)
                    .collect();
                prop_assert!(!text.contains("\n\n"), "{:?}", text);
                at = block.end;
            }
            prop_assert_eq!(at, length);
            prop_assert_eq!(clean(&config, &input).ok(), Some(document));
        }
        let explanation = explain(&config, &input);
        prop_assert!(explanation.to_html().ends_with("</main>\n"));
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let hints = Hints::default();
        for content_type in [None, Some("text/html"), Some("text/html; charset=utf-16")] {
            let _ = clean(
                &Config::default(),
                &Input { bytes: &bytes, content_type, url: None, hints: &hints },
            );
        }
    }
}
