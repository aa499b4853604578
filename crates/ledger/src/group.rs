//! One transaction: what all operations of a group share.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use newsmill_failpoint as failpoint;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::fault::Fault;
use crate::rows::{self, millis};
use crate::state::{Event, Retries, State, next};
use crate::{Config, EntryId};

/// Dead letters whose pages are kept; beyond that only the reason is.
const DEAD_PAGES: i64 = 1000;

/// Ids of sources by name, as far as they were needed.
pub(crate) type SourceIds = HashMap<String, i64>;

/// What changes in memory once a transaction is durable.
#[derive(Default)]
pub(crate) struct Ended {
    /// Entries whose claim ends with it.
    pub(crate) released: Vec<EntryId>,
    /// Sources whose claim ends with it.
    pub(crate) polled: Vec<i64>,
    /// Lanes in which something waits, and until when.
    pub(crate) waiting: Vec<(i64, i64)>,
}

/// A transaction under way. Dropped without [`Group::commit`], it leaves nothing behind.
pub(crate) struct Group<'c> {
    pub(crate) db: Transaction<'c>,
    pub(crate) now: Timestamp,
    pub(crate) config: &'c Config,
    /// Records are dropped as soon as every sink has them.
    pub(crate) drop_delivered: bool,
    pub(crate) ended: Ended,
    retries: Retries,
    counts: BTreeMap<(&'static str, &'static str), i64>,
    first_sequence: i64,
    sequence: i64,
}

impl<'c> Group<'c> {
    pub(crate) fn begin(
        db: &'c Connection,
        config: &'c Config,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        end_leftover(db)?;
        let db = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
        let sequence = meta(&db, "sequence")?;
        Ok(Self {
            db,
            now,
            config,
            drop_delivered: config.keep_records.0.is_zero(),
            ended: Ended::default(),
            retries: Retries { attempts: config.attempts.max(1), backoff: config.backoff.0 },
            counts: BTreeMap::new(),
            first_sequence: sequence,
            sequence,
        })
    }

