//! When each lane has something to hand out, so that a look costs what it finds and not what
//! waits: thousands of hosts that are down are not asked for at every claim.
//!
//! In memory, 100 bytes a lane, read from the index when it is first needed and after every
//! failure. A time here is never later than the true one: what is entered, put off or given back
//! lowers it, and a look that finds nothing sets it right.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Unbounded};

use rusqlite::{Connection, OptionalExtension};

use crate::fault::Fault;
use crate::group::meta;
use crate::rows::HANDED_OFF_AT;

/// The counter in `meta` of what was put into `work` behind the owner's back.
pub(crate) const REVIVED: &str = "revived";

/// Lanes by time.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    times: HashMap<i64, i64>,
    /// Those of `times` that are yet to come, in order.
    later: BTreeSet<(i64, i64)>,
    /// The others.
    due: BTreeSet<i64>,
    /// [`REVIVED`] when they were read.
    revived: i64,
}

impl Heads {
    /// Reads them, where they are not known or somebody else has changed the queue.
    pub(crate) fn of(known: Option<Self>, db: &Connection) -> Result<Self, Fault> {
        let revived = meta(db, REVIVED)?;
        if let Some(heads) = known.filter(|heads| heads.revived == revived) {
            return Ok(heads);
        }
        let mut heads = Self { revived, ..Self::default() };
        let mut first = db.prepare_cached(
            "SELECT lane, not_before FROM work WHERE lane >= ?1 ORDER BY lane, not_before LIMIT 1",
        )?;
        let mut from = Some(i64::MIN);
        while let Some(lane) = from {
            let row = first.query_row([lane], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            from = row.and_then(|(lane, at)| {
                heads.lower(lane, at);
                lane.checked_add(1)
            });
        }
        Ok(heads)
    }

    /// Something of this lane becomes due then.
    pub(crate) fn lower(&mut self, lane: i64, at: i64) {
        if at < HANDED_OFF_AT && self.times.get(&lane).is_none_or(|known| at < *known) {
            self.set(lane, Some(at));
        }
    }

    /// What comes next in this lane is due then, or nothing comes.
    pub(crate) fn set(&mut self, lane: i64, at: Option<i64>) {
        if let Some(before) = self.times.remove(&lane) {
            self.later.remove(&(before, lane));
            self.due.remove(&lane);
        }
        if let Some(at) = at {
            self.times.insert(lane, at);
            self.later.insert((at, lane));
        }
    }

    /// Makes due whose time has come.
    pub(crate) fn advance(&mut self, now: i64) {
        while let Some((_, lane)) = self.later.first().copied().filter(|(at, _)| *at <= now) {
            self.later.pop_first();
            self.due.insert(lane);
        }
    }

    /// The next lane that is due, in the order of their numbers.
    pub(crate) fn due_after(&self, lane: Option<i64>) -> Option<i64> {
        self.due.range((lane.map_or(Unbounded, Excluded), Unbounded)).next().copied()
    }

    /// The lanes that are due.
    pub(crate) fn due(&self) -> impl Iterator<Item = i64> {
        self.due.iter().copied()
    }

    /// The others by time, the first first.
    pub(crate) fn later(&self) -> impl Iterator<Item = (i64, i64)> {
        self.later.iter().copied()
    }
}
