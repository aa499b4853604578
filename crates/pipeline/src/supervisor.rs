//! Runs the stages to their end: signals, the drain, its deadline, and what is reported.
//!
//! The supervisor starts nothing by itself and knows no stage: [`Crew`] is given tasks, threads
//! and channels by the topology. A stop cancels the token that the intake holds and nothing else;
//! every stage ends because its input closed behind the one before it. When the grace period is
//! over, on a second signal, or on a fatal error, every channel is closed and emptied and every
//! task is dropped, which settles what was in flight as `Abandoned`. Keepers, the tasks that
//! write those settlements down, are never dropped: they end when the last ticket has.
//!
//! A thread cannot be interrupted. It ends after the item in its hands; if that takes longer than
//! [`LAST_WORDS`], the process ends without it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_channel::Sender;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::stages::Fatal;
use crate::{systemd, telemetry};

/// How long threads and keepers may take after everything was closed.
pub const LAST_WORDS: Duration = Duration::from_secs(5);

/// How often the drain says whom it waits for.
const REMINDER: Duration = Duration::from_secs(5);

/// Everybody who has to end before the mill has ended.
///
/// Members are added through [`Recruiter`], also while the crew is at work: by a member, so that
/// the crew cannot end in between.
pub struct Crew {
    recruiter: Recruiter,
    ended: mpsc::UnboundedReceiver<(u64, Result<(), Fatal>)>,
}

/// Adds members to a [`Crew`]. Cheap to clone.
#[derive(Clone)]
pub struct Recruiter {
    roll: Arc<Mutex<Roll>>,
    ended: mpsc::UnboundedSender<(u64, Result<(), Fatal>)>,
}

#[derive(Default)]
struct Roll {
    next: u64,
    at_work: HashMap<u64, Member>,
    channels: Vec<Channel>,
    /// Everything was closed: whoever comes now is too late.
    closed: bool,
    grace: Duration,
}

struct Member {
    name: &'static str,
    abort: AbortHandle,
    /// Keepers and threads are never dropped.
    keeps: bool,
}

/// Its weak ends keep alive what lies in the channel, so they go once it is closed.
struct Channel {
    _watched: Option<Arc<telemetry::Channel>>,
    close: Box<dyn Fn() + Send>,
    is_gone: Box<dyn Fn() -> bool + Send>,
}

/// How the mill ended.
#[derive(Debug)]
pub enum Ending {
    /// The intake had nothing more, and everything was worked off.
    Finished,
    /// Asked to stop, and everything in flight was worked off.
    Drained,
    /// Asked to stop, and something in flight was abandoned.
    Cut {
        /// The stages that were still at work.
        waiting: Vec<&'static str>,
    },
    /// A stage could not go on.
    Fatal(Fatal),
}

/// Reports how a member ended, whatever way that was.
struct Report {
    number: u64,
    name: &'static str,
    result: Option<Result<(), Fatal>>,
    ended: mpsc::UnboundedSender<(u64, Result<(), Fatal>)>,
}

impl Report {
    fn end(&mut self, result: Result<(), Fatal>) {
        self.result = Some(result);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let result = match self.result.take() {
            Some(result) => result,
            None if std::thread::panicking() => Err(Fatal::new(self.name, "its task panicked")),
            // It was dropped on purpose.
            None => Ok(()),
        };
        // Nobody to tell: the supervisor has given up on it.
        let _ = self.ended.send((self.number, result));
    }
}

impl Recruiter {
    fn roll(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a task. It is dropped when everything is closed.
    pub fn task<F>(&self, name: &'static str, work: F)
    where
        F: Future<Output = Result<(), Fatal>> + Send + 'static,
    {
        self.add(name, false, work);
    }

    /// Adds a task that is waited for even after everything was closed.
    pub fn keeper<F>(&self, name: &'static str, work: F)
    where
        F: Future<Output = Result<(), Fatal>> + Send + 'static,
    {
        self.add(name, true, work);
    }

    fn add<F>(&self, name: &'static str, keeps: bool, work: F)
    where
        F: Future<Output = Result<(), Fatal>> + Send + 'static,
    {
        let mut roll = self.roll();
        if roll.closed && !keeps {
            return;
        }
        let number = roll.next;
        roll.next += 1;
        let mut report = Report { number, name, result: None, ended: self.ended.clone() };
        // The report waits for the roll, which is held until the member is on it.
        let task = tokio::spawn(async move {
            let ended = work.await;
            report.end(ended);
        });
        roll.at_work.insert(number, Member { name, abort: task.abort_handle(), keeps });
    }

    /// Adds a thread named `name`.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread.
    pub fn thread<F>(&self, name: &'static str, work: F) -> Result<(), Fatal>
    where
        F: FnOnce() -> Result<(), Fatal> + Send + 'static,
    {
        let (done, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // Nobody to tell: the supervisor has given up on this thread.
                let _ = done.send(work());
            })
            .map_err(|error| Fatal::new(name, error))?;
        self.keeper(name, async move {
            ended.await.unwrap_or_else(|_| Err(Fatal::new(name, "its thread panicked")))
        });
        Ok(())
    }

    /// Makes `channel` one of those that are closed and emptied at the end. Holds it weakly, so
    /// it still closes by itself when its last sender goes.
    pub fn closes<T: Send + 'static>(
        &self,
        sender: &Sender<T>,
        receiver: &async_channel::Receiver<T>,
    ) {
        self.add_channel(sender, receiver, None);
    }

    /// The same for a channel that is watched as long as it is there.
    pub fn closes_watched<T: Send + 'static>(
        &self,
        sender: &Sender<T>,
        receiver: &async_channel::Receiver<T>,
        watched: Arc<telemetry::Channel>,
    ) {
        self.add_channel(sender, receiver, Some(watched));
    }

    fn add_channel<T: Send + 'static>(
        &self,
        sender: &Sender<T>,
        receiver: &async_channel::Receiver<T>,
        watched: Option<Arc<telemetry::Channel>>,
    ) {
        let (sender, receiver) = (sender.downgrade(), receiver.downgrade());
        let (weak_sender, weak_receiver) = (sender.clone(), receiver.clone());
        let close = Box::new(move || {
            if let Some(sender) = sender.upgrade() {
                sender.close();
            }
            if let Some(receiver) = receiver.upgrade() {
                receiver.close();
                while receiver.try_recv().is_ok() {}
            }
        });
        let is_gone =
            Box::new(move || weak_sender.upgrade().is_none() && weak_receiver.upgrade().is_none());
        let channel = Channel { _watched: watched, close, is_gone };
        let mut roll = self.roll();
        if roll.closed {
            (channel.close)();
            return;
        }
        roll.channels.retain(|channel| !(channel.is_gone)());
        roll.channels.push(channel);
    }

    /// How long the drain may take from the next stop on.
    pub fn set_grace(&self, grace: Duration) {
        self.roll().grace = grace;
    }
}

impl Default for Crew {
    fn default() -> Self {
        let (ended_in, ended) = mpsc::unbounded_channel();
        Self { recruiter: Recruiter { roll: Arc::default(), ended: ended_in }, ended }
    }
}

impl Deref for Crew {
    type Target = Recruiter;

