//! An SQLite database that people search.
//!
//! | name | holds |
//! |---|---|
//! | `records` | every wording of every article, one row by `(id, revision)`; `record` is the JSON, the other columns are read out of it by SQLite itself |
//! | `articles` | a view of the wording that came last of each article (`current`) |
//! | `search` | FTS5 over title, summary and text of `articles` |
//!
//! `published` and `modified` are in UTC to the second, so that their order as text is their order in
//! time; the offset of the page is in `record`.
//!
//! ```sql
//! SELECT a.published, a.title, snippet(search, 2, '[', ']', '…', 12)
//! FROM search JOIN articles a ON a.rowid = search.rowid
//! WHERE search MATCH 'NEAR(budget council)' ORDER BY rank;
//! ```
//!
//! Words are what `unicode61` takes for words, without diacritics: text without spaces (Chinese,
//! Japanese, Thai) is found by whole runs only.
//!
//! A batch is one transaction, fsynced when it commits (WAL, `synchronous=FULL`), and one statement
//! that inserts: FTS5 writes what it has gathered at every savepoint, and SQLite sets one before each
//! statement that fires triggers. A row that a constraint or trigger of the database refuses is
//! rejected by itself: then the batch is done again row by row.

mod tables;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use newsmill_article::{ArticleId, Disposition};
use newsmill_failpoint::{self as failpoint, Injected};
use rusqlite::{Connection, ErrorCode, ToSql, Transaction, TransactionBehavior};

use crate::blocking::Blocking;
use crate::error::{FULL_DISK_PAUSE, PAUSE};
use crate::{Delivery, Rejected, SinkError, SqliteConfig};

/// How long another writer is waited for before the batch is given back.
const BUSY: Duration = Duration::from_secs(2);

const LEAVE: &str = "UPDATE records SET current = 0 WHERE id = ?1 AND revision <> ?2 AND current";

const INSERT: &str = "INSERT INTO records (id, revision, current, record) VALUES (?, ?, ?, ?)";
const NEXT_ROW: &str = ", (?, ?, ?, ?)";
const UPDATE: &str = " ON CONFLICT (id, revision) DO UPDATE SET current = excluded.current, record = excluded.record";

#[derive(Debug)]
pub(crate) struct Sqlite {
    database: Blocking<Connection>,
    path: PathBuf,
}

impl Sqlite {
    pub(crate) fn open(config: &SqliteConfig) -> Result<Self, SinkError> {
        let path = config.path.clone();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| SinkError::File {
                action: "create the folder of",
                path: path.clone(),
                source,
            })?;
        }
        let database = connect(&path).map_err(|source| SinkError::Sqlite {
            action: "open",
            path: path.clone(),
            source,
        })?;
        Ok(Self { database: Blocking::new(database), path })
    }

    pub(crate) async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Rejected>, SinkError> {
        let (batch, path) = (batch.to_vec(), self.path.clone());
        self.database.run(move |database| write(database, &path, &batch)).await
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let mut database = Connection::open(path)?;
    database.busy_timeout(BUSY)?;
    // Of a new file. A record of common length stands on one page: a fifth less time and space than
    // with the usual 4096.
    database.pragma_update(None, "page_size", 16_384)?;
    database.pragma_update(None, "journal_mode", "wal")?;
    database.pragma_update(None, "synchronous", "full")?;
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tables::prepare(&transaction)?;
    failpoint::before("sqlite.tables").map_err(failed_io)?;
    transaction.commit()?;
    failpoint::after("sqlite.tables").map_err(failed_io)?;
    Ok(database)
}

/// How a commit fails whose disk does.
fn failed_io(injected: Injected) -> rusqlite::Error {
    let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    rusqlite::Error::SqliteFailure(error, Some(injected.to_string()))
}

fn write(
    database: &mut Connection,
    path: &Path,
    batch: &[Delivery],
) -> Result<Vec<Rejected>, SinkError> {
    let fail = |source| SinkError::Sqlite { action: "write to", path: path.to_owned(), source };
    match write_at_once(database, batch) {
        Ok(()) => Ok(Vec::new()),
        Err(error) if refuses_the_row(&error) => write_one_by_one(database, batch).map_err(fail),
        Err(error) => Err(fail(error)),
    }
}

