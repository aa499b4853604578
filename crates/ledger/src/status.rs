//! Everything counted.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use newsmill_article::SourceName;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::Sequence;
use crate::fault::Fault;
use crate::group::meta;
use crate::rows::{HANDED_OFF_AT, clock, reason_words, time};

/// Everything counted, over the whole life of the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Entries that ever entered: the sum of `delivered`, `duplicates`, `rejected` over all
    /// reasons, `handed_off` and `waiting`.
    pub entries: u64,
    /// Every sink has its record.
    pub delivered: u64,
    /// The same article was known.
    pub duplicates: u64,
    /// By [`newsmill_article::Reason::code`].
    pub rejected: BTreeMap<String, u64>,
    /// Taken over by another machine.
    pub handed_off: u64,
    /// To be read, being read, or ready but not yet with every sink.
    pub waiting: u64,
    /// Of `waiting`, those with a record that some sink still lacks.
    pub ready: u64,
    /// When the longest waiting entry became due.
    pub oldest_due: Option<Timestamp>,
    /// Dead letters.
    pub dead_letters: u64,
    /// The sources that are polled, by name.
    pub sources: Vec<SourceStatus>,
    /// The registered sinks, by name.
    pub sinks: Vec<SinkStatus>,
}

/// How one source does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Its name.
    pub name: SourceName,
    /// Entries that it brought first.
    pub entries: u64,
    /// The last poll that worked.
    pub last_good: Option<Timestamp>,
    /// Polls that failed since.
    pub failures: u32,
    /// Why the last one failed.
    pub last_failure: Option<String>,
    /// The next poll.
    pub next_due: Timestamp,
}

/// How one sink does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkStatus {
    /// Its name.
    pub name: String,
    /// The last record that it has.
    pub position: Sequence,
    /// Records that are ready and that it lacks.
    pub lag: u64,
    /// Records that it refused.
    pub rejected: u64,
    /// When its position last moved.
    pub last_delivery: Option<Timestamp>,
}

impl Status {
    /// The sum over all reasons.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Whether every entry has exactly one place.
    pub fn adds_up(&self) -> bool {
        let placed = [self.delivered, self.duplicates, self.rejected_total(), self.handed_off];
        self.entries == placed.iter().sum::<u64>() + self.waiting
    }
}

pub(crate) fn status(db: &Connection) -> Result<Status, Fault> {
    let mut status = Status::default();
    let mut query = db.prepare_cached("SELECT name, value FROM counter")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let value = u64::try_from(row.get::<_, i64>(1)?)
            .map_err(|_| Fault::invalid(format_args!("the counter {name} is below zero")))?;
        match name.as_str() {
            "entries" => status.entries = value,
            "due" => status.waiting += value,
            "ready" => {
                status.ready = value;
                status.waiting += value;
            }
            "handed_off" => status.handed_off = value,
            "delivered" => status.delivered = value,
            "duplicates" => status.duplicates = value,
            "dead" => status.dead_letters = value,
            other => {
                if let Some(code) = other.strip_prefix("rejected.").filter(|_| value > 0) {
                    status.rejected.insert(code.to_owned(), value);
                }
            }
        }
    }
    // The first of each lane: a backlog is not read through.
    let oldest: Option<i64> = db.query_row(
        "WITH RECURSIVE lanes (lane) AS (
             SELECT min(lane) FROM work
             UNION ALL
             SELECT (SELECT min(lane) FROM work WHERE lane > lanes.lane) FROM lanes
             WHERE lanes.lane IS NOT NULL
         )
         SELECT min((SELECT min(not_before) FROM work WHERE work.lane = lanes.lane))
         FROM lanes WHERE lane IS NOT NULL",
        [],
        |row| row.get(0),
    )?;
    status.oldest_due = oldest.filter(|due| *due < HANDED_OFF_AT).map(time);
    status.sources = sources(db)?;
    status.sinks = sinks(db)?;
    Ok(status)
}

fn sources(db: &Connection) -> Result<Vec<SourceStatus>, Fault> {
    let mut query = db.prepare_cached(
        "SELECT name, entries, last_good, failures, last_failure, next_due FROM source
         WHERE active = 1 ORDER BY name",
    )?;
    let rows = query.query_map([], |row| {
        Ok(SourceStatus {
            name: SourceName::new(row.get::<_, String>(0)?),
            entries: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
            last_good: row.get::<_, Option<i64>>(2)?.map(time),
            failures: row.get(3)?,
            last_failure: row.get(4)?,
            next_due: time(row.get(5)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn sinks(db: &Connection) -> Result<Vec<SinkStatus>, Fault> {
    let last = meta(db, "sequence")?;
    let mut query = db.prepare_cached(
        "SELECT name, position, rejected, last_delivery FROM sink WHERE active = 1 ORDER BY name",
    )?;
    let rows = query.query_map([], |row| {
        let position: i64 = row.get(1)?;
        Ok(SinkStatus {
            name: row.get(0)?,
            position: Sequence(position),
            lag: u64::try_from(last - position).unwrap_or(0),
            rejected: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
            last_delivery: row.get::<_, Option<i64>>(3)?.map(time),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "entries      {}", self.entries)?;
        writeln!(f, "  delivered  {}", self.delivered)?;
        writeln!(f, "  duplicates {}", self.duplicates)?;
        writeln!(f, "  rejected   {}", self.rejected_total())?;
        for (code, n) in &self.rejected {
            writeln!(f, "    {n:>8}  {} ({code})", reason_words_of(code))?;
        }
        if self.handed_off > 0 {
            writeln!(f, "  handed off {}", self.handed_off)?;
        }
        write!(f, "  waiting    {}", self.waiting)?;
        if self.ready > 0 {
            write!(f, ", {} of them ready for a sink", self.ready)?;
        }
        if let Some(due) = self.oldest_due {
            write!(f, "; the first is due at {}", clock(due))?;
        }
        writeln!(f)?;
        if self.dead_letters > 0 {
            writeln!(f, "dead letters {}", self.dead_letters)?;
        }
        for source in &self.sources {
            source.fmt(f)?;
        }
        for sink in &self.sinks {
            sink.fmt(f)?;
        }
        Ok(())
    }
}

/// A reason without its number.
fn reason_words_of(code: &str) -> String {
    match code {
        "refused" => "the server refused".to_owned(),
        "too_large" => "larger than the limit".to_owned(),
        "too_slow" => "slower than the limit".to_owned(),
        "too_short" => "too few words".to_owned(),
        "gave_up" => "gave up".to_owned(),
        _ => reason_words(code, None),
    }
}

impl fmt::Display for SourceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "source {}: {} entries", self.name, self.entries)?;
        match self.last_good {
            Some(at) => write!(f, ", last read {}", clock(at))?,
            None => write!(f, ", never read")?,
        }
        writeln!(f, ", next {}", clock(self.next_due))?;
        if self.failures > 0 {
            match self.failures {
                1 => f.write_str("  failed once since then")?,
                failures => write!(f, "  failed {failures} times since then")?,
            }
            match &self.last_failure {
                Some(failure) => writeln!(f, ": {failure}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for SinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sink {}: ", self.name)?;
        match self.lag {
            0 => write!(f, "up to date at record {}", self.position)?,
            1 => write!(f, "1 record behind, has record {}", self.position)?,
            lag => write!(f, "{lag} records behind, has record {}", self.position)?,
        }
        if self.rejected > 0 {
            write!(f, ", refused {}", self.rejected)?;
        }
        match self.last_delivery {
            Some(at) => writeln!(f, ", last delivery {}", clock(at)),
            None => writeln!(f, ", no delivery yet"),
        }
    }
}
