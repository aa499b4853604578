//! What is said on a link: JSON, one object a message.
//!
//! Every message carries a [`Stamp`]: whose ledger it belongs to, which entry of it, and which
//! handing out of that entry; and, where the entry is traced, its [`TraceContext`]. The types of the stages derive no serialization themselves; the
//! shapes here mirror them, and a field that is added there and not here does not compile.
//!
//! An entry crosses whole. An article leaves behind what only fetching needed: the bytes that its
//! entry carried and what the feed said. A record is the published one.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use newsmill_article::{
    Article, ArticleId, Block, Document, Entry, Hints, Kind, Location, Moment, Outcome, Reason,
    Record, SourceName,
};
use newsmill_link::{Channel, Lane, PARTITIONS};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use crate::telemetry::spans::TraceContext;

/// The version of these shapes. A message of another one waits for a process that knows it.
pub const VERSION: u32 = 1;

/// To whom a message belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The ledger's own number.
    pub ledger: u64,
    /// The entry in that ledger.
    pub entry: u64,
    /// Which handing out of the entry: the same work done twice bears the same number, and a new
    /// try another.
    pub handout: u64,
}

impl Stamp {
    /// What the queue tells repeats by, within a channel.
    pub fn id(&self) -> String {
        format!("{:x}.{}.{:x}", self.ledger, self.entry, self.handout)
    }
}

/// What every message says besides what it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// To whom it belongs.
    pub stamp: Stamp,
    /// What its entry is called in front of people.
    pub label: String,
    /// The span that what happens next is a child of, where the entry is traced.
    pub trace: Option<TraceContext>,
}

/// How an entry ended on another machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    /// How.
    pub outcome: Outcome,
    /// The error with its causes.
    pub cause: Option<String>,
    /// The bytes at fault.
    pub evidence: Option<Bytes>,
}

/// A message that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Of a version that this process does not know: another one may.
    #[error("a message of version {found}, and this process knows {VERSION}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// Not of our making, or damaged.
    #[error("a message that is none")]
    Malformed(#[from] serde_json::Error),
}

/// What can cross a link.
pub trait Wire: Sized + Send + Sync + 'static {
    /// The channel that carries it.
    const CHANNEL: Channel;

    /// The part of the channel where it belongs.
    fn lane(&self) -> Lane {
        Self::CHANNEL.lane()
    }

    /// As a message.
    ///
    /// # Errors
    ///
    /// None in practice: every value of these types can be written.
    fn encode(&self, head: &Head) -> Result<Bytes, WireError>;

    /// Head and value of a message.
    ///
    /// # Errors
    ///
    /// Where it is not understood.
    fn decode(message: &[u8]) -> Result<(Head, Self), WireError>;
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    version: u32,
    #[serde(flatten)]
    stamp: Stamp,
    label: String,
    /// A `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    item: T,
}

impl<T> Envelope<T> {
    fn open(self) -> (Head, T) {
        // A trace that cannot be read costs a trace, never an article.
        let trace = self.trace.and_then(|text| text.parse().ok());
        (Head { stamp: self.stamp, label: self.label, trace }, self.item)
    }
}

fn encode<T: Serialize>(head: &Head, item: T) -> Result<Bytes, WireError> {
    let Head { stamp, label, trace } = head.clone();
    let trace = trace.map(|trace| trace.to_string());
    let envelope = Envelope { version: VERSION, stamp, label, trace, item };
    Ok(serde_json::to_vec(&envelope)?.into())
}

fn decode<T: DeserializeOwned>(message: &[u8]) -> Result<(Head, T), WireError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    match serde_json::from_slice::<Envelope<T>>(message) {
        Ok(envelope) if envelope.version == VERSION => Ok(envelope.open()),
        read => {
            let Versioned { version } = serde_json::from_slice(message)?;
            if version != VERSION {
                return Err(WireError::Version { found: version });
            }
            Ok(read?.open())
        }
    }
}

impl Wire for Entry {
    const CHANNEL: Channel = Channel::Entries;

    /// By its host, so that one process at a time asks that host for anything.
    fn lane(&self) -> Lane {
        let url = match &self.location {
            Location::Url(url) => Some(url),
            Location::Inline { url, .. } => url.as_ref(),
            Location::File(_) => None,
        };
        let host = url.and_then(|url| url.host_str()).unwrap_or(&self.input);
        Lane { channel: Self::CHANNEL, partition: partition(host) }
    }

    fn encode(&self, head: &Head) -> Result<Bytes, WireError> {
        #[derive(Serialize)]
        struct Borrowed<'a>(#[serde(with = "EntryShape")] &'a Entry);
        encode(head, Borrowed(self))
    }

    fn decode(message: &[u8]) -> Result<(Head, Self), WireError> {
        #[derive(Deserialize)]
        struct Owned(#[serde(with = "EntryShape")] Entry);
        let (head, Owned(entry)) = decode(message)?;
        Ok((head, entry))
    }
}

/// Stays the same over versions: entries on their way must meet those already there. FNV-1a
/// (Fowler, Noll, Vo).
fn partition(host: &str) -> u16 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in host.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // The remainder is below a `u16`.
    u16::try_from((hash >> 32) % u64::from(PARTITIONS)).unwrap_or(0)
}

