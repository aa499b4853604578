//! First transaction: what a poll found, with the source's cursor.
//!
//! An entry is known by its key: the hash of the canonical form of its URL, of its absolute path,
//! or, where it has neither, of its guid or its bytes. Titles and guids that change, and campaign
//! parameters, do not make a new entry.
//!
//! A known entry is entered again, as a new visit of the same article, only where its source says
//! that it changed: by a later `updated` than the one before (or than the first sight, where there
//! was none), or by other bytes where the source carries the text itself. And not before
//! `revisit_after`, because many feeds stamp every entry with the time of the poll.

use newsmill_article::{ArticleId, Entry, Location, canonical};
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};
use url::Url;

use crate::at_work::of_source;
use crate::fault::Fault;
use crate::group::{Group, SourceIds};
use crate::lanes::lane;
use crate::rows::{self, article_key, millis, signed};
use crate::state::State;
use crate::{Applied, Discovered, EntryId, Poll};

pub(crate) fn discover(
    group: &mut Group<'_>,
    ids: &mut SourceIds,
    poll: Option<&Poll>,
    entries: &[Entry],
) -> Result<Applied, Fault> {
    if let Some(poll) = poll {
        settle_poll(group, ids, poll)?;
    }
    let mut answers = Vec::with_capacity(entries.len());
    let mut brought: Option<(i64, i64)> = None;
    for entry in entries {
        let source = match &entry.source {
            Some(name) => Some(group.source_id(ids, name.as_str())?),
            None => None,
        };
        let answer = enter(group, source, entry)?;
        if let (Discovered::New(_), Some(source)) = (answer, source) {
            match &mut brought {
                Some((same, n)) if *same == source => *n += 1,
                other => {
                    count_entries(group, *other)?;
                    *other = Some((source, 1));
                }
            }
        }
        answers.push(answer);
    }
    count_entries(group, brought)?;
    Ok(Applied::Discovered(answers))
}

fn settle_poll(group: &mut Group<'_>, ids: &mut SourceIds, poll: &Poll) -> Result<(), Fault> {
    let id = group.source_id(ids, poll.source.as_str())?;
    let next_due = millis(poll.next_due);
    match &poll.failure {
        None => group
            .db
            .prepare_cached(
                "UPDATE source SET cursor = ifnull(?2, cursor), next_due = ?3, last_good = ?4,
                 failures = 0, last_failure = NULL WHERE id = ?1",
            )?
            .execute(params![id, poll.cursor, next_due, group.now()])?,
        Some(failure) => group
            .db
            .prepare_cached(
                "UPDATE source SET cursor = ifnull(?2, cursor), next_due = ?3, last_failure = ?4,
                 failures = failures + 1 WHERE id = ?1",
            )?
            .execute(params![id, poll.cursor, next_due, failure])?,
    };
    // Nobody died over this one.
    group.db.prepare_cached("DELETE FROM suspect WHERE entry = ?1")?.execute([of_source(id)])?;
    group.ended.polled.push(id);
    Ok(())
}

fn count_entries(group: &Group<'_>, brought: Option<(i64, i64)>) -> Result<(), Fault> {
    if let Some((source, n)) = brought {
        group
            .db
            .prepare_cached("UPDATE source SET entries = entries + ?2 WHERE id = ?1")?
            .execute([source, n])?;
    }
    Ok(())
}

struct Seen {
    entry: i64,
    at: i64,
    version: i64,
    source: Option<i64>,
}

fn enter(group: &mut Group<'_>, source: Option<i64>, entry: &Entry) -> Result<Discovered, Fault> {
    let key = entry_key(entry);
    let version = version(entry);
    let seen = group
        .db
        .prepare_cached("SELECT entry, at, version, source FROM seen WHERE key = ?1")?
        .query_row([key], |row| {
            Ok(Seen {
                entry: row.get(0)?,
                at: row.get(1)?,
                version: row.get(2)?,
                source: row.get(3)?,
            })
        })
        .optional()?;
    let Some(seen) = seen else {
        return insert(group, source, entry, key, None);
    };
    if changed(version, seen.version) && may_revisit(group, source, &seen)? {
        return insert(group, source, entry, key, Some(seen.entry));
    }
    // A row is written only now and then, not for each of the known entries of each poll.
    let window = i64::try_from(group.config.forget_after.0.as_millis()).unwrap_or(i64::MAX);
    if group.now().saturating_sub(seen.at) > window / 8 {
        group
            .db
            .prepare_cached("UPDATE seen SET at = ?2 WHERE key = ?1")?
            .execute([key, group.now()])?;
    }
    if let Some(source) = source.filter(|_| source != seen.source) {
        group
            .db
            .prepare_cached(
                "INSERT OR IGNORE INTO sighting (entry, source, at) VALUES (?1, ?2, ?3)",
            )?
            .execute([seen.entry, source, group.now()])?;
    }
    Ok(Discovered::Known(EntryId(seen.entry)))
}

