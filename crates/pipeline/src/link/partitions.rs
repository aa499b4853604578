//! Which process fetches from which hosts.
//!
//! Hosts are divided into [`PARTITIONS`] by their hash, and a process fetches from a host only
//! while it holds the lease of its partition: so one process at a time owns the manners towards
//! that host. The processes share them evenly: each shows itself by a lease of its own, counts
//! the others, gives back what is above its share once it has worked off what it holds of it, and
//! takes what is free up to its share. The partitions of a process that died are free when its
//! leases are over.
//!
//! A process that slept through its lease (a stopped machine) takes nothing more when it wakes;
//! only what it held before may then meet the new owner's requests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use newsmill_article::Entry;
use newsmill_link::{Channel, LEASE, Lane, PARTITIONS, Queue, QueueError};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ingress::{self, Ingress};
use super::{STAGE, random};
use crate::stages::{Fatal, causes};

/// Entries of one partition in our hands at once: few, because those that wait for a slow host
/// would only age here.
const PLACES: usize = 8;

/// A partition that is ours.
struct Mine {
    lane: Lane,
    places: Arc<Semaphore>,
    /// When the lease is over, unless it is renewed.
    until: Arc<Mutex<Instant>>,
    stop: CancellationToken,
}

impl Mine {
    fn renewed(&self, asked: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = asked + LEASE;
    }

    fn is_over(&self) -> bool {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) <= Instant::now()
    }

    /// Nothing more is taken, and nothing is left in our hands.
    fn is_given_up(&self) -> bool {
        self.stop.is_cancelled() && self.places.available_permits() == PLACES
    }
}

/// Takes entries of its share of the partitions until `stop`; ends when they are worked off.
///
/// # Errors
///
/// When the queue is unfit.
pub async fn run<Q: Queue>(
    ingress: Ingress<Entry, Q>,
    stop: CancellationToken,
) -> Result<(), Fatal> {
    let queue = ingress.queue.clone();
    let me = format!("{:016x}", random());
    let mut mine: BTreeMap<u16, Mine> = BTreeMap::new();
    let mut loops = JoinSet::new();
    // Its output must close when the last loop ends, so it lives in the loops alone.
    let mut template = Some(ingress);
    loop {
        if stop.is_cancelled() {
            template = None;
            mine.values().for_each(|mine| mine.stop.cancel());
        }
        if let Err(error) = round(&queue, &me, &mut mine, template.as_ref(), &mut loops).await {
            tracing::warn!(error = causes(&error), "cannot see to the partitions");
        }
        while let Some(ended) = loops.try_join_next() {
            ended.map_err(|error| Fatal::new(STAGE, error))??;
        }
        if template.is_none() && mine.is_empty() {
            break;
        }
        let pause = if template.is_none() { LEASE / 50 } else { LEASE / 5 };
        tokio::select! {
            () = stop.cancelled(), if template.is_some() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    if let Err(error) = queue.release(&member(&me), &me).await {
        tracing::debug!(error = causes(&error), "the lease runs out by itself");
    }
    Ok(())
}

/// Renews, gives back and takes. `template` is `None` when the mill stops.
async fn round<Q: Queue>(
    queue: &Q,
    me: &str,
    mine: &mut BTreeMap<u16, Mine>,
    template: Option<&Ingress<Entry, Q>>,
    loops: &mut JoinSet<Result<(), Fatal>>,
) -> Result<(), QueueError> {
    for number in mine.keys().copied().collect::<Vec<_>>() {
        let Some(partition) = mine.get(&number) else { continue };
        if partition.is_given_up() {
            queue.release(&key(number), me).await?;
            mine.remove(&number);
            continue;
        }
        let asked = Instant::now();
        if queue.lease(&key(number), me).await? {
            partition.renewed(asked);
        } else if partition.is_over() {
            tracing::warn!(partition = number, "lost to another process");
            partition.stop.cancel();
            mine.remove(&number);
        }
    }
    let Some(template) = template else { return Ok(()) };
    queue.lease(&member(me), me).await?;
    let leases = queue.leases().await?;
    let members: Vec<&str> =
        leases.iter().filter_map(|(name, _)| name.strip_prefix(MEMBER)).collect();
    let share = share(&members, me);
    let kept = mine.values().filter(|mine| !mine.stop.is_cancelled()).count();
    for (number, partition) in mine.iter().rev().take(kept.saturating_sub(share)) {
        tracing::info!(partition = number, "gives it back: another process has joined");
        partition.stop.cancel();
    }
    let taken = |number: u16| leases.iter().any(|(name, _)| *name == key(number));
    let mut room = share.saturating_sub(mine.len());
    for number in (0..PARTITIONS).filter(|number| !taken(*number)) {
        if room == 0 {
            break;
        }
        let asked = Instant::now();
        if mine.contains_key(&number) || !queue.lease(&key(number), me).await? {
            continue;
        }
        room -= 1;
        let lane = Lane { channel: Channel::Entries, partition: number };
        let partition = Mine {
            lane,
            places: Arc::new(Semaphore::new(PLACES)),
            until: Arc::new(Mutex::new(asked + LEASE)),
            stop: CancellationToken::new(),
        };
        let until = partition.until.clone();
        let may = move || *until.lock().unwrap_or_else(PoisonError::into_inner) > Instant::now();
        let (places, stop) = (partition.places.clone(), partition.stop.clone());
        loops.spawn(ingress::take(template.clone(), partition.lane, places, stop, may));
        tracing::debug!(partition = number, "fetches from its hosts");
        mine.insert(number, partition);
    }
    Ok(())
}

const MEMBER: &str = "member.";

fn member(me: &str) -> String {
    format!("{MEMBER}{me}")
}

fn key(partition: u16) -> String {
    format!("partition.{partition}")
}

/// How many partitions are ours among these members: all of them have the same number, but for
/// one more each for the first.
fn share(members: &[&str], me: &str) -> usize {
    let mut members = members.to_vec();
    if !members.contains(&me) {
        members.push(me);
    }
    members.sort_unstable();
    let rank = members.iter().position(|member| *member == me).unwrap_or(0);
    let partitions = usize::from(PARTITIONS);
    partitions / members.len() + usize::from(rank < partitions % members.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_cover_every_partition_once() {
        for count in 1..=40 {
            let names: Vec<String> = (0..count).map(|n| format!("{n:02}")).collect();
            let members: Vec<&str> = names.iter().map(String::as_str).collect();
            let shares: Vec<usize> = members.iter().map(|me| share(&members, me)).collect();
            assert_eq!(shares.iter().sum::<usize>(), usize::from(PARTITIONS), "{count}");
            let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
            assert!(most - least <= 1, "{count}: {shares:?}");
        }
    }
}
