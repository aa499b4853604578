//! Third transaction: a sink has a batch.

use newsmill_article::Reason;
use rusqlite::{OptionalExtension, params};

use crate::fault::Fault;
use crate::group::{Group, meta, set_meta};
use crate::rows;
use crate::state::{Event, State};
use crate::{Applied, EntryId, Refusal, Sequence};

pub(crate) fn deliver(
    group: &mut Group<'_>,
    sink: &str,
    position: Sequence,
    state: Option<&str>,
    rejected: &[Refusal],
) -> Result<Applied, Fault> {
    let row: Option<(i64, i64)> = group
        .db
        .prepare_cached("SELECT id, position FROM sink WHERE name = ?1 AND active = 1")?
        .query_row([sink], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((id, before)) = row else {
        return Err(Fault::invalid(format_args!("the sink {sink:?} is not registered")));
    };
    if position.0 == before {
        // A sink that was just opened says where it begins; nothing else changes.
        let begun = group
            .db
            .prepare_cached(
                "UPDATE sink SET state = ?2 WHERE id = ?1 AND state IS NULL AND ?2 IS NOT NULL",
            )?
            .execute(params![id, state])?;
        return Ok(if begun > 0 { Applied::Delivered } else { Applied::Ignored });
    }
    if position.0 < before {
        return Ok(Applied::Ignored);
    }
    if position.0 > group.last_sequence() {
        let last = group.last_sequence();
        return Err(Fault::invalid(format_args!(
            "the sink {sink:?} says it has record {position}, but the last one is {last}"
        )));
    }
    let mut refused = 0;
    for refusal in rejected {
        if (before + 1..=position.0).contains(&refusal.sequence.0) {
            refused += refuse(group, sink, refusal)?;
        }
    }
    group
        .db
        .prepare_cached(
            "UPDATE sink SET position = ?2, state = ?3, rejected = rejected + ?4,
             last_delivery = ?5 WHERE id = ?1",
        )?
        .execute(params![id, position.0, state, refused, group.now()])?;
    group
        .db
        .prepare_cached("INSERT OR REPLACE INTO delivery (sink, position, at) VALUES (?1, ?2, ?3)")?
        .execute([id, position.0, group.now()])?;
    Ok(Applied::Delivered)
}

/// Keeps the refused record as a dead letter of this sink. The other sinks go on.
fn refuse(group: &mut Group<'_>, sink: &str, refusal: &Refusal) -> Result<i64, Fault> {
    let Refusal { sequence, detail } = refusal;
    let reason = Reason::SinkRefused;
    let entry: Option<i64> = group
        .db
        .prepare_cached(
            "SELECT entry FROM record WHERE sequence = ?1 AND (only_for IS NULL OR only_for = ?2)",
        )?
        .query_row(params![sequence.0, sink], |row| row.get(0))
        .optional()?;
    let Some(id) = entry.map(EntryId) else { return Ok(0) };
    let replaced = group
        .db
        .prepare_cached("DELETE FROM dead WHERE entry = ?1 AND sink = ?2")?
        .execute(params![id.0, sink])?;
    group.unbury(replaced);
    group.bury()?;
    group
        .db
        .prepare_cached(
            "INSERT INTO dead (entry, sink, at, reason, detail, record)
             SELECT ?1, ?2, ?3, ?4, ?5, json FROM record WHERE sequence = ?6",
        )?
        .execute(params![id.0, sink, group.now(), reason.code(), detail, sequence.0])?;
    let Some(state) = group.state(id)? else { return Ok(1) };
    if let Some(after) = group.next(&state, &Event::Refused(&reason)) {
        group
            .db
            .prepare_cached("UPDATE entry SET state = ?2, reason = ?3, detail = ?4 WHERE id = ?1")?
            .execute(params![
                id.0,
                rows::state_number(&after),
                reason.code(),
                format!("{sink}: {detail}"),
            ])?;
        group.moved(Some(&state), &after, 1);
    }
    Ok(1)
}

/// Settles as delivered what every registered sink has passed; where no sink is registered, all
/// that is ready.
pub(crate) fn advance(group: &mut Group<'_>) -> Result<(), Fault> {
    let behind: Option<i64> = group
        .db
        .prepare_cached("SELECT min(position) FROM sink WHERE active = 1")?
        .query_row([], |row| row.get(0))?;
    let through = behind.unwrap_or_else(|| group.last_sequence());
    let before = meta(&group.db, "delivered")?;
    let passing = group.next(&State::Ready, &Event::Passed);
    if let Some(delivered) = passing.filter(|_| through > before) {
        let passed = group
            .db
            .prepare_cached(
                "UPDATE entry SET state = ?1 WHERE state = ?2 AND sequence <= ?4 AND id IN
                 (SELECT entry FROM record WHERE sequence > ?3 AND sequence <= ?4)",
            )?
            .execute(params![rows::state_number(&delivered), rows::READY, before, through])?;
        group.moved(Some(&State::Ready), &delivered, i64::try_from(passed).unwrap_or(i64::MAX));
        set_meta(&group.db, "delivered", through)?;
    }
    if group.drop_delivered && through > meta(&group.db, "dropped")? {
        group.db.prepare_cached("DELETE FROM record WHERE sequence <= ?1")?.execute([through])?;
        set_meta(&group.db, "dropped", through)?;
    }
    Ok(())
}
