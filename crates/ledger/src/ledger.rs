//! The owner's side: opening, applying groups, handing out what is due.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use newsmill_article::{ArticleId, Entry, Revision, SourceName};
use rusqlite::{Connection, OptionalExtension, params};

use crate::deliver::{advance, deliver};
use crate::discover::discover;
use crate::fault::Fault;
use crate::file::{self, Identity};
use crate::forget::forget;
use crate::group::{Group, SourceIds, meta, set_meta};
use crate::lock::{self, Lock};
use crate::ready::ready;
use crate::rows::{self, NEVER, article_id, millis, time};
use crate::settle::settle;
use crate::{Applied, Config, EntryId, Inspector, LedgerError, Operation, Sequence};

/// A clock that goes back by more than this has been set.
const CLOCK_SET: i64 = 60_000;

/// How often a slice is forgotten.
const FORGET_EVERY: i64 = 5_000;

/// Nothing is forgotten before a new owner had this time to see what its sources still show.
const FORGET_NOT_BEFORE: i64 = 3_600_000;

/// Records of one batch together are at most this long, or one record.
const BATCH_BYTES: usize = 16 << 20;

/// A ledger and the right to change it. There is one owner at a time.
pub struct Ledger {
    pub(crate) inspector: Inspector,
    config: Config,
    lock: Option<Lock>,
    identity: Option<Identity>,
    in_flight: HashSet<EntryId>,
    polling: HashSet<i64>,
    source_ids: SourceIds,
    /// The latest time that was seen.
    clock: i64,
    /// When the first group was applied, and when a slice was last forgotten.
    first_group: Option<i64>,
    last_forget: i64,
}

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
    /// The position of the sink once it has them; what to say in [`Operation::Deliver`].
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
        self.transact("register the sinks", now, |group, _| {
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

    /// One transaction. What it remembers in memory changes only once it is durable.
    fn transact<T>(
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
    fn watch_clock(&mut self, now: Timestamp) -> Result<(), LedgerError> {
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
