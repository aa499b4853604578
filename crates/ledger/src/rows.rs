//! How times, states, reasons and entries are written in the ledger's rows.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use newsmill_article::{ArticleId, Entry, Hints, Location, Moment, Reason, SourceName};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::fault::Fault;
use crate::state::State;

/// The `not_before` of what another machine has: this, and when it was handed off. Later than any
/// time, so that it is not claimed here.
pub(crate) const HANDED_OFF_AT: i64 = 1 << 62;

pub(crate) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// A time for people: UTC, to the second.
pub(crate) fn clock(time: Timestamp) -> impl std::fmt::Display {
    time.strftime("%Y-%m-%d %H:%M:%SZ")
}

/// A hash as SQLite keeps it: the same bits, signed.
pub(crate) fn signed(bits: u64) -> i64 {
    i64::from_ne_bytes(bits.to_ne_bytes())
}

/// The first half of an article's id.
pub(crate) fn article_key(id: ArticleId) -> i64 {
    signed((id.to_bits() >> 64) as u64)
}

pub(crate) fn article_bytes(id: ArticleId) -> [u8; 16] {
    id.to_bits().to_be_bytes()
}

pub(crate) fn article_id(bytes: [u8; 16]) -> ArticleId {
    ArticleId::from_bits(u128::from_be_bytes(bytes))
}

pub(crate) const DUE: i64 = 0;
pub(crate) const HANDED_OFF: i64 = 1;
pub(crate) const READY: i64 = 2;
pub(crate) const DELIVERED: i64 = 3;
pub(crate) const DUPLICATE: i64 = 4;
pub(crate) const REJECTED: i64 = 5;

/// The number of a state in `entry.state`.
pub(crate) fn state_number(state: &State) -> i64 {
    match state {
        State::Due { .. } => DUE,
        State::HandedOff { .. } => HANDED_OFF,
        State::Ready => READY,
        State::Delivered => DELIVERED,
        State::Duplicate => DUPLICATE,
        State::Rejected(_) => REJECTED,
    }
}

/// The number that belongs to a reason, if any.
pub(crate) fn reason_number(reason: &Reason) -> Option<i64> {
    let clamp = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    match reason {
        Reason::Refused { status } => Some(i64::from(*status)),
        Reason::TooLarge { limit } => Some(clamp(*limit)),
        Reason::TooSlow { limit } => {
            Some(clamp(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)))
        }
        Reason::TooShort { words } => Some(clamp(*words as u64)),
        Reason::GaveUp { attempts } => Some(i64::from(*attempts)),
        _ => None,
    }
}

/// The inverse of [`Reason::code`] and [`reason_number`]; `None` for a code of another version.
pub(crate) fn reason(code: &str, number: Option<i64>) -> Option<Reason> {
    let n = u64::try_from(number.unwrap_or(0)).unwrap_or(0);
    let small = u32::try_from(n).unwrap_or(u32::MAX);
    Some(match code {
        "gone" => Reason::Gone,
        "refused" => Reason::Refused { status: u16::try_from(n).unwrap_or(0) },
        "robots_disallowed" => Reason::RobotsDisallowed,
        "no_index" => Reason::NoIndex,
        "address_refused" => Reason::AddressRefused,
        "bad_url" => Reason::BadUrl,
        "too_many_redirects" => Reason::TooManyRedirects,
        "not_html" => Reason::NotHtml,
        "not_an_article" => Reason::NotAnArticle,
        "too_large" => Reason::TooLarge { limit: n },
        "too_slow" => Reason::TooSlow { limit: Duration::from_millis(n) },
        "empty" => Reason::Empty,
        "too_short" => Reason::TooShort { words: usize::try_from(n).unwrap_or(usize::MAX) },
        "unreadable" => Reason::Unreadable,
        "not_found" => Reason::NotFound,
        "permission_denied" => Reason::PermissionDenied,
        "unwanted_language" => Reason::UnwantedLanguage,
        "ungrounded" => Reason::Ungrounded,
        "panicked" => Reason::Panicked,
        "sink_refused" => Reason::SinkRefused,
        "gave_up" => Reason::GaveUp { attempts: small },
        _ => return None,
    })
}

/// A reason in plain words, also where its code is of another version.
pub(crate) fn reason_words(code: &str, number: Option<i64>) -> String {
    reason(code, number).map_or_else(|| code.replace('_', " "), |reason| reason.to_string())
}

/// An entry without its input and source, which are columns, and its raw bytes, which are a blob.
#[derive(Serialize, Deserialize)]
struct Payload {
    kind: Kind,
    /// Only where it differs from the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fetched: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    authors: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated: Option<Moment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Url,
    File,
    Inline,
}

