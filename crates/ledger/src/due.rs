//! Hands out what is due: entries to be read, sources to be polled.
//!
//! A claim lives in memory only: after a crash, whatever is unsettled can be claimed again.
//!
//! Entries wait in lanes, one for each host, and are taken from each lane in turn: many entries of
//! a slow host hold back no other.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::Timestamp;
use newsmill_article::{Entry, SourceName};
use rusqlite::Connection;

use crate::fault::Fault;
use crate::lanes::InFlight;
use crate::rows::{self, HANDED_OFF_AT, millis, time};
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
    /// How often a process died while it was at work on it ([`crate::AtWork`]).
    pub deaths: u32,
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

    /// Hands out at most so many entries of one host at the same time. Before it is called there is
    /// no bound.
    pub fn share_hosts(&mut self, most: usize) {
        self.in_flight.share = most.max(1);
    }

    /// Up to `limit` entries that are due: from each host in turn, longest due first. A host that
    /// has its share already ([`Ledger::share_hosts`]) is passed over; what needs no host counts as
    /// one without a bound.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn claim(&mut self, now: Timestamp, limit: usize) -> Result<Vec<Claim>, LedgerError> {
        self.watch_clock(now)?;
        let (lanes, last) = self.inspector.read("read the entries that are due", |db| {
            due_by_lane(db, &self.in_flight, self.last_lane, millis(now), limit)
        })?;
        let ids = in_turn(lanes, limit);
        let claims = self.inspector.read("read the entries that are due", |db| {
            ids.iter().map(|(id, _)| read_claim(db, *id, &self.suspects)).collect::<Result<_, _>>()
        })?;
        self.last_lane = last;
        for (id, lane) in ids {
            self.in_flight.claim(id, lane);
        }
        Ok(claims)
    }

    /// Whether an entry is due that is not claimed, also of a host that has its share: then there
    /// will be something to claim once that host's entries under way have come to an end.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn holds_back(&self, now: Timestamp) -> Result<bool, LedgerError> {
        self.inspector.read("read whether entries are due", |db| {
            let mut lane = lane_after(db, None)?;
            while let Some(this) = lane {
                if !free_in_lane(db, &self.in_flight, this, millis(now), 1)?.is_empty() {
                    return Ok(true);
                }
                lane = lane_after(db, Some(this))?;
            }
            Ok(false)
        })
    }

    /// Whether the entry is claimed, and has not been settled since.
    pub fn is_claimed(&self, entry: EntryId) -> bool {
        self.in_flight.contains(entry)
    }

    /// Up to `limit` entries behind `from` that were handed off `before` then and have not come
    /// to an end, in their order. Claims nothing.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn handed_off(
        &self,
        before: Timestamp,
        from: EntryId,
        limit: usize,
    ) -> Result<Vec<Claim>, LedgerError> {
        self.inspector.read("read what was handed off", |db| {
            let mut query = db.prepare_cached(
                "SELECT entry FROM work WHERE not_before BETWEEN ?1 AND ?2 AND entry > ?3
                 ORDER BY entry LIMIT ?4",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let latest = HANDED_OFF_AT.saturating_add(millis(before));
            let rows = query.query_map([HANDED_OFF_AT, latest, from.0, limit], |row| {
                Ok(EntryId(row.get(0)?))
            })?;
            let ids = rows.collect::<Result<Vec<_>, _>>()?;
            ids.into_iter().map(|id| read_claim(db, id, &self.suspects)).collect()
        })
    }

    /// When the next source or entry that can be claimed becomes due; `None` where there is none. A
    /// host that has its share is passed over.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn next_due(&self) -> Result<Option<Timestamp>, LedgerError> {
        let next = self.inspector.read("read what is due next", |db| {
            let mut next = next_source(db, &self.polling)?;
            let mut lane = None;
            while let Some(this) = lane_after(db, lane)? {
                if self.in_flight.room(this) > 0 {
                    let first = free_in_lane(db, &self.in_flight, this, HANDED_OFF_AT - 1, 1)?;
                    let due = first.first().map(|(_, not_before)| *not_before);
                    next = [next, due].into_iter().flatten().min();
                }
                lane = Some(this);
            }
            Ok(next)
        })?;
        Ok(next.map(time))
    }
}