fn insert(
    group: &mut Group<'_>,
    source: Option<i64>,
    entry: &Entry,
    key: i64,
    earlier: Option<i64>,
) -> Result<Discovered, Fault> {
    let now = group.now();
    let (payload, bytes) = rows::pack(entry)?;
    let lane = lane(entry);
    group
        .db
        .prepare_cached(
            "INSERT INTO entry (key, source, seen, state, earlier, input)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![key, source, now, rows::DUE, earlier, entry.input])?;
    let id = group.db.last_insert_rowid();
    group
        .db
        .prepare_cached(
            "INSERT INTO work (entry, not_before, payload, bytes, lane)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id, now, payload, bytes, lane])?;
    group.ended.waiting.push((lane, now));
    let version = match version(entry) {
        Version::Unknown => now,
        Version::Updated(at) => at,
        Version::Bytes(hash) => hash,
    };
    group
        .db
        .prepare_cached(
            "INSERT OR REPLACE INTO seen (key, entry, at, version, source)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![key, id, now, version, source])?;
    group.moved(None, &State::Due { attempts: 0, not_before: group.now }, 1);
    Ok(Discovered::New(EntryId(id)))
}

/// What a source says of the version of an entry. In `seen.version`, a time is positive (the time
/// of discovery where nothing is known) and a hash is negative.
#[derive(Clone, Copy)]
enum Version {
    Unknown,
    Updated(i64),
    Bytes(i64),
}

fn version(entry: &Entry) -> Version {
    match (&entry.location, entry.hints.updated) {
        (Location::Inline { bytes, .. }, _) => Version::Bytes(hash("bytes", bytes) | i64::MIN),
        (_, Some(updated)) => Version::Updated(millis(updated.at()).max(0)),
        (_, None) => Version::Unknown,
    }
}

fn changed(version: Version, before: i64) -> bool {
    match version {
        Version::Unknown => false,
        Version::Updated(at) => before >= 0 && at > before,
        // Entered by its address before: the page says more than the feed.
        Version::Bytes(hash) => before < 0 && hash != before,
    }
}

/// Not while the visit before still waits, and for sources not too often.
fn may_revisit(group: &Group<'_>, source: Option<i64>, seen: &Seen) -> Result<bool, Fault> {
    let before: Option<(i64, i64)> = group
        .db
        .prepare_cached("SELECT state, seen FROM entry WHERE id = ?1")?
        .query_row([seen.entry], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((state, at)) = before else { return Ok(true) };
    let pause = group.config.revisit_after.0.as_millis();
    let passed = u128::try_from(group.now().saturating_sub(at)).unwrap_or(0);
    Ok(state != rows::DUE && state != rows::HANDED_OFF && (source.is_none() || passed >= pause))
}

/// By what an entry is known again.
pub(crate) fn entry_key(entry: &Entry) -> i64 {
    match (&entry.location, &entry.hints.guid) {
        (Location::Url(url) | Location::Inline { url: Some(url), .. }, _) => url_key(url),
        (Location::File(path), _) => path_key(path),
        (Location::Inline { url: None, .. }, Some(guid)) => hash("guid", guid.as_bytes()),
        (Location::Inline { url: None, bytes, .. }, None) => hash("bytes", bytes),
    }
}

/// The same as of the article that lives there.
pub(crate) fn url_key(url: &Url) -> i64 {
    article_key(ArticleId::of_url(&canonical(url)))
}

pub(crate) fn path_key(path: &std::path::Path) -> i64 {
    let absolute = std::path::absolute(path);
    let path = absolute.as_deref().unwrap_or(path);
    hash("path", path.as_os_str().as_encoded_bytes())
}

pub(crate) fn hash(domain: &str, bytes: &[u8]) -> i64 {
    let mut hash = Sha256::new();
    hash.update(domain.as_bytes());
    hash.update([0]);
    hash.update(bytes);
    let full = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&full[..8]);
    signed(u64::from_be_bytes(first))
}
