//! Ledgers of every older layout, as files that were really written: opened, brought up, and used.

use std::path::{Path, PathBuf};
use std::time::Duration;

use newsmill_article::{Location, Outcome};
use newsmill_ledger::{Applied, Config, Discovered, EntryId, Inspector, Ledger, Sequence};

use crate::make::{at, deliver, discover, entry, ready, record, retry};

const OLDER: [(i64, &str); 1] = [(1, include_str!("layouts/1.sql"))];

fn stored(folder: &Path, layout: i64, dump: &str) -> PathBuf {
    let path = folder.join(format!("{layout}.db"));
    rusqlite::Connection::open(&path).unwrap().execute_batch(dump).unwrap();
    path
}

#[test]
fn an_older_ledger_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for (layout, dump) in OLDER {
        let path = stored(folder.path(), layout, dump);
        let beside = Inspector::open(&path).err().unwrap();
        assert!(beside.to_string().contains("older layout"), "{beside}");

        let mut ledger = Ledger::open(&path, &Config::default()).unwrap();
        let status = ledger.inspect().status().unwrap();
        assert!(status.adds_up(), "{status}");
        assert_eq!((status.entries, status.delivered, status.duplicates), (10, 1, 1));
        assert_eq!((status.handed_off, status.waiting, status.dead_letters), (1, 4, 2));
        assert_eq!(status.oldest_due, Some(at(0)));
        let fate = ledger.inspect().fate("https://www.example.org/news/3").unwrap();
        assert!(fate.to_string().contains("duplicate of article"), "{fate}");

        // What waits is handed out with all that it had.
        assert_eq!(ledger.next_due().unwrap(), Some(at(0)));
        let claims = ledger.claim(at(100), 9).unwrap();
        let ids: Vec<i64> = claims.iter().map(|claim| claim.id.0).collect();
        assert_eq!(ids, [9, 10, 7]);
        assert_eq!(claims[0].entry.location, Location::File("saved/page.html".into()));
        assert_eq!((claims[2].attempts, claims[2].deaths), (1, 0));
        assert_eq!(claims[2].entry.hints.title.as_deref(), Some("Seven"));

        // The sinks go on at their positions, with their states.
        let starts = ledger.register_sinks(&["file", "web"], at(100)).unwrap();
        assert_eq!(starts[0].position, Sequence(2));
        assert_eq!(starts[0].state.as_deref(), Some("{\"at\":1}"));
        let batch = ledger.records_after("file", Sequence(2), 9).unwrap();
        assert_eq!((batch.records.len(), batch.through), (1, Sequence(3)));

        // Known articles are known again, dead letters can be retried, and everything goes on.
        let url = "https://www.example.org/news/1";
        let again = ledger.apply(&[discover(vec![entry(None, url)])], at(101)).unwrap();
        assert_eq!(again, [Applied::Discovered(vec![Discovered::Known(EntryId(1))])]);
        assert!(ledger.inspect().dead_retry(EntryId(5), at(101)).unwrap());
        assert_eq!(ledger.claim(at(101), 9).unwrap()[0].id, EntryId(5));
        let five = record(&entry(None, "https://www.example.org/news/5"), "Five", "The fifth.");
        let seven = Outcome::Retry { after: Duration::from_secs(120) };
        assert_eq!(
            ledger
                .apply(
                    &[ready(EntryId(5), &five), deliver("file", 4, ""), retry(EntryId(7), 0)],
                    at(102)
                )
                .unwrap(),
            [Applied::Ready { sequence: Sequence(4) }, Applied::Delivered, Applied::Settled(seven)]
        );
        let status = ledger.inspect().status().unwrap();
        assert!(status.adds_up() && status.ready == 1, "{status}");
        drop(ledger);
        assert!(Inspector::open(&path).unwrap().status().unwrap().adds_up());
    }
}

#[test]
fn a_ledger_is_brought_up_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    for (layout, dump) in OLDER {
        let path = stored(folder.path(), layout, dump);
        // Another program writes; the owner waits a while for it, and gives up unchanged.
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE").unwrap();
        let error = Ledger::open(&path, &Config::default()).err().unwrap();
        assert!(error.to_string().contains("bring the file to its layout"), "{error}");
        other.execute_batch("ROLLBACK").unwrap();
        let found: i64 = other.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(found, layout);
        drop(other);
        assert!(Ledger::open(&path, &Config::default()).unwrap().inspect().status().is_ok());
    }
}
