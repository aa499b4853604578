//! The one thread that owns the ledger, and the handle by which the stages reach it.
//!
//! Whatever is queued while one group is made durable becomes the next group, so a quiet mill
//! answers at once and a busy one shares each fsync among many. When the ledger says that waiting
//! can help (a full disk), the group is kept and tried again, and everybody waits: that is
//! backpressure. Anything worse ends the thread, and with it the mill.
//!
//! The thread ends when the last handle is gone.

use std::collections::HashSet;
use std::sync::Arc;

use async_channel::{Receiver, Sender, WeakSender};
use jiff::Timestamp;
use newsmill_article::{Disposition, Outcome, SourceName};
use newsmill_ledger::{
    Applied, Batch, Claim, DueSource, EntryId, Ledger, LedgerError, Operation, Sequence, SinkStart,
    Status,
};
use tokio::sync::oneshot;

use crate::stages::Fatal;

const STAGE: &str = "ledger";

/// Most operations in one transaction.
const GROUP: usize = 64;

/// What can be asked of the ledger while the mill runs. Cheap to clone.
///
/// Every call is answered or fails with [`Gone`]. Cancel safety: a call that is dropped may still
/// be carried out.
#[derive(Debug, Clone)]
pub struct LedgerHandle {
    requests: Sender<Request>,
}

/// The ledger's thread has ended; its own error says why.
#[derive(Debug, thiserror::Error)]
#[error("the ledger has ended")]
pub struct Gone;

/// One question, with where to send the answer.
#[derive(Debug)]
pub enum Request {
    /// Of [`LedgerHandle::apply`].
    Apply(Vec<Operation>, oneshot::Sender<Vec<Applied>>),
    /// Of [`LedgerHandle::claim`].
    Claim(usize, oneshot::Sender<Vec<Claim>>),
    /// Of [`LedgerHandle::holds_back`].
    HoldsBack(oneshot::Sender<bool>),
    /// Of [`LedgerHandle::due_sources`].
    DueSources(usize, oneshot::Sender<Vec<DueSource>>),
    /// Of [`LedgerHandle::all_sources`].
    AllSources(oneshot::Sender<Vec<DueSource>>),
    /// Of [`LedgerHandle::next_due`].
    NextDue(oneshot::Sender<Option<Timestamp>>),
    /// Of [`LedgerHandle::handed_off`].
    HandedOff(Timestamp, EntryId, usize, oneshot::Sender<Vec<Claim>>),
    /// Of [`LedgerHandle::records_after`].
    RecordsAfter(Arc<str>, Sequence, usize, oneshot::Sender<Batch>),
    /// Of [`LedgerHandle::status`].
    Status(oneshot::Sender<Status>),
    /// Of [`LedgerHandle::release_sources`].
    ReleaseSources(Vec<SourceName>, oneshot::Sender<()>),
    /// Of [`LedgerHandle::register_sources`].
    RegisterSources(Vec<SourceName>, oneshot::Sender<()>),
    /// Of [`LedgerHandle::register_sinks`].
    RegisterSinks(Vec<String>, oneshot::Sender<Vec<SinkStart>>),
    /// Of [`LedgerHandle::reconfigure`].
    Reconfigure(newsmill_ledger::Config, usize, oneshot::Sender<()>),
}

