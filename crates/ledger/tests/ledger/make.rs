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
    entry.hints.updated = Some(at(seconds).into());
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
        spent: None,
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

/// A folder in memory where the system has one: for tests that sync thousands of times and do not
/// depend on the disk.
pub(crate) fn fast_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Numbers that look random, the same for the same seed (SplitMix64, Steele et al. 2014).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
