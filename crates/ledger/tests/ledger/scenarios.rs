//! What each operation promises, one promise a test.

use std::time::Duration;

use bytes::Bytes;
use newsmill_article::{Change, HumanDuration, Location, Outcome, Reason, Record, SourceName};
use newsmill_ledger::{
    Applied, Config, Discovered, EntryId, Inspector, Ledger, LedgerError, Operation, Poll, Refusal,
    Sequence, Standing,
};

use crate::make::{at, deliver, discover, entry, ready, record, retry, settle, updated};

fn ledger(sinks: &[&str]) -> Ledger {
    let mut ledger = Ledger::in_memory(&Config::default()).unwrap();
    ledger.register_sinks(sinks, at(0)).unwrap();
    ledger
}

fn one(ledger: &mut Ledger, operation: Operation, seconds: i64) -> Applied {
    ledger.apply(&[operation], at(seconds)).unwrap().remove(0)
}

fn enter(ledger: &mut Ledger, url: &str, seconds: i64) -> EntryId {
    let Applied::Discovered(found) = one(ledger, discover(vec![entry(None, url)]), seconds) else {
        panic!("not discovered")
    };
    found[0].id()
}

fn enter_again(ledger: &mut Ledger, entry: newsmill_article::Entry, seconds: i64) -> Discovered {
    match one(ledger, discover(vec![entry]), seconds) {
        Applied::Discovered(found) => found[0],
        other => panic!("{other:?}"),
    }
}

fn adds_up(ledger: &Ledger) {
    let status = ledger.inspect().status().unwrap();
    assert!(status.adds_up(), "{status}");
}

#[test]
fn an_entry_goes_from_discovery_to_every_sink() {
    let mut ledger = ledger(&["file", "web"]);
    let url = "https://example.org/a";
    let id = enter(&mut ledger, url, 0);
    let claims = ledger.claim(at(0), 9).unwrap();
    assert_eq!((claims.len(), claims[0].id, claims[0].attempts), (1, id, 0));
    assert_eq!(claims[0].entry, entry(None, url));
    assert!(ledger.claim(at(0), 9).unwrap().is_empty(), "claimed twice");

    let record = record(&claims[0].entry, "T", "text");
    assert_eq!(one(&mut ledger, ready(id, &record), 1), Applied::Ready { sequence: Sequence(1) });
    let batch = ledger.records_after("file", Sequence(0), 9).unwrap();
    assert_eq!(batch.through, Sequence(1));
    assert_eq!(serde_json::from_str::<Record>(&batch.records[0].json).unwrap(), record);
    assert_eq!((batch.records[0].id, batch.records[0].revision), (record.id, record.revision));

    assert_eq!(one(&mut ledger, deliver("file", 1, "120"), 2), Applied::Delivered);
    let status = ledger.inspect().status().unwrap();
    assert_eq!((status.waiting, status.ready, status.delivered), (1, 1, 0));
    assert_eq!(one(&mut ledger, deliver("web", 1, ""), 3), Applied::Delivered);
    let status = ledger.inspect().status().unwrap();
    assert_eq!((status.waiting, status.ready, status.delivered), (0, 0, 1));
    assert_eq!(ledger.sink_position("file").unwrap(), Some((Sequence(1), Some("120".to_owned()))));
    assert!(ledger.records_after("file", Sequence(0), 9).unwrap().records.is_empty(), "kept");

    let told = ledger.inspect().fate(url).unwrap().to_string();
    for part in ["given", "record 1", "delivered to file", "delivered to web"] {
        assert!(told.contains(part), "{told}");
    }
    let by_id = ledger.inspect().fate(&record.id.to_string()).unwrap();
    assert_eq!(by_id.visits, ledger.inspect().fate(url).unwrap().visits);
    adds_up(&ledger);
}

