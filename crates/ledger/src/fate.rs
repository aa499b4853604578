//! The history of one article, in plain words.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use newsmill_article::{ArticleId, Revision, SourceName, canonical};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use url::Url;

use crate::discover::{path_key, url_key};
use crate::fault::Fault;
use crate::rows::{self, HANDED_OFF_AT, article_id, article_key, clock, time};
use crate::{EntryId, Sequence};

/// Visits that are told of, the latest ones.
const VISITS: usize = 50;

/// The history of one article or address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// What was asked for.
    pub query: String,
    /// The article, where there is one.
    pub article: Option<ArticleId>,
    /// Each entry that led there, oldest first, at most the last 50; empty where nothing is known.
    pub visits: Vec<Visit>,
}

/// One entry on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Visit {
    /// Its number.
    pub entry: EntryId,
    /// The path or URL as given.
    pub input: String,
    /// The source that brought it.
    pub source: Option<SourceName>,
    /// When.
    pub seen: Timestamp,
    /// Other sources that showed it too, and when first.
    pub also_seen: Vec<(SourceName, Timestamp)>,
    /// How often it was tried.
    pub attempts: u32,
    /// Where it stands.
    pub state: Standing,
    /// When it became ready or was settled.
    pub ended: Option<Timestamp>,
    /// The last error with its causes.
    pub detail: Option<String>,
}

/// Where an entry stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// To be read, not before this time.
    Due(Timestamp),
    /// Another machine has it.
    HandedOff,
    /// It became a record.
    Ready {
        /// Its place in the order.
        sequence: Sequence,
        /// The wording.
        revision: Revision,
        /// Each registered sink, by name.
        sinks: Vec<SinkFate>,
    },
    /// The same article was known.
    Duplicate {
        /// As which one; `None` where that was not told.
        of: Option<ArticleId>,
    },
    /// It became no record.
    Rejected {
        /// As [`newsmill_article::Reason::code`].
        code: String,
        /// In plain words.
        reason: String,
    },
}

/// What a sink did with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinkFate {
    /// The sink.
    pub sink: String,
    /// When it had it; `None` where it has not, or where that is no longer known.
    pub at: Option<Timestamp>,
    /// Whether it has passed the record.
    pub passed: bool,
    /// Why it refused it.
    pub refused: Option<String>,
}

pub(crate) fn fate(db: &Connection, query: &str) -> Result<Fate, Fault> {
    let query = query.trim();
    let (mut article, start) = match query.parse::<ArticleId>() {
        Ok(id) => (Some(id), by_article(db, id)?),
        Err(_) => (None, by_address(db, query)?),
    };
    let mut found = BTreeSet::new();
    let mut open: Vec<i64> = start.into_iter().collect();
    while let Some(id) = open.pop() {
        if found.len() == VISITS || !found.insert(id) {
            continue;
        }
        let links = db
            .prepare_cached("SELECT earlier, sibling, article FROM entry WHERE id = ?1")?
            .query_row([id], |row| {
                let links: (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
                Ok((links.0, links.1, row.get::<_, Option<[u8; 16]>>(2)?))
            })
            .optional()?;
        let Some((earlier, sibling, of)) = links else {
            found.remove(&id);
            continue;
        };
        article = article.or(of.map(article_id));
        open.extend(earlier);
        open.extend(sibling);
        // The latest visit of the same article may have come by another address.
        if let Some(of) = of.filter(|_| found.len() == 1) {
            open.extend(by_article(db, article_id(of))?);
        }
    }
    let visits = found.into_iter().map(|id| visit(db, id)).collect::<Result<_, _>>()?;
    Ok(Fate { query: query.to_owned(), article, visits })
}

fn by_article(db: &Connection, id: ArticleId) -> Result<Option<i64>, Fault> {
    let entry: Option<i64> = db
        .prepare_cached(
            "SELECT ifnull((SELECT entry FROM article WHERE key = ?1),
                           (SELECT entry FROM seen WHERE key = ?1))",
        )?
        .query_row([article_key(id)], |row| row.get(0))?;
    Ok(entry)
}

fn by_address(db: &Connection, query: &str) -> Result<Option<i64>, Fault> {
    let url = Url::parse(query).ok();
    let keys = url.iter().map(url_key).chain([path_key(Path::new(query))]);
    for key in keys {
        let entry = db
            .prepare_cached("SELECT entry FROM seen WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        if entry.is_some() {
            return Ok(entry);
        }
    }
    match url {
        Some(url) => by_article(db, ArticleId::of_url(&canonical(&url))),
        None => Ok(None),
    }
}

