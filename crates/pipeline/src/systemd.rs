//! What systemd is told: ready, reloading, stopping, alive ([`sd_notify(3)`]). Without a systemd
//! that waits for it, nothing is said.
//!
//! [`sd_notify(3)`]: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Interval, MissedTickBehavior};

/// The mill runs.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read again; [`ready`] follows in any case.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The mill has been asked to stop and drains.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The supervisor still turns.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

fn tell(states: &[NotifyState<'_>]) {
    // systemd itself notices when it is not told.
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "cannot notify systemd");
    }
}

/// When systemd wants to hear that we are alive: twice in the time it waits for it.
pub struct Watchdog(Option<Interval>);

/// As the environment of the process asks for it.
pub fn watchdog() -> Watchdog {
    let period = sd_notify::watchdog_enabled().map(|limit: Duration| limit / 2);
    Watchdog(period.filter(|period| !period.is_zero()).map(|period| {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    }))
}

impl Watchdog {
    /// Waits until it is time; for ever where nobody waits. Cancel safe.
    pub async fn next(&mut self) {
        match &mut self.0 {
            Some(interval) => {
                interval.tick().await;
            }
            None => std::future::pending().await,
        }
    }
}