#[test]
fn a_poll_moves_its_cursor_with_its_entries() {
    let mut ledger = ledger(&[]);
    let name = SourceName::new("wire");
    ledger.register_sources(std::slice::from_ref(&name), at(0)).unwrap();
    assert_eq!(ledger.next_due().unwrap(), Some(at(0)));
    let due = ledger.due_sources(at(0), 9).unwrap();
    assert_eq!((due.len(), due[0].cursor.as_deref()), (1, None));
    assert!(ledger.due_sources(at(0), 9).unwrap().is_empty(), "polled twice");
    assert_eq!(ledger.next_due().unwrap(), None);

    let poll = |cursor: Option<&str>, next: i64, failure: Option<&str>| Poll {
        source: name.clone(),
        cursor: cursor.map(str::to_owned),
        next_due: at(next),
        failure: failure.map(str::to_owned),
    };
    let found = vec![entry(Some("wire"), "https://example.org/1")];
    let operation = Operation::Discover { poll: Some(poll(Some("c1"), 60, None)), entries: found };
    one(&mut ledger, operation, 1);
    assert_eq!(ledger.next_due().unwrap(), Some(at(1)), "the new entry");
    ledger.claim(at(1), 9).unwrap();
    assert_eq!(ledger.next_due().unwrap(), Some(at(60)), "the source");

    let due = ledger.due_sources(at(60), 9).unwrap();
    assert_eq!(due[0].cursor.as_deref(), Some("c1"));
    let failed =
        Operation::Discover { poll: Some(poll(None, 120, Some("503"))), entries: Vec::new() };
    one(&mut ledger, failed, 61);
    let status = ledger.inspect().status().unwrap();
    assert_eq!((status.sources[0].failures, status.sources[0].entries), (1, 1));
    assert_eq!(status.sources[0].last_failure.as_deref(), Some("503"));
    let due = ledger.due_sources(at(120), 9).unwrap();
    assert_eq!((due[0].cursor.as_deref(), due[0].failures), (Some("c1"), 1));
}

#[test]
fn guids_titles_and_campaigns_do_not_repeat_a_story() {
    let mut ledger = ledger(&[]);
    let first = enter(&mut ledger, "https://example.org/story?id=7", 0);
    let mut again = entry(Some("other"), "http://example.org/story?utm_source=rss&id=7#top");
    again.hints.guid = Some("new-guid".into());
    again.hints.title = Some("New title".into());
    assert_eq!(enter_again(&mut ledger, again, 1), Discovered::Known(first));
    assert!(matches!(
        enter_again(&mut ledger, entry(None, "https://example.org/story?id=8"), 2),
        Discovered::New(_)
    ));
    let told = ledger.inspect().fate("https://example.org/story?id=7&fbclid=x").unwrap();
    assert_eq!(told.visits.len(), 1);
    assert_eq!(told.visits[0].also_seen, [(SourceName::new("other"), at(1))]);
}

#[test]
fn what_a_feed_marks_as_changed_is_read_again_but_not_at_every_poll() {
    let mut ledger = ledger(&["file"]);
    let url = "https://example.org/a";
    let pause = 15 * 60;
    let first = match enter_again(&mut ledger, updated(Some("s"), url, -50), 0) {
        Discovered::New(id) => id,
        known => panic!("{known:?}"),
    };
    let known = Discovered::Known(first);
    assert_eq!(enter_again(&mut ledger, updated(Some("s"), url, 900), pause), known, "still waits");
    let record_1 = record(&entry(Some("s"), url), "T", "text");
    one(&mut ledger, ready(first, &record_1), pause);
    assert_eq!(enter_again(&mut ledger, updated(Some("s"), url, -50), pause + 1), known, "same");
    assert_eq!(enter_again(&mut ledger, entry(Some("t"), url), pause + 1), known, "says nothing");
    assert_eq!(enter_again(&mut ledger, updated(Some("s"), url, 5), pause - 1), known, "too soon");
    let second = match enter_again(&mut ledger, updated(Some("s"), url, 5), pause + 2) {
        Discovered::New(id) => id,
        known => panic!("{known:?}"),
    };
    assert_ne!(first, second);
    // The same wording: nothing new.
    assert_eq!(one(&mut ledger, ready(second, &record_1), pause + 3), Applied::Unchanged);
    let fate = ledger.inspect().fate(url).unwrap();
    assert_eq!(fate.visits.iter().map(|v| v.entry).collect::<Vec<_>>(), [first, second]);
    adds_up(&ledger);
}

