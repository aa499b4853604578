//! Pages that kill or panic, and dead letters that are tried again beside a running mill.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use e2e::mill::{Mill, Ran, mill, records_in};
use serde_json::Value;

use crate::assert_adds_up;

/// What the poisoned page says and no other.
const WORD: &str = "quicksilver";

/// Only to end a test that would wait for ever.
const PATIENCE: Duration = Duration::from_secs(30);

const PAGES: usize = 8;

/// A folder of pages of which the third is poisoned, two sinks, and a ledger.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a folder") };
        let yaml = "sources:\n  - name: pages\n    folder: pages\n\
             sinks:\n  - jsonl: { path: news.jsonl }\n  - sqlite: { path: news.sqlite }\n\
             ledger: { path: ledger.sqlite }\n";
        fs::write(site.path("pipeline.yaml"), yaml).expect("a configuration");
        fs::create_dir(site.path("pages")).expect("a folder");
        for number in 0..PAGES {
            fs::write(site.page(number), site.html(number)).expect("a page");
        }
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn page(&self, number: usize) -> PathBuf {
        self.path(&format!("pages/{number}.html"))
    }

    fn html(&self, number: usize) -> String {
        let mut html = format!("<html lang=en><title>Weir {number}</title><body><article>");
        for paragraph in 0..4 {
            write!(
                html,
                "<p>Weir number {number} was closed for the {paragraph}th time by its keeper, who \
                 said that {} boats had waited above it since the morning.",
                number * 10 + paragraph
            )
            .expect("writes to a string");
        }
        if number == 2 {
            write!(html, "<p>The water was full of {WORD}, and nobody may say how it came there.")
                .expect("writes to a string");
        }
        html + "</article></body></html>"
    }

    fn run(&self, arguments: &[&str]) -> Mill {
        mill(["run"].iter().chain(arguments)).current_dir(self.folder.path())
    }

    fn ask(&self, arguments: &[&str]) -> Ran {
        let ran = mill(arguments).current_dir(self.folder.path()).run();
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        ran
    }

    /// All is delivered but the poisoned page, which is a dead letter with all its bytes.
    fn assert_set_aside(&self, said: &str) {
        assert_adds_up(&self.path("ledger.sqlite"), &self.path("news.jsonl"));
        assert_eq!(records_in(&self.path("news.jsonl")).len(), PAGES - 1);
        let status: Value = serde_json::from_str(&self.ask(&["status", "--json"]).stdout)
            .expect("a status in JSON");
        assert_eq!(status["entries"], PAGES, "{status}");
        assert_eq!(status["delivered"], PAGES - 1, "{status}");
        assert_eq!(status["rejected"], serde_json::json!({ "panicked": 1 }), "{status}");
        let shown = self.ask(&["dead", "show", &self.letter(), "--page", "kept.html"]).stdout;
        assert!(shown.contains(said), "{shown}");
        assert_eq!(fs::read_to_string(self.path("kept.html")).expect("a page"), self.html(2));
    }

    /// The number of the only dead letter.
    fn letter(&self) -> String {
        let list = self.ask(&["dead", "list"]).stdout;
        assert_eq!(list.lines().count(), 1, "{list}");
        list.split('\t').next().expect("a number").to_owned()
    }
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_page_that_kills_the_process_is_set_aside_by_the_next_one() {
    if cfg!(not(debug_assertions)) {
        eprintln!("skipped: there is no poison in a release build");
        return;
    }
    let site = Site::new();
    let run = || site.run(&["--once-through"]).env("NEWSMILL_POISON", WORD).run();
    assert_eq!(run().code, None, "a death");
    let second = run();
    assert_eq!(second.code, Some(0), "{}", second.stderr);
    site.assert_set_aside("and another one: signal: 6");
    // It stays aside, and once the fault is mended it can be tried again.
    assert_eq!(run().code, Some(0));
    site.ask(&["dead", "retry", &site.letter()]);
    let mended = site.run(&["--once-through"]).run();
    assert_eq!(mended.code, Some(0), "{}", mended.stderr);
    assert_eq!(records_in(&site.path("news.jsonl")).len(), PAGES);
}

#[test]
fn a_page_that_panics_is_set_aside_at_once() {
    if cfg!(not(debug_assertions)) {
        eprintln!("skipped: there is no poison in a release build");
        return;
    }
    let site = Site::new();
    let poison = format!("{WORD}:panic");
    let ran = site.run(&["--once-through"]).env("NEWSMILL_POISON", &poison).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    site.assert_set_aside("panic: the page contains the word");
}

#[test]
fn what_is_tried_again_beside_a_running_mill_is_taken_up_by_it() {
    let site = Site::new();
    // A database that refuses one record.
    let db = |script: &str| {
        let db = rusqlite::Connection::open(site.path("news.sqlite")).expect("a database");
        db.execute_batch(script).expect("a script that runs");
    };
    fs::rename(site.path("pages"), site.path("later")).expect("a folder");
    fs::create_dir(site.path("pages")).expect("a folder");
    assert_eq!(site.run(&["--once-through"]).run().code, Some(0));
    db("CREATE TRIGGER guard BEFORE INSERT ON records WHEN new.record LIKE '%quicksilver%'
        BEGIN SELECT raise(ABORT, 'not for here'); END");
    fs::remove_dir(site.path("pages")).expect("an empty folder");
    fs::rename(site.path("later"), site.path("pages")).expect("a folder");
    assert_eq!(site.run(&["--once-through"]).run().code, Some(0));
    let refused = site.letter();
    assert!(site.ask(&["dead", "show", &refused]).stdout.contains("not for here"));
    db("DROP TRIGGER guard");
    let rows = || {
        let db = rusqlite::Connection::open(site.path("news.sqlite")).expect("a database");
        let count = db.query_row("SELECT count(*) FROM records", [], |row| row.get::<_, u32>(0));
        count.expect("a count") as usize
    };
    assert_eq!(rows(), PAGES - 1);
    let running = site.run(&[]).start();
    // Asked by its socket: another run could take the ledger before it does.
    until("it runs", || mill(["top"]).current_dir(site.folder.path()).run().code == Some(0));
    let beside = mill(["run", "--once-through"]).current_dir(site.folder.path()).run();
    assert!(beside.stderr.contains("in use by process"), "{}", beside.stderr);
    site.ask(&["dead", "retry", &refused]);
    until("the database has the record", || rows() == PAGES);
    let stopped = std::process::Command::new("kill")
        .args(["-TERM", &running.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(stopped.success());
    let ran = running.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(records_in(&site.path("news.jsonl")).len(), PAGES, "and the file has it once");
}