    /// Writes the counters and makes everything durable. `points` are the commit points that this
    /// is one of.
    pub(crate) fn commit(self, points: &[&'static str]) -> Result<Ended, Fault> {
        for ((name, code), change) in &self.counts {
            if *change != 0 {
                let name =
                    if code.is_empty() { (*name).to_owned() } else { format!("{name}.{code}") };
                self.db
                    .prepare_cached(
                        "INSERT INTO counter (name, value) VALUES (?1, ?2)
                         ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                    )?
                    .execute(params![name, change])?;
            }
        }
        if self.sequence != self.first_sequence {
            set_meta(&self.db, "sequence", self.sequence)?;
        }
        for point in points {
            failpoint::before(point)?;
        }
        self.db.commit()?;
        for point in points {
            failpoint::after(point)?;
        }
        Ok(self.ended)
    }

    pub(crate) fn now(&self) -> i64 {
        millis(self.now)
    }

    /// The last sequence that was given out.
    pub(crate) fn last_sequence(&self) -> i64 {
        self.sequence
    }

    pub(crate) fn next_sequence(&mut self) -> i64 {
        self.sequence += 1;
        self.sequence
    }

    /// The state of an entry; `None` where there is none.
    pub(crate) fn state(&self, id: EntryId) -> Result<Option<State>, Fault> {
        let row = self
            .db
            .prepare_cached(
                "SELECT state, attempts, reason, number, not_before
                 FROM entry LEFT JOIN work ON work.entry = entry.id WHERE id = ?1",
            )?
            .query_row([id.0], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, u32>(1)?,
                    row.get::<_, Option<String>>(2)?,
                    row.get::<_, Option<i64>>(3)?,
                    row.get::<_, Option<i64>>(4)?,
                ))
            })
            .optional()?;
        let Some((number, attempts, code, detail, not_before)) = row else { return Ok(None) };
        let not_before = rows::time(not_before.unwrap_or(0));
        Ok(Some(match number {
            rows::DUE => State::Due { attempts, not_before },
            rows::HANDED_OFF => State::HandedOff { attempts },
            rows::READY => State::Ready,
            rows::DELIVERED => State::Delivered,
            rows::DUPLICATE => State::Duplicate,
            rows::REJECTED => {
                let code = code.unwrap_or_default();
                let reason = rows::reason(&code, detail);
                State::Rejected(reason.ok_or_else(|| {
                    Fault::invalid(format_args!("entry {id} has the unknown reason {code:?}"))
                })?)
            }
            other => {
                return Err(Fault::invalid(format_args!(
                    "entry {id} has the unknown state {other}"
                )));
            }
        }))
    }

    /// The state that `event` leads to; `None` where it means nothing.
    pub(crate) fn next(&self, state: &State, event: &Event<'_>) -> Option<State> {
        next(state, event, self.now, self.retries)
    }

    /// Counts `n` entries out of one state and into another; `None` is outside.
    pub(crate) fn moved(&mut self, from: Option<&State>, to: &State, n: i64) {
        match from {
            Some(from) => *self.counts.entry(counter(from)).or_default() -= n,
            None => *self.counts.entry(("entries", "")).or_default() += n,
        }
        *self.counts.entry(counter(to)).or_default() += n;
    }

    /// Takes an entry out of `work`. A no-op where it is not there.
    pub(crate) fn leave_work(&self, id: EntryId) -> Result<(), Fault> {
        self.db.prepare_cached("DELETE FROM work WHERE entry = ?1")?.execute([id.0])?;
        Ok(())
    }

    /// Whether one more page may be kept with the dead letters; counts the letter.
    pub(crate) fn bury(&mut self) -> Result<bool, Fault> {
        let change = self.counts.entry(("dead", "")).or_default();
        *change += 1;
        let before: Option<i64> = self
            .db
            .prepare_cached("SELECT value FROM counter WHERE name = 'dead'")?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(before.unwrap_or(0) + *change <= DEAD_PAGES)
    }

    /// Counts dead letters that are gone.
    pub(crate) fn unbury(&mut self, n: usize) {
        *self.counts.entry(("dead", "")).or_default() -= i64::try_from(n).unwrap_or(i64::MAX);
    }

    /// The id of a source; one that is not registered is entered without being polled.
    pub(crate) fn source_id(&self, ids: &mut SourceIds, name: &str) -> Result<i64, Fault> {
        if let Some(id) = ids.get(name) {
            return Ok(*id);
        }
        self.db
            .prepare_cached(
                "INSERT INTO source (name, active, next_due) VALUES (?1, 0, ?2)
                 ON CONFLICT (name) DO NOTHING",
            )?
            .execute(params![name, self.now()])?;
        let id = self
            .db
            .prepare_cached("SELECT id FROM source WHERE name = ?1")?
            .query_row([name], |row| row.get(0))?;
        ids.insert(name.to_owned(), id);
        Ok(id)
    }
}

/// Ends a transaction that a failed `BEGIN` or `ROLLBACK` left open.
pub(crate) fn end_leftover(db: &Connection) -> rusqlite::Result<()> {
    if db.is_autocommit() { Ok(()) } else { db.execute_batch("ROLLBACK") }
}

fn counter(state: &State) -> (&'static str, &'static str) {
    match state {
        State::Due { .. } => ("due", ""),
        State::HandedOff { .. } => ("handed_off", ""),
        State::Ready => ("ready", ""),
        State::Delivered => ("delivered", ""),
        State::Duplicate => ("duplicates", ""),
        State::Rejected(reason) => ("rejected", reason.code()),
    }
}

/// A number of `meta`; 0 where it was never set.
pub(crate) fn meta(db: &Connection, name: &str) -> Result<i64, Fault> {
    let value = db
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(value.unwrap_or(0))
}

pub(crate) fn set_meta(db: &Connection, name: &str, value: i64) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT INTO meta (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![name, value])?;
    Ok(())
}
