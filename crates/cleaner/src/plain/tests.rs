use proptest::prelude::*;

use super::*;

const SAVED: &str = include_str!("../../tests/plain/saved_article.txt");

fn document(text: &str) -> Document {
    super::document(text, &Hints::default())
}

#[test]
fn a_feed_fills_what_the_text_does_not_say() {
    let body = "The harbour of the old town was closed on Monday after a storm tore two cranes \
                from their rails. Nobody was hurt, the police said in the evening.";
    let at = |text: &str| Some(text.parse().unwrap());
    let hints = Hints {
        title: Some("Storm closes  the old harbour!".to_owned()),
        authors: vec!["By Jane Doe and John Public".to_owned()],
        published: at("2024-05-06T07:08:09Z"),
        updated: at("2024-05-07T00:00:00Z"),
        tags: vec!["Weather".to_owned()],
        language: Some("en_gb".to_owned()),
        ..Hints::default()
    };
    let found = super::document(body, &hints);
    assert_eq!(found.title.as_deref(), Some("Storm closes the old harbour!"));
    assert_eq!(found.authors, ["Jane Doe", "John Public"]);
    assert_eq!((found.published, found.modified), (hints.published, hints.updated));
    assert_eq!(found.tags, ["Weather"]);
    assert_eq!(found.language.as_deref(), Some("en-GB"));
    assert_eq!(found.text, body);

    // Neither doubled nor contradicted.
    let doubled = super::document(&format!("Storm closes the old harbour!\n\n{body}"), &hints);
    assert_eq!(doubled, found);
    let said = format!("---\ntitle: Other\nauthor: Ann Lee\ndate: 2020-01-02\n---\n{body}");
    let said = super::document(&said, &hints);
    assert_eq!(said.title.as_deref(), Some("Other"));
    assert_eq!(said.authors, ["Ann Lee"]);
    assert_eq!(said.published, at("2020-01-02T00:00:00Z"));
}

#[test]
fn a_saved_article_loses_its_reply_form() {
    let document = document(SAVED);
    assert_eq!(document.title.as_deref(), Some("Harbor Town Votes to Keep Its Last Ferry Running"));
    assert_eq!(document.blocks.len(), 5);
    assert_eq!(document.language.as_deref(), Some("en"));
    assert!(document.text.starts_with("The council of Harbor Town"));
    assert!(document.text.ends_with("said nobody would row."));
    assert!(document.text.contains("“Leave a Reply” box"));
    assert!(!document.text.contains("Required fields"));
    let last = document.blocks[4];
    let block: String =
        document.text.chars().skip(last.start).take(last.end - last.start).collect();
    assert!(block.starts_with("Asked what"));
}

#[test]
fn the_form_goes_in_every_language_and_shape() {
    for form in [
        "Leave a Reply Cancel reply\n\nYour email address will not be published. Required fields are marked *\n\nComment *\n\nName *\n\nEmail *\n\nWebsite\n\nPost Comment",
        "Schreibe einen Kommentar\nDeine E-Mail-Adresse wird nicht veröffentlicht. Erforderliche Felder sind mit * markiert\nKommentar *\nName *\nE-Mail-Adresse *",
        "Share this:\n\nTwitter\n\nLaisser un commentaire\n\nVotre adresse e-mail ne sera pas publiée. Les champs obligatoires sont indiqués avec *",
        "Dodaj komentarz\n\nTwój adres e-mail nie zostanie opublikowany. Wymagane pola są oznaczone *",
    ] {
        let text = format!(
            "A Title\n\nThe first sentence stands here.\n\nThe second one ends it.\n\n{form}"
        );
        let found = document(&text);
        assert!(
            found.text.starts_with("The first sentence stands here.\n\nThe second one ends it."),
            "{form}"
        );
        assert!(!found.text.contains('*'), "{}", found.text);
    }
}

#[test]
fn wrapped_lines_are_joined_and_verses_are_not() {
    let text = "Title of the Piece\n\nThe river rose through the night and by the morning it had\nreached the doors of the old mill, where three families had\nwaited for the boats.\n\nOne line is a paragraph.\nThe next line is another paragraph of its own, and it is a good deal longer than the one above it was.\n";
    let found = document(text);
    assert_eq!(found.blocks.len(), 3);
    assert!(found.text.starts_with(
        "The river rose through the night and by the morning it had reached the doors"
    ));
}

