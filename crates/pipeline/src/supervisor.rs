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
use std::time::Duration;

use async_channel::Sender;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::stages::Fatal;

/// How long threads and keepers may take after everything was closed.
pub const LAST_WORDS: Duration = Duration::from_secs(5);

/// How often the drain says whom it waits for.
const REMINDER: Duration = Duration::from_secs(5);

/// Everybody who has to end before the mill has ended.
#[derive(Default)]
pub struct Crew {
    tasks: JoinSet<Result<(), Fatal>>,
    at_work: HashMap<Id, Member>,
    channels: Vec<Box<dyn Fn() + Send>>,
}

struct Member {
    name: &'static str,
    /// `None` for keepers and threads, which are never dropped.
    abort: Option<AbortHandle>,
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

impl Crew {
    /// Adds a task. It is dropped when everything is closed.
    pub fn task<F>(&mut self, name: &'static str, work: F)
    where
        F: Future<Output = Result<(), Fatal>> + Send + 'static,
    {
        let abort = self.tasks.spawn(work);
        let id = abort.id();
        self.at_work.insert(id, Member { name, abort: Some(abort) });
    }

    /// Adds a task that is waited for even after everything was closed.
    pub fn keeper<F>(&mut self, name: &'static str, work: F)
    where
        F: Future<Output = Result<(), Fatal>> + Send + 'static,
    {
        let id = self.tasks.spawn(work).id();
        self.at_work.insert(id, Member { name, abort: None });
    }

    /// Adds a thread named `name`.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread.
    pub fn thread<F>(&mut self, name: &'static str, work: F) -> Result<(), Fatal>
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
        &mut self,
        sender: &Sender<T>,
        receiver: &async_channel::Receiver<T>,
    ) {
        let (sender, receiver) = (sender.downgrade(), receiver.downgrade());
        self.channels.push(Box::new(move || {
            if let Some(sender) = sender.upgrade() {
                sender.close();
            }
            if let Some(receiver) = receiver.upgrade() {
                receiver.close();
                while receiver.try_recv().is_ok() {}
            }
        }));
    }

    /// The names of those at work, each once, with how many.
    fn waiting(&self) -> BTreeMap<&'static str, usize> {
        let mut names = BTreeMap::new();
        for member in self.at_work.values() {
            *names.entry(member.name).or_default() += 1;
        }
        names
    }

    /// Waits for the next member to end. `None` when all have.
    async fn next(&mut self) -> Option<Result<(), Fatal>> {
        let (id, result) = match self.tasks.join_next_with_id().await? {
            Ok((id, result)) => (id, result),
            Err(error) => {
                let name = self.at_work.get(&error.id()).map_or("a task", |member| member.name);
                let result = if error.is_cancelled() {
                    Ok(())
                } else {
                    Err(Fatal::new(name, "its task panicked"))
                };
                (error.id(), result)
            }
        };
        self.at_work.remove(&id);
        Some(result)
    }

    /// Closes and empties every channel and drops every task.
    fn close(&mut self) {
        for close in &self.channels {
            close();
        }
        for member in self.at_work.values() {
            if let Some(abort) = &member.abort {
                abort.abort();
            }
        }
    }

    /// After [`Crew::close`]: waits for threads and keepers, but not for ever.
    async fn last_words(&mut self) {
        let all = async { while self.next().await.is_some() {} };
        if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
            tracing::warn!(waiting = ?self.waiting(), "ends without waiting any longer");
        }
        self.tasks.detach_all();
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
    let mut deadline: Option<Instant> = None;
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
                tracing::info!(signal, ?grace, "stops taking in, works off what is in flight");
                stop.cancel();
                deadline = Some(Instant::now() + grace);
                reminder.reset();
            }
            () = reached(deadline) => {
                tracing::warn!(?grace, "the grace period is over");
                return cut(crew).await;
            }
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
