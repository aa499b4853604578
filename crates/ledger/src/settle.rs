//! Ends or puts off an entry that became no record.

use bytes::Bytes;
use newsmill_article::{Outcome, Reason};
use rusqlite::{OptionalExtension, params};

use crate::fault::Fault;
use crate::group::Group;
use crate::rows::{self, HANDED_OFF_AT, article_bytes, millis};
use crate::state::{Event, State, is_dead_letter};
use crate::{Applied, EntryId};

pub(crate) fn settle(
    group: &mut Group<'_>,
    id: EntryId,
    outcome: &Outcome,
    detail: Option<&str>,
    page: Option<&Bytes>,
) -> Result<Applied, Fault> {
    let Some(state) = group.state(id)? else { return Ok(Applied::Ignored) };
    let Some(after) = group.next(&state, &Event::Ended(outcome)) else {
        return Ok(Applied::Ignored);
    };
    let tried = i64::from(!matches!(
        outcome,
        Outcome::PutOff { .. } | Outcome::HandedOff | Outcome::Abandoned
    ));
    let (code, number) = match &after {
        State::Rejected(reason) => (Some(reason.code()), rows::reason_number(reason)),
        _ => (None, None),
    };
    let of = match outcome {
        Outcome::Duplicate { of } => Some(article_bytes(*of)),
        _ => None,
    };
    let waits = matches!(after, State::Due { .. } | State::HandedOff { .. });
    group
        .db
        .prepare_cached(
            "UPDATE entry SET state = ?2, attempts = attempts + ?3, ended = ?4, reason = ?5,
             number = ?6, detail = ifnull(?7, detail), article = ifnull(?8, article) WHERE id = ?1",
        )?
        .execute(params![
            id.0,
            rows::state_number(&after),
            tried,
            (!waits).then(|| group.now()),
            code,
            number,
            detail,
            of,
        ])?;
    match &after {
        State::Due { not_before, .. } => wait_until(group, id, millis(*not_before))?,
        State::HandedOff { .. } => wait_until(group, id, HANDED_OFF_AT + group.now())?,
        State::Rejected(reason) if is_dead_letter(reason) => {
            bury(group, id, reason, detail, page)?;
            group.leave_work(id)?;
        }
        _ => group.leave_work(id)?,
    }
    group.moved(Some(&state), &after, 1);
    group.ended.released.push(id);
    Ok(Applied::Settled(told(&after, outcome, group)))
}

fn told(after: &State, asked: &Outcome, group: &Group<'_>) -> Outcome {
    match (after, asked) {
        (State::Rejected(reason), _) => Outcome::Rejected(reason.clone()),
        (State::Due { not_before, .. }, Outcome::Retry { .. }) => {
            Outcome::Retry { after: not_before.duration_since(group.now).unsigned_abs() }
        }
        _ => asked.clone(),
    }
}

fn wait_until(group: &mut Group<'_>, id: EntryId, not_before: i64) -> Result<(), Fault> {
    let lane = group
        .db
        .prepare_cached("UPDATE work SET not_before = ?2 WHERE entry = ?1 RETURNING lane")?
        .query_row([id.0, not_before], |row| row.get(0))
        .optional()?;
    group.ended.waiting.extend(lane.map(|lane| (lane, not_before)));
    Ok(())
}

fn bury(
    group: &mut Group<'_>,
    id: EntryId,
    reason: &Reason,
    detail: Option<&str>,
    page: Option<&Bytes>,
) -> Result<(), Fault> {
    let keep_page = group.bury()?;
    let page = page.filter(|_| keep_page).map(|page| &page[..]);
    group
        .db
        .prepare_cached(
            "INSERT OR REPLACE INTO dead (entry, sink, at, reason, number, detail, payload, bytes, page)
             SELECT entry, '', ?2, ?3, ?4, ?5, payload, bytes, ?6 FROM work WHERE entry = ?1",
        )?
        .execute(params![
            id.0,
            group.now(),
            reason.code(),
            rows::reason_number(reason),
            detail,
            page,
        ])?;
    Ok(())
}
