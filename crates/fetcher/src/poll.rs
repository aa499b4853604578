//! One look at a source: what is new, and when to look again.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use newsmill_article::{Entry, Hints, Location, Moment, SourceName};
use reqwest::StatusCode;
use reqwest::header::{
    ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::access::Access;
use crate::feed::Feed;
use crate::follow::{Followed, max_age};
use crate::schedule::{self, Asked};
use crate::subscription::{Announced, Subscription};
use crate::{FetchError, SourceConfig};

/// What one look at a source gave. It is always a whole answer: a failure still moves the cursor
/// on, so that a dead source is asked ever more rarely.
#[derive(Debug)]
pub struct Poll {
    /// Entries that are new or changed since the cursor that was given, as listed.
    pub entries: Vec<Entry>,
    /// To be stored together with the entries and handed to the next look.
    pub cursor: Cursor,
    /// When to look again.
    pub next: Timestamp,
    /// Where the source has moved for good; `cursor` follows already, the user should too.
    pub moved_to: Option<Url>,
    /// The source said that it is gone for good (410): do not look again.
    pub stopped: bool,
    /// All entries were new, or old in a new wording: some may have come and gone since the last
    /// look.
    pub gap: bool,
    /// What is odd but no failure, for the log.
    pub warnings: Vec<String>,
    /// Why there is no answer; `entries` is empty then.
    pub failure: Option<FetchError>,
}

/// What is remembered of a source between looks. Whoever stores it need not look inside.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// `ETag` exactly as sent.
    pub etag: Option<String>,
    /// `Last-Modified` exactly as sent.
    pub last_modified: Option<String>,
    /// Where the source has moved for good.
    pub moved_to: Option<Url>,
    /// The source is gone for good.
    pub stopped: bool,
    /// Failures in a row.
    pub failures: u32,
    /// When it last answered.
    pub last_success: Option<Timestamp>,
    /// Hashes of the entries in the last answers: which entry in the upper half, which wording of
    /// it in the lower.
    pub seen: Vec<u64>,
    /// The time between two looks, in seconds, that fits what the source publishes.
    pub interval: Option<u64>,
    /// Minutes for which an answer stays fresh by the feed's own word; it counts after a 304 too.
    pub ttl: Option<u64>,
    /// Hours of the day (UTC) in which the feed asks not to be polled; likewise.
    pub skip_hours: Vec<u8>,
    /// The subscription at a WebSub hub.
    pub push: Option<Subscription>,
    /// Looks at which all entries were new.
    pub gaps: u64,
    /// How far each WARC file has been read: path and byte offset.
    pub files: Vec<(String, u64)>,
}

impl Cursor {
    /// The headers of a conditional request.
    pub(crate) fn conditions(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)]
        {
            let value = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok());
            headers.extend(value.map(|value| (name, value)));
        }
        headers
    }
}

/// What a source listed, before it is compared with what was seen.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) not_modified: bool,
    pub(crate) entries: Vec<Listed>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) moved_to: Option<Url>,
    pub(crate) asked: Asked,
    /// Minutes, as the feed says.
    pub(crate) ttl: Option<u64>,
    /// The hub that announces what is new.
    pub(crate) hub: Option<Announced>,
    pub(crate) warnings: Vec<String>,
    /// There is more to read at once.
    pub(crate) more: bool,
    pub(crate) files: Vec<(String, u64)>,
}

/// One listed entry and what it is known by.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) entry: Entry,
    pub(crate) key: u64,
}

impl Listed {
    /// `identity` says which entry it is, `version` which wording of it.
    pub(crate) fn new(entry: Entry, identity: &str, version: &[&str]) -> Self {
        let key = hash(&[identity]) << 32 | hash(version) & 0xffff_ffff;
        Self { entry, key }
    }
}

impl Look {
    /// What the headers of an answer say.
    pub(crate) fn of(followed: &Followed) -> Self {
        let answer = &followed.answer;
        let text = |name| answer.header(name).map(str::to_owned);
        Self {
            not_modified: answer.status == StatusCode::NOT_MODIFIED,
            etag: text(ETAG),
            last_modified: text(LAST_MODIFIED),
            moved_to: followed.moved_to.clone(),
            asked: Asked { fresh: max_age(&answer.headers), ..Asked::default() },
            ..Self::default()
        }
    }

