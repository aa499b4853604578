//! Who is handed out when: hosts in turn, each with its share, and those over whom somebody died.

use newsmill_article::{Outcome, SourceName};
use newsmill_ledger::{Applied, Config, Discovered, DueSource, EntryId, Ledger, Operation, Poll};

use crate::make::{at, discover, entry, ready, record, retry, settle};

/// Enters `count` entries of a host.
fn enter(ledger: &mut Ledger, host: &str, count: usize) -> Vec<EntryId> {
    let urls = (0..count).map(|n| format!("https://{host}/{n}"));
    let entries = urls.map(|url| entry(None, &url)).collect();
    let answer = ledger.apply(&[discover(entries)], at(0)).unwrap().remove(0);
    let Applied::Discovered(found) = answer else { panic!("{answer:?}") };
    found.into_iter().map(Discovered::id).collect()
}

/// The hosts of what is claimed, and the claims.
fn claim(ledger: &mut Ledger, limit: usize) -> Vec<(String, EntryId)> {
    let claims = ledger.claim(at(1), limit).unwrap();
    let host = |input: &str| input.split('/').nth(2).unwrap().to_owned();
    claims.iter().map(|claim| (host(&claim.entry.input), claim.id)).collect()
}

fn count(claims: &[(String, EntryId)], host: &str) -> usize {
    claims.iter().filter(|(of, _)| of == host).count()
}

#[test]
fn a_host_with_many_entries_holds_back_no_other() {
    let mut ledger = Ledger::in_memory(&Config::default()).unwrap();
    ledger.share_hosts(4);
    // The slow one came first and has most.
    let slow = enter(&mut ledger, "slow.example", 1_000);
    enter(&mut ledger, "a.example", 10);
    enter(&mut ledger, "b.example", 3);
    let first = claim(&mut ledger, 9);
    let counts = ["slow.example", "a.example", "b.example"].map(|host| count(&first, host));
    assert_eq!(counts, [3, 3, 3]);
    // Nobody ends: each gets what is left of its share, and then nothing.
    let second = claim(&mut ledger, 9);
    assert_eq!((second.len(), count(&second, "slow.example")), (2, 1));
    assert!(claim(&mut ledger, 9).is_empty());
    assert_eq!(ledger.next_due().unwrap(), None, "nothing that may be claimed");
    // The others end, and go on without the slow one.
    let done: Vec<_> = first.iter().chain(&second).filter(|(of, _)| of == "a.example").collect();
    for (_, id) in &done {
        ledger.apply(&[settle(*id, Outcome::Delivered)], at(2)).unwrap();
    }
    assert_eq!(ledger.next_due().unwrap(), Some(at(0)));
    let third = claim(&mut ledger, 9);
    assert_eq!((third.len(), count(&third, "a.example")), (4, 4));
    // The slow one is asked in the order in which its entries came.
    let asked: Vec<EntryId> = first
        .iter()
        .chain(&second)
        .filter(|(of, _)| of == "slow.example")
        .map(|(_, id)| *id)
        .collect();
    assert_eq!(asked, slow[..4]);
}

#[test]
fn a_host_that_has_its_share_holds_the_rest_of_its_entries_back() {
    let mut ledger = Ledger::in_memory(&Config::default()).unwrap();
    ledger.share_hosts(2);
    assert!(!ledger.holds_back(at(1)).unwrap(), "nothing is there");
    let ids = enter(&mut ledger, "a.example", 3);
    assert!(ledger.holds_back(at(1)).unwrap(), "not claimed yet");
    assert_eq!(claim(&mut ledger, 9).len(), 2);
    assert!(claim(&mut ledger, 9).is_empty());
    assert!(ledger.holds_back(at(1)).unwrap(), "the third, of a host that has its share");
    // One ends and the third is claimed: all that is due is under way.
    ledger.apply(&[settle(ids[0], Outcome::Delivered)], at(2)).unwrap();
    assert_eq!(claim(&mut ledger, 9).len(), 1);
    assert!(!ledger.holds_back(at(2)).unwrap());
    // What waits for its time or is with another machine is not held back by a host.
    ledger.apply(&[retry(ids[1], 60), settle(ids[2], Outcome::HandedOff)], at(2)).unwrap();
    assert!(!ledger.holds_back(at(3)).unwrap());
    assert!(ledger.holds_back(at(62)).unwrap(), "its time has come");
    // An entry that was claimed and given back can be claimed again.
    assert_eq!(ledger.claim(at(62), 9).unwrap().len(), 1);
    assert!(!ledger.holds_back(at(62)).unwrap());
    ledger.apply(&[settle(ids[1], Outcome::Abandoned)], at(62)).unwrap();
    assert!(ledger.holds_back(at(62)).unwrap());
}

