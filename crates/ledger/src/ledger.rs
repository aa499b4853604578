//! The owner's side: opening, and applying groups.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use newsmill_article::SourceName;
use rusqlite::params;

use crate::deliver::{advance, deliver};
use crate::discover::discover;
use crate::fault::Fault;
use crate::file::{self, Identity};
use crate::forget::forget;
use crate::group::{Group, SourceIds, meta, set_meta};
use crate::lock::{self, Lock};
use crate::ready::ready;
use crate::rows::{NEVER, millis};
use crate::settle::settle;
use crate::{Applied, Config, EntryId, Inspector, LedgerError, Operation};

/// A clock that goes back by more than this has been set.
const CLOCK_SET: i64 = 60_000;

/// How often a slice is forgotten; together with its size, the most that can be forgotten in a day
/// is 43 million.
const FORGET_EVERY: i64 = 1_000;

/// Nothing is forgotten before a new owner had this time to see what its sources still show.
const FORGET_NOT_BEFORE: i64 = 3_600_000;

/// A ledger and the right to change it. There is one owner at a time.
pub struct Ledger {
    pub(crate) inspector: Inspector,
    config: Config,
    lock: Option<Lock>,
    identity: Option<Identity>,
    /// Entries and sources that are claimed.
    pub(crate) in_flight: HashSet<EntryId>,
    pub(crate) polling: HashSet<i64>,
    source_ids: SourceIds,
    /// The latest time that was seen.
    clock: i64,
    /// When the first group was applied, and when a slice was last forgotten.
    first_group: Option<i64>,
    last_forget: i64,
}

impl Ledger {
    /// Opens or creates the ledger at `path` and becomes its owner. The lock file `PATH.lock` says
    /// who the owner is.
    ///
    /// # Errors
    ///
    /// `Held` where another process owns it; else where the file cannot be used.
    pub fn open(path: &Path, config: &Config) -> Result<Self, LedgerError> {
        let path = real_path(path);
        let lock = lock::take(&path)?;
        let db = file::open_owned(&path)?;
        let identity = Identity::of(&path);
        Self::on(Inspector::on(db, path), config.clone(), Some(lock), Some(identity))
    }

    /// A ledger for one run, in memory. It keeps no record longer than the sinks need it.
    ///
    /// # Errors
    ///
    /// Where SQLite cannot be set up.
    pub fn in_memory(config: &Config) -> Result<Self, LedgerError> {
        let path = PathBuf::from("in memory");
        let db = file::open_in_memory()
            .map_err(|error| LedgerError::database(&path, "set up the tables", error))?;
        let config = Config { keep_records: Default::default(), ..config.clone() };
        Self::on(Inspector::on(db, path), config, None, None)
    }

    fn on(
        inspector: Inspector,
        config: Config,
        lock: Option<Lock>,
        identity: Option<Identity>,
    ) -> Result<Self, LedgerError> {
        let clock = inspector.read("read the clock", |db| meta(db, "clock"))?;
        Ok(Self {
            inspector,
            config,
            lock,
            identity,
            in_flight: HashSet::new(),
            polling: HashSet::new(),
            source_ids: SourceIds::new(),
            clock,
            first_group: None,
            last_forget: 0,
        })
    }

    /// The reading side, and the dead letters.
    pub fn inspect(&self) -> &Inspector {
        &self.inspector
    }

    /// Whether the ledger outlives the process.
    pub fn is_durable(&self) -> bool {
        self.lock.is_some()
    }