#[test]
fn head_lines_become_metadata() {
    let found = document(
        "Mill Flooded\n\nBy Jane Doe and John Public\n\nPublished 16 October 2019\n\nThe river rose through the night.\n",
    );
    assert_eq!(found.title.as_deref(), Some("Mill Flooded"));
    assert_eq!(found.authors, ["Jane Doe", "John Public"]);
    assert_eq!(found.published.unwrap().to_string(), "2019-10-16T00:00:00Z");
    assert_eq!(found.text, "The river rose through the night.");
    let found = document(
        "---\ntitle: \"Mill Flooded\"\nauthor: Jane Doe\ndate: 2019-10-16\ntags: [water, mill]\n---\n\nThe river rose.\n",
    );
    assert_eq!(found.title.as_deref(), Some("Mill Flooded"));
    assert_eq!(found.tags, ["water", "mill"]);
    assert_eq!(found.text, "The river rose.");
}

#[test]
fn markdown_keeps_its_structure() {
    let text = "# The Mill\n\nBy Jane Doe\n\nThe **river** rose, [he said](https://example.org/a).\n\n## Losses\n\n- flour\n- *oats*\n\n> Never before\n> had it come.\n\n```\nlet x = 1;\nlet y = 2;\n```\n\n1. first\n2. second\n\n## Leave a Reply\n";
    let found = document(text);
    assert_eq!(found.title.as_deref(), Some("The Mill"));
    assert_eq!(found.authors, ["Jane Doe"]);
    let kinds: Vec<BlockKind> = found.blocks.iter().map(|block| block.kind).collect();
    let item = |ordered| BlockKind::ListItem { ordered, level: 1 };
    assert_eq!(
        kinds,
        [
            BlockKind::Paragraph,
            BlockKind::Heading { level: 2 },
            item(false),
            item(false),
            BlockKind::Quote,
            BlockKind::Code,
            item(true),
            item(true),
        ]
    );
    assert_eq!(
        found.text,
        "The river rose, he said.\n\nLosses\n\nflour\n\noats\n\nNever before had it come.\n\nlet x = 1;\nlet y = 2;\n\nfirst\n\nsecond"
    );
}

#[test]
fn the_seed_gives_its_ten_paragraphs() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/seeds/000_16cbf3b14ece9a81.txt");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no {path}");
        return;
    };
    let found = document(&text);
    assert_eq!(
        found.title.as_deref(),
        Some("Lukashenko and Putin Affirm Their Close Ties Without Mention of Ukraine")
    );
    assert_eq!(found.blocks.len(), 10);
    assert!(found.text.starts_with("Presidents Vladimir V. Putin"));
    assert!(found.text.ends_with("“low, but possible.”"));
    assert_eq!(document(&found.text).text, found.text);
    assert_eq!(found.language.as_deref(), Some("en"));
}

fn check(found: &Document) -> Result<(), TestCaseError> {
    let chars: Vec<char> = found.text.chars().collect();
    let mut at = 0;
    for block in &found.blocks {
        prop_assert_eq!(block.start, at);
        prop_assert!(block.end > block.start && block.end <= chars.len());
        at = block.end + 2;
    }
    prop_assert!(found.blocks.is_empty() || at == chars.len() + 2);
    prop_assert!(!found.text.chars().any(|c| c.is_control() && c != '\n'));
    Ok(())
}

proptest! {
    #[test]
    fn any_text_gives_a_sound_document(text in "\\PC{0,80}|(\\PC{0,30}\n){0,12}|([-#>*`a-z 1.]{0,12}\n){0,20}") {
        check(&document(&text))?;
    }

    #[test]
    fn cleaning_twice_is_cleaning_once(
        lines in proptest::collection::vec(
            prop_oneof![
                Just(String::new()),
                Just("Leave a Reply".to_owned()),
                Just("Name *".to_owned()),
                Just("By Jane Doe".to_owned()),
                Just("16 October 2019".to_owned()),
                Just("Your email address will not be published.".to_owned()),
                "([A-Za-zäé]{1,9} ){1,14}[a-z]{1,8}[.?!]?",
                "[\\p{Han}]{1,30}。?",
                "([a-z]{1,9} ){8,9}",
            ],
            0..14,
        )
    ) {
        let once = document(&lines.join("\n"));
        check(&once)?;
        let twice = document(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
    }
}
