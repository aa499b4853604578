//! Which entries are claimed, and how much of that by one host.

use std::collections::HashMap;

use newsmill_article::{Entry, Location};

use crate::EntryId;
use crate::discover::hash;

/// The lane of what is here already and makes nobody wait.
pub(crate) const LOCAL: i64 = 0;

/// In whose queue an entry stands: a hash of the host that has to be asked for it.
pub(crate) fn lane(entry: &Entry) -> i64 {
    match &entry.location {
        Location::Url(url) => url.host_str().map_or(LOCAL, |host| hash("host", host.as_bytes())),
        Location::File(_) | Location::Inline { .. } => LOCAL,
    }
}

/// What is claimed, by lane.
#[derive(Debug)]
pub(crate) struct InFlight {
    claimed: HashMap<EntryId, i64>,
    by_lane: HashMap<i64, usize>,
    /// The most of one host.
    pub(crate) share: usize,
}

impl InFlight {
    pub(crate) fn new() -> Self {
        Self { claimed: HashMap::new(), by_lane: HashMap::new(), share: usize::MAX }
    }

    pub(crate) fn contains(&self, id: EntryId) -> bool {
        self.claimed.contains_key(&id)
    }

    /// How many more may be claimed from a lane.
    pub(crate) fn room(&self, lane: i64) -> usize {
        match lane {
            LOCAL => usize::MAX,
            _ => self.share.saturating_sub(self.by_lane.get(&lane).copied().unwrap_or(0)),
        }
    }

    pub(crate) fn claim(&mut self, id: EntryId, lane: i64) {
        if self.claimed.insert(id, lane).is_none() {
            *self.by_lane.entry(lane).or_default() += 1;
        }
    }

    pub(crate) fn release(&mut self, id: EntryId) {
        let Some(lane) = self.claimed.remove(&id) else { return };
        if let Some(count) = self.by_lane.get_mut(&lane) {
            *count -= 1;
            if *count == 0 {
                self.by_lane.remove(&lane);
            }
        }
    }
}
