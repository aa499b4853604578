//! The three loops that run every stage, and what a stage may answer.
//!
//! | loop | runs | for |
//! |---|---|---|
//! | [`concurrent`] | one async loop of several on clones of the same receiver | fetching |
//! | [`on_thread`] | a loop on a thread of its own that owns its state | cleaning, summarizing |
//! | [`batched`] | the first item and what is queued behind it | writing down |
//!
//! They own what every stage must do alike: settle errors, keep a panic to its item, and run the
//! three clocks of the stage's [`Meter`]. A loop ends when its input is closed and empty, or when its output is closed;
//! what it then holds is dropped, which settles it as `Abandoned`.
//!
//! Never put the `send` of a loop into a `select!`: the branch that loses drops its item. Never
//! let one task poll several items *and* await a `send`: they stall while there is no room.

pub mod cleaner;
pub mod fetcher;
pub mod in_order;
pub mod poll;
pub mod records;
pub mod sink;
pub mod summarizer;

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use bytes::Bytes;
use newsmill_article::{Disposition, Outcome, Reason};

use crate::in_flight::{Evidence, InFlight, Ticket};
use crate::jobs::Jobs;
use crate::telemetry::tap::Shown;
use crate::telemetry::{Meter, Phase};

/// Why an item did not become the next thing.
#[derive(Debug)]
pub enum Failure {
    /// Its way ends here.
    Ends {
        /// How.
        outcome: Outcome,
        /// The error with its causes, where there was one.
        cause: Option<String>,
    },
    /// The mill must stop.
    Fatal(Fatal),
}

/// An error that makes going on wrong, with the stage that met it.
#[derive(Debug, thiserror::Error)]
#[error("{stage} cannot go on")]
pub struct Fatal {
    /// Where.
    pub stage: &'static str,
    /// What.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl Fatal {
    /// Wraps an error of a stage.
    pub fn new(stage: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { stage, source: source.into() }
    }
}

impl Failure {
    /// What an error with this disposition means.
    pub fn of<E>(stage: &'static str, disposition: Disposition, error: E) -> Self
    where
        E: Error + Send + Sync + 'static,
    {
        let outcome = match disposition {
            Disposition::Fatal => return Self::Fatal(Fatal::new(stage, error)),
            Disposition::Reject(reason) => Outcome::Rejected(reason),
            Disposition::Retry { after } => Outcome::Retry { after },
        };
        Self::Ends { outcome, cause: Some(causes(&error)) }
    }
}

/// An error and its sources in one line, outermost first.
pub fn causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_line = cause.to_string();
        // Transparent wrappers would say the same twice.
        if !line.ends_with(&cause_line) {
            line.push_str(": ");
            line.push_str(&cause_line);
        }
        source = cause.source();
    }
    line
}

/// One async loop. Run several on clones of `input` and `output`.
///
/// Not cancel safe, in the good sense: a cancelled loop abandons the item in its hands, and its
/// ticket says so.
///
/// # Errors
///
/// The first fatal error of `work`.
pub async fn concurrent<T, U, W>(
    input: Receiver<InFlight<T>>,
    output: Sender<InFlight<U>>,
    meter: Arc<Meter>,
    work: impl Fn(T) -> W,
) -> Result<(), Fatal>
where
    T: Evidence,
    U: Shown,
    W: Future<Output = Result<U, Failure>>,
{
    let mut clock = meter.at_work();
    while let Ok(InFlight { item, mut ticket }) = input.recv().await {
        clock.turn(Phase::Busy);
        ticket.enter(meter.stage());
        let evidence = item.evidence();
        let made = caught_async(work(item)).await;
        let took = clock.turn(Phase::WaitingOut);
        let settled = settle_failure(made, ticket, &meter, took, || evidence)?;
        let Some((item, ticket)) = settled else {
            clock.turn(Phase::WaitingIn);
            continue;
        };
        meter.passed(&ticket, took, &item);
        if output.send(InFlight::new(item, ticket)).await.is_err() {
            break;
        }
        clock.turn(Phase::WaitingIn);
    }
    Ok(())
}

