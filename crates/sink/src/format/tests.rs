use newsmill_article::{Block, BlockKind, Record};
use proptest::prelude::*;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{Format, Writer};
use crate::testing::record;

/// A record of these blocks.
fn of(blocks: &[(BlockKind, &str)]) -> Record {
    let mut record = record(1);
    (record.text, record.blocks) = (String::new(), Vec::new());
    for (kind, text) in blocks {
        if !record.text.is_empty() {
            record.text.push_str("\n\n");
        }
        let start = record.text.chars().count();
        record.text.push_str(text);
        record.blocks.push(Block { kind: *kind, start, end: record.text.chars().count() });
    }
    record
}

fn write(format: Format, records: &[Record]) -> String {
    let mut writer = Writer::new(format, Vec::new());
    for record in records {
        writer.write(record).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

const ITEM: BlockKind = BlockKind::ListItem { ordered: false, level: 1 };
const NUMBERED: BlockKind = BlockKind::ListItem { ordered: true, level: 1 };
const NESTED: BlockKind = BlockKind::ListItem { ordered: true, level: 2 };

fn everything() -> Record {
    of(&[
        (
            BlockKind::Paragraph,
            "The council met on Monday, and after a debate that went on until midnight it closed the harbour.",
        ),
        (BlockKind::Heading { level: 2 }, "What is closed"),
        (ITEM, "the quay"),
        (NESTED, "north"),
        (
            NESTED,
            "south, and everything that lies behind it as far as the old customs house on the hill",
        ),
        (ITEM, "the market"),
        (BlockKind::Quote, "We had no choice."),
        (BlockKind::Quote, "None at all."),
        (BlockKind::TableRow, "Place | Since"),
        (BlockKind::TableRow, "魚市場 | Monday"),
        (BlockKind::Heading { level: 3 }, "In figures"),
        (NUMBERED, "one"),
        (NUMBERED, "two"),
        (BlockKind::Code, "if closed:\n    wait()"),
    ])
}

#[test]
fn text_is_set_for_reading() {
    let wanted = "\
Article 1
═════════
By Anna Ek and Ben Roe · Example · 1 January 2026
https://example.org/1

  ┃ It is the 1th. Größe, 日本語, עברית, 👩‍🚀.

The council met on Monday, and after a debate that went on until midnight it
closed the harbour.

What is closed
──────────────

  • the quay
    1. north
    2. south, and everything that lies behind it as far as the old customs house
       on the hill
  • the market

  │ We had no choice.
  │
  │ None at all.

  Place  │ Since
  ───────┼───────
  魚市場 │ Monday

In figures

  1. one
  2. two

    if closed:
        wait()
";
    assert_eq!(write(Format::Text, &[everything()]), wanted);
}

#[test]
fn markdown_is_set_for_reading() {
    let wanted = "\
# Article 1

*By Anna Ek and Ben Roe · Example · 1 January 2026*

<https://example.org/1>

> It is the 1th. Größe, 日本語, עברית, 👩‍🚀.

The council met on Monday, and after a debate that went on until midnight it closed the harbour.

## What is closed

- the quay
  1. north
  2. south, and everything that lies behind it as far as the old customs house on the hill
- the market

> We had no choice.
>
> None at all.

| Place | Since |
| --- | --- |
| 魚市場 | Monday |

### In figures

1. one
2. two

```
if closed:
    wait()
```
";
    assert_eq!(write(Format::Markdown, &[everything()]), wanted);
}

#[test]
fn several_records_are_set_apart() {
    let two = [record(1), record(2)];
    assert_eq!(write(Format::Text, &two).matches(&"─".repeat(80)).count(), 1);
    assert_eq!(write(Format::Markdown, &two).matches("\n\n---\n\n# ").count(), 1);
    let lines = write(Format::Jsonl, &two);
    let read: Vec<Record> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(read, two);
    let read: Vec<Record> = serde_json::from_str(&write(Format::Json, &two)).unwrap();
    assert_eq!(read, two);
    assert_eq!(write(Format::Json, &[]), "[]\n");
    assert_eq!(write(Format::Text, &[]), "");
}

#[test]
fn a_bare_record_has_no_empty_lines_at_its_head() {
    let mut bare = of(&[]);
    bare.text = "One.\n\nTwo.".to_owned();
    (bare.title, bare.url, bare.canonical_url) = (None, None, None);
    (bare.authors, bare.site, bare.published) = (vec![], None, None);
    bare.summary.text = String::new();
    assert_eq!(write(Format::Markdown, &[bare.clone()]), "One.\n\nTwo.\n");
    assert_eq!(write(Format::Text, &[bare]).trim_start(), "One.\n\nTwo.\n");
}

#[test]
fn a_page_cannot_command_the_terminal() {
    let mut hostile = of(&[(BlockKind::Code, "a\u{1b}[2Jb\tc"), (ITEM, "\u{9b}31m\u{7}\rx")]);
    hostile.title = Some("\u{1b}]0;owned\u{7}".to_owned());
    hostile.authors = vec!["\u{1b}c".to_owned()];
    for format in [Format::Text, Format::Markdown] {
        let written = write(format, &[hostile.clone()]);
        assert!(!written.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{written:?}");
        assert!(written.contains("a[2Jb\tc") && written.contains("]0;owned"), "{written:?}");
    }
}

#[test]
fn a_heading_keeps_the_hashes_at_its_end() {
    for text in ["a #", "a ##", "#", "# #", "a \\#", "C#", "a \\\\#"] {
        let mut one = of(&[(BlockKind::Heading { level: 2 }, text)]);
        (one.title, one.url, one.canonical_url) = (Some(text.to_owned()), None, None);
        (one.authors, one.site, one.published) = (vec![], None, None);
        one.summary.text = String::new();
        let markdown = write(Format::Markdown, &[one]);
        let wanted = [("heading 1", text), ("heading 2", text)]
            .map(|(kind, text)| (kind.into(), text.into()));
        assert_eq!(rendered(&markdown), wanted, "{markdown}");
    }
}

#[test]
fn blocks_that_do_not_fit_the_text_are_cut_to_it() {
    let mut wrong = record(1);
    for (n, block) in wrong.blocks.iter_mut().enumerate() {
        (block.start, block.end) = (usize::MAX - n, n);
    }
    write(Format::Text, &[wrong.clone()]);
    write(Format::Markdown, &[wrong]);
}

/// What a reader of the rendered page sees, block by block.
fn rendered(markdown: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut kind = String::new();
    let mut depth = 0usize;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                kind = format!("heading {}", level as usize);
                blocks.push((kind.clone(), String::new()));
                assert!(level > HeadingLevel::H1 || blocks.len() == 1, "{markdown}");
            }
            Event::Start(Tag::List(_)) => depth += 1,
            Event::End(TagEnd::List(_)) => depth -= 1,
            Event::Start(Tag::Item) => blocks.push((format!("item {depth}"), String::new())),
            Event::Start(Tag::BlockQuote(_)) => kind = "quote".to_owned(),
            Event::End(TagEnd::BlockQuote(_)) => kind.clear(),
            Event::Start(Tag::Paragraph) if depth == 0 => {
                let kind = if kind == "quote" { "quote" } else { "paragraph" };
                blocks.push((kind.to_owned(), String::new()));
            }
            Event::Start(Tag::CodeBlock(_)) => blocks.push(("code".to_owned(), String::new())),
            Event::Text(text) => blocks.last_mut().unwrap().1.push_str(&text),
            Event::HardBreak => blocks.last_mut().unwrap().1.push('\n'),
            Event::Start(Tag::Paragraph)
            | Event::End(
                TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock | TagEnd::Heading(_),
            ) => {}
            other => panic!("{other:?} in {markdown}"),
        }
    }
    blocks
}