#[test]
fn a_source_that_carries_the_text_is_read_again_when_its_bytes_change() {
    let mut ledger = ledger(&[]);
    let inline = |bytes: &'static [u8]| {
        let mut inline = entry(None, "https://example.org/a");
        inline.location = Location::Inline {
            url: Some("https://example.org/a".parse().unwrap()),
            content_type: None,
            fetched: None,
            bytes: Bytes::from_static(bytes),
        };
        inline
    };
    let first = enter_again(&mut ledger, inline(b"one"), 0);
    one(&mut ledger, settle(first.id(), Outcome::Rejected(Reason::Empty)), 1);
    assert_eq!(enter_again(&mut ledger, inline(b"one"), 2), Discovered::Known(first.id()));
    assert!(matches!(enter_again(&mut ledger, inline(b"two"), 3), Discovered::New(_)));
}

#[test]
fn an_edited_article_is_a_new_revision_that_says_what_changed() {
    let mut ledger = ledger(&["file"]);
    let url = "https://example.org/a";
    let made = |title, text| record(&entry(None, url), title, text);
    let mut last = Sequence(0);
    for (n, (record, changed)) in [
        (made("T", "text"), vec![]),
        (made("T2", "text"), vec![Change::Title]),
        (made("T2", "more"), vec![Change::Text]),
        (made("T", "other"), vec![Change::Title, Change::Text]),
        (made("T", "text"), vec![Change::Text]),
    ]
    .into_iter()
    .enumerate()
    {
        let seconds = 1000 * n as i64;
        let found = enter_again(&mut ledger, updated(None, url, seconds + 1), seconds);
        let Applied::Ready { sequence } = one(&mut ledger, ready(found.id(), &record), seconds)
        else {
            panic!("revision {n} is not ready")
        };
        assert!(sequence > last);
        last = sequence;
        let kept = ledger.records_after("file", Sequence(sequence.0 - 1), 1).unwrap();
        let kept: Record = serde_json::from_str(&kept.records[0].json).unwrap();
        assert_eq!(kept.changed, changed, "revision {n}");
        assert_eq!((kept.id, kept.revision), (record.id, record.revision));
    }
}

#[test]
fn the_same_text_by_another_address_is_a_duplicate() {
    let mut ledger = ledger(&["file"]);
    let (here, there) = ("https://example.org/a", "https://example.com/b");
    let first = enter(&mut ledger, here, 0);
    let second = enter(&mut ledger, there, 0);
    let original = record(&entry(None, here), "T", "text");
    let copy = record(&entry(None, there), "Another title", "text");
    assert!(matches!(one(&mut ledger, ready(first, &original), 1), Applied::Ready { .. }));
    assert_eq!(one(&mut ledger, ready(second, &copy), 2), Applied::Duplicate { of: original.id });
    assert_eq!(ledger.records_after("file", Sequence(0), 9).unwrap().records.len(), 1);
    let told = ledger.inspect().fate(there).unwrap();
    assert_eq!(told.article, Some(original.id));
    let copy_visit = told.visits.iter().find(|visit| visit.entry == second).unwrap();
    assert_eq!(copy_visit.state, Standing::Duplicate { of: Some(original.id) });
    assert_eq!(told.visits.len(), 2, "the original is told of too");
    adds_up(&ledger);
}