    fn deref(&self) -> &Recruiter {
        &self.recruiter
    }
}

impl Crew {
    /// The names of those at work, each once, with how many.
    fn waiting(&self) -> BTreeMap<&'static str, usize> {
        let mut names = BTreeMap::new();
        for member in self.roll().at_work.values() {
            *names.entry(member.name).or_default() += 1;
        }
        names
    }

    /// Waits for the next member to end. `None` when all have. Cancel safe.
    async fn next(&mut self) -> Option<Result<(), Fatal>> {
        if self.roll().at_work.is_empty() {
            return None;
        }
        // It cannot close: this crew holds a sender itself.
        let (number, result) = self.ended.recv().await?;
        self.roll().at_work.remove(&number);
        Some(result)
    }

    /// Closes and empties every channel and drops every task.
    fn close(&mut self) {
        let mut roll = self.roll();
        roll.closed = true;
        for channel in std::mem::take(&mut roll.channels) {
            (channel.close)();
        }
        for member in roll.at_work.values() {
            if !member.keeps {
                member.abort.abort();
            }
        }
    }

    /// After [`Crew::close`]: waits for threads and keepers, but not for ever.
    async fn last_words(&mut self) {
        let all = async { while self.next().await.is_some() {} };
        if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
            tracing::warn!(waiting = ?self.waiting(), "ends without waiting any longer");
        }
        self.roll().at_work.clear();
    }
}

/// A crew that is not run to its end (its mill could not be set up) leaves nobody behind.
impl Drop for Crew {
    fn drop(&mut self) {
        for member in self.roll().at_work.values() {
            member.abort.abort();
        }
    }
}

/// Runs the crew to its end. `signals` yields once for every request to stop; `stop` is what the
/// intake listens to.
pub async fn run(
    mut crew: Crew,
    stop: CancellationToken,
    mut signals: mpsc::Receiver<&'static str>,
    grace: Duration,
) -> Ending {
    crew.set_grace(grace);
    let mut deadline: Option<Instant> = None;
    let mut watchdog = systemd::watchdog();
    let mut reminder = tokio::time::interval(REMINDER);
    reminder.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            ended = crew.next() => match ended {
                None if deadline.is_some() => return Ending::Drained,
                None => return Ending::Finished,
                Some(Ok(())) => {}
                Some(Err(fatal)) => {
                    stop.cancel();
                    crew.close();
                    crew.last_words().await;
                    return Ending::Fatal(fatal);
                }
            },
            Some(signal) = signals.recv() => {
                if deadline.is_some() {
                    tracing::warn!(signal, "stops at once");
                    return cut(crew).await;
                }
                let grace = crew.roll().grace;
                tracing::info!(signal, ?grace, "stops taking in, works off what is in flight");
                systemd::stopping();
                stop.cancel();
                deadline = Some(Instant::now() + grace);
                reminder.reset();
            }
            () = reached(deadline) => {
                tracing::warn!("the grace period is over");
                return cut(crew).await;
            }
            () = watchdog.next() => systemd::alive(),
            _ = reminder.tick(), if deadline.is_some() => {
                let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
                tracing::info!(waiting = ?crew.waiting(), ?left, "still working off");
            }
        }
    }
}

async fn cut(mut crew: Crew) -> Ending {
    let waiting = crew.waiting().into_keys().collect();
    crew.close();
    crew.last_words().await;
    Ending::Cut { waiting }
}

async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Yields the name of each SIGTERM and SIGINT from now on.
///
/// # Errors
///
/// When the operating system refuses the handlers.
pub fn signals() -> std::io::Result<mpsc::Receiver<&'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (send, receive) = mpsc::channel(2);
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                Some(()) = term.recv() => "SIGTERM",
                Some(()) = int.recv() => "SIGINT",
                else => return,
            };
            if send.send(name).await.is_err() {
                return;
            }
        }
    });
    Ok(receive)
}

#[cfg(test)]
mod tests;