/// Entries by lane, and the lane that was looked at last.
type Lanes = (Vec<(i64, VecDeque<EntryId>)>, Option<i64>);

/// Free entries, up to `limit` lanes and `limit` of each, beginning with the lane after `last`.
fn due_by_lane(
    db: &Connection,
    in_flight: &InFlight,
    last: Option<i64>,
    now: i64,
    limit: usize,
) -> Result<Lanes, Fault> {
    let mut found = Vec::new();
    let mut at = lane_after(db, last)?;
    let mut wrapped = false;
    let mut looked_at = last;
    // Once around, ending with the lane that was last before.
    while found.len() < limit {
        let Some(lane) = at else {
            if wrapped || last.is_none() {
                break;
            }
            wrapped = true;
            at = lane_after(db, None)?;
            continue;
        };
        if wrapped && last.is_some_and(|last| lane > last) {
            break;
        }
        let most = in_flight.room(lane).min(limit);
        if most > 0 {
            let free = free_in_lane(db, in_flight, lane, now, most)?;
            if !free.is_empty() {
                found.push((lane, free.into_iter().map(|(id, _)| id).collect()));
            }
        }
        looked_at = Some(lane);
        at = lane_after(db, Some(lane))?;
    }
    Ok((found, looked_at))
}

/// One of each lane, and again, up to `limit`.
fn in_turn(mut lanes: Vec<(i64, VecDeque<EntryId>)>, limit: usize) -> Vec<(EntryId, i64)> {
    let mut ids = Vec::new();
    while ids.len() < limit && !lanes.is_empty() {
        lanes.retain_mut(|(lane, due)| {
            let next = due.pop_front().filter(|_| ids.len() < limit);
            ids.extend(next.map(|id| (id, *lane)));
            next.is_some()
        });
    }
    ids
}

/// The next lane in the order of their numbers.
fn lane_after(db: &Connection, lane: Option<i64>) -> Result<Option<i64>, Fault> {
    let next = match lane {
        None => db.prepare_cached("SELECT min(lane) FROM work")?.query_row([], |row| row.get(0)),
        Some(lane) => db
            .prepare_cached("SELECT min(lane) FROM work WHERE lane > ?1")?
            .query_row([lane], |row| row.get(0)),
    };
    Ok(next?)
}

/// Up to `most` entries of a lane that are due by `by` and not claimed, with when they became due.
fn free_in_lane(
    db: &Connection,
    in_flight: &InFlight,
    lane: i64,
    by: i64,
    most: usize,
) -> Result<Vec<(EntryId, i64)>, Fault> {
    let mut query = db.prepare_cached(
        "SELECT entry, not_before FROM work WHERE lane = ?1 AND not_before <= ?2
         ORDER BY not_before, entry",
    )?;
    let rows = query.query_map([lane, by], |row| Ok((EntryId(row.get(0)?), row.get(1)?)))?;
    let free = rows.filter(|row| match row {
        Ok((id, _)) => !in_flight.contains(*id),
        Err(_) => true,
    });
    Ok(free.take(most).collect::<Result<_, _>>()?)
}

fn read_claim(
    db: &Connection,
    id: EntryId,
    suspects: &HashMap<EntryId, u32>,
) -> Result<Claim, Fault> {
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
    let deaths = suspects.get(&id).copied().unwrap_or(0);
    Ok(Claim { id, entry: rows::unpack(source, input, &payload, bytes)?, attempts, deaths })
}

fn next_source(db: &Connection, polling: &HashSet<i64>) -> Result<Option<i64>, Fault> {
    let mut query =
        db.prepare_cached("SELECT id, next_due FROM source WHERE active = 1 ORDER BY next_due")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        if !polling.contains(&row.get(0)?) {
            return Ok(Some(row.get(1)?));
        }
    }
    Ok(None)
}
