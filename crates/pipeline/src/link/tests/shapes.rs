use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use newsmill_article::{
    Article, ArticleId, Block, BlockKind, Document, Entry, Hints, Location, Outcome, Reason,
    SourceName,
};
use newsmill_link::PARTITIONS;

use super::super::wire::{Fate, Head, Stamp, Wire, WireError};
use crate::telemetry::spans::TraceContext;

const STAMP: Stamp = Stamp { ledger: u64::MAX, entry: 7, handout: u64::MAX - 1 };

fn entry(location: Location) -> Entry {
    let hints = Hints {
        guid: Some("g\u{0}\"".to_owned()),
        authors: vec!["Ä".to_owned()],
        published: Some("2026-01-02T03:04:05.678+05:30".parse().unwrap()),
        content: Some("<p>".to_owned()),
        ..Hints::default()
    };
    Entry { source: Some(SourceName::new("s")), input: "in".to_owned(), location, hints }
}

fn head() -> Head {
    let trace = Some(TraceContext { trace: u128::MAX, span: 1 });
    Head { stamp: STAMP, label: "label".to_owned(), trace }
}

fn there_and_back<T: Wire>(item: &T) -> T {
    let message = item.encode(&head()).unwrap();
    let (read, back) = T::decode(&message).unwrap();
    assert_eq!(read, head());
    back
}

#[test]
fn an_entry_crosses_whole() {
    let url: url::Url = "https://example.org/a?b=c".parse().unwrap();
    for location in [
        Location::Url(url.clone()),
        Location::File("/a/b.html".into()),
        Location::Inline {
            url: Some(url),
            content_type: Some("text/html; charset=x".to_owned()),
            fetched: Some(Timestamp::UNIX_EPOCH),
            bytes: Bytes::from_static(b"\xff\x00<p>"),
        },
    ] {
        let entry = entry(location);
        assert_eq!(there_and_back(&entry), entry);
    }
}

#[test]
fn an_article_crosses_with_all_that_a_record_is_made_of() {
    let document = Document {
        title: Some("T".to_owned()),
        published: Some("2017-04-03T23:30:00-05:00".parse().unwrap()),
        canonical_url: Some("https://example.org/a".parse().unwrap()),
        text: "Öne.\n\nTwo.".to_owned(),
        blocks: vec![
            Block { kind: BlockKind::Heading { level: 2 }, start: 0, end: 4 },
            Block { kind: BlockKind::ListItem { ordered: true, level: 1 }, start: 6, end: 10 },
        ],
        paywalled: Some(false),
        ..Document::default()
    };
    let article = Article {
        entry: entry(Location::File("/a".into())),
        url: Some("https://example.org/b".parse().unwrap()),
        fetched: Timestamp::now(),
        document,
    };
    let back = there_and_back(&article);
    assert_eq!(back.document, article.document);
    assert_eq!((back.id(), back.revision()), (article.id(), article.revision()));
    assert_eq!((&back.url, back.fetched), (&article.url, article.fetched));
    assert_eq!(
        (&back.entry.input, &back.entry.source),
        (&article.entry.input, &article.entry.source)
    );
}

#[test]
fn every_end_crosses() {
    let after = Duration::from_millis(1500);
    let reasons = [
        Reason::Refused { status: 451 },
        Reason::TooLarge { limit: 9 },
        Reason::TooSlow { limit: after },
        Reason::TooShort { words: 3 },
        Reason::GaveUp { attempts: 10 },
        Reason::Panicked,
    ];
    let ends = [
        Outcome::Delivered,
        Outcome::Duplicate { of: ArticleId::from_bits(u128::MAX) },
        Outcome::Retry { after },
        Outcome::PutOff { after },
        Outcome::HandedOff,
        Outcome::Abandoned,
    ];
    for outcome in reasons.into_iter().map(Outcome::Rejected).chain(ends) {
        let (cause, evidence) = (Some("why".to_owned()), Some(Bytes::from_static(b"\x80")));
        let fate = Fate { outcome, cause, evidence };
        assert_eq!(there_and_back(&fate), fate);
    }
}

#[test]
fn hosts_keep_their_partition_over_versions_and_are_spread_over_all() {
    let of = |url: &str| entry(Location::Url(url.parse().unwrap())).lane().partition;
    // Other numbers would send a host to two processes while versions are mixed.
    let known = ["https://example.org/a", "http://www.bbc.co.uk/", "https://localhost:81/"];
    assert_eq!(known.map(of), [3, 0, 4]);
    assert_eq!(of("https://example.org/a"), of("http://example.org:8080/b?c"));
    let mut seen = vec![0; usize::from(PARTITIONS)];
    for number in 0..1600 {
        seen[usize::from(of(&format!("https://site{number}.example/")))] += 1;
    }
    assert!(seen.iter().all(|count| (50..=150).contains(count)), "{seen:?}");
}

#[test]
fn a_trace_that_cannot_be_read_costs_no_article() {
    let message = entry(Location::File("/a".into())).encode(&head()).unwrap();
    let text = String::from_utf8(message.to_vec()).unwrap();
    for (from, to) in [("\"trace\":\"00-", "\"trace\":\"77-"), ("\"trace\"", "\"other\"")] {
        assert!(text.contains(from), "{text}");
        let (read, _) = Entry::decode(text.replace(from, to).as_bytes()).unwrap();
        assert_eq!(read, Head { trace: None, ..head() });
    }
}

#[test]
fn another_version_is_told_from_nonsense() {
    let message = entry(Location::File("/a".into())).encode(&head()).unwrap();
    let newer =
        String::from_utf8(message.to_vec()).unwrap().replace("\"version\":1", "\"version\":2");
    assert!(matches!(Entry::decode(newer.as_bytes()), Err(WireError::Version { found: 2 })));
    for nonsense in ["", "{}", "[1]", "\u{0}", "{\"version\":1}"] {
        let read = Entry::decode(nonsense.as_bytes());
        assert!(matches!(read, Err(WireError::Malformed(_))), "{nonsense:?}");
    }
}
