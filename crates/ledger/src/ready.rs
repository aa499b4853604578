//! Second transaction: a finished record becomes durable, or turns out to be known.
//!
//! The article known by its id in the same wording is `Unchanged`; in another wording it is a new
//! revision, with what changed. A text known from another article is a `Duplicate` of that one:
//! the same story by another address.

use newsmill_article::{ArticleId, Change, Record, Revision};
use rusqlite::{OptionalExtension, params};

use crate::fault::Fault;
use crate::group::Group;
use crate::rows::{self, article_bytes, article_id, article_key, signed};
use crate::state::{Event, State};
use crate::{Applied, EntryId, Sequence};

/// Visits of one address that are looked at for its last record.
const VISITS: usize = 50;

/// A visit that ended in an article.
struct Known {
    entry: i64,
    article: ArticleId,
    revision: i64,
    title: i64,
    text: i64,
}

struct Hashes {
    revision: i64,
    title: i64,
    text: i64,
}

pub(crate) fn ready(group: &mut Group<'_>, id: EntryId, record: &Record) -> Result<Applied, Fault> {
    let Some(state) = group.state(id)? else { return Ok(Applied::Ignored) };
    let hashes = Hashes {
        revision: signed(record.revision.to_bits()),
        title: signed(Revision::of(record.title.as_deref(), "").to_bits()),
        text: signed(Revision::of(None, &record.text).to_bits()),
    };
    let moved = lookup(group, "SELECT entry FROM article WHERE key = ?1", article_key(record.id))?;
    let own = match moved {
        Some(entry) => wording(group, entry)?.filter(|known| known.article == record.id),
        None => last_at_home(group, record.id)?,
    };
    let same = own.as_ref().is_some_and(|own| own.revision == hashes.revision);
    let twin = if same {
        None
    } else {
        let twin = lookup(group, "SELECT entry FROM text WHERE hash = ?1", hashes.text)?;
        let twin = twin.map(|entry| wording(group, entry)).transpose()?.flatten();
        twin.filter(|twin| twin.text == hashes.text && twin.article != record.id)
    };
    let event = if same || twin.is_some() { Event::Known } else { Event::Finished };
    let Some(after) = group.next(&state, &event) else { return Ok(Applied::Ignored) };

    let article = twin.as_ref().map_or(record.id, |twin| twin.article);
    let sibling = twin.as_ref().or(own.as_ref()).map(|known| known.entry);
    let sequence = (after == State::Ready).then(|| group.next_sequence());
    let key: i64 = group
        .db
        .prepare_cached(
            "UPDATE entry SET state = ?2, attempts = attempts + 1, ended = ?3, sequence = ?4,
             sibling = ?5, revision = ?6, title = ?7, text = ?8, article = ?9, reason = NULL,
             number = NULL, detail = NULL WHERE id = ?1 RETURNING key",
        )?
        .query_row(
            params![
                id.0,
                rows::state_number(&after),
                group.now(),
                sequence,
                sibling,
                // A twin keeps its wording to itself: it is not how the other article reads.
                twin.is_none().then_some(hashes.revision),
                twin.is_none().then_some(hashes.title),
                twin.is_none().then_some(hashes.text),
                article_bytes(article),
            ],
            |row| row.get(0),
        )?;
    group.leave_work(id)?;
    group.moved(Some(&state), &after, 1);
    group.ended.released.push(id);

    if let Some(twin) = twin {
        return Ok(Applied::Duplicate { of: twin.article });
    }
    if moved.is_some() || key != article_key(record.id) {
        group
            .db
            .prepare_cached("INSERT OR REPLACE INTO article (key, entry) VALUES (?1, ?2)")?
            .execute([article_key(record.id), id.0])?;
    }
    group
        .db
        .prepare_cached("INSERT OR REPLACE INTO text (hash, entry) VALUES (?1, ?2)")?
        .execute([hashes.text, id.0])?;
    let Some(sequence) = sequence else { return Ok(Applied::Unchanged) };
    let changed = changes(own.as_ref(), &hashes);
    let json = if changed == record.changed {
        serde_json::to_string(record)?
    } else {
        serde_json::to_string(&Record { changed, ..record.clone() })?
    };
    group
        .db
        .prepare_cached(
            "INSERT INTO record (sequence, entry, at, revision, article, json)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            sequence,
            id.0,
            group.now(),
            hashes.revision,
            article_bytes(record.id),
            json
        ])?;
    Ok(Applied::Ready { sequence: Sequence(sequence) })
}

fn lookup(group: &Group<'_>, by: &str, hash: i64) -> Result<Option<i64>, Fault> {
    Ok(group.db.prepare_cached(by)?.query_row([hash], |row| row.get(0)).optional()?)
}

/// What an entry ended in; `None` where it is not there or became no record.
fn wording(group: &Group<'_>, entry: i64) -> Result<Option<Known>, Fault> {
    let known = group
        .db
        .prepare_cached(
            "SELECT article, revision, title, text FROM entry
             WHERE id = ?1 AND revision IS NOT NULL",
        )?
        .query_row([entry], |row| {
            Ok(Known {
                entry,
                article: article_id(row.get(0)?),
                revision: row.get(1)?,
                title: row.get(2)?,
                text: row.get(3)?,
            })
        })
        .optional()?;
    Ok(known)
}

/// The last visit that became this article, among the visits of its own address. An article that
/// was only ever found there has no row in `article`: that saves one page written for each.
fn last_at_home(group: &Group<'_>, id: ArticleId) -> Result<Option<Known>, Fault> {
    let mut next = lookup(group, "SELECT entry FROM seen WHERE key = ?1", article_key(id))?;
    for _ in 0..VISITS {
        let Some(entry) = next else { return Ok(None) };
        if let Some(known) = wording(group, entry)?.filter(|known| known.article == id) {
            return Ok(Some(known));
        }
        next = lookup(group, "SELECT ifnull(earlier, 0) FROM entry WHERE id = ?1", entry)?
            .filter(|earlier| *earlier > 0);
    }
    Ok(None)
}

fn changes(before: Option<&Known>, now: &Hashes) -> Vec<Change> {
    let Some(before) = before else { return Vec::new() };
    let mut changes = Vec::new();
    if before.title != now.title {
        changes.push(Change::Title);
    }
    if before.text != now.text {
        changes.push(Change::Text);
    }
    changes
}
