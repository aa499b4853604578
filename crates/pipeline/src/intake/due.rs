//! Entries and sources from the ledger, as they become due.

use std::sync::Arc;
use std::time::Duration;

use async_channel::Sender;
use jiff::Timestamp;
use newsmill_article::Entry;
use newsmill_ledger::{Claim, DueSource};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::in_flight::{InFlight, Settlement, Ticket};
use crate::ledger_thread::LedgerHandle;
use crate::stages::Fatal;
use crate::telemetry::Telemetry;

/// Most entries claimed at once: those that the channel does not take at once age in memory.
const CLAIMS: usize = 16;

/// The longest sleep, so that a clock that was set is noticed, and what another process made due:
/// `newsmill dead retry`.
const LONGEST_SLEEP: Duration = Duration::from_secs(2);

/// The shortest sleep: what is due but in other hands must not make the loop spin.
const SHORTEST_SLEEP: Duration = Duration::from_millis(50);

/// Sends sources as they become due, until `stop`. Not cancel safe.
///
/// # Errors
///
/// None; the type is that of every stage.
pub async fn sources(
    ledger: LedgerHandle,
    sources: Sender<DueSource>,
    stop: CancellationToken,
) -> Result<(), Fatal> {
    while !stop.is_cancelled() {
        let Ok(due) = ledger.due_sources(CLAIMS).await else { break };
        let idle = due.is_empty();
        let mut due = due.into_iter();
        while let Some(source) = due.next() {
            // Waits at most for one look at a source.
            let unsent = if stop.is_cancelled() {
                Some(source.name)
            } else {
                sources.send(source).await.err().map(|unsent| unsent.0.name)
            };
            if let Some(unsent) = unsent {
                // Whoever feeds the next stages takes them up.
                let rest = due.map(|source| source.name);
                let _ = ledger.release_sources(std::iter::once(unsent).chain(rest).collect()).await;
                return Ok(());
            }
        }
        if idle {
            let Ok(sleep) = until_due(&ledger).await else { break };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }
    Ok(())
}

/// Sends every source once, due or not.
///
/// # Errors
///
/// None; the type is that of every stage.
pub async fn sources_once(
    ledger: LedgerHandle,
    sources: Sender<DueSource>,
    stop: CancellationToken,
) -> Result<(), Fatal> {
    let Ok(all) = ledger.all_sources().await else { return Ok(()) };
    for source in all {
        if stop.is_cancelled() || sources.send(source).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Sends entries as they become due, each with a ticket, until `stop`; or until nothing is due any
/// more once `no_more` is cancelled, which says that nothing new will be entered.
///
/// # Errors
///
/// None; the type is that of every stage.
pub async fn entries(
    ledger: LedgerHandle,
    entries: Sender<InFlight<Entry>>,
    settlements: Sender<Settlement>,
    found: Arc<Notify>,
    no_more: CancellationToken,
    stop: CancellationToken,
    telemetry: Arc<Telemetry>,
) -> Result<(), Fatal> {
    while !stop.is_cancelled() {
        // Both before the look, so that what comes during it is not slept over.
        let ended = no_more.is_cancelled();
        let woken = found.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();

        let Ok(claims) = ledger.claim(CLAIMS).await else { break };
        let idle = claims.is_empty();
        // Each has its ticket before the first is sent: what a stop leaves unsent is abandoned by
        // it, and can be claimed again.
        let claims: Vec<_> = claims
            .into_iter()
            .map(|Claim { id, entry, deaths, .. }| {
                let number = id.0.cast_unsigned();
                let ticket = Ticket::open(number, entry.input.as_str(), &settlements);
                let ticket = telemetry.taken_up(ticket.with_deaths(deaths), &entry);
                InFlight::new(entry, ticket)
            })
            .collect();
        for claim in claims {
            let sent = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                sent = entries.send(claim) => sent,
            };
            if sent.is_err() {
                return Ok(());
            }
        }
        if idle && ended && !ledger.holds_back().await.unwrap_or(false) {
            break;
        }
        if idle {
            let Ok(sleep) = until_due(&ledger).await else { break };
            tokio::select! {
                () = stop.cancelled() => {}
                () = no_more.cancelled(), if !ended => {}
                () = woken => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }
    Ok(())
}

async fn until_due(ledger: &LedgerHandle) -> Result<Duration, crate::ledger_thread::Gone> {
    let Some(due) = ledger.next_due().await? else { return Ok(LONGEST_SLEEP) };
    let wait = Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or_default();
    Ok(wait.clamp(SHORTEST_SLEEP, LONGEST_SLEEP))
}
