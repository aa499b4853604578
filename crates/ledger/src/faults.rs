//! Every statement made to fail once, one after another; needs the connection itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use newsmill_article::{
    Article, Disposition, Document, Entry, Hints, Location, Outcome, PipelineVersions, Reason,
    Record, SourceName, Summary,
};
use rusqlite::Connection;

use crate::{Applied, Config, EntryId, Ledger, LedgerError, Operation, Poll, Refusal, Sequence};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn entry(n: i64) -> Entry {
    let url = format!("https://example.org/{n}");
    Entry {
        source: Some(SourceName::new("s")),
        input: url.clone(),
        location: Location::Url(url.parse().unwrap()),
        hints: Hints::default(),
    }
}

fn record(n: i64, text: &str) -> Box<Record> {
    let Location::Url(url) = entry(n).location else { unreachable!() };
    let document = Document { text: text.to_owned(), ..Document::default() };
    let article = Article { entry: entry(n), url: Some(url), fetched: at(0), document };
    let summary = Summary {
        text: "x".into(),
        method: "extractive".into(),
        model: None,
        sentences: Vec::new(),
        fallback: None,
        spent: None,
    };
    let pipeline =
        PipelineVersions { version: "1".into(), cleaner: "1".into(), summarizer: "1".into() };
    Box::new(Record::new(article, summary, 1, at(0), pipeline))
}

/// Everything that the ledger can do, in groups.
fn groups() -> Vec<Vec<Operation>> {
    let poll = Poll {
        source: SourceName::new("s"),
        cursor: Some("c".into()),
        next_due: at(600),
        failure: None,
    };
    let settle = |id, outcome| Operation::Settle {
        entry: EntryId(id),
        outcome,
        detail: Some("why".into()),
        page: Some(bytes::Bytes::from_static(b"page")),
    };
    let ready = |id, text: &str| Operation::Ready { entry: EntryId(id), record: record(id, text) };
    let deliver = |sink: &str, position, rejected| Operation::Deliver {
        sink: sink.into(),
        position: Sequence(position),
        state: Some("1".into()),
        rejected,
    };
    vec![
        vec![Operation::Discover { poll: Some(poll), entries: (1..=6).map(entry).collect() }],
        vec![ready(1, "one"), ready(2, "two"), ready(3, "one")],
        vec![
            settle(4, Outcome::Rejected(Reason::Panicked)),
            settle(5, Outcome::Retry { after: std::time::Duration::from_secs(9) }),
        ],
        vec![
            deliver("a", 2, vec![Refusal { sequence: Sequence(1), detail: "no".into() }]),
            deliver("b", 1, vec![]),
        ],
        vec![deliver("b", 2, vec![]), settle(6, Outcome::Abandoned)],
    ]
}

/// Runs everything, each step until it works; at most one step may fail, once.
fn run(ledger: &mut Ledger) -> (Vec<Applied>, Vec<LedgerError>) {
    let mut errors = Vec::new();
    let mut answers = Vec::new();
    until(&mut errors, || ledger.register_sources(&[SourceName::new("s")], at(0)));
    until(&mut errors, || ledger.register_sinks(&["a", "b"], at(0)));
    for (n, group) in groups().iter().enumerate() {
        let now = at(n as i64 * 10);
        answers.extend(until(&mut errors, || ledger.apply(group, now)));
        until(&mut errors, || ledger.claim(now, 2));
        until(&mut errors, || ledger.next_due());
    }
    until(&mut errors, || ledger.records_after("a", Sequence(0), 9));
    until(&mut errors, || ledger.inspect().dead_list(None, 9));
    until(&mut errors, || ledger.inspect().dead_retry(EntryId(4), at(60)));
    until(&mut errors, || ledger.inspect().dead_retry(EntryId(1), at(60)));
    until(&mut errors, || ledger.claim(at(-90_000), 9));
    until(&mut errors, || ledger.inspect().fate("https://example.org/1"));
    until(&mut errors, || ledger.inspect().status());
    (answers, errors)
}

