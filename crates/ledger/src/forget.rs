//! Keeps the file bounded: a small slice of it at a time, in the transaction of a group.
//!
//! Entries are looked at in the order of their numbers, which is the order of their age. One goes,
//! with all that knows it again, when no source has shown it within `forget_after`; never while it
//! waits or some sink lacks its record. SQLite uses the freed pages again, so the file stays at
//! its largest size and does not grow beyond.

use rusqlite::params;

use crate::fault::Fault;
use crate::group::{Group, meta, set_meta};
use crate::rows::{self, article_id, article_key};

/// Entries that are looked at in one slice.
const SLICE: i64 = 500;

struct Old {
    id: i64,
    key: i64,
    state: i64,
    sequence: Option<i64>,
    text: Option<i64>,
    article: Option<[u8; 16]>,
}

/// Forgets one slice of records and, where `entries` is set, of entries.
pub(crate) fn forget(group: &mut Group<'_>, entries: bool) -> Result<(), Fault> {
    drop_records(group)?;
    if entries { drop_entries(group) } else { Ok(()) }
}

fn drop_records(group: &Group<'_>) -> Result<(), Fault> {
    let before = before(group, group.config.keep_records.0);
    let last = {
        let mut query = group.db.prepare_cached(
            "SELECT sequence, at FROM record
             WHERE sequence <= (SELECT ifnull(min(position), ?2) FROM sink WHERE active = 1)
             ORDER BY sequence LIMIT ?1",
        )?;
        let mut rows = query.query([SLICE, group.last_sequence()])?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(1)? >= before {
                break;
            }
            last = Some(row.get::<_, i64>(0)?);
        }
        last
    };
    if let Some(last) = last {
        group.db.prepare_cached("DELETE FROM record WHERE sequence <= ?1")?.execute([last])?;
    }
    Ok(())
}

fn drop_entries(group: &mut Group<'_>) -> Result<(), Fault> {
    let before = before(group, group.config.forget_after.0);
    let after = meta(&group.db, "forget_after")?;
    let slice = old_entries(group, after, before)?;
    // From the start again, once what follows is not old enough.
    let full = i64::try_from(slice.len()).is_ok_and(|n| n == SLICE);
    let next = slice.last().filter(|_| full).map_or(0, |old| old.id);
    for old in slice {
        let waits = matches!(old.state, rows::DUE | rows::HANDED_OFF | rows::READY);
        if !waits && !shown_since(group, &old, before)? {
            drop_entry(group, &old)?;
        }
    }
    set_meta(&group.db, "forget_after", next)
}

fn old_entries(group: &Group<'_>, after: i64, before: i64) -> Result<Vec<Old>, Fault> {
    let mut query = group.db.prepare_cached(
        "SELECT id, key, seen, state, sequence, text, article FROM entry
         WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut rows = query.query([after, SLICE])?;
    let mut slice = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(2)? >= before {
            break;
        }
        slice.push(Old {
            id: row.get(0)?,
            key: row.get(1)?,
            state: row.get(3)?,
            sequence: row.get(4)?,
            text: row.get(5)?,
            article: row.get(6)?,
        });
    }
    Ok(slice)
}

/// The time before which something is past its time.
fn before(group: &Group<'_>, keep: std::time::Duration) -> i64 {
    group.now().saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX))
}

fn shown_since(group: &Group<'_>, old: &Old, before: i64) -> Result<bool, Fault> {
    let shown = group
        .db
        .prepare_cached("SELECT count(*) FROM seen WHERE key = ?1 AND entry = ?2 AND at >= ?3")?
        .query_row([old.key, old.id, before], |row| row.get::<_, i64>(0))?;
    Ok(shown > 0)
}

fn drop_entry(group: &mut Group<'_>, old: &Old) -> Result<(), Fault> {
    let db = &group.db;
    db.prepare_cached("DELETE FROM entry WHERE id = ?1")?.execute([old.id])?;
    db.prepare_cached("DELETE FROM seen WHERE key = ?1 AND entry = ?2")?
        .execute([old.key, old.id])?;
    db.prepare_cached("DELETE FROM sighting WHERE entry = ?1")?.execute([old.id])?;
    if let Some(text) = old.text {
        db.prepare_cached("DELETE FROM text WHERE hash = ?1 AND entry = ?2")?
            .execute([text, old.id])?;
    }
    if let Some(article) = old.article {
        db.prepare_cached("DELETE FROM article WHERE key = ?1 AND entry = ?2")?
            .execute([article_key(article_id(article)), old.id])?;
    }
    if let Some(sequence) = old.sequence {
        db.prepare_cached(
            "DELETE FROM delivery WHERE position < ?1 AND sink IN (SELECT id FROM sink)",
        )?
        .execute([sequence])?;
    }
    let dead = db.prepare_cached("DELETE FROM dead WHERE entry = ?1")?.execute(params![old.id])?;
    group.unbury(dead);
    Ok(())
}
