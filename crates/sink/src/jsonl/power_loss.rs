//! The log over a disk that forgets: what was not fsynced may be lost in any part, calls fail.
//!
//! `NEWSMILL_HISTORIES` sets the number of random histories (default 1,000); `cargo xtask
//! power-loss` runs ten thousand.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use newsmill_article::{HumanDuration, HumanSize};

use super::files::Files;
use super::log::{Log, Position};
use crate::testing::record;
use crate::{Delivery, Rotate};

/// A number generator that needs no crate: splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

#[derive(Debug, Clone)]
enum Naming {
    Create(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

#[derive(Debug, Default, Clone)]
struct Content {
    current: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Debug)]
struct World {
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// What was done to the names since they were durable, in order.
    unsynced: Vec<Naming>,
    contents: Vec<Content>,
    now: Timestamp,
    calls: u64,
    /// The call that fails once.
    fails: Option<u64>,
    /// The call from which on the power is off.
    dies: Option<u64>,
}

impl World {
    fn call(&mut self) -> io::Result<()> {
        let call = self.calls;
        self.calls += 1;
        if self.fails == Some(call) {
            return Err(io::Error::other("it fails this once"));
        }
        if self.dies.is_some_and(|dies| call >= dies) {
            return Err(io::Error::other("the power is off"));
        }
        Ok(())
    }

    fn name(&mut self, naming: Naming) {
        apply(&mut self.names, &naming);
        self.unsynced.push(naming);
    }

    /// Keeps what was durable, and of the rest whatever the dice say.
    fn lose_power(&mut self, dice: &mut Dice) {
        let kept = dice.below(self.unsynced.len() as u64 + 1) as usize;
        for naming in &self.unsynced[..kept] {
            apply(&mut self.durable_names, naming);
        }
        self.unsynced.clear();
        self.names = self.durable_names.clone();
        for content in &mut self.contents {
            let mut survived = content.current.clone();
            match dice.below(4) {
                0 => survived = content.durable.clone(),
                1 => {}
                // The length came to the disk, some of the bytes did not.
                other => {
                    let from = dice.below(survived.len() as u64 + 1) as usize;
                    let same = content.durable.len().min(survived.len());
                    for (i, byte) in survived.iter_mut().enumerate().skip(from) {
                        if content.durable.get(i) != Some(byte) {
                            *byte = 0;
                        }
                    }
                    if other == 3 {
                        survived.truncate(from.max(same));
                    }
                }
            }
            *content = Content { durable: survived.clone(), current: survived };
        }
        (self.fails, self.dies) = (None, None);
    }
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, naming: &Naming) {
    match naming {
        Naming::Create(path, content) => {
            names.insert(path.clone(), *content);
        }
        Naming::Rename(from, to) => {
            if let Some(content) = names.remove(from) {
                names.insert(to.clone(), content);
            }
        }
        Naming::Remove(path) => {
            names.remove(path);
        }
    }
}

#[derive(Debug, Clone)]
struct Forgetful(Arc<Mutex<World>>);

impl Forgetful {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(World {
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced: Vec::new(),
            contents: Vec::new(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            calls: 0,
            fails: None,
            dies: None,
        })))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// The content of all files, closed ones first, each by its name.
    fn read(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let world = self.world();
        world.names.iter().map(|(n, c)| (n.clone(), world.contents[*c].current.clone())).collect()
    }
}

impl Files for Forgetful {
    type File = usize;

    fn create_folder(&self, _: &Path) -> io::Result<()> {
        self.world().call()
    }

    fn open(&self, path: &Path) -> io::Result<usize> {
        let mut world = self.world();
        world.call()?;
        if let Some(content) = world.names.get(path) {
            return Ok(*content);
        }
        let content = world.contents.len();
        world.contents.push(Content::default());
        world.name(Naming::Create(path.to_owned(), content));
        Ok(content)
    }

    fn length(&self, file: &usize) -> io::Result<u64> {
        let mut world = self.world();
        world.call()?;
        Ok(world.contents[*file].current.len() as u64)
    }

    fn read(&self, file: &mut usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut world = self.world();
        world.call()?;
        let from = offset as usize;
        buffer.copy_from_slice(&world.contents[*file].current[from..from + buffer.len()]);
        Ok(())
    }

    fn write(&self, file: &mut usize, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.world();
        let called = world.call();
        let written = if called.is_ok() { bytes } else { &bytes[..bytes.len() / 2] };
        let content = &mut world.contents[*file].current;
        let end = offset as usize + written.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        content[offset as usize..end].copy_from_slice(written);
        called
    }

    fn truncate(&self, file: &usize, length: u64) -> io::Result<()> {
        let mut world = self.world();
        world.call()?;
        world.contents[*file].current.truncate(length as usize);
        Ok(())
    }