    /// The entries of a feed.
    pub(crate) fn take_feed(&mut self, feed: Feed, source: &SourceName, access: Option<&Access>) {
        self.ttl = feed.ttl;
        self.asked.skip_hours = feed.skip_hours;
        if feed.dropped > 0 {
            self.warnings.push(format!("{} entries beyond fetcher.entries_per_feed", feed.dropped));
        }
        if let Some(defect) = feed.defect {
            self.warnings.push(format!("the feed is broken: {defect}"));
        }
        let mut without = 0;
        for item in feed.entries {
            let url = item.link.as_deref().and_then(|link| Url::parse(link).ok());
            let Some((url, input)) = url.zip(item.link.clone()) else {
                without += 1;
                continue;
            };
            if access.is_some_and(|access| !access.wants(url.as_str())) {
                continue;
            }
            let updated =
                item.updated.or(item.published).map(|t| t.at().to_string()).unwrap_or_default();
            let hints = item.hints(feed.language.as_deref());
            let identity = hints.guid.clone().unwrap_or_else(|| input.clone());
            let title = hints.title.clone().unwrap_or_default();
            self.asked.published.extend(hints.published.map(Moment::at));
            let entry = entry(source, input, Location::Url(url), hints);
            self.entries.push(Listed::new(entry, &identity, &[&title, &updated]));
        }
        if without > 0 {
            self.warnings.push(format!("{without} entries without a link"));
        }
    }
}

/// An entry of a source.
pub(crate) fn entry(source: &SourceName, input: String, location: Location, hints: Hints) -> Entry {
    Entry { source: Some(source.clone()), input, location, hints }
}

/// Compares a look with the cursor and settles when to look again.
pub(crate) fn conclude(
    source: &SourceConfig,
    cursor: &Cursor,
    look: Result<Look, FetchError>,
    max_entries: usize,
    now: Timestamp,
) -> Poll {
    let mut cursor = cursor.clone();
    let mut look = match look {
        Ok(look) => look,
        Err(error) => return failed(source, cursor, error, now),
    };
    let known: HashSet<u64> = cursor.seen.iter().copied().collect();
    let identities: HashSet<u64> = known.iter().map(|key| key >> 32).collect();
    let first = cursor.last_success.is_none();
    // An old entry that is listed for a new wording does not show where the last list ended.
    let all_new = look.entries.iter().all(|listed| !known.contains(&listed.key))
        && look.entries.iter().any(|listed| !identities.contains(&(listed.key >> 32)));
    // A local source lists everything it has, or only what follows: nothing drops out unseen.
    let remote = source.kind().is_ok_and(|kind| kind.url().is_some());
    let gap = remote && !first && !known.is_empty() && look.entries.len() > 1 && all_new;
    cursor.failures = 0;
    cursor.last_success = Some(now);
    cursor.gaps += u64::from(gap);
    cursor.moved_to = look.moved_to.clone().or(cursor.moved_to);
    cursor.files = look.files;
    let mut entries = Vec::new();
    if !look.not_modified {
        cursor.etag = look.etag;
        cursor.last_modified = look.last_modified;
        let mut listed: HashSet<u64> = HashSet::new();
        let mut seen = Vec::with_capacity(look.entries.len());
        for one in look.entries {
            if listed.insert(one.key) {
                seen.push(one.key);
                if !known.contains(&one.key) {
                    entries.push(one.entry);
                }
            }
        }
        // What dropped out of the list may come back, so it stays known for a while.
        let gone = cursor.seen.iter().filter(|key| !listed.contains(key));
        seen.extend(gone.take(max_entries));
        cursor.seen = seen;
    }
    if look.not_modified {
        look.asked.skip_hours.clone_from(&cursor.skip_hours);
    } else {
        cursor.ttl = look.ttl;
        cursor.skip_hours.clone_from(&look.asked.skip_hours);
    }
    if let Some(minutes) = cursor.ttl {
        let ttl = Duration::from_secs(minutes.saturating_mul(60));
        look.asked.fresh = look.asked.fresh.max(Some(ttl));
    }
    let interval =
        schedule::interval(source.every, cursor.interval, &look.asked, entries.len(), gap, now);
    cursor.interval = Some(interval.as_secs());
    let next = match look.more {
        true => now,
        false => schedule::next(source.every, interval, &look.asked, now),
    };
    Poll {
        entries,
        cursor,
        next,
        moved_to: look.moved_to,
        stopped: false,
        gap,
        warnings: look.warnings,
        failure: None,
    }
}

/// The answer for a source that stopped for good.
pub(crate) fn stopped(cursor: &Cursor) -> Poll {
    Poll {
        entries: Vec::new(),
        cursor: cursor.clone(),
        next: Timestamp::MAX,
        moved_to: None,
        stopped: true,
        gap: false,
        warnings: Vec::new(),
        failure: None,
    }
}

fn failed(source: &SourceConfig, mut cursor: Cursor, error: FetchError, now: Timestamp) -> Poll {
    let gone = matches!(error, FetchError::Status { status: 410, .. });
    cursor.stopped |= gone;
    if error.counts_as_attempt() {
        cursor.failures = cursor.failures.saturating_add(1);
    }
    Poll {
        entries: Vec::new(),
        next: schedule::after_failure(source.every, cursor.failures, &error, now),
        stopped: cursor.stopped,
        cursor,
        moved_to: None,
        gap: false,
        warnings: Vec::new(),
        failure: Some(error),
    }
}

/// FNV-1a, which stays the same over versions and machines, as what is stored must.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
