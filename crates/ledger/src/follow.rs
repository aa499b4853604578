//! What the sinks follow: the records in their order, and where each sink stands.

use jiff::Timestamp;
use newsmill_article::{ArticleId, Revision};
use rusqlite::{OptionalExtension, params};

use crate::deliver::advance;
use crate::fault::Fault;
use crate::group::{Group, meta};
use crate::rows::article_id;
use crate::{Ledger, LedgerError, Sequence};

/// Records of one batch together are at most this long, or one record.
const BATCH_BYTES: usize = 16 << 20;

/// Where a sink starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkStart {
    /// Its name.
    pub name: String,
    /// The last record that it has.
    pub position: Sequence,
    /// Its own state at that position.
    pub state: Option<String>,
    /// Records after its position that were dropped while it was not registered.
    pub missed: u64,
}

/// What one sink is to get next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The records, in order. May be empty although `through` is further on: records that another
    /// sink gets again are passed over.
    pub records: Vec<StoredRecord>,
    /// The position of the sink once it has them; what to say in [`Operation::Deliver`](crate::Operation::Deliver).
    pub through: Sequence,
}

/// A record as the sinks get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place in the order.
    pub sequence: Sequence,
    /// The article.
    pub id: ArticleId,
    /// Its wording.
    pub revision: Revision,
    /// The record as one JSON object, without a line break.
    pub json: String,
}

impl Ledger {
    /// Makes these the sinks, and tells where each starts, in the same order. A new sink gets what
    /// becomes ready from now on; one that was registered before goes on where it was. One no
    /// longer named holds back nothing.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn register_sinks(
        &mut self,
        names: &[&str],
        now: Timestamp,
    ) -> Result<Vec<SinkStart>, LedgerError> {
        self.transact("register the sinks", &["ledger.sinks"], now, |group, _| {
            group.db.execute("UPDATE sink SET active = 0", [])?;
            for name in names {
                group.db.execute(
                    "INSERT INTO sink (name, active, position) VALUES (?1, 1, ?2)
                     ON CONFLICT (name) DO UPDATE SET active = 1",
                    params![name, group.last_sequence()],
                )?;
            }
            advance(group)?;
            names.iter().map(|name| sink_start(group, name)).collect()
        })
    }

    /// Up to `limit` records for `sink` after `position`, in order, and how far they reach.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn records_after(
        &self,
        sink: &str,
        position: Sequence,
        limit: usize,
    ) -> Result<Batch, LedgerError> {
        self.inspector.read("read the records", |db| {
            let mut query = db.prepare_cached(
                "SELECT sequence, only_for, article, revision, json FROM record
                 WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
            )?;
            let mut rows =
                query.query(params![position.0, i64::try_from(limit).unwrap_or(i64::MAX)])?;
            let mut batch = Batch { records: Vec::new(), through: position };
            let (mut looked_at, mut bytes) = (0, 0);
            while let Some(row) = rows.next()? {
                looked_at += 1;
                batch.through = Sequence(row.get(0)?);
                let only_for: Option<String> = row.get(1)?;
                if only_for.is_none_or(|only| only == sink) {
                    let json: String = row.get(4)?;
                    bytes += json.len();
                    batch.records.push(StoredRecord {
                        sequence: batch.through,
                        id: article_id(row.get(2)?),
                        revision: Revision::from_bits(row.get::<_, i64>(3)?.cast_unsigned()),
                        json,
                    });
                    if bytes >= BATCH_BYTES {
                        return Ok(batch);
                    }
                }
            }
            if looked_at < limit {
                // The last records may have been dropped while the sink was not registered.
                batch.through = batch.through.max(Sequence(meta(db, "sequence")?));
            }
            Ok(batch)
        })
    }

    /// A sink's position and its own state there; `None` where it was never registered.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn sink_position(
        &self,
        name: &str,
    ) -> Result<Option<(Sequence, Option<String>)>, LedgerError> {
        self.inspector.read("read a sink's position", |db| {
            Ok(db
                .prepare_cached("SELECT position, state FROM sink WHERE name = ?1")?
                .query_row([name], |row| Ok((Sequence(row.get(0)?), row.get(1)?)))
                .optional()?)
        })
    }
}

fn sink_start(group: &Group<'_>, name: &str) -> Result<SinkStart, Fault> {
    let (position, state): (i64, Option<String>) =
        group.db.query_row("SELECT position, state FROM sink WHERE name = ?1", [name], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let oldest: Option<i64> =
        group.db.query_row("SELECT min(sequence) FROM record", [], |row| row.get(0))?;
    let next_kept = oldest.unwrap_or(group.last_sequence() + 1);
    let missed = u64::try_from(next_kept - 1 - position).unwrap_or(0);
    Ok(SinkStart { name: name.to_owned(), position: Sequence(position), state, missed })
}
