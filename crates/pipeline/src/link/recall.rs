//! What was handed off and is not heard of: still on its way, or lost by the queue?
//!
//! The ledger is the queue, and a broker is only the conveyor belt: losing everything that it
//! holds loses time, never an article. So the owner looks again and again at what it handed off a
//! while ago. A message is put into the next channel before it goes from the one before, so
//! asking the channels in the order of the flow finds it, wherever it goes meanwhile; an entry
//! that none of them holds and that the ledger still counts as handed off is lost, and is handed
//! out again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use newsmill_article::Outcome;
use newsmill_ledger::{Claim, EntryId, Operation};
use newsmill_link::{Channel, Queue, QueueError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::wire::Wire;
use crate::ledger_thread::LedgerHandle;
use crate::stages::{Fatal, causes};

/// Entries that are asked for together.
const PAGE: usize = 64;

/// Between two pages of which nothing was lost: each costs the broker up to four questions an
/// entry, and a long queue is no reason to ask faster.
const PAUSE: Duration = Duration::from_millis(200);

/// Looks at everything that was handed off more than `after` ago, then waits as long, until
/// `stop`.
///
/// # Errors
///
/// None; the type is that of every stage.
pub async fn run<Q: Queue>(
    queue: Q,
    ledger: LedgerHandle,
    found: Arc<Notify>,
    after: Duration,
    stop: CancellationToken,
) -> Result<(), Fatal> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(after / 2) => {}
        }
        let before = Timestamp::now().checked_sub(after).unwrap_or(Timestamp::MIN);
        let mut from = EntryId::default();
        while !stop.is_cancelled() {
            let Ok(page) = ledger.handed_off(before, from, PAGE).await else { return Ok(()) };
            let Some(last) = page.last() else { break };
            from = last.id;
            match lost(&queue, &page).await {
                Ok(lost) if lost.is_empty() => tokio::time::sleep(PAUSE).await,
                Ok(lost) => {
                    tracing::warn!(entries = lost.len(), "lost by the queue; handed out again");
                    if ledger.apply(lost).await.is_err() {
                        return Ok(());
                    }
                    found.notify_waiters();
                }
                Err(error) => {
                    // Not known is not lost.
                    tracing::debug!(error = causes(&error), "cannot ask for what was handed off");
                    break;
                }
            }
        }
    }
}

async fn lost<Q: Queue>(queue: &Q, page: &[Claim]) -> Result<Vec<Operation>, QueueError> {
    let mut lost = Vec::new();
    for Claim { id, entry, .. } in page {
        let mut somewhere = false;
        for channel in Channel::ALL {
            let lane = if channel == Channel::Entries { entry.lane() } else { channel.lane() };
            if queue.holds(lane, id.0.cast_unsigned()).await? {
                somewhere = true;
                break;
            }
        }
        if !somewhere {
            let (entry, outcome) = (*id, Outcome::Abandoned);
            lost.push(Operation::Settle { entry, outcome, detail: None, page: None });
        }
    }
    Ok(lost)
}
