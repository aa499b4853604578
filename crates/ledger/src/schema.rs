//! The layout of the file, and how an older file comes up to it.

use newsmill_failpoint as failpoint;
use rusqlite::{Connection, TransactionBehavior};

use crate::fault::failed_io;

/// One script a layout: the script at place `n` turns layout `n` into `n + 1`. A script that was
/// released is never edited.
const MIGRATIONS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// The layout that this version reads and writes.
pub(crate) const CURRENT: i64 = MIGRATIONS.len() as i64;

/// "mill" in ASCII: tells a ledger from other SQLite files.
const APPLICATION_ID: i64 = 0x6d69_6c6c;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A ledger of this layout; 0 is an empty file.
    Version(i64),
    /// A database of something else.
    Foreign,
}

pub(crate) fn layout(db: &Connection) -> rusqlite::Result<Layout> {
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let application: i64 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let objects: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application, objects) {
        (APPLICATION_ID, _) => Layout::Version(version),
        (0, 0) => Layout::Version(0),
        _ => Layout::Foreign,
    })
}

/// Brings a ledger of layout `from` up to [`CURRENT`], in one transaction.
pub(crate) fn migrate(db: &mut Connection, from: i64) -> rusqlite::Result<()> {
    migrate_to(db, from, CURRENT)
}

fn migrate_to(db: &mut Connection, from: i64, to: i64) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let place = |version: i64| usize::try_from(version).unwrap_or(0).min(MIGRATIONS.len());
    for script in &MIGRATIONS[place(from)..place(to)] {
        tx.execute_batch(script)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", to)?;
    failpoint::before("ledger.tables").map_err(failed_io)?;
    tx.commit()?;
    failpoint::after("ledger.tables").map_err(failed_io)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(db: &Connection) -> Vec<String> {
        let mut query = db.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
        let rows =
            query.query_map([], |row| Ok(row.get::<_, Option<String>>(0)?.unwrap_or_default()));
        rows.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn every_older_layout_comes_up_to_the_current_one() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh, 0).unwrap();
        for older in 0..=CURRENT {
            let mut db = Connection::open_in_memory().unwrap();
            if older > 0 {
                migrate_to(&mut db, 0, older).unwrap();
            }
            assert_eq!(layout(&db).unwrap(), Layout::Version(older));
            migrate(&mut db, older).unwrap();
            assert_eq!(layout(&db).unwrap(), Layout::Version(CURRENT));
            assert_eq!(shape(&db), shape(&fresh), "from {older}");
        }
    }

    #[test]
    fn a_database_of_something_else_is_told_apart() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE bookmark (url TEXT)").unwrap();
        assert_eq!(layout(&db).unwrap(), Layout::Foreign);
    }
}