fn until<T>(errors: &mut Vec<LedgerError>, mut step: impl FnMut() -> Result<T, LedgerError>) -> T {
    loop {
        match step() {
            Ok(done) => return done,
            Err(error) => {
                errors.push(error);
                assert!(errors.len() < 9, "{errors:?}");
            }
        }
    }
}

/// Every row of every table.
fn everything(db: &Connection) -> String {
    let mut all = String::new();
    let mut tables =
        db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1").unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for name in names.map(Result::unwrap) {
        let mut query = db.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values = (0..columns).map(|n| row.get::<_, rusqlite::types::Value>(n).unwrap());
            all += &format!("{name} {:?}\n", values.collect::<Vec<_>>());
        }
    }
    all
}

fn unbroken() -> (Vec<Applied>, String) {
    let mut ledger = Ledger::in_memory(&Config::default()).unwrap();
    let (answers, errors) = run(&mut ledger);
    assert!(errors.is_empty(), "{errors:?}");
    (answers, everything(&ledger.inspect().db))
}

#[test]
fn an_interrupt_at_any_instruction_leaves_nothing_behind() {
    let (_, rows) = unbroken();
    let (mut at, mut failed) = (1, 0);
    loop {
        let mut ledger = Ledger::in_memory(&Config::default()).unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let counted = count.clone();
        let hook = move || counted.fetch_add(1, Ordering::Relaxed) + 1 == at;
        ledger.inspector.db.progress_handler(1, Some(hook)).unwrap();
        // An interrupt can also come just after a commit, as a crash can. The group is then applied
        // a second time: the answers tell that, the rows do not.
        let (_, errors) = run(&mut ledger);
        ledger.inspector.db.progress_handler(1, None::<fn() -> bool>).unwrap();
        for error in &errors {
            assert!(matches!(error.disposition(), Disposition::Retry { .. }), "{error}");
        }
        assert_eq!(everything(&ledger.inspect().db), rows, "interrupted at {at}");
        failed += errors.len();
        if at > count.load(Ordering::Relaxed) {
            break;
        }
        // A prime, so that over the groups every kind of instruction is met.
        at += 31;
    }
    assert!(failed > 50, "only {failed} interrupts in {at} instructions");
}

#[test]
fn any_commit_that_fails_leaves_nothing_behind() {
    let (answers, rows) = unbroken();
    let mut failed = 0;
    for at in 1.. {
        let mut ledger = Ledger::in_memory(&Config::default()).unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let counted = count.clone();
        let hook = move || counted.fetch_add(1, Ordering::Relaxed) + 1 == at;
        ledger.inspector.db.commit_hook(Some(hook)).unwrap();
        let (got, errors) = run(&mut ledger);
        assert_eq!(got, answers, "commit {at}");
        assert_eq!(everything(&ledger.inspect().db), rows, "commit {at}");
        failed += errors.len();
        if at > count.load(Ordering::Relaxed) {
            break;
        }
    }
    assert!(failed >= 9, "only {failed} commits");
}

#[test]
fn a_full_disk_is_waited_for_and_then_everything_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(&folder.path().join("l.db"), &Config::default()).unwrap();
    let full = |ledger: &Ledger, pages: i64| {
        ledger
            .inspect()
            .db
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    };
    let pages: i64 =
        ledger.inspect().db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    full(&ledger, pages + 5);
    let (mut done, mut waited) = (0, 0);
    while done < 500 {
        let entries = (done..done + 50).map(entry).collect();
        let group = [Operation::Discover { poll: None, entries }];
        match ledger.apply(&group, at(done)) {
            Ok(_) => done += 50,
            Err(error) => {
                assert!(matches!(error.disposition(), Disposition::Retry { .. }), "{error}");
                assert!(error.to_string().contains("make room"), "{error}");
                assert_eq!(ledger.inspect().status().unwrap().entries, done as u64);
                waited += 1;
                full(&ledger, pages + 5 + 5 * waited);
            }
        }
    }
    assert!(waited > 0);
    let status = ledger.inspect().status().unwrap();
    assert!(status.entries == 500 && status.adds_up());
}
