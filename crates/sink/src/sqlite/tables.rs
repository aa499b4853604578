//! The tables of a database that people search, in their present form and out of the one before.
//!
//! Promises: [`prepare`] leaves tables of form [`FORM`] or an error; a form that this version does
//! not know is left as it is.

use rusqlite::Transaction;

/// Number of the tables' form, kept as `user_version`.
pub(super) const FORM: i64 = 2;

pub(super) const RECORDS: &str = "
    CREATE TABLE records (
        rowid      INTEGER PRIMARY KEY,
        id         TEXT NOT NULL,
        revision   TEXT NOT NULL,
        current    INTEGER NOT NULL,
        title      TEXT GENERATED ALWAYS AS (record ->> '$.title') STORED,
        url        TEXT GENERATED ALWAYS AS
                       (coalesce(record ->> '$.canonical_url', record ->> '$.url')) STORED,
        source     TEXT GENERATED ALWAYS AS (record ->> '$.source') STORED,
        site       TEXT GENERATED ALWAYS AS (record ->> '$.site') STORED,
        section    TEXT GENERATED ALWAYS AS (record ->> '$.section') STORED,
        language   TEXT GENERATED ALWAYS AS (record ->> '$.language') STORED,
        fetched    TEXT GENERATED ALWAYS AS (record ->> '$.fetched') STORED,
        word_count INTEGER GENERATED ALWAYS AS (record ->> '$.word_count') STORED,
        summary    TEXT GENERATED ALWAYS AS (record ->> '$.summary.text') STORED,
        text       TEXT GENERATED ALWAYS AS (record ->> '$.text') VIRTUAL,
        record     TEXT NOT NULL,
        UNIQUE (id, revision)
    );
";

pub(super) const TIMES: &str = "
    ALTER TABLE records ADD COLUMN published TEXT GENERATED ALWAYS AS
        (strftime('%Y-%m-%dT%H:%M:%SZ', record ->> '$.published')) VIRTUAL;
    ALTER TABLE records ADD COLUMN modified TEXT GENERATED ALWAYS AS
        (strftime('%Y-%m-%dT%H:%M:%SZ', record ->> '$.modified')) VIRTUAL;
    CREATE INDEX records_published ON records (published) WHERE current;
    CREATE INDEX records_site ON records (site, published) WHERE current;
    CREATE INDEX records_source ON records (source, published) WHERE current;

    CREATE VIEW articles AS
        SELECT rowid, id, revision, title, url, source, site, section, language, published,
               modified, fetched, word_count, summary, text, record
        FROM records WHERE current;
";

/// Form 1 had the times as the record has them, which was always in UTC.
const WITHOUT_TIMES: &str = "
    DROP VIEW articles;
    DROP INDEX records_published;
    DROP INDEX records_site;
    DROP INDEX records_source;
    ALTER TABLE records DROP COLUMN published;
    ALTER TABLE records DROP COLUMN modified;
";

pub(super) const SEARCH: &str = "
    CREATE VIRTUAL TABLE search USING fts5 (
        title, summary, text, content = 'articles', content_rowid = 'rowid',
        tokenize = 'unicode61 remove_diacritics 2'
    );
    -- Words of a batch are gathered in memory, up to so many bytes, and then written sorted; sixteen
    -- such writings are merged into one and not four, which is less than half the merging.
    INSERT INTO search (search, rank) VALUES ('hashsize', 8388608), ('automerge', 16);
    CREATE TRIGGER records_insert AFTER INSERT ON records WHEN new.current BEGIN
        INSERT INTO search (rowid, title, summary, text)
        VALUES (new.rowid, new.title, new.summary, new.text);
    END;
    CREATE TRIGGER records_update AFTER UPDATE ON records BEGIN
        INSERT INTO search (search, rowid, title, summary, text)
        SELECT 'delete', old.rowid, old.title, old.summary, old.text WHERE old.current;
        INSERT INTO search (rowid, title, summary, text)
        SELECT new.rowid, new.title, new.summary, new.text WHERE new.current;
    END;
    CREATE TRIGGER records_delete AFTER DELETE ON records WHEN old.current BEGIN
        INSERT INTO search (search, rowid, title, summary, text)
        VALUES ('delete', old.rowid, old.title, old.summary, old.text);
    END;
";

/// Makes the tables of an empty database, or brings those of form 1 to this one.
pub(super) fn prepare(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let form: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match form {
        FORM => return Ok(()),
        0 => [RECORDS, TIMES, SEARCH].iter().try_for_each(|sql| transaction.execute_batch(sql))?,
        1 => [WITHOUT_TIMES, TIMES].iter().try_for_each(|sql| transaction.execute_batch(sql))?,
        _ => {
            let message = format!(
                "its tables have the form {form} and this version writes form {FORM}: \
                 use the newsmill that made it, or another path"
            );
            let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_MISMATCH);
            return Err(rusqlite::Error::SqliteFailure(error, Some(message)));
        }
    }
    transaction.pragma_update(None, "user_version", FORM)
}
