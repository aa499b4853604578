//! Manners towards one host: how many requests at once, how far apart, and when to leave it alone.
//!
//! A host is a name with its port; `http` and `https` on their usual ports are the same host.
//! Waiting happens on tokio's clock and is bounded: a request whose turn is too far off is put
//! off instead of holding up the caller. Nothing here is kept over a restart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout_at};
use url::Url;

use crate::robots::Robots;
use crate::{FetchError, HostConfig};

/// Hosts that are remembered; beyond it, those that nobody uses and that owe no wait are dropped.
const MAX_HOSTS: usize = 10_000;

/// All hosts that were met.
#[derive(Debug)]
pub(crate) struct Hosts {
    config: HostConfig,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

/// One host.
#[derive(Debug)]
pub(crate) struct Host {
    name: String,
    config: HostConfig,
    permits: Arc<Semaphore>,
    state: Mutex<State>,
    /// By origin, since each scheme has its own. The lock is held while one is fetched, so that
    /// it is fetched once.
    pub(crate) robots: tokio::sync::Mutex<HashMap<String, KnownRobots>>,
}

/// A robots.txt and until when it counts.
#[derive(Debug, Clone)]
pub(crate) struct KnownRobots {
    /// Or why it could not be had; then nothing may be read.
    pub(crate) robots: Result<Arc<Robots>, Arc<str>>,
    pub(crate) until: Instant,
}

#[derive(Debug)]
struct State {
    delay: Duration,
    next_slot: Instant,
    not_before: Instant,
    failures: u32,
    queued: u32,
}

/// The right to send one request now. Dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Turn {
    host: Arc<Host>,
    _permit: OwnedSemaphorePermit,
}

impl Hosts {
    pub(crate) fn new(config: &HostConfig) -> Self {
        Self { config: config.clone(), hosts: Mutex::default() }
    }

    /// The host of a URL.
    pub(crate) fn of(&self, url: &Url) -> Arc<Host> {
        let name = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or("")),
            None => url.host_str().unwrap_or("").to_owned(),
        };
        let mut hosts = lock(&self.hosts);
        if let Some(host) = hosts.get(&name) {
            return host.clone();
        }
        if hosts.len() >= MAX_HOSTS {
            let now = Instant::now();
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || !host.is_idle(now));
        }
        let host = Arc::new(Host::new(name.clone(), &self.config));
        hosts.insert(name, host.clone());
        host
    }
}

impl Host {
    fn new(name: String, config: &HostConfig) -> Self {
        let now = Instant::now();
        Self {
            name,
            config: config.clone(),
            permits: Arc::new(Semaphore::new(config.concurrency.clamp(1, Semaphore::MAX_PERMITS))),
            state: Mutex::new(State {
                delay: config.min_delay.0,
                next_slot: now,
                not_before: now,
                failures: 0,
                queued: 0,
            }),
            robots: tokio::sync::Mutex::default(),
        }
    }

    fn is_idle(&self, now: Instant) -> bool {
        let state = lock(&self.state);
        state.failures == 0 && state.not_before <= now && state.next_slot <= now
    }

    /// Spaces requests at least this far apart, if that is more than the configuration says.
    pub(crate) fn slow_down(&self, delay: Duration) {
        let delay = delay.clamp(
            self.config.min_delay.0,
            self.config.max_back_off.0.max(self.config.min_delay.0),
        );
        let mut state = lock(&self.state);
        // The request that brought the wish counts too.
        if let Some(longer) = delay.checked_sub(state.delay) {
            state.next_slot += longer;
        }
        state.delay = delay;
    }

    /// Waits for the right to send one request, at most `max_wait`; an error says how much longer
    /// it would take. Cancel-safe: a dropped wait frees its place.
    pub(crate) async fn turn(self: &Arc<Self>) -> Result<Turn, FetchError> {
        let max_wait = self.config.max_wait.0;
        let deadline = Instant::now() + max_wait;
        let queued = Queued::behind(self, max_wait)?;
        let permit = timeout_at(deadline, self.permits.clone().acquire_owned()).await;
        drop(queued);
        let Ok(Ok(permit)) = permit else { return Err(self.busy(max_wait)) };
        loop {
            let start = {
                let mut state = lock(&self.state);
                let now = Instant::now();
                let start = state.next_slot.max(state.not_before);
                if start <= now {
                    state.next_slot = now + state.delay;
                    return Ok(Turn { host: self.clone(), _permit: permit });
                }
                start
            };
            if start > deadline {
                return Err(self.busy(start - Instant::now()));
            }
            sleep_until(start).await;
        }
    }

    fn busy(&self, after: Duration) -> FetchError {
        FetchError::HostBusy { host: self.name.clone(), after }
    }
}

impl Turn {
    /// The host answered sensibly: its failures are forgiven.
    pub(crate) fn succeeded(&self) {
        lock(&self.host.state).failures = 0;
    }

    /// The host failed. After a number of failures in a row it is left alone, ever longer.
    pub(crate) fn failed(&self) {
        let config = &self.host.config;
        let mut state = lock(&self.host.state);
        state.failures = state.failures.saturating_add(1);
        if let Some(beyond) = state.failures.checked_sub(config.failures.max(1)) {
            let wait = back_off(config.back_off.0, beyond, config.max_back_off.0);
            state.not_before = state.not_before.max(Instant::now() + wait);
        }
    }

    /// The host asked to be left alone this long; believed up to `max_back_off`.
    pub(crate) fn told_to_wait(&self, wait: Duration) {
        let wait = wait.min(self.host.config.max_back_off.0);
        let mut state = lock(&self.host.state);
        state.not_before = state.not_before.max(Instant::now() + wait);
    }
}

/// A place in the queue of a host.
struct Queued<'a>(&'a Host);

impl<'a> Queued<'a> {
    fn behind(host: &'a Host, max_wait: Duration) -> Result<Self, FetchError> {
        let mut state = lock(&host.state);
        let line = state.delay * state.queued;
        let asked = state.not_before.saturating_duration_since(Instant::now());
        let wait = line.max(asked);
        if wait > max_wait {
            return Err(host.busy(wait));
        }
        state.queued += 1;
        Ok(Self(host))
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).queued -= 1;
    }
}

/// `first` doubled `doublings` times, at most `most`, of which a random half is left out so that
/// waits from one cause do not end at one time.
pub(crate) fn back_off(first: Duration, doublings: u32, most: Duration) -> Duration {
    let whole = first.saturating_mul(2u32.saturating_pow(doublings)).min(most);
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// The state is whole after each change, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