impl Wire for Article {
    const CHANNEL: Channel = Channel::Articles;

    fn encode(&self, head: &Head) -> Result<Bytes, WireError> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            source: &'a Option<SourceName>,
            input: &'a str,
            url: &'a Option<Url>,
            fetched: Timestamp,
            #[serde(with = "DocumentShape")]
            document: &'a Document,
        }
        let Self { entry, url, fetched, document } = self;
        let (source, input) = (&entry.source, entry.input.as_str());
        encode(head, Borrowed { source, input, url, fetched: *fetched, document })
    }

    fn decode(message: &[u8]) -> Result<(Head, Self), WireError> {
        #[derive(Deserialize)]
        struct Owned {
            source: Option<SourceName>,
            input: String,
            url: Option<Url>,
            fetched: Timestamp,
            #[serde(with = "DocumentShape")]
            document: Document,
        }
        let (head, item) = decode(message)?;
        let Owned { source, input, url, fetched, document } = item;
        let location = Location::Inline {
            url: url.clone(),
            content_type: None,
            fetched: None,
            bytes: Bytes::new(),
        };
        let entry = Entry { source, input, location, hints: Hints::default() };
        Ok((head, Self { entry, url, fetched, document }))
    }
}

impl Wire for Record {
    const CHANNEL: Channel = Channel::Records;

    fn encode(&self, head: &Head) -> Result<Bytes, WireError> {
        encode(head, self)
    }

    fn decode(message: &[u8]) -> Result<(Head, Self), WireError> {
        decode(message)
    }
}

impl Wire for Fate {
    const CHANNEL: Channel = Channel::Settlements;

    fn encode(&self, head: &Head) -> Result<Bytes, WireError> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            #[serde(with = "OutcomeShape")]
            outcome: &'a Outcome,
            cause: &'a Option<String>,
            #[serde(serialize_with = "write_evidence")]
            evidence: &'a Option<Bytes>,
        }
        let Self { outcome, cause, evidence } = self;
        encode(head, Borrowed { outcome, cause, evidence })
    }

    fn decode(message: &[u8]) -> Result<(Head, Self), WireError> {
        #[derive(Deserialize)]
        struct Owned {
            #[serde(with = "OutcomeShape")]
            outcome: Outcome,
            cause: Option<String>,
            #[serde(deserialize_with = "read_evidence")]
            evidence: Option<Bytes>,
        }
        let (head, Owned { outcome, cause, evidence }) = decode(message)?;
        Ok((head, Self { outcome, cause, evidence }))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Entry")]
struct EntryShape {
    source: Option<SourceName>,
    input: String,
    #[serde(with = "LocationShape")]
    location: Location,
    #[serde(with = "HintsShape")]
    hints: Hints,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Location", rename_all = "snake_case")]
enum LocationShape {
    Url(Url),
    File(PathBuf),
    Inline {
        url: Option<Url>,
        content_type: Option<String>,
        #[serde(default)]
        fetched: Option<Timestamp>,
        #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
        bytes: Bytes,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Hints")]
struct HintsShape {
    guid: Option<String>,
    title: Option<String>,
    authors: Vec<String>,
    published: Option<Moment>,
    updated: Option<Moment>,
    tags: Vec<String>,
    language: Option<String>,
    content: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Document")]
struct DocumentShape {
    title: Option<String>,
    authors: Vec<String>,
    published: Option<Moment>,
    modified: Option<Moment>,
    site: Option<String>,
    section: Option<String>,
    tags: Vec<String>,
    image: Option<Url>,
    language: Option<String>,
    canonical_url: Option<Url>,
    kind: Kind,
    paywalled: Option<bool>,
    text: String,
    blocks: Vec<Block>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Outcome", rename_all = "snake_case")]
enum OutcomeShape {
    Delivered,
    Duplicate { of: ArticleId },
    Rejected(#[serde(with = "ReasonShape")] Reason),
    Retry { after: Duration },
    PutOff { after: Duration },
    HandedOff,
    Abandoned,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Reason", rename_all = "snake_case")]
enum ReasonShape {
    Gone,
    Refused { status: u16 },
    RobotsDisallowed,
    NoIndex,
    AddressRefused,
    BadUrl,
    TooManyRedirects,
    NotHtml,
    NotAnArticle,
    TooLarge { limit: u64 },
    TooSlow { limit: Duration },
    Empty,
    TooShort { words: usize },
    Unreadable,
    NotFound,
    PermissionDenied,
    UnwantedLanguage,
    Ungrounded,
    Panicked,
    SinkRefused,
    GaveUp { attempts: u32 },
}

fn write_bytes<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn read_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map(Bytes::from).map_err(serde::de::Error::custom)
}

fn write_evidence<S: Serializer>(
    evidence: &Option<Bytes>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    evidence.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(serializer)
}

fn read_evidence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Bytes>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let bytes = text.map(|text| STANDARD.decode(text)).transpose();
    bytes.map(|bytes| bytes.map(Bytes::from)).map_err(serde::de::Error::custom)
}