#[test]
fn an_entry_is_put_off_longer_each_time_and_then_given_up_with_its_page() {
    let config = Config { attempts: 3, ..Config::default() };
    let mut ledger = Ledger::in_memory(&config).unwrap();
    let id = enter(&mut ledger, "https://example.org/a", 0);
    let mut now = 0;
    for (attempt, wait) in [(1, 60), (2, 120)] {
        let claim = ledger.claim(at(now), 1).unwrap().remove(0);
        assert_eq!(claim.attempts, attempt - 1);
        let after = Duration::from_secs(wait);
        assert_eq!(one(&mut ledger, retry(id, 5), now), Applied::Settled(Outcome::Retry { after }));
        assert!(ledger.claim(at(now + wait as i64 - 1), 1).unwrap().is_empty());
        now += wait as i64;
        assert_eq!(ledger.next_due().unwrap(), Some(at(now)));
    }
    ledger.claim(at(now), 1).unwrap();
    let last = Operation::Settle {
        entry: id,
        outcome: Outcome::Retry { after: Duration::ZERO },
        detail: Some("timed out\n  caused by: x".into()),
        page: Some(Bytes::from_static(b"<html>")),
    };
    let gave_up = Reason::GaveUp { attempts: 3 };
    assert_eq!(one(&mut ledger, last, now), Applied::Settled(Outcome::Rejected(gave_up)));
    let letters = ledger.inspect().dead_list(None, 9).unwrap();
    assert_eq!((letters.len(), letters[0].attempts, letters[0].page.as_ref()), (1, 3, None));
    let letter = ledger.inspect().dead_show(id).unwrap().remove(0);
    assert_eq!(letter.page.as_deref(), Some(&b"<html>"[..]));
    assert_eq!(letter.reason, "gave up after 3 attempts");
    assert_eq!(letter.detail.as_deref(), Some("timed out\n  caused by: x"));
    adds_up(&ledger);

    assert!(ledger.inspect().dead_retry(id, at(now)).unwrap());
    assert!(!ledger.inspect().dead_retry(id, at(now)).unwrap(), "retried twice");
    let claim = ledger.claim(at(now), 1).unwrap().remove(0);
    assert_eq!((claim.id, claim.attempts), (id, 0));
    assert_eq!(claim.entry, entry(None, "https://example.org/a"));
    let panicked = settle(id, Outcome::Rejected(Reason::Panicked));
    one(&mut ledger, panicked, now);
    assert_eq!(ledger.inspect().status().unwrap().dead_letters, 1);
    assert!(ledger.inspect().dead_drop(id).unwrap());
    assert!(ledger.inspect().dead_list(None, 9).unwrap().is_empty());
    let status = ledger.inspect().status().unwrap();
    assert_eq!((status.dead_letters, status.rejected["panicked"]), (0, 1));
    adds_up(&ledger);
}

#[test]
fn what_a_sink_refuses_holds_back_nobody_and_can_be_sent_to_it_alone() {
    let mut ledger = ledger(&["file", "web"]);
    for n in 1..=3 {
        let url = format!("https://example.org/{n}");
        let id = enter(&mut ledger, &url, 0);
        one(&mut ledger, ready(id, &record(&entry(None, &url), "T", &url)), 1);
    }
    let refusing = Operation::Deliver {
        sink: "web".into(),
        position: Sequence(3),
        state: None,
        rejected: vec![Refusal { sequence: Sequence(2), detail: "status 400".into() }],
    };
    one(&mut ledger, refusing, 2);
    one(&mut ledger, deliver("file", 3, ""), 2);
    let status = ledger.inspect().status().unwrap();
    assert_eq!((status.delivered, status.rejected["sink_refused"], status.waiting), (2, 1, 0));
    adds_up(&ledger);
    let told = ledger.inspect().fate("https://example.org/2").unwrap().to_string();
    assert!(told.contains("refused by web: status 400"), "{told}");
    assert!(told.contains("delivered to file"), "{told}");

    let letter = ledger.inspect().dead_list(None, 9).unwrap().remove(0);
    assert_eq!(letter.sink.as_deref(), Some("web"));
    assert_eq!(letter.detail.as_deref(), Some("status 400"));
    assert!(ledger.inspect().dead_retry(letter.id, at(3)).unwrap());
    let for_file = ledger.records_after("file", Sequence(3), 9).unwrap();
    assert_eq!((for_file.records.len(), for_file.through), (0, Sequence(4)));
    let for_web = ledger.records_after("web", Sequence(3), 9).unwrap();
    assert_eq!(for_web.records.len(), 1);
    assert!(for_web.records[0].json.contains("https://example.org/2"));
    one(&mut ledger, deliver("file", 4, ""), 4);
    one(&mut ledger, deliver("web", 4, ""), 4);
    let status = ledger.inspect().status().unwrap();
    assert_eq!((status.delivered, status.rejected_total(), status.dead_letters), (3, 0, 0));
    adds_up(&ledger);
}

