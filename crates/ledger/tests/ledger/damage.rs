//! Files that are gone, replaced, broken, foreign, or not to be written.

use std::fs;
use std::path::Path;

use newsmill_article::Disposition;
use newsmill_ledger::{Applied, Config, Inspector, Ledger, LedgerError};

use crate::make::{at, deliver, discover, entry, ready, record};

fn fill(path: &Path, articles: i64) -> Ledger {
    let mut ledger = Ledger::open(path, &Config::default()).unwrap();
    ledger.register_sinks(&["file"], at(0)).unwrap();
    let urls: Vec<_> = (0..articles).map(|n| format!("https://example.org/{n}")).collect();
    let entries = urls.iter().map(|url| entry(None, url)).collect();
    let Applied::Discovered(found) = ledger.apply(&[discover(entries)], at(0)).unwrap().remove(0)
    else {
        panic!()
    };
    let made = found.iter().zip(&urls);
    let mut group: Vec<_> = made
        .map(|(found, url)| ready(found.id(), &record(&entry(None, url), "T", &url.repeat(30))))
        .collect();
    group.push(deliver("file", articles / 2, "1"));
    ledger.apply(&group, at(1)).unwrap();
    ledger
}

fn fatal(error: &LedgerError, words: &str) {
    assert_eq!(error.disposition(), Disposition::Fatal);
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn a_file_deleted_or_replaced_while_in_use_is_noticed_at_the_next_group() {
    for (case, name) in ["l.db", "l.db-wal", "l.db"].into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.db");
        let mut ledger = fill(&path, 3);
        ledger.apply(&[], at(2)).unwrap();
        let victim = folder.path().join(name);
        let bytes = fs::read(&victim).unwrap();
        fs::rename(&victim, folder.path().join("elsewhere")).unwrap();
        if case == 2 {
            fs::write(&victim, bytes).unwrap();
        }
        let more = discover(vec![entry(None, "https://example.org/new")]);
        fatal(&ledger.apply(&[more], at(3)).unwrap_err(), "deleted or replaced");
    }
}

#[test]
fn a_damaged_file_is_told_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.db");
    drop(fill(&path, 200));
    let whole = fs::read(&path).unwrap();
    let mut told = 0;
    for page in 0..whole.len() / 4096 {
        let mut broken = whole.clone();
        broken[page * 4096..(page + 1) * 4096].fill(0xA5);
        fs::write(&path, &broken).unwrap();
        let used = Ledger::open(&path, &Config::default()).and_then(|mut ledger| {
            ledger.register_sinks(&["file"], at(5))?;
            ledger.claim(at(5), 999)?;
            ledger.records_after("file", Default::default(), 999)?;
            for n in 0..200 {
                ledger.inspect().fate(&format!("https://example.org/{n}"))?;
            }
            ledger.apply(&[deliver("file", 200, "2")], at(6))?;
            ledger.inspect().status()
        });
        if let Err(error) = used {
            assert_eq!(error.disposition(), Disposition::Fatal, "page {page}: {error}");
            told += 1;
        }
    }
    assert!(told > 20, "only {told} of {} pages", whole.len() / 4096);
    fs::write(&path, "not a database, but long enough to be looked at as one".repeat(99)).unwrap();
    fatal(&Ledger::open(&path, &Config::default()).err().unwrap(), "damaged");
}

#[test]
fn a_foreign_or_later_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bookmarks.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE bookmark (url TEXT)").unwrap();
    fatal(&Ledger::open(&path, &Config::default()).err().unwrap(), "not a ledger");
    fatal(&Inspector::open(&path).err().unwrap(), "not a ledger");

    let path = folder.path().join("l.db");
    drop(fill(&path, 1));
    let later = rusqlite::Connection::open(&path).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    fatal(&Ledger::open(&path, &Config::default()).err().unwrap(), "layout 99");
}

#[test]
fn a_folder_that_is_missing_or_read_only_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none/l.db");
    fatal(&Ledger::open(&missing, &Config::default()).err().unwrap(), "can be written");

    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let mut rights = fs::metadata(&closed).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(&closed, rights).unwrap();
    if fs::write(closed.join("probe"), "").is_ok() {
        eprintln!("skipped in part: this user may write everywhere");
        return;
    }
    fatal(&Ledger::open(&closed.join("l.db"), &Config::default()).err().unwrap(), "can be written");
}
