//! What gave up, with all that is needed to see why and to try again.

use bytes::Bytes;
use jiff::Timestamp;
use newsmill_article::SourceName;
use rusqlite::{Connection, Row, params};

use crate::fault::Fault;
use crate::group::{Group, meta, set_meta};
use crate::heads::REVIVED;
use crate::lanes::lane;
use crate::rows::{self, time};
use crate::state::Event;
use crate::{Config, EntryId};

/// One entry that gave up, or one record that one sink refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The entry's number.
    pub id: EntryId,
    /// The path or URL as given.
    pub input: String,
    /// The source that brought it.
    pub source: Option<SourceName>,
    /// Why, as [`newsmill_article::Reason::code`].
    pub code: String,
    /// Why, in plain words.
    pub reason: String,
    /// How often the entry was tried.
    pub attempts: u32,
    /// The error with its causes.
    pub detail: Option<String>,
    /// The sink that refused the record, where that was it.
    pub sink: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What had been fetched; `None` in lists, and where nothing had or too many were kept.
    pub page: Option<Bytes>,
    /// The record that the sink refused, as JSON; `None` in lists, and for stages.
    pub record: Option<String>,
}

const COLUMNS: &str = "dead.entry, input, source.name, dead.reason, dead.number, attempts,
    dead.detail, sink, dead.at";
const TABLES: &str = "dead JOIN entry ON entry.id = dead.entry
    LEFT JOIN source ON source.id = entry.source";

pub(crate) fn list(
    db: &Connection,
    after: Option<EntryId>,
    limit: usize,
) -> Result<Vec<DeadLetter>, Fault> {
    let mut query = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE dead.entry > ?1 ORDER BY dead.entry, sink LIMIT ?2"
    ))?;
    let after = after.map_or(0, |id| id.0);
    let rows = query.query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], letter)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn show(db: &Connection, id: EntryId) -> Result<Vec<DeadLetter>, Fault> {
    let mut query = db.prepare_cached(&format!(
        "SELECT {COLUMNS}, page, record FROM {TABLES} WHERE dead.entry = ?1 ORDER BY sink"
    ))?;
    let rows = query.query_map([id.0], |row| {
        let page = row.get::<_, Option<Vec<u8>>>(9)?.map(Bytes::from);
        Ok(DeadLetter { page, record: row.get(10)?, ..letter(row)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    let code: String = row.get(3)?;
    Ok(DeadLetter {
        id: EntryId(row.get(0)?),
        input: row.get(1)?,
        source: row.get::<_, Option<String>>(2)?.map(SourceName::new),
        reason: rows::reason_words(&code, row.get(4)?),
        code,
        attempts: row.get(5)?,
        detail: row.get(6)?,
        sink: Some(row.get::<_, String>(7)?).filter(|sink| !sink.is_empty()),
        at: time(row.get(8)?),
        page: None,
        record: None,
    })
}

pub(crate) fn retry(db: &Connection, id: EntryId, now: Timestamp) -> Result<bool, Fault> {
    let config = Config::default();
    let mut group = Group::begin(db, &config, now)?;
    let sinks = refusing_sinks(&group, id)?;
    let (Some(state), false) = (group.state(id)?, sinks.is_empty()) else { return Ok(false) };
    let revive = sinks.iter().any(String::is_empty);
    let event = if revive { Event::Revived } else { Event::Redelivered };
    let Some(after) = group.next(&state, &event) else { return Ok(false) };
    let mut sequence = None;
    if revive {
        group.db.execute(
            "INSERT INTO work (entry, not_before, payload, bytes, lane)
             SELECT entry, ?2, payload, bytes, ?3 FROM dead WHERE entry = ?1 AND sink = ''",
            [id.0, group.now(), lane_of(&group, id)?],
        )?;
        set_meta(&group.db, REVIVED, meta(&group.db, REVIVED)? + 1)?;
    } else {
        for sink in &sinks {
            let next = group.next_sequence();
            sequence = Some(next);
            group.db.execute(
                "INSERT INTO record (sequence, entry, at, only_for, revision, article, json)
                 SELECT ?3, entry, ?4, sink, revision, article, record
                 FROM dead JOIN entry ON entry.id = dead.entry WHERE dead.entry = ?1 AND sink = ?2",
                params![id.0, sink, next, group.now()],
            )?;
        }
    }
    group.db.execute(
        "UPDATE entry SET state = ?2, attempts = iif(?3, 0, attempts), reason = NULL, number = NULL,
         detail = NULL, ended = iif(?3, NULL, ended), sequence = ifnull(?4, sequence) WHERE id = ?1",
        params![id.0, rows::state_number(&after), revive, sequence],
    )?;
    let gone = group.db.execute("DELETE FROM dead WHERE entry = ?1", [id.0])?;
    group.unbury(gone);
    group.moved(Some(&state), &after, 1);
    group.commit(&[])?;
    Ok(true)
}

pub(crate) fn drop(db: &Connection, id: EntryId) -> Result<bool, Fault> {
    let config = Config::default();
    let mut group = Group::begin(db, &config, Timestamp::UNIX_EPOCH)?;
    let gone = group.db.execute("DELETE FROM dead WHERE entry = ?1", [id.0])?;
    group.unbury(gone);
    group.commit(&[])?;
    Ok(gone > 0)
}

/// In whose queue an entry stood that gave up.
fn lane_of(group: &Group<'_>, id: EntryId) -> Result<i64, Fault> {
    let (input, payload, bytes): (String, String, Option<Vec<u8>>) = group.db.query_row(
        "SELECT input, payload, bytes FROM dead JOIN entry ON entry.id = dead.entry
         WHERE dead.entry = ?1 AND sink = ''",
        [id.0],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    Ok(lane(&rows::unpack(None, input, &payload, bytes)?))
}

fn refusing_sinks(group: &Group<'_>, id: EntryId) -> Result<Vec<String>, Fault> {
    let mut query = group.db.prepare("SELECT sink FROM dead WHERE entry = ?1 ORDER BY sink")?;
    let sinks = query.query_map([id.0], |row| row.get(0))?;
    Ok(sinks.collect::<Result<_, _>>()?)
}