/// All rows or none. Of several wordings of one article the last is the current one.
fn write_at_once(database: &mut Connection, batch: &[Delivery]) -> rusqlite::Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let last: HashMap<ArticleId, u64> =
        batch.iter().map(|delivery| (delivery.id, delivery.sequence)).collect();
    let rows: Vec<(String, String, bool, &str)> = batch
        .iter()
        .map(|Delivery { sequence, id, revision, json }| {
            (id.to_string(), revision.to_string(), last.get(id) == Some(sequence), &**json)
        })
        .collect();
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut leave = transaction.prepare_cached(LEAVE)?;
    for (id, revision, ..) in rows.iter().filter(|(_, _, current, _)| *current) {
        leave.execute((id, revision))?;
    }
    drop(leave);
    let insert = format!("{INSERT}{}{UPDATE}", NEXT_ROW.repeat(rows.len() - 1));
    let values: Vec<&dyn ToSql> = rows
        .iter()
        .flat_map(|(id, revision, current, json)| [id as &dyn ToSql, revision, current, json])
        .collect();
    transaction.prepare(&insert)?.execute(values.as_slice())?;
    commit(transaction)
}

/// Each row by itself; those that the database refuses are returned.
fn write_one_by_one(
    database: &mut Connection,
    batch: &[Delivery],
) -> rusqlite::Result<Vec<Rejected>> {
    let mut rejected: Vec<Rejected> = Vec::new();
    'again: loop {
        let mut transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for delivery in batch {
            if rejected.iter().any(|known| known.sequence == delivery.sequence) {
                continue;
            }
            match upsert(&mut transaction, delivery) {
                Ok(()) => {}
                Err(error) if refuses_the_row(&error) => {
                    let reason = error.to_string();
                    rejected.push(Rejected { sequence: delivery.sequence, reason });
                    // A trigger may roll back everything; then all but this row is done again.
                    if transaction.is_autocommit() {
                        continue 'again;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        commit(transaction)?;
        rejected.sort_by_key(|rejected| rejected.sequence);
        return Ok(rejected);
    }
}

fn commit(transaction: Transaction<'_>) -> rusqlite::Result<()> {
    failpoint::before("sqlite.commit").map_err(failed_io)?;
    transaction.commit()?;
    failpoint::after("sqlite.commit").map_err(failed_io)
}

fn upsert(transaction: &mut Transaction<'_>, delivery: &Delivery) -> rusqlite::Result<()> {
    let Delivery { id, revision, json, .. } = delivery;
    let (id, revision) = (id.to_string(), revision.to_string());
    // Both statements or neither; dropped without a commit it is undone.
    let savepoint = transaction.savepoint()?;
    savepoint.prepare_cached(LEAVE)?.execute((&id, &revision))?;
    savepoint
        .prepare_cached(&format!("{INSERT}{UPDATE}"))?
        .execute((&id, &revision, true, &**json))?;
    savepoint.commit()
}

/// Whether the database would take other rows.
fn refuses_the_row(error: &rusqlite::Error) -> bool {
    use ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    matches!(error.sqlite_error_code(), Some(ConstraintViolation | TooBig | TypeMismatch))
}

/// What an error means for the database as a whole.
pub(crate) fn disposition(error: &rusqlite::Error) -> Disposition {
    use ErrorCode::{
        DatabaseBusy, DatabaseLocked, DiskFull, OperationInterrupted, OutOfMemory, SystemIoFailure,
    };
    match error.sqlite_error_code() {
        Some(DiskFull) => Disposition::Retry { after: FULL_DISK_PAUSE },
        Some(
            DatabaseBusy | DatabaseLocked | OperationInterrupted | OutOfMemory | SystemIoFailure,
        ) => Disposition::Retry { after: PAUSE },
        _ => Disposition::Fatal,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::testing::{record, worded};

    fn deliveries(records: Vec<newsmill_article::Record>) -> Vec<Delivery> {
        crate::testing::deliveries(0, records)
    }

    fn count(database: &Connection, query: &str) -> i64 {
        database.query_row(query, (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn search_finds_the_latest_wording_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.sqlite");
        let mut database = connect(&path).unwrap();
        let old = worded(1, "Harbour", "The café flooded.");
        let new = worded(1, "Harbour reopens", "The quay is dry.");
        for records in [vec![old.clone(), record(2)], vec![new.clone()], vec![new.clone()]] {
            assert_eq!(write(&mut database, &path, &deliveries(records)).unwrap(), []);
        }
        assert_eq!(count(&database, "SELECT count(*) FROM records"), 3);
        assert_eq!(count(&database, "SELECT count(*) FROM articles"), 2);
        let found = |word: &str| -> Vec<String> {
            let query = "SELECT a.title FROM search JOIN articles a ON a.rowid = search.rowid
                         WHERE search MATCH ?1 ORDER BY rank";
            let mut statement = database.prepare(query).unwrap();
            statement.query_map([word], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(found("quay"), ["Harbour reopens"]);
        assert_eq!(found("text: quay"), ["Harbour reopens"]);
        assert_eq!(found("grosse"), Vec::<String>::new());
        assert_eq!(found("große"), ["Article 2"]);
        assert_eq!(found("cafe"), Vec::<String>::new());
        // The index agrees with the view, row by row.
        database
            .execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)", ())
            .unwrap();
        // Back to the old wording: it is the latest again.
        write(&mut database, &path, &deliveries(vec![old])).unwrap();
        assert_eq!(count(&database, "SELECT count(*) FROM records"), 3);
        assert_eq!(count(&database, "SELECT count(*) FROM search WHERE search MATCH 'cafe'"), 1);
        database
            .execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)", ())
            .unwrap();
    }

    #[test]
    fn columns_are_what_the_record_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.sqlite");
        let mut database = connect(&path).unwrap();
        let record = record(1);
        write(&mut database, &path, &deliveries(vec![record.clone()])).unwrap();
        let row = database
            .query_row(
                "SELECT id, title, url, source, site, language, published, word_count, summary,
                        text, record, section FROM articles",
                (),
                |row| {
                    let text = |column| row.get::<_, Option<String>>(column);
                    let texts: Vec<Option<String>> =
                        [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11].map(|c| text(c).unwrap()).into();
                    Ok((texts, row.get::<_, i64>(7)?))
                },
            )
            .unwrap();
        let json = serde_json::to_string(&record).unwrap();
        let id = record.id.to_string();
        let wanted = [
            Some(id.as_str()),
            Some("Article 1"),
            Some("https://example.org/1"),
            Some("example"),
            Some("Example"),
            Some("en"),
            Some("2026-01-02T03:04:05Z"),
            Some(&record.summary.text),
            Some(&record.text),
            Some(&json),
            None,
        ];
        assert_eq!(row.0.iter().map(Option::as_deref).collect::<Vec<_>>(), wanted);
        assert_eq!(row.1, 12);
    }

    #[test]
    fn times_in_the_columns_are_in_order_whatever_their_offset() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.sqlite");
        let mut database = connect(&path).unwrap();
        let times = [
            "2026-01-03T00:30:00+05:30",
            "2026-01-02T23:00:00.5Z",
            "2026-01-02T19:30:00-05:00",
            "2026-01-03T15:00:00+14:00",
        ];
        let records = (1..).zip(times).map(|(n, time)| {
            let mut record = record(n);
            (record.published, record.modified) = (time.parse().ok(), None);
            record
        });
        write(&mut database, &path, &deliveries(records.collect())).unwrap();
        let mut query = database
            .prepare("SELECT published, record ->> '$.published' FROM articles ORDER BY published")
            .unwrap();
        let rows = query.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(String, String)> = rows.map(Result::unwrap).collect();
        let wanted = [
            ("2026-01-02T19:00:00Z", times[0]),
            ("2026-01-02T23:00:00Z", times[1]),
            ("2026-01-03T00:30:00Z", times[2]),
            ("2026-01-03T01:00:00Z", times[3]),
        ];
        assert_eq!(rows, wanted.map(|(utc, own)| (utc.to_owned(), own.to_owned())));
    }

    #[test]
    fn tables_of_the_first_form_are_brought_to_this_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.sqlite");
        let mut database = Connection::open(&path).unwrap();
        let own = "TEXT GENERATED ALWAYS AS (record ->> '$.TIME') STORED";
        let times =
            ["published", "modified"].map(|name| format!("{name} {},", own.replace("TIME", name)));
        let records = tables::RECORDS
            .replace("record     TEXT NOT", &format!("{} record TEXT NOT", times.concat()));
        let (_, rest) = tables::TIMES.split_once("CREATE INDEX").unwrap();
        let first = [records, format!("CREATE INDEX {rest}"), tables::SEARCH.to_owned()];
        database.execute_batch(&first.concat()).unwrap();
        database.pragma_update(None, "user_version", 1).unwrap();
        let mut old = record(1);
        old.published = "2026-01-02T03:04:05Z".parse().ok();
        write(&mut database, &path, &deliveries(vec![old])).unwrap();
        drop(database);

        let mut database = connect(&path).unwrap();
        write(&mut database, &path, &deliveries(vec![record(2)])).unwrap();
        let found = "SELECT count(*) FROM search JOIN articles a ON a.rowid = search.rowid
                     WHERE search MATCH 'article' AND a.published = '2026-01-02T03:04:05Z'
                     AND a.modified IS NULL";
        assert_eq!(count(&database, found), 2);
        drop(database);
        assert_eq!(count(&connect(&path).unwrap(), "PRAGMA user_version"), tables::FORM);
    }

    #[test]
    fn interrupted_anywhere_a_repeat_completes() {
        let one_by_one = vec![record(1), worded(1, "New", "Wording."), record(2), record(3)];
        assert!(interrupted(&deliveries(one_by_one), (4, 3)) > 20);
        assert!(interrupted(&deliveries((1..5).map(record).collect()), (4, 4)) > 20);
    }

    /// Interrupts the writing of a batch at one step after the other, and repeats it; says how often
    /// it was interrupted. Then there are so many wordings and articles.
    fn interrupted(batch: &[Delivery], (wordings, articles): (i64, i64)) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let mut interrupted = 0;
        for steps in (1..).step_by(7) {
            let path = folder.path().join(format!("{steps}.sqlite"));
            let mut database = connect(&path).unwrap();
            let once = Arc::new(AtomicBool::new(true));
            let fire = Arc::clone(&once);
            database
                .progress_handler(steps, Some(move || fire.swap(false, Ordering::Relaxed)))
                .unwrap();
            let first = write(&mut database, &path, batch);
            if once.load(Ordering::Relaxed) {
                // So many steps are never made: every place was tried.
                break;
            }
            if let Err(error) = first {
                assert_eq!(error.disposition(), Disposition::Retry { after: PAUSE }, "{error}");
                interrupted += 1;
                assert_eq!(write(&mut database, &path, batch).unwrap(), []);
            }
            assert_eq!(count(&database, "SELECT count(*) FROM records"), wordings);
            assert_eq!(count(&database, "SELECT count(*) FROM articles"), articles);
            database
                .execute("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)", ())
                .unwrap();
        }
        interrupted
    }

    #[test]
    fn a_full_disk_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.sqlite");
        let mut database = connect(&path).unwrap();
        let pages = count(&database, "PRAGMA page_count");
        let set = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        database.query_row(&format!("PRAGMA max_page_count = {pages}"), (), set).unwrap();
        let large = worded(1, "Large", &"All work and no play. ".repeat(5_000));
        let batch = deliveries(vec![large]);
        let error = write(&mut database, &path, &batch).unwrap_err();
        assert_eq!(error.disposition(), Disposition::Retry { after: FULL_DISK_PAUSE }, "{error}");
        assert_eq!(count(&database, "SELECT count(*) FROM records"), 0);
        database.query_row("PRAGMA max_page_count = 1000000", (), set).unwrap();
        assert_eq!(write(&mut database, &path, &batch).unwrap(), []);
        assert_eq!(count(&database, "SELECT count(*) FROM records"), 1);
    }

    #[test]
    fn a_trigger_that_rolls_everything_back_costs_only_its_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.sqlite");
        let mut database = connect(&path).unwrap();
        database
            .execute_batch(
                "CREATE TRIGGER guard BEFORE INSERT ON records WHEN new.record LIKE '%Article 2%'
                 BEGIN SELECT raise(ROLLBACK, 'not this one'); END",
            )
            .unwrap();
        let batch = deliveries(vec![record(1), record(2), record(3)]);
        let rejected = write(&mut database, &path, &batch).unwrap();
        let rejected: Vec<_> = rejected.iter().map(|r| (r.sequence, r.reason.as_str())).collect();
        assert_eq!(rejected, [(1, "not this one")]);
        assert_eq!(count(&database, "SELECT count(*) FROM records"), 2);
    }

    #[test]
    fn a_database_of_another_form_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.sqlite");
        connect(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
        let config = SqliteConfig { name: None, path };
        let error = Sqlite::open(&config).unwrap_err();
        assert_eq!(error.disposition(), Disposition::Fatal);
    }
}