fn kind_of_block() -> impl Strategy<Value = BlockKind> {
    prop_oneof![
        Just(BlockKind::Paragraph),
        (1u8..=6).prop_map(|level| BlockKind::Heading { level }),
        Just(ITEM),
        Just(BlockKind::Quote),
        Just(BlockKind::Code),
    ]
}

/// Lines full of what Markdown takes for markup.
fn line() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z]{1,5}",
        "[-+*_`#>|~=<!&\\[\\]()\\\\.:0-9a]{1,6}",
        Just("1.".to_owned()),
        Just("&amp;".to_owned()),
        Just("<b>".to_owned()),
        Just("[x](y)".to_owned()),
        Just("snake_case_word".to_owned()),
        Just("日本語".to_owned()),
    ];
    proptest::collection::vec(word, 1..6).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn rendered_markdown_reads_as_the_text(
        blocks in proptest::collection::vec((kind_of_block(), proptest::collection::vec(line(), 1..3)), 1..8),
    ) {
        let texts: Vec<(BlockKind, String)> =
            blocks.into_iter().map(|(kind, lines)| (kind, lines.join("\n"))).collect();
        let borrowed: Vec<(BlockKind, &str)> =
            texts.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
        let mut record = of(&borrowed);
        (record.title, record.url, record.canonical_url) = (None, None, None);
        (record.authors, record.site, record.published) = (vec![], None, None);
        record.summary.text = String::new();
        let wanted: Vec<(String, String)> = texts.iter().map(|(kind, text)| match kind {
            BlockKind::Heading { level } => {
                (format!("heading {}", level.max(&2)), text.replace('\n', " "))
            }
            BlockKind::ListItem { .. } => ("item 1".to_owned(), text.clone()),
            BlockKind::Quote => ("quote".to_owned(), text.clone()),
            BlockKind::Code => ("code".to_owned(), format!("{text}\n")),
            _ => ("paragraph".to_owned(), text.clone()),
        }).collect();
        let markdown = write(Format::Markdown, &[record]);
        prop_assert_eq!(rendered(&markdown), wanted, "{}", markdown);
    }

    #[test]
    fn text_keeps_every_word_and_its_width(
        texts in proptest::collection::vec("[a-zé日本 ]{1,200}", 1..6),
    ) {
        let blocks: Vec<(BlockKind, &str)> = texts
            .iter()
            .map(|text| (BlockKind::Paragraph, text.as_str()))
            .filter(|(_, text)| !text.trim().is_empty())
            .collect();
        prop_assume!(!blocks.is_empty());
        let written = write(Format::Text, &[of(&blocks)]);
        let squeeze = |text: &str| text.split_whitespace().collect::<String>();
        let body: String = blocks.iter().map(|(_, text)| squeeze(text)).collect();
        prop_assert!(squeeze(&written).ends_with(&body));
        let longest = |text: &str| text.split(' ').map(textwrap::core::display_width).max();
        for line in written.lines() {
            let width = textwrap::core::display_width(line);
            prop_assert!(width <= 80 || longest(line).unwrap_or(0) > 70, "{} {}", width, line);
        }
    }
}