    /// Makes these the sources: new ones are due at `now`, those no longer named are kept with
    /// their cursors but not polled.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn register_sources(
        &mut self,
        names: &[SourceName],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.transact("register the sources", now, |group, _| {
            group.db.execute("UPDATE source SET active = 0", [])?;
            for name in names {
                group.db.execute(
                    "INSERT INTO source (name, active, next_due) VALUES (?1, 1, ?2)
                     ON CONFLICT (name) DO UPDATE SET active = 1",
                    params![name.as_str(), group.now()],
                )?;
            }
            Ok(())
        })
    }

    /// Applies a group of operations in order, in one transaction: when this returns `Ok`, all of
    /// them are durable; on an error none was applied, and the same group can be tried again.
    ///
    /// # Errors
    ///
    /// See [`LedgerError::disposition`].
    pub fn apply(
        &mut self,
        operations: &[Operation],
        now: Timestamp,
    ) -> Result<Vec<Applied>, LedgerError> {
        self.watch_clock(now)?;
        let at = millis(now);
        let first_group = *self.first_group.get_or_insert(at);
        let slice = at.saturating_sub(self.last_forget) >= FORGET_EVERY;
        let old_enough = at.saturating_sub(first_group) >= FORGET_NOT_BEFORE;
        let answers = self.transact("write a group", now, |group, ids| {
            let answers = operations
                .iter()
                .map(|operation| apply_one(group, ids, operation))
                .collect::<Result<Vec<_>, Fault>>()?;
            advance(group)?;
            if slice {
                forget(group, old_enough)?;
            }
            set_meta(&group.db, "clock", at)?;
            Ok(answers)
        })?;
        if slice {
            self.last_forget = at;
        }
        Ok(answers)
    }

    /// One transaction. What it remembers in memory changes only once it is durable.
    pub(crate) fn transact<T>(
        &mut self,
        action: &'static str,
        now: Timestamp,
        work: impl FnOnce(&mut Group<'_>, &mut SourceIds) -> Result<T, Fault>,
    ) -> Result<T, LedgerError> {
        let ids = &mut self.source_ids;
        let done = Group::begin(&self.inspector.db, &self.config, now).and_then(|mut group| {
            let answer = work(&mut group, ids)?;
            let ended = group.commit()?;
            Ok((answer, ended))
        });
        match done {
            Ok((answer, (released, polled))) => {
                if self.identity.as_ref().is_some_and(|identity| !identity.still_there()) {
                    return Err(LedgerError::Replaced { path: self.inspector.path.clone() });
                }
                for id in released {
                    self.in_flight.remove(&id);
                }
                for id in polled {
                    self.polling.remove(&id);
                }
                Ok(answer)
            }
            Err(fault) => {
                // It may know ids that were rolled back.
                self.source_ids.clear();
                Err(self.inspector.failed(action, fault))
            }
        }
    }

    /// When the clock was set back, takes the waits back with it: they keep their length.
    pub(crate) fn watch_clock(&mut self, now: Timestamp) -> Result<(), LedgerError> {
        let at = millis(now);
        if at >= self.clock.saturating_sub(CLOCK_SET) {
            self.clock = self.clock.max(at);
            return Ok(());
        }
        let back = self.clock - at;
        self.transact("follow the clock, which was set back", now, |group, _| {
            group.db.execute(
                "UPDATE source SET next_due = next_due - ?1 WHERE next_due > ?2",
                [back, at],
            )?;
            group.db.execute(
                "UPDATE work SET not_before = not_before - ?1 WHERE not_before > ?2 AND not_before < ?3",
                [back, at, NEVER],
            )?;
            set_meta(&group.db, "clock", at)
        })?;
        self.clock = at;
        self.first_group = Some(at);
        self.last_forget = at;
        Ok(())
    }
}

fn apply_one(
    group: &mut Group<'_>,
    ids: &mut SourceIds,
    operation: &Operation,
) -> Result<Applied, Fault> {
    match operation {
        Operation::Discover { poll, entries } => discover(group, ids, poll.as_ref(), entries),
        Operation::Ready { entry, record } => ready(group, *entry, record),
        Operation::Settle { entry, outcome, detail, page } => {
            settle(group, *entry, outcome, detail.as_deref(), page.as_ref())
        }
        Operation::Deliver { sink, position, state, rejected } => {
            deliver(group, sink, *position, state.as_deref(), rejected)
        }
    }
}

/// The same ledger by whatever path, so that it has one lock.
fn real_path(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