impl LedgerHandle {
    /// A handle on the thread that serves `requests`.
    pub fn new(requests: Sender<Request>) -> Self {
        Self { requests }
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, Gone> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| Gone)?;
        answer.await.map_err(|_| Gone)
    }

    /// Makes operations durable, in order, in one transaction.
    pub async fn apply(&self, operations: Vec<Operation>) -> Result<Vec<Applied>, Gone> {
        if operations.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(|reply| Request::Apply(operations, reply)).await
    }

    /// See [`Ledger::claim`].
    pub async fn claim(&self, limit: usize) -> Result<Vec<Claim>, Gone> {
        self.ask(|reply| Request::Claim(limit, reply)).await
    }

    /// See [`Ledger::holds_back`].
    pub async fn holds_back(&self) -> Result<bool, Gone> {
        self.ask(Request::HoldsBack).await
    }

    /// See [`Ledger::due_sources`].
    pub async fn due_sources(&self, limit: usize) -> Result<Vec<DueSource>, Gone> {
        self.ask(|reply| Request::DueSources(limit, reply)).await
    }

    /// See [`Ledger::all_sources`].
    pub async fn all_sources(&self) -> Result<Vec<DueSource>, Gone> {
        self.ask(Request::AllSources).await
    }

    /// See [`Ledger::next_due`].
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Gone> {
        self.ask(Request::NextDue).await
    }

    /// See [`Ledger::handed_off`].
    pub async fn handed_off(
        &self,
        before: Timestamp,
        from: EntryId,
        limit: usize,
    ) -> Result<Vec<Claim>, Gone> {
        self.ask(|reply| Request::HandedOff(before, from, limit, reply)).await
    }

    /// See [`Ledger::records_after`].
    pub async fn records_after(
        &self,
        sink: Arc<str>,
        position: Sequence,
        limit: usize,
    ) -> Result<Batch, Gone> {
        self.ask(|reply| Request::RecordsAfter(sink, position, limit, reply)).await
    }

    /// See [`newsmill_ledger::Inspector::status`].
    pub async fn status(&self) -> Result<Status, Gone> {
        self.ask(Request::Status).await
    }

    /// See [`Ledger::release_sources`].
    pub async fn release_sources(&self, names: Vec<SourceName>) -> Result<(), Gone> {
        self.ask(|reply| Request::ReleaseSources(names, reply)).await
    }

    /// See [`Ledger::register_sources`].
    pub async fn register_sources(&self, names: Vec<SourceName>) -> Result<(), Gone> {
        self.ask(|reply| Request::RegisterSources(names, reply)).await
    }

    /// See [`Ledger::register_sinks`].
    pub async fn register_sinks(&self, names: Vec<String>) -> Result<Vec<SinkStart>, Gone> {
        self.ask(|reply| Request::RegisterSinks(names, reply)).await
    }

    /// See [`Ledger::reconfigure`] and [`Ledger::share_hosts`].
    pub async fn reconfigure(
        &self,
        config: newsmill_ledger::Config,
        share: usize,
    ) -> Result<(), Gone> {
        self.ask(|reply| Request::Reconfigure(config, share, reply)).await
    }

    /// A handle that does not keep the ledger's thread alive.
    pub fn downgrade(&self) -> WeakLedger {
        WeakLedger { requests: self.requests.downgrade() }
    }
}

/// A [`LedgerHandle`] that does not keep the ledger's thread alive.
#[derive(Debug, Clone)]
pub struct WeakLedger {
    requests: WeakSender<Request>,
}

impl WeakLedger {
    /// The handle, while there is another one.
    pub fn upgrade(&self) -> Option<LedgerHandle> {
        self.requests.upgrade().map(|requests| LedgerHandle { requests })
    }
}

/// Serves requests until the last handle is gone. Blocks; runs on a thread of its own.
///
/// # Errors
///
/// The ledger's first fatal error.
pub fn run(ledger: &mut Ledger, requests: &Receiver<Request>) -> Result<(), Fatal> {
    while let Ok(first) = requests.recv_blocking() {
        let mut group = Vec::new();
        let mut replies = Vec::new();
        let mut next = Some(first);
        while let Some(request) = next {
            match request {
                Request::Apply(operations, reply) => {
                    replies.push((operations.len(), reply));
                    group.extend(operations);
                    next = if group.len() < GROUP { requests.try_recv().ok() } else { None };
                }
                // Reads see what was asked before them.
                read => {
                    commit(ledger, requests, &mut group, &mut replies)?;
                    answer(ledger, requests, read)?;
                    next = None;
                }
            }
        }
        commit(ledger, requests, &mut group, &mut replies)?;
    }
    Ok(())
}

