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
use crate::guard::Guard;
use crate::ledger_thread::LedgerHandle;
use crate::telemetry::{Meter, Phase};

/// When a source is looked at again whose answer made us panic, or killed us.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// What is looked at, and how.
#[derive(Clone)]
pub struct Polls {
    /// Who looks.
    pub fetcher: Fetcher,
    /// The sources.
    pub configs: Arc<HashMap<SourceName, SourceConfig>>,
    /// Marks who is looked at.
    pub guard: Guard,
    /// A source that says there is more at once (a long archive) is looked at until it does not.
    pub to_the_end: bool,
}

/// One loop of the stage. `found` wakes the intake when entries were entered.
pub async fn run(
    polls: Polls,
    ledger: LedgerHandle,
    sources: Receiver<DueSource>,
    found: Arc<Notify>,
    meter: Arc<Meter>,
) -> Result<(), Fatal> {
    let mut clock = meter.at_work();
    while let Ok(mut source) = sources.recv().await {
        let Some(config) = polls.configs.get(&source.name) else { continue };
        loop {
            clock.turn(Phase::Busy);
            let look = polls.look(config, &source).await?;
            clock.turn(Phase::WaitingOut);
            let more = polls.to_the_end && !look.entries.is_empty() && look.is_due();
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

impl Polls {
    /// One look, or the rest that is due instead.
    async fn look(&self, config: &SourceConfig, source: &DueSource) -> Result<Look, Fatal> {
        if let Err(why) = Guard::admit_poll(source) {
            tracing::error!(source = %source.name, why, "rests for {PAUSE:#}");
            return Ok(failed(&source.name, Some(why)));
        }
        let _mark = self.guard.mark_poll(source);
        match caught_async(poll(&self.fetcher, config, source)).await {
            Ok(look) => Ok(look),
            Err(Failure::Fatal(fatal)) => Err(fatal),
            Err(Failure::Ends { cause, .. }) => {
                tracing::error!(source = %source.name, ?cause, "a poll panicked");
                Ok(failed(&source.name, cause))
            }
        }
    }
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
    let next_due = Timestamp::now().checked_add(PAUSE).unwrap_or(Timestamp::MAX);
    let poll = newsmill_ledger::Poll { source: source.clone(), cursor: None, next_due, failure };
    Look { poll, entries: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger_thread;
    use async_channel::{bounded, unbounded};
    use newsmill_ledger::Ledger;
    use tokio::net::TcpListener;

    /// The server looks at the marks while it is asked: the poll has one. And the process dies
    /// twice over it: then nobody asks, and everything else goes on.
    #[tokio::test]
    async fn who_is_polled_is_marked_and_rests_after_two_deaths() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.db");
        let marks = folder.path().join("l.db.at-work");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked_in, asked) = unbounded();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                asked_in.try_send(std::fs::read(&marks).unwrap()).unwrap();
                let answer =
                    b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer).await;
            }
        });
        let fetcher: newsmill_fetcher::Config = serde_json::from_value(serde_json::json!({
            "robots": false,
            "allow_private": ["127.0.0.0/8"],
        }))
        .unwrap();
        let config: SourceConfig = serde_json::from_value(serde_json::json!({
            "name": "wire",
            "feed": format!("http://{address}/feed"),
        }))
        .unwrap();
        let name = config.name.clone();
        let configs = Arc::new(HashMap::from([(name.clone(), config)]));

        for deaths in 0..3 {
            let mut ledger = Ledger::open(&path, &Default::default()).unwrap();
            ledger.register_sources(std::slice::from_ref(&name), Timestamp::now()).unwrap();
            let due = ledger.all_sources().unwrap().remove(0);
            assert_eq!(due.deaths, deaths);
            let guard = Guard { at_work: ledger.at_work(), trial: None };
            if deaths < 2 {
                // As a death: the mark stays.
                std::mem::forget(guard.mark_poll(&due));
                continue;
            }
            let fetcher = Fetcher::new(&fetcher, &[]).unwrap();
            let polls = Polls { fetcher, configs: configs.clone(), guard, to_the_end: false };
            let (requests_in, requests) = bounded(8);
            std::thread::spawn(move || ledger_thread::run(&mut ledger, &requests).unwrap());
            let handle = LedgerHandle::new(requests_in);
            let once = async |due: DueSource| {
                let (due_in, sources) = bounded(1);
                due_in.try_send(due).unwrap();
                drop(due_in);
                let found = Arc::new(Notify::new());
                run(polls.clone(), handle.clone(), sources, found, Arc::default()).await.unwrap();
            };
            once(due).await;
            assert!(asked.is_empty(), "it rests");
            let status = handle.status().await.unwrap();
            let rest = status.sources[0].next_due.duration_since(Timestamp::now());
            assert!(rest > SignedDuration::from_mins(59), "{status}");
            assert!(status.to_string().contains("2 processes in a row died"), "{status}");
            // After the rest it has another chance.
            let due = handle.all_sources().await.unwrap().remove(0);
            assert_eq!(due.deaths, 0);
            once(due).await;
            assert_eq!(asked.recv().await.unwrap(), (-1_i64).to_le_bytes());
        }
    }
}