/// An entry as the columns `payload` and `bytes` of `work`.
pub(crate) fn pack(entry: &Entry) -> Result<(String, Option<Vec<u8>>), Fault> {
    let (kind, url, content_type, fetched, bytes) = match &entry.location {
        Location::Url(url) => (Kind::Url, Some(url), None, None, None),
        Location::File(path) => (Kind::File, None, None, None, Some(path_bytes(path))),
        Location::Inline { url, content_type, fetched, bytes } => {
            (Kind::Inline, url.as_ref(), content_type.clone(), *fetched, Some(bytes.to_vec()))
        }
    };
    let hints = entry.hints.clone();
    let payload = Payload {
        kind,
        url: url.map(Url::to_string).filter(|url| kind != Kind::Url || *url != entry.input),
        content_type,
        fetched,
        guid: hints.guid,
        title: hints.title,
        authors: hints.authors,
        published: hints.published,
        updated: hints.updated,
        tags: hints.tags,
        language: hints.language,
        content: hints.content,
    };
    Ok((serde_json::to_string(&payload)?, bytes))
}

/// The inverse of [`pack`].
pub(crate) fn unpack(
    source: Option<String>,
    input: String,
    payload: &str,
    bytes: Option<Vec<u8>>,
) -> Result<Entry, Fault> {
    let payload: Payload = serde_json::from_str(payload)?;
    let parse = |text: &str| {
        Url::parse(text)
            .map_err(|error| Fault::invalid(format_args!("stored URL {text:?}: {error}")))
    };
    let location = match payload.kind {
        Kind::Url => Location::Url(parse(payload.url.as_deref().unwrap_or(&input))?),
        Kind::File => Location::File(path_of(bytes.unwrap_or_default())),
        Kind::Inline => Location::Inline {
            url: payload.url.as_deref().map(parse).transpose()?,
            content_type: payload.content_type,
            fetched: payload.fetched,
            bytes: Bytes::from(bytes.unwrap_or_default()),
        },
    };
    let hints = Hints {
        guid: payload.guid,
        title: payload.title,
        authors: payload.authors,
        published: payload.published,
        updated: payload.updated,
        tags: payload.tags,
        language: payload.language,
        content: payload.content,
    };
    Ok(Entry { source: source.map(SourceName::new), input, location, hints })
}

#[cfg(unix)]
fn path_bytes(path: &std::path::Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_bytes(path: &std::path::Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back_as_written() {
        let reasons = [
            Reason::Gone,
            Reason::Refused { status: 451 },
            Reason::RobotsDisallowed,
            Reason::NoIndex,
            Reason::AddressRefused,
            Reason::BadUrl,
            Reason::TooManyRedirects,
            Reason::NotHtml,
            Reason::NotAnArticle,
            Reason::TooLarge { limit: 2 << 20 },
            Reason::TooSlow { limit: Duration::from_millis(1500) },
            Reason::Empty,
            Reason::TooShort { words: 7 },
            Reason::Unreadable,
            Reason::NotFound,
            Reason::PermissionDenied,
            Reason::UnwantedLanguage,
            Reason::Ungrounded,
            Reason::Panicked,
            Reason::SinkRefused,
            Reason::GaveUp { attempts: 10 },
        ];
        for known in reasons {
            assert_eq!(reason(known.code(), reason_number(&known)), Some(known));
        }
    }

    #[test]
    fn entries_read_back_as_written() {
        let url = Url::parse("https://example.org/a?b=c").unwrap();
        let hints = Hints {
            guid: Some("g".into()),
            title: Some("T\n\"".into()),
            authors: vec!["A".into(), "B".into()],
            published: Some("2017-04-03T23:30:00-05:00".parse().unwrap()),
            updated: Some(Timestamp::from_millisecond(6001).unwrap().into()),
            tags: vec!["x".into()],
            language: Some("de".into()),
            content: Some("<p>".into()),
        };
        let locations = [
            Location::Url(url.clone()),
            Location::File("a/b.html".into()),
            Location::Inline {
                url: Some(url),
                content_type: Some("text/html".into()),
                fetched: Some(Timestamp::from_second(7).unwrap()),
                bytes: Bytes::from_static(b"\xff\0"),
            },
            Location::Inline { url: None, content_type: None, fetched: None, bytes: Bytes::new() },
        ];
        for location in locations {
            for input in ["https://example.org/a?b=c", "other"] {
                let entry = Entry {
                    source: Some(SourceName::new("s")),
                    input: input.into(),
                    location: location.clone(),
                    hints: hints.clone(),
                };
                let (payload, bytes) = pack(&entry).unwrap();
                let back = unpack(Some("s".into()), input.into(), &payload, bytes).unwrap();
                assert_eq!(back, entry);
            }
        }
    }
}