fn commit(
    ledger: &mut Ledger,
    requests: &Receiver<Request>,
    group: &mut Vec<Operation>,
    replies: &mut Vec<(usize, oneshot::Sender<Vec<Applied>>)>,
) -> Result<(), Fatal> {
    if group.is_empty() {
        return Ok(());
    }
    let mut late = late_handoffs(ledger, group).into_iter();
    let mut of_each = late.clone();
    group.retain(|_| of_each.next() == Some(false));
    let mut applied = patiently(requests, || ledger.apply(group, Timestamp::now()))?.into_iter();
    group.clear();
    for (count, reply) in replies.drain(..) {
        let answers = late
            .by_ref()
            .take(count)
            .filter_map(|late| if late { Some(Applied::Ignored) } else { applied.next() });
        // Who asked may be gone; what was asked is durable all the same.
        let _ = reply.send(answers.collect());
    }
    Ok(())
}

/// Which operations of a group say that an entry was handed off, after it came back already: over
/// a link its end can overtake the news that it left. Then the news is old, and would hide an
/// entry that is due again.
fn late_handoffs(ledger: &Ledger, group: &[Operation]) -> Vec<bool> {
    let mut ended = HashSet::new();
    let late = group.iter().map(|operation| match operation {
        Operation::Settle { entry, outcome: Outcome::HandedOff, .. } => {
            !ledger.is_claimed(*entry) || !ended.insert(*entry)
        }
        Operation::Settle { entry, .. } | Operation::Ready { entry, .. } => {
            ended.insert(*entry);
            false
        }
        _ => false,
    });
    late.collect()
}

fn answer(ledger: &mut Ledger, requests: &Receiver<Request>, read: Request) -> Result<(), Fatal> {
    match read {
        Request::Apply(..) => {}
        Request::Claim(limit, reply) => {
            let claims = patiently(requests, || ledger.claim(Timestamp::now(), limit))?;
            let _ = reply.send(claims);
        }
        Request::HoldsBack(reply) => {
            let _ = reply.send(patiently(requests, || ledger.holds_back(Timestamp::now()))?);
        }
        Request::DueSources(limit, reply) => {
            let due = patiently(requests, || ledger.due_sources(Timestamp::now(), limit))?;
            let _ = reply.send(due);
        }
        Request::AllSources(reply) => {
            let _ = reply.send(patiently(requests, || ledger.all_sources())?);
        }
        Request::NextDue(reply) => {
            let _ = reply.send(patiently(requests, || ledger.next_due())?);
        }
        Request::HandedOff(before, from, limit, reply) => {
            let handed_off = patiently(requests, || ledger.handed_off(before, from, limit))?;
            let _ = reply.send(handed_off);
        }
        Request::RecordsAfter(sink, position, limit, reply) => {
            let batch = patiently(requests, || ledger.records_after(&sink, position, limit))?;
            let _ = reply.send(batch);
        }
        Request::Status(reply) => {
            let _ = reply.send(patiently(requests, || ledger.inspect().status())?);
        }
        Request::ReleaseSources(names, reply) => {
            patiently(requests, || ledger.release_sources(&names))?;
            let _ = reply.send(());
        }
        Request::RegisterSources(names, reply) => {
            patiently(requests, || ledger.register_sources(&names, Timestamp::now()))?;
            let _ = reply.send(());
        }
        Request::RegisterSinks(names, reply) => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let starts = patiently(requests, || ledger.register_sinks(&names, Timestamp::now()))?;
            let _ = reply.send(starts);
        }
        Request::Reconfigure(config, share, reply) => {
            ledger.reconfigure(&config);
            ledger.share_hosts(share);
            let _ = reply.send(());
        }
    }
    Ok(())
}

/// Tries again for as long as waiting can help and anybody is still there to wait.
fn patiently<T>(
    requests: &Receiver<Request>,
    mut work: impl FnMut() -> Result<T, LedgerError>,
) -> Result<T, Fatal> {
    loop {
        let error = match work() {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        match error.disposition() {
            Disposition::Retry { after } if !requests.is_closed() => {
                tracing::error!(error = crate::stages::causes(&error), ?after, "waits");
                std::thread::sleep(after);
            }
            _ => return Err(Fatal::new(STAGE, error)),
        }
    }
}
