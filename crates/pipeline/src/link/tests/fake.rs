//! A queue in memory that tells what was done to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use newsmill_link::{Lane, Queue, QueueError, Taken};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sign {
    Ack,
    Nak(Duration),
    Progress,
}

/// Key, id, message, how often delivered.
type Kept = (u64, String, Bytes, u32);

#[derive(Clone, Default)]
pub(super) struct Fake {
    /// What was put, and what is to be taken.
    pub(super) lanes: Arc<Mutex<BTreeMap<Lane, Vec<Kept>>>>,
    /// What was said of which message.
    pub(super) signs: Arc<Mutex<Vec<(Bytes, Sign)>>>,
    /// Puts and leases that fail before one works.
    pub(super) failures: Arc<Mutex<u32>>,
}

pub(super) struct Delivery {
    message: Bytes,
    delivered: u32,
    signs: Arc<Mutex<Vec<(Bytes, Sign)>>>,
}

impl Delivery {
    fn say(&self, sign: Sign) {
        self.signs.lock().unwrap().push((self.message.clone(), sign));
    }
}

impl Taken for Delivery {
    const PATIENCE: Duration = Duration::from_secs(30);

    fn message(&self) -> Option<&Bytes> {
        Some(&self.message)
    }

    fn delivered(&self) -> u32 {
        self.delivered
    }

    async fn progress(&self) {
        self.say(Sign::Progress);
    }

    async fn ack(&self) {
        self.say(Sign::Ack);
    }

    async fn nak(&self, after: Duration) {
        self.say(Sign::Nak(after));
    }
}

impl Queue for Fake {
    type Taken = Delivery;

    async fn put(&self, lane: Lane, key: u64, id: &str, message: Bytes) -> Result<(), QueueError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(QueueError::later("cannot put", "no leader"));
        }
        let mut lanes = self.lanes.lock().unwrap();
        lanes.entry(lane).or_default().push((key, id.to_owned(), message, 1));
        Ok(())
    }

    async fn take(&self, lane: Lane, most: usize) -> Result<Vec<Delivery>, QueueError> {
        let taken: Vec<_> = {
            let mut lanes = self.lanes.lock().unwrap();
            let lane = lanes.entry(lane).or_default();
            let most = most.min(lane.len());
            lane.drain(..most).collect()
        };
        if taken.is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let signs = &self.signs;
        let delivery =
            |(_, _, message, delivered)| Delivery { message, delivered, signs: signs.clone() };
        Ok(taken.into_iter().map(delivery).collect())
    }

    async fn holds(&self, lane: Lane, key: u64) -> Result<bool, QueueError> {
        let lanes = self.lanes.lock().unwrap();
        Ok(lanes.get(&lane).is_some_and(|lane| lane.iter().any(|(held, ..)| *held == key)))
    }

    async fn lease(&self, _: &str, _: &str) -> Result<bool, QueueError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(QueueError::later("cannot lease", "no responders"));
        }
        Ok(true)
    }

    async fn release(&self, _: &str, _: &str) -> Result<(), QueueError> {
        Ok(())
    }

    async fn leases(&self) -> Result<Vec<(String, String)>, QueueError> {
        Ok(Vec::new())
    }
}