#[test]
fn a_settled_entry_stays_settled_and_a_position_never_goes_back() {
    let mut ledger = ledger(&["file"]);
    let id = enter(&mut ledger, "https://example.org/a", 0);
    let record = record(&entry(None, "https://example.org/a"), "T", "text");
    one(&mut ledger, settle(id, Outcome::Rejected(Reason::Gone)), 1);
    assert_eq!(one(&mut ledger, ready(id, &record), 2), Applied::Ignored);
    assert_eq!(one(&mut ledger, settle(id, Outcome::Abandoned), 2), Applied::Ignored);
    assert_eq!(one(&mut ledger, ready(EntryId(99), &record), 2), Applied::Ignored);

    let other = enter(&mut ledger, "https://example.org/b", 3);
    one(&mut ledger, ready(other, &record), 3);
    one(&mut ledger, deliver("file", 1, "a"), 4);
    assert_eq!(one(&mut ledger, deliver("file", 1, "b"), 5), Applied::Ignored);
    assert_eq!(one(&mut ledger, deliver("file", 0, "b"), 5), Applied::Ignored);
    assert_eq!(ledger.sink_position("file").unwrap().unwrap().1.as_deref(), Some("a"));
    let too_far = ledger.apply(&[deliver("file", 2, "")], at(6)).unwrap_err();
    assert!(matches!(too_far, LedgerError::Invalid { .. }), "{too_far}");
    let unknown = ledger.apply(&[deliver("nobody", 1, "")], at(6)).unwrap_err();
    assert!(unknown.to_string().contains("\"nobody\" is not registered"), "{unknown}");
}

#[test]
fn an_abandoned_entry_can_be_claimed_again_at_once() {
    let mut ledger = ledger(&[]);
    let id = enter(&mut ledger, "https://example.org/a", 0);
    ledger.claim(at(0), 1).unwrap();
    one(&mut ledger, settle(id, Outcome::Abandoned), 1);
    let claim = ledger.claim(at(1), 1).unwrap().remove(0);
    assert_eq!((claim.id, claim.attempts), (id, 0));
    one(&mut ledger, settle(id, Outcome::HandedOff), 2);
    assert!(ledger.claim(at(1_000_000), 1).unwrap().is_empty(), "another machine has it");
    assert_eq!(ledger.next_due().unwrap(), None);
    assert_eq!(ledger.inspect().status().unwrap().handed_off, 1);
    one(&mut ledger, settle(id, Outcome::Rejected(Reason::Gone)), 3);
    adds_up(&ledger);
}

#[test]
fn a_new_sink_starts_at_the_end_and_an_old_one_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { keep_records: HumanDuration::secs(0), ..Config::default() };
    let mut ledger = Ledger::open(&folder.path().join("l.db"), &config).unwrap();
    ledger.register_sinks(&["a", "b"], at(0)).unwrap();
    let make = |ledger: &mut Ledger, n: i64| {
        let url = format!("https://example.org/{n}");
        let id = enter(ledger, &url, n);
        one(ledger, ready(id, &record(&entry(None, &url), "T", &url)), n);
    };
    make(&mut ledger, 1);
    make(&mut ledger, 2);
    one(&mut ledger, deliver("a", 2, ""), 2);
    one(&mut ledger, deliver("b", 1, ""), 2);
    // Without b, the second is delivered, and dropped.
    let starts = ledger.register_sinks(&["a", "c"], at(3)).unwrap();
    assert_eq!(starts[1].position, Sequence(2));
    assert_eq!(ledger.inspect().status().unwrap().delivered, 2);
    make(&mut ledger, 3);
    let starts = ledger.register_sinks(&["b", "a", "c"], at(4)).unwrap();
    assert_eq!(
        (starts[0].name.as_str(), starts[0].position, starts[0].missed),
        ("b", Sequence(1), 1)
    );
    let batch = ledger.records_after("b", starts[0].position, 9).unwrap();
    assert_eq!((batch.records.len(), batch.through), (1, Sequence(3)));
}