    fn sync(&self, file: &usize) -> io::Result<()> {
        let mut world = self.world();
        world.call()?;
        let content = &mut world.contents[*file];
        content.durable = content.current.clone();
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.call()?;
        world.durable_names = world.names.clone();
        world.unsynced.clear();
        Ok(())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        let mut world = self.world();
        world.call()?;
        Ok(world.names.keys().map(|path| path.file_name().unwrap().into()).collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.call()?;
        assert!(world.names.contains_key(from), "{} is not there", from.display());
        world.name(Naming::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.call()?;
        world.name(Naming::Remove(path.to_owned()));
        Ok(())
    }

    fn now(&self) -> Timestamp {
        let mut world = self.world();
        world.now += SignedDuration::from_secs(1);
        world.now
    }
}

const PATH: &str = "out/news.jsonl";
const SIZE: u64 = 4_000;

/// About three records to a file, and a new file every half minute.
const ROTATE: Rotate = Rotate { size: Some(HumanSize(SIZE)), every: Some(HumanDuration::secs(30)) };

fn batch(from: u64, count: u64) -> Vec<Delivery> {
    (from..from + count).map(|n| Delivery::new(n, &record(n)).unwrap()).collect()
}

fn line(n: u64) -> Vec<u8> {
    let mut line = serde_json::to_vec(&record(n)).unwrap();
    line.push(b'\n');
    line
}

/// The files hold the lines of records 0 to `count`, in order and once, in files that keep to the
/// bound.
fn assert_holds(files: &Forgetful, count: u64, history: &str) {
    let mut files = files.read();
    // `news.000001.jsonl` and so on, then `news.jsonl`.
    files.sort_by_key(|(name, _)| (name.as_os_str() == PATH, name.clone()));
    for (name, content) in &files {
        let lines = content.iter().filter(|byte| **byte == b'\n').count();
        let in_bounds = content.len() as u64 <= SIZE || lines == 1;
        assert!(in_bounds, "{history}: {} is too large", name.display());
    }
    let held: Vec<u8> = files.into_iter().flat_map(|(_, content)| content).collect();
    let wanted: Vec<u8> = (0..count).flat_map(line).collect();
    assert!(held == wanted, "{history}: the files do not hold exactly {count} records");
}

#[test]
fn histories_of_power_loss_lose_and_double_nothing() {
    let histories = std::env::var("NEWSMILL_HISTORIES").ok();
    let histories: u64 = histories.and_then(|n| n.parse().ok()).unwrap_or(1_000);
    let (mut losses, mut acknowledged) = (0, 0);
    for seed in 0..histories {
        let mut dice = Dice(seed);
        let files = Forgetful::new();
        // What the ledger has: durable by its own means.
        let (mut committed, mut delivered): (Option<Position>, u64) = (None, 0);
        for life in 0..4 {
            let calls = files.world().calls;
            files.world().dies = (life < 3).then(|| calls + dice.below(120));
            let opened = Log::open(files.clone(), Path::new(PATH), ROTATE, committed.as_ref());
            if let Ok((mut log, mut at)) = opened {
                committed = Some(at.clone());
                for _ in 0..8 {
                    let count = 1 + dice.below(5);
                    let Ok(to) = log.append(&at, &batch(delivered, count)) else { break };
                    // The machine may die before the ledger has it.
                    if dice.below(8) == 0 {
                        break;
                    }
                    at = to;
                    (committed, delivered) = (Some(at.clone()), delivered + count);
                }
            }
            files.world().lose_power(&mut dice);
            losses += 1;
        }
        let end = Log::open(files.clone(), Path::new(PATH), ROTATE, committed.as_ref());
        end.unwrap_or_else(|error| panic!("history {seed}: {error}"));
        assert_holds(&files, delivered, &format!("history {seed}"));
        acknowledged += delivered;
    }
    println!("{histories} histories, {losses} power losses, {acknowledged} acknowledged records");
}

/// Three batches over several files; on an error the batch is given again, to the same log or to
/// one that was opened again.
fn deliver_all(files: &Forgetful, reopen: bool) {
    let open = |from: Option<&Position>| {
        let log = Log::open(files.clone(), Path::new(PATH), ROTATE, from);
        log.or_else(|_| Log::open(files.clone(), Path::new(PATH), ROTATE, from)).unwrap()
    };
    let (mut log, mut at) = open(None);
    for from in [0, 5, 10] {
        at = match log.append(&at, &batch(from, 5)) {
            Ok(to) => to,
            Err(_) => {
                if reopen {
                    (log, at) = open(Some(&at));
                }
                log.append(&at, &batch(from, 5)).unwrap()
            }
        };
    }
}

#[test]
fn every_call_fails_once_and_a_repeat_completes() {
    let unbroken = Forgetful::new();
    deliver_all(&unbroken, false);
    assert_holds(&unbroken, 15, "unbroken");
    let calls = unbroken.world().calls;
    assert!(calls > 25, "only {calls} calls to fail");
    for reopen in [false, true] {
        for call in 0..calls {
            let files = Forgetful::new();
            files.world().fails = Some(call);
            deliver_all(&files, reopen);
            assert!(files.world().calls > call, "call {call} never came");
            assert_holds(&files, 15, &format!("call {call} failed, reopened: {reopen}"));
        }
    }
}

#[test]
fn a_caller_that_stopped_waiting_finds_its_batch_once() {
    let files = Forgetful::new();
    let (mut log, at) = Log::open(files.clone(), Path::new(PATH), ROTATE, None).unwrap();
    // It is written, and closes files on the way, but nobody hears of it.
    let _ = log.append(&at, &batch(0, 9)).unwrap();
    log.append(&at, &batch(0, 9)).unwrap();
    assert_holds(&files, 9, "given again");
}
