//! What the tests build their entries, records and operations from.

use std::time::Duration;

use jiff::Timestamp;
use newsmill_article::{
    Article, Document, Entry, Hints, Location, Outcome, PipelineVersions, Record, SourceName,
    Summary,
};
use newsmill_ledger::{EntryId, Operation, Sequence};
use url::Url;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

pub(crate) fn entry(source: Option<&str>, url: &str) -> Entry {
    Entry {
        source: source.map(SourceName::new),
        input: url.to_owned(),
        location: Location::Url(Url::parse(url).unwrap()),
        hints: Hints::default(),
    }
}

pub(crate) fn updated(source: Option<&str>, url: &str, seconds: i64) -> Entry {
    let mut entry = entry(source, url);
    entry.hints.updated = Some(at(seconds));
    entry
}

pub(crate) fn record(entry: &Entry, title: &str, text: &str) -> Record {
    let url = match &entry.location {
        Location::Url(url) => Some(url.clone()),
        _ => None,
    };
    let document =
        Document { title: Some(title.to_owned()), text: text.to_owned(), ..Document::default() };
    let article = Article { entry: entry.clone(), url, fetched: at(0), document };
    let summary = Summary {
        text: text.to_owned(),
        method: "extractive".into(),
        model: None,
        sentences: Vec::new(),
        fallback: None,
    };
    let versions =
        PipelineVersions { version: "1".into(), cleaner: "1".into(), summarizer: "1".into() };
    Record::new(article, summary, 1, at(0), versions)
}

pub(crate) fn discover(entries: Vec<Entry>) -> Operation {
    Operation::Discover { poll: None, entries }
}

pub(crate) fn ready(entry: EntryId, record: &Record) -> Operation {
    Operation::Ready { entry, record: Box::new(record.clone()) }
}

pub(crate) fn settle(entry: EntryId, outcome: Outcome) -> Operation {
    Operation::Settle { entry, outcome, detail: None, page: None }
}

pub(crate) fn retry(entry: EntryId, seconds: u64) -> Operation {
    settle(entry, Outcome::Retry { after: Duration::from_secs(seconds) })
}

pub(crate) fn deliver(sink: &str, position: i64, state: &str) -> Operation {
    Operation::Deliver {
        sink: sink.to_owned(),
        position: Sequence(position),
        state: Some(state.to_owned()).filter(|state| !state.is_empty()),
        rejected: Vec::new(),
    }
}
