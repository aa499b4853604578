//! One sink: follows the ledger's records by sequence, at its own pace.
//!
//! What it has is in the ledger together with its own state, in one transaction for each batch. A
//! sink that fails holds back nobody: it tries the same batch again, later each time, while the
//! others go on, and catches up from the ledger.

use std::sync::Arc;
use std::time::{Duration, Instant};

use newsmill_article::Disposition;
use newsmill_ledger::{Batch, Operation, Refusal, Sequence, SinkStart, StoredRecord};
use newsmill_sink::{Delivery, Sink, SinkError, State};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Fatal, causes};
use crate::ledger_thread::LedgerHandle;
use crate::telemetry::sinks::SinkMeter;

const STAGE: &str = "sink";

/// How long it waits after a batch that was not full. A record that comes alone is delivered at
/// once; of a stream each batch, with its fsyncs and its commit in the ledger, takes what has come
/// in this time.
const LINGER: Duration = Duration::from_millis(300);

/// How often it looks by itself for records.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The longest pause between two tries of a batch.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Tries in a row after which a sink is left behind when the mill has nothing more to do; the
/// next start goes on from its position.
const LAST_TRIES: u32 = 3;

/// Opens a sink where the ledger says it stands.
///
/// # Errors
///
/// When its target cannot be used, or its state was written by something else.
pub fn open(
    config: &newsmill_sink::Config,
    start: &SinkStart,
) -> Result<Sink, Box<dyn std::error::Error + Send + Sync>> {
    let state = start.state.as_deref().map(serde_json::from_str::<State>).transpose()?;
    Ok(Sink::open(config, state.as_ref())?)
}

/// Follows the records until `ready` is closed and everything is delivered, or until `stop`: then
/// it ends after the batch in its hands, and whoever opens it again goes on from there.
pub async fn run(
    mut sink: Sink,
    start: SinkStart,
    ledger: LedgerHandle,
    mut ready: watch::Receiver<Sequence>,
    stop: CancellationToken,
    meter: Arc<SinkMeter>,
) -> Result<(), Fatal> {
    let mut since = Instant::now();
    let name: Arc<str> = start.name.into();
    let mut position = start.position;
    if start.missed > 0 {
        tracing::warn!(sink = %name, missed = start.missed, "records it never got are forgotten");
    }
    if start.state.is_none() {
        let state = sink.state();
        if commit(&ledger, &name, position, &state, Vec::new()).await?.is_none() {
            return Ok(());
        }
    }
    while !stop.is_cancelled() {
        // Looks at the mark before it reads, so that nothing ready in between is slept over.
        let ended = ready.has_changed().is_err();
        ready.borrow_and_update();
        let next = ledger.records_after(name.clone(), position, sink.batch()).await;
        let Ok(Batch { records, through }) = next else { return Ok(()) };
        if records.is_empty() && through == position {
            if ended {
                break;
            }
            // Closed counts as changed: the next turn sees it. And now and then it looks by itself,
            // because another process may send it a record again (`newsmill dead retry`).
            tokio::select! {
                _ = tokio::time::timeout(LOOK_AGAIN, ready.changed()) => {}
                () = stop.cancelled() => {}
            }
            continue;
        }
        if records.is_empty() {
            // Only records that another sink gets again.
            if commit(&ledger, &name, through, &sink.state(), Vec::new()).await?.is_none() {
                return Ok(());
            }
            position = through;
            continue;
        }
        let batch = deliveries(records);
        meter.waited(&mut since);
        let Some(delivered) = deliver(&mut sink, &name, &batch, &ready, &stop, &meter).await?
        else {
            return Ok(());
        };
        let refused = delivered.rejected.len();
        let rejected = delivered.rejected.iter().map(|rejected| {
            tracing::error!(
                sink = %name,
                sequence = rejected.sequence,
                reason = rejected.reason,
                "refused a record"
            );
            Refusal {
                sequence: Sequence(rejected.sequence.cast_signed()),
                detail: rejected.reason.clone(),
            }
        });
        let rejected = rejected.collect();
        if commit(&ledger, &name, through, &delivered.state, rejected).await?.is_none() {
            return Ok(());
        }
        meter.delivered(&mut since, batch.len(), refused);
        position = through;
        if batch.len() < sink.batch() {
            // Until the mill has nothing more to do, at most.
            let ended = async { while ready.changed().await.is_ok() {} };
            tokio::select! {
                _ = tokio::time::timeout(LINGER, ended) => {}
                () = stop.cancelled() => {}
            }
        }
    }
    sink.close().await.map_err(|error| Fatal::new(STAGE, error))
}