#[test]
fn without_sinks_what_is_ready_is_delivered() {
    let mut ledger = ledger(&[]);
    let id = enter(&mut ledger, "https://example.org/a", 0);
    one(&mut ledger, ready(id, &record(&entry(None, "https://example.org/a"), "T", "x")), 1);
    assert_eq!(ledger.inspect().status().unwrap().delivered, 1);
}

#[test]
fn a_group_is_done_whole_or_not_at_all() {
    let mut ledger = ledger(&["file"]);
    let group = [
        discover(vec![entry(Some("s"), "https://example.org/a")]),
        deliver("file", 77, "a position that cannot be"),
    ];
    ledger.apply(&group, at(0)).unwrap_err();
    assert_eq!(ledger.inspect().status().unwrap().entries, 0);
    assert!(ledger.claim(at(0), 9).unwrap().is_empty());
    ledger.apply(&group[..1], at(0)).unwrap();
    assert_eq!(ledger.claim(at(0), 9).unwrap()[0].entry.source, Some(SourceName::new("s")));
}

#[test]
fn waits_keep_their_length_when_the_clock_is_set_back_a_day() {
    const DAY: i64 = 86_400;
    let mut ledger = ledger(&[]);
    let name = SourceName::new("s");
    ledger.register_sources(std::slice::from_ref(&name), at(0)).unwrap();
    let id = enter(&mut ledger, "https://example.org/a", 0);
    let ready_now = enter(&mut ledger, "https://example.org/b", 0);
    let poll = Poll { source: name, cursor: None, next_due: at(900), failure: None };
    one(&mut ledger, Operation::Discover { poll: Some(poll), entries: vec![] }, 0);
    one(&mut ledger, retry(id, 600), 0);
    assert_eq!(ledger.claim(at(-DAY), 9).unwrap()[0].id, ready_now, "due stays due");
    assert!(ledger.due_sources(at(-DAY), 9).unwrap().is_empty());
    assert_eq!(ledger.next_due().unwrap(), Some(at(600 - DAY)));
    assert_eq!(ledger.claim(at(600 - DAY), 9).unwrap()[0].id, id);
    assert_eq!(ledger.due_sources(at(900 - DAY), 9).unwrap().len(), 1);
    adds_up(&ledger);
}

#[test]
fn a_run_in_memory_keeps_no_record_longer_than_its_sinks_need() {
    let mut ledger = ledger(&["out"]);
    let text = "x".repeat(2_000);
    for n in 1..=20_000 {
        let url = format!("https://example.org/{n}");
        let id = enter(&mut ledger, &url, 0);
        one(&mut ledger, ready(id, &record(&entry(None, &url), "T", &format!("{n} {text}"))), 0);
        one(&mut ledger, deliver("out", n, ""), 0);
    }
    // What stays is what knows the articles again: under 400 bytes each, where a record is 4 kB.
    assert!(ledger.inspect().size().unwrap() < 20_000 * 400);
    adds_up(&ledger);
}

