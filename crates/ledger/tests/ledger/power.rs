//! Power loss: only what was synced is sure to be there.
//!
//! After each acknowledged group the files are copied. A power loss during the next group can
//! leave any mixture of the log as it was and the log as it was to become, and during a
//! checkpoint any mixture of old and new pages of the database. Whatever the mixture, the ledger
//! must open to exactly the state before the group or exactly the state after it, and with the
//! whole log to the state after it.
//!
//! `NEWSMILL_HISTORIES` sets the number of random histories (default 2); `cargo xtask power-loss`
//! runs ten thousand.

use std::fs;
use std::path::Path;

use newsmill_article::{Outcome, Reason};
use newsmill_ledger::{Applied, Config, EntryId, Ledger, Sequence};

use crate::make::{Dice, at, deliver, discover, entry, fast_folder, ready, record, retry, settle};

const FRAME: usize = 4096 + 24;
const HEADER: usize = 32;

/// The files after a group, and all that can be asked of the ledger.
struct Moment {
    database: Vec<u8>,
    log: Vec<u8>,
    state: String,
}

fn state(ledger: &mut Ledger) -> String {
    let status = serde_json::to_string(&ledger.inspect().status().unwrap()).unwrap();
    let batch = ledger.records_after("file", Sequence(0), 999).unwrap();
    let position = ledger.sink_position("file").unwrap();
    let dead = ledger.inspect().dead_list(None, 999).unwrap();
    format!("{status}\n{batch:?}\n{position:?}\n{dead:?}\n{:?}", ledger.next_due().unwrap())
}

fn moment(path: &Path, ledger: &mut Ledger) -> Moment {
    Moment {
        database: fs::read(path).unwrap(),
        log: fs::read(path.with_extension("db-wal")).unwrap_or_default(),
        state: state(ledger),
    }
}

/// A random history, and the moments after each of its groups.
fn history(dice: &mut Dice, groups: usize) -> Vec<Moment> {
    let folder = fast_folder();
    let path = folder.path().join("l.db");
    let mut ledger = Ledger::open(&path, &Config::default()).unwrap();
    ledger.register_sinks(&["file"], at(0)).unwrap();
    let mut moments = vec![moment(&path, &mut ledger)];
    let (mut entered, mut ended, mut last, mut position) = (0, 0, 0, 0);
    for n in 0..groups {
        let mut group = Vec::new();
        for _ in 0..=dice.below(2) {
            match dice.below(4) {
                0 | 1 if ended < entered => {
                    ended += 1;
                    let id = EntryId(ended);
                    let url = format!("https://example.org/{ended}");
                    let text = url.repeat(1 + dice.below(150) as usize);
                    group.push(match dice.below(5) {
                        0 => settle(id, Outcome::Rejected(Reason::Panicked)),
                        1 => retry(id, 60),
                        _ => ready(id, &record(&entry(None, &url), "T", &text)),
                    });
                }
                2 if position < last => {
                    position = last;
                    group.push(deliver("file", position, "state"));
                }
                _ => {
                    let more = 1 + dice.below(6) as i64;
                    let urls =
                        (entered + 1..=entered + more).map(|n| format!("https://example.org/{n}"));
                    group.push(discover(urls.map(|url| entry(None, &url)).collect()));
                    entered += more;
                }
            }
        }
        for answer in ledger.apply(&group, at(n as i64)).unwrap() {
            if let Applied::Ready { sequence } = answer {
                last = sequence.0;
            }
        }
        moments.push(moment(&path, &mut ledger));
        if dice.below(4) == 0 {
            // A checkpoint between two groups: the next one starts the log from its beginning.
            let beside = rusqlite::Connection::open(&path).unwrap();
            beside.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
            moments.push(moment(&path, &mut ledger));
        }
    }
    moments
}

/// What a power loss leaves of a file that was to change from `old` to `new`: each piece is one or
/// the other.
fn mixed(old: &[u8], new: &[u8], piece: usize, mut is_new: impl FnMut(usize) -> bool) -> Vec<u8> {
    let mut mixed = Vec::new();
    for start in (0..old.len().max(new.len())).step_by(piece) {
        let file = if is_new(start) { new } else { old };
        let chosen = file.get(start..(start + piece).min(file.len())).unwrap_or(&[]);
        if !chosen.is_empty() {
            mixed.resize(start, 0);
            mixed.extend_from_slice(chosen);
        }
    }
    mixed
}

fn reopened(folder: &Path, database: &[u8], log: &[u8]) -> String {
    let path = folder.join("l.db");
    for leftover in ["l.db-shm", "l.db-wal"] {
        let _ = fs::remove_file(folder.join(leftover));
    }
    fs::write(&path, database).unwrap();
    fs::write(folder.join("l.db-wal"), log).unwrap();
    state(&mut Ledger::open(&path, &Config::default()).unwrap())
}

#[test]
fn whatever_a_power_loss_leaves_no_acknowledged_group_is_lost() {
    let histories = std::env::var("NEWSMILL_HISTORIES").ok();
    let histories: u64 = histories.and_then(|n| n.parse().ok()).unwrap_or(2);
    let folder = fast_folder();
    let (mut losses, mut after) = (0u64, 0u64);
    for seed in 0..histories {
        let mut dice = Dice::new(seed);
        let moments = history(&mut dice, 2);
        for pair in moments.windows(2) {
            let [old, new] = pair else { continue };
            let mut check = |database: &[u8], log: &[u8], what: &str| {
                let state = reopened(folder.path(), database, log);
                assert!(
                    state == old.state || state == new.state,
                    "history {seed}: {what}: neither before nor after\n{state}\n{}\n{}",
                    old.state,
                    new.state
                );
                losses += 1;
                after += u64::from(state == new.state && old.state != new.state);
            };
            if old.database != new.database {
                // A checkpoint: the log was synced before, and is whole.
                for _ in 0..3 {
                    let database = mixed(&old.database, &new.database, 512, |_| dice.below(2) == 0);
                    check(&database, &old.log, "in a checkpoint");
                }
                continue;
            }
            // Up to where they begin to differ, every cut gives the old log.
            let same = old.log.iter().zip(&new.log).take_while(|(old, new)| old == new).count();
            let first = HEADER + same.saturating_sub(HEADER) / FRAME * FRAME;
            for cut in (first..=new.log.len()).step_by(FRAME) {
                let kept = old.log.get(cut..).unwrap_or(&[]);
                let log = [&new.log[..cut], kept].concat();
                check(&old.database, &log, "cut between two frames");
            }
            for _ in 0..3 {
                let log = mixed(&old.log, &new.log, 512, |_| dice.below(3) > 0);
                check(&old.database, &log, "some sectors missing");
            }
            assert_eq!(reopened(folder.path(), &old.database, &new.log), new.state, "{seed}");
        }
    }
    println!(
        "\n{histories} histories, {losses} power losses, {after} with the group already whole"
    );
    assert!(losses > histories * 10, "only {losses}");
}
