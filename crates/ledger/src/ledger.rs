//! The owner's side: opening, and applying groups.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use newsmill_article::SourceName;
use newsmill_failpoint as failpoint;
use rusqlite::params;

use crate::at_work::of_source;
use crate::deliver::{advance, deliver};
use crate::discover::discover;
use crate::fault::Fault;
use crate::file::{self, Identity};
use crate::forget::forget;
use crate::group::{Ended, Group, SourceIds, meta, set_meta};
use crate::heads::Heads;
use crate::lanes::InFlight;
use crate::lock::{self, Lock};
use crate::ready::ready;
use crate::rows::{self, HANDED_OFF_AT, millis};
use crate::settle::settle;
use crate::{Applied, AtWork, Config, Inspector, LedgerError, Operation};

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
    pub(crate) in_flight: InFlight,
    pub(crate) polling: HashSet<i64>,
    /// When each lane has something; `None` where that has to be read.
    pub(crate) heads: Option<Heads>,
    /// The lane that was looked at last for what is due.
    pub(crate) last_lane: Option<i64>,
    /// Entries and sources over which a process died, and how often (see `at_work`).
    pub(crate) suspects: HashMap<i64, u32>,
    at_work: Option<Arc<AtWork>>,
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
        let mut ledger =
            Self::on(Inspector::on(db, path.clone()), config.clone(), Some(lock), Some(identity))?;
        let (at_work, left) = AtWork::open(&path).map_err(|source| LedgerError::File {
            path,
            action: "open the marks beside it",
            advice: "check that its folder can be written",
            source,
        })?;
        ledger.at_work = Some(Arc::new(at_work));
        ledger.suspects = ledger.suspect(&left)?;
        Ok(ledger)
    }

    /// Counts a death against all that was worked on, and tells who has one.
    fn suspect(&mut self, left: &[i64]) -> Result<HashMap<i64, u32>, LedgerError> {
        let now = rows::time(self.clock);
        self.transact("count who was worked on when a process died", &[], now, |group, _| {
            let db = &group.db;
            for number in left {
                db.execute(
                    "INSERT INTO suspect (entry, deaths) VALUES (?1, 1)
                     ON CONFLICT (entry) DO UPDATE SET deaths = deaths + 1",
                    [number],
                )?;
            }
            db.execute(
                "DELETE FROM suspect WHERE entry > 0 AND entry NOT IN (SELECT entry FROM work)",
                [],
            )?;
            let mut query = db.prepare("SELECT entry, deaths FROM suspect")?;
            let all = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(all.collect::<Result<_, _>>()?)
        })
    }

    /// Where to mark what is being worked on; `None` for a ledger in memory.
    pub fn at_work(&self) -> Option<Arc<AtWork>> {
        self.at_work.clone()
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
            in_flight: InFlight::new(),
            polling: HashSet::new(),
            heads: None,
            last_lane: None,
            suspects: HashMap::new(),
            at_work: None,
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
        self.transact("register the sources", &["ledger.sources"], now, |group, _| {
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

    /// The number that tells this ledger from every other one, over its whole life. A ledger that
    /// has none takes `candidate`, which must be random and not 0.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn identity(&mut self, candidate: u64, now: Timestamp) -> Result<u64, LedgerError> {
        self.transact("read the ledger's number", &[], now, |group, _| {
            let known = meta(&group.db, "identity")?;
            if known == 0 {
                set_meta(&group.db, "identity", candidate.cast_signed())?;
                return Ok(candidate);
            }
            Ok(known.cast_unsigned())
        })
    }

    /// Gives back sources that were claimed and will not be polled by whoever claimed them.
    ///
    /// # Errors
    ///
    /// As [`Ledger::apply`].
    pub fn release_sources(&mut self, names: &[SourceName]) -> Result<(), LedgerError> {
        let ids = self.inspector.read("read the sources", |db| {
            let mut query = db.prepare_cached("SELECT id FROM source WHERE name = ?1")?;
            let ids = names.iter().map(|name| query.query_row([name.as_str()], |row| row.get(0)));
            Ok(ids.collect::<Result<Vec<i64>, _>>()?)
        })?;
        for id in ids {
            self.polling.remove(&id);
        }
        Ok(())
    }

    /// Takes over settings from now on. The path is that of the open file and stays.
    pub fn reconfigure(&mut self, config: &Config) {
        let keep_records =
            if self.is_durable() { config.keep_records } else { self.config.keep_records };
        self.config = Config { keep_records, ..config.clone() };
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
        let points = points(operations, slice);
        let answers = self.transact("write a group", &points, now, |group, ids| {
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
        points: &[&'static str],
        now: Timestamp,
        work: impl FnOnce(&mut Group<'_>, &mut SourceIds) -> Result<T, Fault>,
    ) -> Result<T, LedgerError> {
        let ids = &mut self.source_ids;
        let done = Group::begin(&self.inspector.db, &self.config, now).and_then(|mut group| {
            let answer = work(&mut group, ids)?;
            let ended = group.commit(points)?;
            Ok((answer, ended))
        });
        let heads = self.heads.take();
        match done {
            Ok((answer, Ended { released, polled, waiting })) => {
                self.heads = heads.map(|mut heads| {
                    waiting.iter().for_each(|(lane, at)| heads.lower(*lane, *at));
                    heads
                });
                if self.identity.as_ref().is_some_and(|identity| !identity.still_there()) {
                    return Err(LedgerError::Replaced { path: self.inspector.path.clone() });
                }
                for id in released {
                    self.in_flight.release(id);
                }
                for id in polled {
                    self.polling.remove(&id);
                    self.suspects.remove(&of_source(id));
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
        self.transact("follow the clock, which was set back", &[], now, |group, _| {
            group.db.execute(
                "UPDATE source SET next_due = next_due - ?1 WHERE next_due > ?2",
                [back, at],
            )?;
            group.db.execute(
                "UPDATE work SET not_before = not_before - ?1 WHERE not_before > ?2 AND not_before < ?3",
                [back, at, HANDED_OFF_AT],
            )?;
            set_meta(&group.db, "clock", at)
        })?;
        self.heads = None;
        self.clock = at;
        self.first_group = Some(at);
        self.last_forget = at;
        Ok(())
    }
}

/// The commit points that a group of these operations is; none in builds that have none.
fn points(operations: &[Operation], forgets: bool) -> Vec<&'static str> {
    let mut points = Vec::new();
    if failpoint::ON {
        points.extend(operations.iter().map(|operation| match operation {
            Operation::Discover { .. } => "ledger.discover",
            Operation::Ready { .. } => "ledger.ready",
            Operation::Settle { .. } => "ledger.settle",
            Operation::Deliver { .. } => "ledger.deliver",
        }));
        points.extend(forgets.then_some("ledger.forget"));
        points.dedup();
    }
    points
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
