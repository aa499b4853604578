//! Sources into entries: one look at each source that is due, and what it found into the ledger.

use std::collections::HashMap;
use std::sync::Arc;

use async_channel::Receiver;
use jiff::{SignedDuration, Timestamp};
use newsmill_article::{Entry, SourceName};
use newsmill_fetcher::{Cursor, Fetcher, SourceConfig};
use newsmill_ledger::{Applied, Discovered, DueSource, Operation};
use tokio::sync::Notify;

use super::{Failure, Fatal, caught_async, causes};
use crate::ledger_thread::LedgerHandle;
use crate::telemetry::{Meter, Phase};

/// When a source is looked at again whose answer made us panic.
const AFTER_PANIC: SignedDuration = SignedDuration::from_hours(1);

/// One loop of the stage. `found` wakes the intake when entries were entered. With `to_the_end`
/// a source that says there is more at once (a long archive) is looked at until it does not.
pub async fn run(
    fetcher: Fetcher,
    configs: Arc<HashMap<SourceName, SourceConfig>>,
    ledger: LedgerHandle,
    sources: Receiver<DueSource>,
    found: Arc<Notify>,
    to_the_end: bool,
    meter: Arc<Meter>,
) -> Result<(), Fatal> {
    let mut clock = meter.at_work();
    while let Ok(mut source) = sources.recv().await {
        let Some(config) = configs.get(&source.name) else { continue };
        loop {
            clock.turn(Phase::Busy);
            let look = match caught_async(poll(&fetcher, config, &source)).await {
                Ok(look) => look,
                Err(Failure::Fatal(fatal)) => return Err(fatal),
                Err(Failure::Ends { cause, .. }) => {
                    tracing::error!(source = %source.name, ?cause, "a poll panicked");
                    failed(&source.name, cause)
                }
            };
            clock.turn(Phase::WaitingOut);
            let more = to_the_end && !look.entries.is_empty() && look.is_due();
            source.cursor = look.poll.cursor.clone();
            let failed = look.poll.failure.is_some();
            let discover = Operation::Discover { poll: Some(look.poll), entries: look.entries };
            // That the ledger has ended is its own error to report.
            let Ok(applied) = ledger.apply(vec![discover]).await else { return Ok(()) };
            if let [Applied::Discovered(entries)] = &applied[..] {
                let new =
                    entries.iter().filter(|entry| matches!(entry, Discovered::New(_))).count();
                if !failed {
                    tracing::info!(source = %source.name, listed = entries.len(), new, "polled");
                }
            }
            found.notify_waiters();
            if !more {
                break;
            }
        }
        clock.turn(Phase::WaitingIn);
    }
    Ok(())
}

/// What a look gave.
struct Look {
    poll: newsmill_ledger::Poll,
    entries: Vec<Entry>,
}

impl Look {
    fn is_due(&self) -> bool {
        self.poll.next_due <= Timestamp::now()
    }
}

async fn poll(
    fetcher: &Fetcher,
    config: &SourceConfig,
    source: &DueSource,
) -> Result<Look, Failure> {
    let name = &source.name;
    let cursor = source.cursor.as_deref().map(serde_json::from_str::<Cursor>);
    let cursor = match cursor.transpose() {
        Ok(cursor) => cursor.unwrap_or_default(),
        Err(error) => {
            // It only saves work: without it everything listed is asked for again, and what is
            // known is not entered twice.
            tracing::warn!(source = %name, %error, "cursor not understood, begins anew");
            Cursor::default()
        }
    };
    let poll = fetcher.poll(config, &cursor, Timestamp::now()).await;
    for warning in &poll.warnings {
        tracing::warn!(source = %name, warning);
    }
    if let Some(to) = &poll.moved_to {
        tracing::warn!(source = %name, %to, "has moved for good; change it in the configuration");
    }
    if poll.stopped {
        tracing::warn!(source = %name, "is gone for good; remove it from the configuration");
    }
    if poll.gap {
        tracing::warn!(source = %name, "everything listed is new: entries may have been missed");
    }
    let failure = poll.failure.as_ref().map(|error| causes(error));
    if let Some(failure) = &failure {
        tracing::warn!(source = %name, failure, next = %poll.next, "poll failed");
    }
    let cursor = serde_json::to_string(&poll.cursor)
        .map_err(|error| Failure::Fatal(Fatal::new("poll", error)))?;
    let done = newsmill_ledger::Poll {
        source: name.clone(),
        cursor: Some(cursor),
        next_due: poll.next,
        failure,
    };
    Ok(Look { poll: done, entries: poll.entries })
}

fn failed(source: &SourceName, failure: Option<String>) -> Look {
    let next_due = Timestamp::now().checked_add(AFTER_PANIC).unwrap_or(Timestamp::MAX);
    let poll = newsmill_ledger::Poll { source: source.clone(), cursor: None, next_due, failure };
    Look { poll, entries: Vec::new() }
}