/// One loop on the calling thread, which must not be a worker of the async runtime.
///
/// `make` builds the state that the thread owns and a worker over it; it is called again after a
/// panic, because a half-changed state is worth nothing. The worker only borrows the item, so
/// that after a panic the bytes at fault are still there; `join` makes the next thing of the item
/// and what was found in it. It works only while it holds one of `jobs`; waiting for one counts as
/// waiting for input.
///
/// # Errors
///
/// When `make` fails, or the first fatal error of the work.
pub fn on_thread<T, V, U, W>(
    input: &Receiver<InFlight<T>>,
    output: &Sender<InFlight<U>>,
    meter: &Arc<Meter>,
    jobs: &Jobs,
    make: impl Fn() -> Result<W, Fatal>,
    join: impl Fn(T, V) -> U,
) -> Result<(), Fatal>
where
    T: Evidence,
    U: Shown,
    W: FnMut(&T, &Ticket) -> Result<V, Failure>,
{
    let mut work = make()?;
    let mut clock = meter.at_work();
    while let Ok(InFlight { item, mut ticket }) = input.recv_blocking() {
        let permit = jobs.acquire();
        clock.turn(Phase::Busy);
        ticket.enter(meter.stage());
        let made = match catch_unwind(AssertUnwindSafe(|| work(&item, &ticket))) {
            Ok(made) => made,
            Err(panic) => {
                work = make()?;
                Err(panicked(&*panic))
            }
        };
        drop(permit);
        let took = clock.turn(Phase::WaitingOut);
        let settled = settle_failure(made, ticket, meter, took, || item.evidence())?;
        let Some((found, ticket)) = settled else {
            clock.turn(Phase::WaitingIn);
            continue;
        };
        let made = join(item, found);
        meter.passed(&ticket, took, &made);
        if output.send_blocking(InFlight::new(made, ticket)).is_err() {
            break;
        }
        clock.turn(Phase::WaitingIn);
    }
    Ok(())
}

/// One async loop over batches of up to `max` items. `deliver` settles every ticket of its batch.
///
/// An item that comes alone is delivered at once. After a batch, what comes within `linger` goes
/// together, so that a stream shares the cost of a delivery; a full batch, or the last one, does
/// not wait.
///
/// # Errors
///
/// The first error of `deliver`.
pub async fn batched<T, W>(
    input: Receiver<T>,
    max: usize,
    linger: Duration,
    meter: Arc<Meter>,
    mut deliver: impl FnMut(Vec<T>) -> W,
) -> Result<(), Fatal>
where
    W: Future<Output = Result<(), Fatal>>,
{
    let mut clock = meter.at_work();
    let mut waits_until = tokio::time::Instant::now();
    while let Ok(first) = input.recv().await {
        let mut batch = vec![first];
        while batch.len() < max {
            let next = match input.try_recv() {
                Ok(next) => next,
                Err(_) => match tokio::time::timeout_at(waits_until, input.recv()).await {
                    Ok(Ok(next)) => next,
                    _ => break,
                },
            };
            batch.push(next);
        }
        clock.turn(Phase::Busy);
        deliver(batch).await?;
        clock.turn(Phase::WaitingIn);
        waits_until = tokio::time::Instant::now() + linger;
    }
    Ok(())
}

/// Hands back what was made and its ticket, or settles the ticket.
fn settle_failure<V>(
    made: Result<V, Failure>,
    ticket: Ticket,
    meter: &Meter,
    took: Duration,
    evidence: impl FnOnce() -> Option<Bytes>,
) -> Result<Option<(V, Ticket)>, Fatal> {
    match made {
        Ok(made) => Ok(Some((made, ticket))),
        Err(Failure::Ends { outcome, cause }) => {
            let panicked = outcome == Outcome::Rejected(Reason::Panicked);
            let evidence = if panicked { evidence() } else { None };
            meter.ended(&ticket, took, &outcome, cause.as_deref());
            ticket.settle_because(outcome, cause, evidence);
            Ok(None)
        }
        Err(Failure::Fatal(fatal)) => Err(fatal),
    }
}

/// Polls a future to its end; a panic of it becomes a failure of its item.
async fn caught_async<U>(work: impl Future<Output = Result<U, Failure>>) -> Result<U, Failure> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(Err(panicked(&*panic))),
        }
    })
    .await
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Failure::Ends {
        outcome: Outcome::Rejected(Reason::Panicked),
        cause: Some(format!("panic: {}", said.unwrap_or("of an unknown kind"))),
    }
}

#[cfg(test)]
mod tests;
