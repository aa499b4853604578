//! The file under the ledger: opening it, and noticing that it is gone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::LedgerError;
use crate::schema::{self, Layout};

/// Statements that are kept ready; more than there are.
const STATEMENTS: usize = 128;

/// Opens the database for its owner, creating it where there is none.
pub(crate) fn open_owned(path: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| LedgerError::database(path, "open the file", error);
    let mut db = Connection::open_with_flags(path, flags).map_err(failed)?;
    let layout = prepare(&db).and_then(|()| schema::layout(&db)).map_err(failed)?;
    let from = known_layout(path, layout)?;
    set_up(&db).map_err(|error| LedgerError::database(path, "set up the file", error))?;
    if from < schema::CURRENT {
        let failed = |error| LedgerError::database(path, "bring the file to its layout", error);
        schema::migrate(&mut db, from).map_err(failed)?;
    }
    Ok(db)
}

/// A database in memory, laid out.
pub(crate) fn open_in_memory() -> rusqlite::Result<Connection> {
    let mut db = Connection::open_in_memory()?;
    prepare(&db)?;
    schema::migrate(&mut db, 0)?;
    Ok(db)
}

/// Opens an existing database beside its owner.
pub(crate) fn open_beside(path: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| LedgerError::database(path, "open the file", error);
    let db = Connection::open_with_flags(path, flags).map_err(failed)?;
    let layout = prepare(&db).and_then(|()| schema::layout(&db)).map_err(failed)?;
    let found = known_layout(path, layout)?;
    if found < schema::CURRENT {
        let what = format!("it has the older layout {found}: start newsmill with it once");
        return Err(LedgerError::Unfit { path: path.to_owned(), what });
    }
    db.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    Ok(db)
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans that do not depend on bound values. Without it SQLite parses a statement with a bound
    // LIMIT, and some others, anew at each use: a seventh of the ledger's CPU time.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "temp_store", "MEMORY")
}

fn known_layout(path: &Path, layout: Layout) -> Result<i64, LedgerError> {
    match layout {
        Layout::Version(found) if found > schema::CURRENT => {
            Err(LedgerError::TooNew { path: path.to_owned(), found, known: schema::CURRENT })
        }
        Layout::Version(found) => Ok(found),
        Layout::Foreign => Err(LedgerError::Unfit {
            path: path.to_owned(),
            what: "it is a database, but not a ledger; name another file".to_owned(),
        }),
    }
}

fn set_up(db: &Connection) -> rusqlite::Result<()> {
    // A commit is durable when it returns: the write-ahead log is synced at each one.
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // 32 MiB keeps the upper levels of the three hash tables of five million entries in memory.
    db.pragma_update(None, "cache_size", -32_768)?;
    // Checkpoint every 16 MiB: pages that change in many groups are copied back once.
    db.pragma_update(None, "wal_autocheckpoint", 4096)?;
    db.pragma_update(None, "journal_size_limit", 64 << 20)
}

/// Which files lie under a path. SQLite goes on writing into a deleted file without a word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    path: PathBuf,
    database: Option<(u64, u64)>,
    log: Option<(u64, u64)>,
}

impl Identity {
    pub(crate) fn of(path: &Path) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self { path: path.to_owned(), database: number(path), log: number(Path::new(&log)) }
    }

    pub(crate) fn still_there(&self) -> bool {
        *self == Self::of(&self.path)
    }
}

#[cfg(unix)]
fn number(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn number(path: &Path) -> Option<(u64, u64)> {
    path.exists().then_some((0, 0))
}