/// Tries until the batch is in the target. `None` when it is told to stop, or the mill has ended,
/// and the target is still not to be had.
async fn deliver(
    sink: &mut Sink,
    name: &str,
    batch: &[Delivery],
    ready: &watch::Receiver<Sequence>,
    stop: &CancellationToken,
    meter: &SinkMeter,
) -> Result<Option<newsmill_sink::Delivered>, Fatal> {
    let mut tries = 0_u32;
    loop {
        let error: SinkError = match sink.deliver(batch).await {
            Ok(delivered) => return Ok(Some(delivered)),
            Err(error) => error,
        };
        let Disposition::Retry { after } = error.disposition() else {
            return Err(Fatal::new(STAGE, error));
        };
        tries += 1;
        let ended = ready.has_changed().is_err();
        let error = causes(&error);
        meter.failed(&error, tries);
        if ended && tries >= LAST_TRIES {
            tracing::error!(sink = %name, error, tries, "is left behind; the next start goes on");
            return Ok(None);
        }
        let pause = after.max(after.saturating_mul(1 << tries.min(8)) / 2).min(LONGEST_PAUSE);
        tracing::warn!(sink = %name, error, tries, ?pause, "tries again");
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// `None` when the ledger has ended, which is its own error to report.
async fn commit(
    ledger: &LedgerHandle,
    sink: &str,
    position: Sequence,
    state: &State,
    rejected: Vec<Refusal>,
) -> Result<Option<()>, Fatal> {
    let state = serde_json::to_string(state).map_err(|error| Fatal::new(STAGE, error))?;
    let deliver =
        Operation::Deliver { sink: sink.to_owned(), position, state: Some(state), rejected };
    Ok(ledger.apply(vec![deliver]).await.ok().map(|_| ()))
}

fn deliveries(stored: Vec<StoredRecord>) -> Vec<Delivery> {
    let delivery = |StoredRecord { sequence, id, revision, json }: StoredRecord| Delivery {
        sequence: sequence.0.cast_unsigned(),
        id,
        revision,
        json: json.into(),
    };
    stored.into_iter().map(delivery).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;

    use newsmill_article::{ArticleId, Revision};
    use newsmill_ledger::Applied;
    use newsmill_sink::{Config, JsonlConfig};

    use super::*;
    use crate::ledger_thread::Request;

    /// A ledger that has the records 1 to `ready`, and remembers the positions that were committed.
    fn ledger(ready: watch::Receiver<Sequence>, committed: Arc<Mutex<Vec<i64>>>) -> LedgerHandle {
        let (requests_in, requests) = async_channel::unbounded();
        tokio::spawn(async move {
            while let Ok(request) = requests.recv().await {
                match request {
                    Request::RecordsAfter(_, Sequence(after), limit, reply) => {
                        let record = |n| StoredRecord {
                            sequence: Sequence(n),
                            id: ArticleId::of_url(&"https://example.org/".parse().unwrap()),
                            revision: Revision::of(None, ""),
                            json: n.to_string(),
                        };
                        let last = ready.borrow().0.min(after + i64::try_from(limit).unwrap());
                        let records = (after + 1..=last).map(record).collect();
                        let _ = reply.send(Batch { records, through: Sequence(last) });
                    }
                    Request::Apply(operations, reply) => {
                        for operation in &operations {
                            let Operation::Deliver { position, .. } = operation else { panic!() };
                            committed.lock().unwrap().push(position.0);
                        }
                        let _ = reply.send(vec![Applied::Delivered; operations.len()]);
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
        LedgerHandle::new(requests_in)
    }

    /// A record becomes ready each `every`, `count` of them; returns what was committed after each
    /// batch, how long it took, and the lines of the file.
    async fn stream(folder: &Path, every: Duration, count: i64) -> (Vec<i64>, Duration, String) {
        let path = folder.join("news.jsonl");
        let jsonl = JsonlConfig { name: None, path: path.clone(), rotate: Default::default() };
        let start =
            SinkStart { name: "news".to_owned(), position: Sequence(0), state: None, missed: 0 };
        let sink = open(&Config::Jsonl(jsonl), &start).unwrap();
        let (ready_in, ready) = watch::channel(Sequence(0));
        let committed = Arc::default();
        let ledger = ledger(ready.clone(), Arc::clone(&committed));
        let begun = tokio::time::Instant::now();
        let running =
            tokio::spawn(run(sink, start, ledger, ready, CancellationToken::new(), Arc::default()));
        for n in 1..=count {
            tokio::time::sleep(every).await;
            ready_in.send_replace(Sequence(n));
        }
        drop(ready_in);
        running.await.unwrap().unwrap();
        let committed = committed.lock().unwrap().clone();
        (committed, begun.elapsed(), std::fs::read_to_string(path).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_is_taken_in_batches_and_its_first_record_and_its_end_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (committed, took, lines) = stream(folder.path(), Duration::from_millis(10), 95).await;
        // The first commit is the state before the first record.
        assert_eq!(committed[..3], [0, 1, 31], "{committed:?}");
        assert_eq!((committed.len(), committed.last()), (6, Some(&95)), "{committed:?}");
        assert!(took < Duration::from_millis(960), "{took:?}");
        let all: String = (1..=95).map(|n| format!("{n}\n")).collect();
        assert_eq!(lines, all);
    }

    #[tokio::test(start_paused = true)]
    async fn full_batches_are_not_waited_between() {
        let folder = tempfile::tempdir().unwrap();
        let (committed, took, lines) = stream(folder.path(), Duration::ZERO, 1_000).await;
        assert!(took < LINGER, "{took:?}: {committed:?}");
        assert_eq!((committed.last(), lines.lines().count()), (Some(&1_000), 1_000));
    }
}
