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

use crate::at_work::of_source;
use crate::fault::Fault;
use crate::heads::Heads;
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
    /// How often a process died while it polled, since a poll was settled last
    /// ([`crate::AtWork`]).
    pub deaths: u32,
    pub(crate) id: i64,
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
                let id = row.get(0)?;
                Ok(DueSource {
                    name: SourceName::new(row.get::<_, String>(1)?),
                    cursor: row.get(2)?,
                    failures: row.get(3)?,
                    deaths: self.suspects.get(&of_source(id)).copied().unwrap_or(0),
                    id,
                })
            })?;
            let free = rows.filter(|row| match row {
                Ok(source) => !self.polling.contains(&source.id),
                Err(_) => true,
            });
            Ok(free.take(limit).collect::<Result<Vec<_>, _>>()?)
        })?;
        self.polling.extend(due.iter().map(|source| source.id));
        Ok(due)
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
        let heads = self.heads.take();
        let (claims, ids, heads) = self.inspector.read("read the entries that are due", |db| {
            let mut heads = Heads::of(heads, db)?;
            heads.advance(millis(now));
            let look = Look { db, in_flight: &self.in_flight, now: millis(now) };
            let lanes = look.by_lane(&mut heads, &mut self.last_lane, limit)?;
            let ids = in_turn(lanes, limit);
            let claims = ids.iter().map(|(id, _)| read_claim(db, *id, &self.suspects));
            Ok((claims.collect::<Result<_, _>>()?, ids, heads))
        })?;
        self.heads = Some(heads);
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
    pub fn holds_back(&mut self, now: Timestamp) -> Result<bool, LedgerError> {
        let heads = self.heads.take();
        let (found, heads) = self.inspector.read("read whether entries are due", |db| {
            let mut heads = Heads::of(heads, db)?;
            heads.advance(millis(now));
            let look = Look { db, in_flight: &self.in_flight, now: millis(now) };
            let mut firsts = heads.due().map(|lane| look.first(lane));
            let found = firsts.find_map(Result::transpose).transpose()?.is_some();
            drop(firsts);
            Ok((found, heads))
        })?;
        self.heads = Some(heads);
        Ok(found)
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
    pub fn next_due(&mut self) -> Result<Option<Timestamp>, LedgerError> {
        let heads = self.heads.take();
        let (next, heads) = self.inspector.read("read what is due next", |db| {
            let heads = Heads::of(heads, db)?;
            let look = Look { db, in_flight: &self.in_flight, now: HANDED_OFF_AT - 1 };
            let mut next = next_source(db, &self.polling)?;
            let due = heads.due().map(|lane| (i64::MIN, lane));
            for (earliest, lane) in due.chain(heads.later()) {
                if next.is_some_and(|next| next <= earliest) {
                    break;
                }
                if self.in_flight.room(lane) > 0 {
                    next = [next, look.first(lane)?].into_iter().flatten().min();
                }
            }
            Ok((next, heads))
        })?;
        self.heads = Some(heads);
        Ok(next.map(time))
    }
}

/// Entries by lane.
type Lanes = Vec<(i64, VecDeque<EntryId>)>;

/// A look for what is due by `now` and not claimed.
struct Look<'a> {
    db: &'a Connection,
    in_flight: &'a InFlight,
    now: i64,
}

impl Look<'_> {
    /// Free entries of up to `limit` lanes and up to `limit` of each, beginning with the lane after
    /// `last`, which becomes the one that was looked at last.
    fn by_lane(
        &self,
        heads: &mut Heads,
        last: &mut Option<i64>,
        limit: usize,
    ) -> Result<Lanes, Fault> {
        let mut found = Vec::new();
        let begun = *last;
        let mut at = heads.due_after(begun);
        let mut wrapped = false;
        // Once around, ending with the lane that was last before.
        while found.len() < limit {
            let Some(lane) = at else {
                if wrapped || begun.is_none() {
                    break;
                }
                wrapped = true;
                at = heads.due_after(None);
                continue;
            };
            if wrapped && begun.is_some_and(|begun| lane > begun) {
                break;
            }
            let most = self.in_flight.room(lane).min(limit);
            if most > 0 {
                let free = self.free(lane, most)?;
                if free.is_empty() {
                    // What is claimed says so when it comes back.
                    heads.set(lane, self.comes_next(lane)?);
                } else {
                    found.push((lane, free.into_iter().map(|(id, _)| id).collect()));
                }
            }
            *last = Some(lane);
            at = heads.due_after(Some(lane));
        }
        Ok(found)
    }

    /// When the first free entry of a lane became due.
    fn first(&self, lane: i64) -> Result<Option<i64>, Fault> {
        Ok(self.free(lane, 1)?.first().map(|(_, not_before)| *not_before))
    }

    /// Up to `most` free entries of a lane, with when they became due.
    fn free(&self, lane: i64, most: usize) -> Result<Vec<(EntryId, i64)>, Fault> {
        let mut query = self.db.prepare_cached(
            "SELECT entry, not_before FROM work WHERE lane = ?1 AND not_before <= ?2
             ORDER BY not_before, entry",
        )?;
        let rows =
            query.query_map([lane, self.now], |row| Ok((EntryId(row.get(0)?), row.get(1)?)))?;
        let free = rows.filter(|row| match row {
            Ok((id, _)) => !self.in_flight.contains(*id),
            Err(_) => true,
        });
        Ok(free.take(most).collect::<Result<_, _>>()?)
    }

    /// When the first entry of a lane becomes due that is not due yet.
    fn comes_next(&self, lane: i64) -> Result<Option<i64>, Fault> {
        let next: Option<i64> = self
            .db
            .prepare_cached("SELECT min(not_before) FROM work WHERE lane = ?1 AND not_before > ?2")?
            .query_row([lane, self.now], |row| row.get(0))?;
        Ok(next.filter(|next| *next < HANDED_OFF_AT))
    }
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

fn read_claim(db: &Connection, id: EntryId, suspects: &HashMap<i64, u32>) -> Result<Claim, Fault> {
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
    let deaths = suspects.get(&id.0).copied().unwrap_or(0);
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
