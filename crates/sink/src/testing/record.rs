//! Records for tests.

use jiff::Timestamp;
use newsmill_article::{
    ArticleId, Block, BlockKind, Kind, PipelineVersions, Record, Revision, SCHEMA, SourceName,
    Summary, SummarySentence,
};
use url::Url;

/// The `n`th article in its first wording: two paragraphs under a heading, with every script that
/// is hard to keep.
pub(crate) fn record(n: u64) -> Record {
    worded(n, &format!("Article {n}"), &format!("It is the {n}th. Größe, 日本語, עברית, 👩‍🚀."))
}

/// The `n`th article in another wording.
pub(crate) fn worded(n: u64, title: &str, first: &str) -> Record {
    let parts = [
        (BlockKind::Heading { level: 2 }, "What happened"),
        (BlockKind::Paragraph, first),
        (BlockKind::Paragraph, "Nothing else is known."),
    ];
    let (mut text, mut blocks, mut start) = (String::new(), Vec::new(), 0);
    for (kind, part) in parts {
        if !text.is_empty() {
            text.push_str("\n\n");
            start += 2;
        }
        text.push_str(part);
        let end = start + part.chars().count();
        blocks.push(Block { kind, start, end });
        start = end;
    }
    let url: Url = format!("https://example.org/{n}").parse().unwrap();
    let time: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    let sentence = SummarySentence {
        text: first.to_owned(),
        start: Some(blocks[1].start),
        end: Some(blocks[1].end),
        ..SummarySentence::default()
    };
    Record {
        schema: SCHEMA,
        id: ArticleId::of_url(&url),
        revision: Revision::of(Some(title), &text),
        input: url.to_string(),
        url: Some(url.clone()),
        canonical_url: Some(url),
        source: Some(SourceName::new("example")),
        title: Some(title.to_owned()),
        authors: vec!["Anna Ek".to_owned(), "Ben Roe".to_owned()],
        published: Some("2026-01-01T22:04:05-05:00".parse().unwrap()),
        modified: None,
        site: Some("Example".to_owned()),
        section: None,
        tags: vec!["test".to_owned()],
        image: None,
        language: Some("en".to_owned()),
        kind: Kind::Article,
        paywalled: None,
        word_count: 12,
        summary: Summary {
            text: first.to_owned(),
            method: "extractive".to_owned(),
            model: None,
            sentences: vec![sentence],
            fallback: None,
            spent: None,
        },
        text,
        blocks,
        changed: Vec::new(),
        fetched: time,
        processed: time,
        pipeline: PipelineVersions {
            version: "0.1.0".to_owned(),
            cleaner: "1".to_owned(),
            summarizer: "1".to_owned(),
        },
    }
}