fn visit(db: &Connection, id: i64) -> Result<Visit, Fault> {
    struct Row {
        visit: Visit,
        state: i64,
        not_before: Option<i64>,
        sequence: Option<i64>,
        revision: Option<i64>,
        article: Option<[u8; 16]>,
        reason: Option<String>,
        number: Option<i64>,
    }
    let row = db
        .prepare_cached(
            "SELECT input, source.name, seen, attempts, ended, detail, state, not_before, sequence,
             revision, article, reason, number
             FROM entry LEFT JOIN source ON source.id = entry.source
             LEFT JOIN work ON work.entry = entry.id WHERE entry.id = ?1",
        )?
        .query_row([id], |row| {
            Ok(Row {
                visit: Visit {
                    entry: EntryId(id),
                    input: row.get(0)?,
                    source: row.get::<_, Option<String>>(1)?.map(SourceName::new),
                    seen: time(row.get(2)?),
                    also_seen: Vec::new(),
                    attempts: row.get(3)?,
                    state: Standing::HandedOff,
                    ended: row.get::<_, Option<i64>>(4)?.map(time),
                    detail: row.get(5)?,
                },
                state: row.get(6)?,
                not_before: row.get(7)?,
                sequence: row.get(8)?,
                revision: row.get(9)?,
                article: row.get(10)?,
                reason: row.get(11)?,
                number: row.get(12)?,
            })
        })?;
    let sinks = match row.sequence {
        Some(sequence) => sink_fates(db, id, sequence)?,
        None => Vec::new(),
    };
    // Once its dead letter was dropped, only the entry itself knows that a sink refused it.
    let dropped = row.state == rows::REJECTED && sinks.iter().all(|sink| sink.refused.is_none());
    let state = match (row.state, row.sequence.filter(|_| !dropped), row.revision, row.reason) {
        (rows::DUE, ..) => Standing::Due(time(row.not_before.unwrap_or(HANDED_OFF_AT))),
        (rows::HANDED_OFF, ..) => Standing::HandedOff,
        (rows::DUPLICATE, ..) => Standing::Duplicate { of: row.article.map(article_id) },
        (_, Some(sequence), Some(revision), _) => Standing::Ready {
            sequence: Sequence(sequence),
            revision: Revision::from_bits(revision.cast_unsigned()),
            sinks,
        },
        (rows::REJECTED, _, _, Some(code)) => {
            Standing::Rejected { reason: rows::reason_words(&code, row.number), code }
        }
        (rows::DELIVERED, ..) => Standing::Ready {
            sequence: Sequence(0),
            revision: Revision::from_bits(0),
            sinks: Vec::new(),
        },
        (other, ..) => {
            return Err(Fault::invalid(format_args!("entry {id} has the unknown state {other}")));
        }
    };
    Ok(Visit { also_seen: also_seen(db, id)?, state, ..row.visit })
}

fn also_seen(db: &Connection, id: i64) -> Result<Vec<(SourceName, Timestamp)>, Fault> {
    let mut query = db.prepare_cached(
        "SELECT name, at FROM sighting JOIN source ON source.id = sighting.source
         WHERE entry = ?1 ORDER BY at, name",
    )?;
    let rows = query.query_map([id], |row| {
        Ok((SourceName::new(row.get::<_, String>(0)?), time(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn sink_fates(db: &Connection, id: i64, sequence: i64) -> Result<Vec<SinkFate>, Fault> {
    let mut query = db.prepare_cached(
        "SELECT name, position >= ?2,
         (SELECT at FROM delivery WHERE sink = sink.id AND position >= ?2 ORDER BY position LIMIT 1),
         iif(dead.entry IS NULL, NULL, ifnull(dead.detail, dead.reason))
         FROM sink LEFT JOIN dead ON dead.entry = ?1 AND dead.sink = sink.name
         WHERE active = 1 ORDER BY name",
    )?;
    let rows = query.query_map(params![id, sequence], |row| {
        Ok(SinkFate {
            sink: row.get(0)?,
            passed: row.get(1)?,
            at: row.get::<_, Option<i64>>(2)?.map(time),
            refused: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.visits.is_empty() {
            return writeln!(f, "{}: never seen, or forgotten", self.query);
        }
        match self.article {
            Some(id) => writeln!(f, "{}: article {id}", self.query)?,
            None => writeln!(f, "{}", self.query)?,
        }
        for visit in &self.visits {
            visit.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "entry {}: {}", self.entry, self.input)?;
        match &self.source {
            Some(source) => writeln!(f, "  {}  seen in {source}", clock(self.seen))?,
            None => writeln!(f, "  {}  given", clock(self.seen))?,
        }
        for (source, at) in &self.also_seen {
            writeln!(f, "  {}  seen in {source} too", clock(*at))?;
        }
        if let Some(ended) = self.ended {
            write!(f, "  {}  ", clock(ended))?;
        } else {
            f.write_str("  ")?;
        }
        self.state.fmt(f)?;
        if self.attempts > 1 {
            write!(f, ", after {} attempts", self.attempts)?;
        }
        writeln!(f)?;
        let said = match &self.state {
            Standing::Rejected { reason, .. } => reason.as_str(),
            _ => "",
        };
        if let Some(detail) = self.detail.as_ref().filter(|detail| *detail != said) {
            writeln!(f, "    {}", detail.replace('\n', "\n    "))?;
        }
        if let Standing::Ready { sinks, .. } = &self.state {
            for sink in sinks {
                sink.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Due(at) => write!(f, "waits to be read, not before {}", clock(*at)),
            Self::HandedOff => f.write_str("handed over to another machine"),
            Self::Ready { sequence, revision, .. } => {
                write!(f, "fetched, cleaned and summarized: record {sequence}, revision {revision}")
            }
            Self::Duplicate { of: Some(of) } => write!(f, "duplicate of article {of}"),
            Self::Duplicate { of: None } => f.write_str("duplicate"),
            Self::Rejected { reason, .. } => write!(f, "rejected: {reason}"),
        }
    }
}

impl fmt::Display for SinkFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.refused, self.at, self.passed) {
            (Some(reason), Some(at), _) => {
                writeln!(f, "  {}  refused by {}: {reason}", clock(at), self.sink)
            }
            (Some(reason), None, _) => writeln!(f, "  refused by {}: {reason}", self.sink),
            (None, Some(at), _) => writeln!(f, "  {}  delivered to {}", clock(at), self.sink),
            (None, None, true) => writeln!(f, "  delivered to {}", self.sink),
            (None, None, false) => writeln!(f, "  not yet with {}", self.sink),
        }
    }
}
