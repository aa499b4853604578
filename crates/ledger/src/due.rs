//! Hands out what is due: entries to be read, sources to be polled.
//!
//! A claim lives in memory only: after a crash, whatever is unsettled can be claimed again.

use jiff::Timestamp;
use newsmill_article::{Entry, SourceName};
use rusqlite::Connection;

use crate::fault::Fault;
use crate::rows::{self, NEVER, millis, time};
use crate::{EntryId, Ledger, LedgerError};

/// An entry to be worked on. It stays claimed until it is settled, or until the ledger is opened
/// again.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its number.
    pub id: EntryId,
    /// What to read.
    pub entry: Entry,
    /// How often it was tried before.
    pub attempts: u32,
}

/// A source to be polled. It stays claimed until a [`crate::Poll`] names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSource {
    /// Its name.
    pub name: SourceName,
    /// Its cursor; `None` before the first good poll.
    pub cursor: Option<String>,
    /// Polls that failed since the last good one.
    pub failures: u32,
}

impl Ledger {
    /// Up to `limit` sources that are due, longest due first.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn due_sources(
        &mut self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueSource>, LedgerError> {
        self.watch_clock(now)?;
        self.sources_due_by(millis(now), limit)
    }

    /// Every source that is not claimed, due or not, those that are due first.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn all_sources(&mut self) -> Result<Vec<DueSource>, LedgerError> {
        self.sources_due_by(i64::MAX, usize::MAX)
    }

    fn sources_due_by(&mut self, by: i64, limit: usize) -> Result<Vec<DueSource>, LedgerError> {
        let due = self.inspector.read("read the sources", |db| {
            let mut query = db.prepare_cached(
                "SELECT id, name, cursor, failures FROM source
                 WHERE active = 1 AND next_due <= ?1 ORDER BY next_due, id",
            )?;
            let rows = query.query_map([by], |row| {
                let name = SourceName::new(row.get::<_, String>(1)?);
                let source = DueSource { name, cursor: row.get(2)?, failures: row.get(3)? };
                Ok((row.get::<_, i64>(0)?, source))
            })?;
            let free = rows.filter(|row| match row {
                Ok((id, _)) => !self.polling.contains(id),
                Err(_) => true,
            });
            Ok(free.take(limit).collect::<Result<Vec<_>, _>>()?)
        })?;
        self.polling.extend(due.iter().map(|(id, _)| id));
        Ok(due.into_iter().map(|(_, source)| source).collect())
    }

    /// Up to `limit` entries that are due, longest due first.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn claim(&mut self, now: Timestamp, limit: usize) -> Result<Vec<Claim>, LedgerError> {
        self.watch_clock(now)?;
        let claims: Vec<Claim> = self.inspector.read("read the entries that are due", |db| {
            let mut query = db.prepare_cached(
                "SELECT entry FROM work WHERE not_before <= ?1 ORDER BY not_before, entry",
            )?;
            let rows = query.query_map([millis(now)], |row| Ok(EntryId(row.get(0)?)))?;
            let free = rows.filter(|row| match row {
                Ok(id) => !self.in_flight.contains(id),
                Err(_) => true,
            });
            let ids = free.take(limit).collect::<Result<Vec<_>, _>>()?;
            ids.into_iter().map(|id| read_claim(db, id)).collect()
        })?;
        self.in_flight.extend(claims.iter().map(|claim| claim.id));
        Ok(claims)
    }

    /// When the next source or entry that is not claimed becomes due; `None` where there is none.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn next_due(&self) -> Result<Option<Timestamp>, LedgerError> {
        let next = self.inspector.read("read what is due next", |db| {
            let source = first_free(
                db,
                "SELECT id, next_due FROM source WHERE active = 1 ORDER BY next_due",
                |id| self.polling.contains(&id),
            )?;
            let entry = first_free(
                db,
                "SELECT entry, not_before FROM work ORDER BY not_before, entry",
                |id| self.in_flight.contains(&EntryId(id)),
            )?;
            Ok([source, entry].into_iter().flatten().min())
        })?;
        Ok(next.filter(|due| *due != NEVER).map(time))
    }
}

fn read_claim(db: &Connection, id: EntryId) -> Result<Claim, Fault> {
    let row = db
        .prepare_cached(
            "SELECT attempts, source.name, input, payload, bytes
             FROM work JOIN entry ON entry.id = work.entry
             LEFT JOIN source ON source.id = entry.source WHERE work.entry = ?1",
        )?
        .query_row([id.0], |row| {
            Ok((
                row.get::<_, u32>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
                row.get::<_, Option<Vec<u8>>>(4)?,
            ))
        })?;
    let (attempts, source, input, payload, bytes) = row;
    Ok(Claim { id, entry: rows::unpack(source, input, &payload, bytes)?, attempts })
}

fn first_free(
    db: &Connection,
    query: &str,
    claimed: impl Fn(i64) -> bool,
) -> Result<Option<i64>, Fault> {
    let mut query = db.prepare_cached(query)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        if !claimed(row.get(0)?) {
            return Ok(Some(row.get(1)?));
        }
    }
    Ok(None)
}