#[test]
fn what_nobody_shows_any_more_is_forgotten_and_the_file_stays_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        forget_after: HumanDuration::hours(48),
        keep_records: HumanDuration::hours(1),
        ..Config::default()
    };
    let mut ledger = Ledger::open(&folder.path().join("l.db"), &config).unwrap();
    ledger.register_sinks(&["out"], at(0)).unwrap();
    let evergreen = "https://example.org/evergreen";
    let first = enter(&mut ledger, evergreen, 0);
    one(&mut ledger, settle(first, Outcome::Rejected(Reason::TooShort { words: 1 })), 0);
    let (mut sizes, mut last) = (Vec::new(), 0);
    for hour in 0..240 {
        let now = hour * 3600;
        let urls: Vec<_> = (0..20).map(|n| format!("https://example.org/{hour}/{n}")).collect();
        let found = urls.iter().map(|url| entry(None, url)).collect();
        let Applied::Discovered(found) = one(&mut ledger, discover(found), now) else { panic!() };
        let made = found
            .iter()
            .zip(&urls)
            .map(|(found, url)| ready(found.id(), &record(&entry(None, url), "T", url)));
        last += 20;
        let group: Vec<_> = made.chain([deliver("out", last, "")]).collect();
        ledger.apply(&group, at(now + 100)).unwrap();
        assert_eq!(
            enter_again(&mut ledger, entry(None, evergreen), now + 300),
            Discovered::Known(first),
            "shown in every poll, and so never forgotten"
        );
        // Within the window nothing repeats.
        let recent = format!("https://example.org/{}/3", (hour - 40).max(0));
        assert!(matches!(
            enter_again(&mut ledger, entry(None, &recent), now + 400),
            Discovered::Known(_)
        ));
        sizes.push(ledger.inspect().size().unwrap());
    }
    // Two days and a half fill it; from then on pages are used again.
    assert!(sizes[239] * 100 <= sizes[90] * 105, "grows without bound: {sizes:?}");
    let old = ledger.inspect().fate("https://example.org/0/1").unwrap();
    assert!(old.visits.is_empty(), "{old}");
    assert!(matches!(
        enter_again(&mut ledger, entry(None, "https://example.org/0/1"), 240 * 3600),
        Discovered::New(_)
    ));
    let status = ledger.inspect().status().unwrap();
    assert_eq!(status.entries, 240 * 20 + 2);
    adds_up(&ledger);
}

#[test]
fn a_reader_works_beside_the_owner_and_may_retry_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("l.db");
    let config = Config { attempts: 1, ..Config::default() };
    let mut ledger = Ledger::open(&path, &config).unwrap();
    let id = enter(&mut ledger, "https://example.org/a", 0);
    ledger.claim(at(0), 1).unwrap();
    one(&mut ledger, retry(id, 0), 1);

    let beside = Inspector::open(&path).unwrap();
    assert_eq!(beside.status().unwrap().rejected["gave_up"], 1);
    assert!(beside.dead_retry(id, at(2)).unwrap());
    assert_eq!(ledger.claim(at(2), 1).unwrap()[0].id, id);
    adds_up(&ledger);

    let missing = Inspector::open(&folder.path().join("none.db")).err().unwrap();
    assert!(missing.to_string().contains("none.db"), "{missing}");
    assert!(!folder.path().join("none.db").exists(), "a reader creates nothing");
}

#[test]
fn a_sink_says_where_it_begins_before_it_has_anything() {
    let mut ledger = ledger(&["file"]);
    assert_eq!(one(&mut ledger, deliver("file", 0, "length 70"), 1), Applied::Delivered);
    assert_eq!(
        ledger.sink_position("file").unwrap(),
        Some((Sequence(0), Some("length 70".to_owned())))
    );
    assert_eq!(one(&mut ledger, deliver("file", 0, "length 99"), 2), Applied::Ignored);
}

#[test]
fn a_dropped_refusal_is_still_told() {
    let mut ledger = ledger(&["web"]);
    let url = "https://example.org/a";
    let id = enter(&mut ledger, url, 0);
    one(&mut ledger, ready(id, &record(&entry(None, url), "T", "text")), 1);
    let refusing = Operation::Deliver {
        sink: "web".into(),
        position: Sequence(1),
        state: None,
        rejected: vec![Refusal { sequence: Sequence(1), detail: "status 400".into() }],
    };
    one(&mut ledger, refusing, 2);
    assert!(ledger.inspect().dead_drop(id).unwrap());
    let told = ledger.inspect().fate(url).unwrap().to_string();
    assert!(told.contains("rejected: a sink will not take its record"), "{told}");
    assert!(told.contains("web: status 400") && !told.contains("delivered"), "{told}");
}