#[test]
fn each_host_comes_in_turn_however_few_are_asked_for() {
    let mut ledger = Ledger::in_memory(&Config::default()).unwrap();
    let hosts: Vec<String> = (0..10).map(|n| format!("{n}.example")).collect();
    for host in &hosts {
        enter(&mut ledger, host, 20);
    }
    for round in 1..=4 {
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.extend(claim(&mut ledger, 2));
        }
        for host in &hosts {
            assert_eq!(count(&seen, host), 1, "{host} in round {round}");
        }
    }
}

#[test]
fn what_needs_no_host_has_no_bound_and_its_turn() {
    let mut ledger = Ledger::in_memory(&Config::default()).unwrap();
    ledger.share_hosts(2);
    let files = (0..50).map(|n| newsmill_article::Entry {
        source: None,
        input: format!("///{n}.html"),
        location: newsmill_article::Location::File(format!("{n}.html").into()),
        hints: Default::default(),
    });
    ledger.apply(&[discover(files.collect())], at(0)).unwrap();
    enter(&mut ledger, "a.example", 50);
    let claims = claim(&mut ledger, 16);
    assert_eq!((claims.len(), count(&claims, "a.example")), (16, 2));
}

#[test]
fn a_death_is_counted_against_those_who_were_worked_on_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.db");
    let open = || {
        let mut ledger = Ledger::open(&path, &Config::default()).unwrap();
        ledger.register_sinks(&["file"], at(0)).unwrap();
        ledger
    };
    let deaths = |ledger: &mut Ledger| {
        let claims = ledger.claim(at(1), 9).unwrap();
        claims.iter().map(|claim| (claim.id.0, claim.deaths)).collect::<Vec<_>>()
    };
    let mut ledger = open();
    let ids = enter(&mut ledger, "a.example", 4);
    assert_eq!(deaths(&mut ledger), [(1, 0), (2, 0), (3, 0), (4, 0)]);
    let at_work = ledger.at_work().unwrap();
    let (one, two) = (at_work.begin(ids[0]).unwrap(), at_work.begin(ids[1]).unwrap());
    let three = at_work.begin(ids[2]).unwrap();
    drop(two);
    let four = at_work.begin(ids[3]).unwrap();
    // What was worked on may have ended before the process did.
    let made = record(&entry(None, "https://a.example/3"), "T", "text");
    ledger.apply(&[ready(ids[3], &made)], at(2)).unwrap();
    // As a death: the marks stay.
    for mark in [one, three, four] {
        std::mem::forget(mark);
    }
    drop((at_work, ledger));

    let mut ledger = open();
    assert_eq!(deaths(&mut ledger), [(1, 1), (2, 0), (3, 1)]);
    // The same again over one of them.
    std::mem::forget(ledger.at_work().unwrap().begin(ids[2]).unwrap());
    drop(ledger);
    let mut ledger = open();
    assert_eq!(deaths(&mut ledger), [(1, 1), (2, 0), (3, 2)]);
    drop(ledger);
    // A life without a death changes nothing, and one that ends the entry forgets it.
    let mut ledger = open();
    assert_eq!(deaths(&mut ledger), [(1, 1), (2, 0), (3, 2)]);
    ledger.apply(&[settle(ids[2], Outcome::Delivered)], at(3)).unwrap();
    drop(ledger);
    assert_eq!(deaths(&mut open()), [(1, 1), (2, 0)]);
}

#[test]
fn a_death_counts_against_a_source_until_its_next_poll_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.db");
    let names = ["wire", "local"].map(SourceName::new);
    let open = || {
        let mut ledger = Ledger::open(&path, &Config::default()).unwrap();
        ledger.register_sources(&names, at(0)).unwrap();
        ledger
    };
    let deaths = |due: &[DueSource]| due.iter().map(|due| due.deaths).collect::<Vec<_>>();
    for before in 0..3 {
        let mut ledger = open();
        let due = ledger.due_sources(at(1), 9).unwrap();
        assert_eq!(deaths(&due), [before, 0]);
        // As a death: the mark stays; and one that ends well, as it does with every poll.
        let at_work = ledger.at_work().unwrap();
        std::mem::forget(at_work.begin_poll(&due[0]).unwrap());
        drop(at_work.begin_poll(&due[1]).unwrap());
    }
    let mut ledger = open();
    let due = ledger.due_sources(at(1), 9).unwrap();
    assert_eq!(deaths(&due), [3, 0]);
    let poll = Poll {
        source: names[0].clone(),
        cursor: None,
        next_due: at(5),
        failure: Some("processes died".into()),
    };
    ledger.apply(&[Operation::Discover { poll: Some(poll), entries: Vec::new() }], at(2)).unwrap();
    assert_eq!(deaths(&ledger.due_sources(at(5), 9).unwrap()), [0]);
    drop(ledger);
    assert_eq!(deaths(&open().due_sources(at(5), 9).unwrap()), [0, 0]);
}
