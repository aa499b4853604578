//! Random comings and goings of several hosts, beside a plain list of what waits: a claim takes
//! what is due and free and nothing else, as much of it as it may, and what is due next is told
//! exactly.

use std::collections::BTreeMap;
use std::time::Duration;

use newsmill_article::Outcome;
use newsmill_ledger::{Applied, Config, EntryId, Ledger};
use proptest::prelude::*;

use crate::make::{at, discover, entry, fast_folder, settle};

const HOSTS: usize = 6;
const SHARE: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    Enter {
        host: usize,
        count: usize,
    },
    Claim(usize),
    /// Ends the claim of one, or of any other.
    End {
        entry: usize,
        how: usize,
    },
    Revive(usize),
    Wait(i64),
    SetBack,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..HOSTS, 1..5usize).prop_map(|(host, count)| Step::Enter { host, count }),
        6 => (1..12usize).prop_map(Step::Claim),
        8 => (0..40usize, 0..7usize).prop_map(|(entry, how)| Step::End { entry, how }),
        1 => (0..40usize).prop_map(Step::Revive),
        3 => (1..50i64).prop_map(Step::Wait),
        1 => Just(Step::SetBack),
        1 => Just(Step::Reopen),
    ]
}

fn outcome(how: usize) -> Outcome {
    match how {
        0 => Outcome::Delivered,
        1 => Outcome::Retry { after: Duration::from_secs(7) },
        2 => Outcome::PutOff { after: Duration::ZERO },
        3 => Outcome::PutOff { after: Duration::from_secs(30) },
        4 | 5 => Outcome::Abandoned,
        _ => Outcome::HandedOff,
    }
}

/// What waits: its host, and from when on; `None` while another machine has it.
type Waiting = BTreeMap<i64, (usize, Option<i64>)>;

struct Model {
    waiting: Waiting,
    claimed: Vec<i64>,
    /// Of all that was ever entered.
    hosts: Vec<usize>,
    now: i64,
}

impl Model {
    fn under_way(&self, host: usize) -> usize {
        self.claimed.iter().filter(|id| self.waiting[id].0 == host).count()
    }

    /// Free entries with their host and when they are due.
    fn free(&self) -> impl Iterator<Item = (i64, usize, i64)> {
        self.waiting.iter().filter_map(|(id, (host, due))| {
            let free = !self.claimed.contains(id);
            due.filter(|_| free).map(|due| (*id, *host, due))
        })
    }
}

fn open(path: &std::path::Path) -> Ledger {
    let config = Config { attempts: 2, ..Config::default() };
    let mut ledger = Ledger::open(path, &config).unwrap();
    ledger.share_hosts(SHARE);
    ledger
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2000, ..ProptestConfig::default() })]
    #[test]
    fn hosts_get_their_share_and_nothing_is_overlooked(
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let folder = fast_folder();
        let path = folder.path().join("l.db");
        let mut ledger = open(&path);
        let (waiting, claimed, hosts) = (Waiting::new(), Vec::new(), Vec::new());
        let mut model = Model { waiting, claimed, hosts, now: 200_000 };
        for step in steps {
            match step {
                Step::Enter { host, count } => {
                    let from = model.hosts.len();
                    let urls = (from..from + count)
                        .map(|n| entry(None, &format!("https://{host}.example/{n}")));
                    ledger.apply(&[discover(urls.collect())], at(model.now)).unwrap();
                    for _ in 0..count {
                        model.hosts.push(host);
                        let id = model.hosts.len() as i64;
                        model.waiting.insert(id, (host, Some(model.now)));
                    }
                }
                Step::Claim(limit) => {
                    let claims = ledger.claim(at(model.now), limit).unwrap();
                    prop_assert!(claims.len() <= limit);
                    for claim in &claims {
                        let due = model.free().find(|(id, ..)| *id == claim.id.0);
                        prop_assert!(due.is_some_and(|(.., due)| due <= model.now), "{claim:?}");
                        model.claimed.push(claim.id.0);
                    }
                    for host in 0..HOSTS {
                        prop_assert!(model.under_way(host) <= SHARE);
                    }
                    let left = model.free().find(|(_, host, due)| {
                        *due <= model.now && model.under_way(*host) < SHARE
                    });
                    prop_assert!(claims.len() == limit || left.is_none(), "{left:?}");
                }
                Step::End { entry, how } => {
                    let id = EntryId(entry as i64 + 1);
                    let Some((_, due)) = model.waiting.get_mut(&id.0) else { continue };
                    let answer = ledger.apply(&[settle(id, outcome(how))], at(model.now)).unwrap();
                    let Applied::Settled(told) = &answer[0] else {
                        prop_assert_eq!((how, *due), (6, None), "{:?}", answer);
                        continue;
                    };
                    match told {
                        Outcome::Retry { after } | Outcome::PutOff { after } => {
                            *due = Some(model.now + after.as_secs() as i64);
                        }
                        Outcome::Abandoned => *due = due.or(Some(model.now)),
                        Outcome::HandedOff => *due = None,
                        _ => {
                            model.waiting.remove(&id.0);
                        }
                    }
                    model.claimed.retain(|claimed| *claimed != id.0);
                }
                Step::Revive(entry) => {
                    let id = EntryId(entry as i64 + 1);
                    if ledger.inspect().dead_retry(id, at(model.now)).unwrap() {
                        model.waiting.insert(id.0, (model.hosts[entry], Some(model.now)));
                    }
                }
                Step::Wait(seconds) => model.now += seconds,
                Step::SetBack => {
                    // The ledger notices at its next look.
                    ledger.claim(at(model.now), 0).unwrap();
                    model.now -= 86_400;
                    ledger.claim(at(model.now), 0).unwrap();
                    for (_, due) in model.waiting.values_mut() {
                        *due = due.map(|due| if due > model.now { due - 86_400 } else { due });
                    }
                    model.now += 172_800;
                    ledger.claim(at(model.now), 0).unwrap();
                }
                Step::Reopen => {
                    drop(ledger);
                    ledger = open(&path);
                    model.claimed.clear();
                }
            }
            let held_back = model.free().any(|(.., due)| due <= model.now);
            prop_assert_eq!(ledger.holds_back(at(model.now)).unwrap(), held_back);
            let claimable = model.free().filter(|(_, host, _)| model.under_way(*host) < SHARE);
            let next = claimable.map(|(.., due)| at(due)).min();
            prop_assert_eq!(ledger.next_due().unwrap(), next);
        }
    }
}
