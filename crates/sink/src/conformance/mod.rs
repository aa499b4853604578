//! One suite for every kind of sink: whatever happens, each record is in the target exactly once.

mod rig;
mod servers;

use newsmill_article::{Disposition, Record};

use self::rig::{Kind, Rig, SECRET};
use crate::testing::{Cut, Reply, batch, deliveries, record, worded};
use crate::{Delivery, Sink, SinkError, State};

fn records(batches: &[&[Delivery]]) -> Vec<Record> {
    batches.iter().flat_map(|batch| batch.iter().map(|d| d.record().unwrap())).collect()
}

async fn deliver(sink: &mut Sink, batch: &[Delivery]) -> State {
    let delivered = sink.deliver(batch).await.unwrap();
    assert_eq!(delivered.rejected, []);
    assert_eq!(delivered.state, sink.state());
    delivered.state
}

fn assert_retry<T: std::fmt::Debug>(result: Result<T, SinkError>) -> SinkError {
    let error = result.unwrap_err();
    let disposition = error.disposition();
    assert!(matches!(disposition, Disposition::Retry { .. }), "{error}: {disposition:?}");
    error
}

async fn restarts_in_order(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut state = rig.open(None).state();
    let batches = [batch(0..3), batch(3..10), batch(10..10), batch(10..11)];
    for batch in &batches {
        state = deliver(&mut rig.open(Some(&state)), batch).await;
    }
    rig.open(Some(&state)).close().await.unwrap();
    rig.assert_holds(&(0..11).map(record).collect::<Vec<_>>()).await;
}

async fn one_life_of_many_batches(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    for n in 0..12 {
        deliver(&mut sink, &batch(n * 3..n * 3 + 3)).await;
    }
    rig.assert_holds(&(0..36).map(record).collect::<Vec<_>>()).await;
}

async fn a_batch_whose_commit_was_lost_is_there_once(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let committed = deliver(&mut sink, &batch(0..2)).await;
    // Delivered, and the process dies before the ledger has it: as it was, or with more behind it.
    deliver(&mut sink, &batch(2..7)).await;
    drop(sink);
    let mut sink = rig.open(Some(&committed));
    deliver(&mut sink, &batch(2..9)).await;
    let mut wanted: Vec<Record> = (0..9).map(record).collect();
    if kind == Kind::Stdout {
        // What a pipe has taken cannot be taken back.
        wanted.splice(2..2, (2..7).map(record));
    }
    rig.assert_holds(&wanted).await;
}

async fn the_first_batch_is_no_exception(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let committed = sink.state();
    deliver(&mut sink, &batch(0..6)).await;
    drop(sink);
    deliver(&mut rig.open(Some(&committed)), &batch(0..6)).await;
    let mut wanted: Vec<Record> = (0..6).map(record).collect();
    if kind == Kind::Stdout {
        wanted.extend((0..6).map(record));
    }
    rig.assert_holds(&wanted).await;
}

async fn poison_is_found_and_its_neighbours_go_through(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let Some(poison) = rig.poison(3) else {
        assert!(matches!(kind, Kind::Stdout | Kind::Jsonl));
        return;
    };
    let mut all: Vec<Record> = (0..9).map(record).collect();
    all[3] = poison.clone();
    all[8] = poison;
    let delivered = sink.deliver(&deliveries(100, all.clone())).await.unwrap();
    let rejected: Vec<u64> = delivered.rejected.iter().map(|r| r.sequence).collect();
    assert_eq!(rejected, [103, 108]);
    for rejected in &delivered.rejected {
        assert!(!rejected.reason.is_empty() && !rejected.reason.contains('\n'), "{rejected:?}");
    }
    deliver(&mut sink, &deliveries(109, [record(20)])).await;
    let mut wanted: Vec<Record> = all.into_iter().filter(|r| !is_poison(r)).collect();
    wanted.push(record(20));
    rig.assert_holds(&wanted).await;
}

fn is_poison(record: &Record) -> bool {
    record.title.as_deref().is_some_and(|title| title.starts_with("Poison"))
}

async fn large_and_odd_records_come_back_as_they_were(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let large = worded(1, "Large", &"Ein Satz mit 🚀 und \"Zeichen\" \\ darin. ".repeat(50_000));
    assert!(large.text.len() > 2_000_000);
    let odd = worded(
        2,
        "\u{202e}\u{feff} \u{e000}' OR 1=1; -- </script>",
        "Zeile\u{2028}zwei \u{85} \t e\u{301} \u{10ffff} {\"a\": [1, null]} $1 {table}",
    );
    let mut bare = worded(3, "", "x");
    (bare.title, bare.url, bare.canonical_url, bare.source) = (None, None, None, None);
    (bare.published, bare.site, bare.language) = (None, None, None);
    bare.fetched = "1969-12-31T23:59:59.999999Z".parse().unwrap();
    let all = [record(0), large, odd, bare, record(4)];
    deliver(&mut sink, &deliveries(1, all.clone())).await;
    rig.assert_holds(&all).await;
}

async fn an_edited_article_is_kept_in_both_wordings(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let (old, new) = (worded(1, "Old", "It was so."), worded(1, "New", "It is otherwise."));
    let both = [old.clone(), new.clone(), record(2)];
    deliver(&mut sink, &deliveries(1, both.clone())).await;
    rig.assert_holds(&both).await;
    if let Some(current) = rig.current().await {
        assert_eq!(current, ["Article 2", "New"]);
        // The old wording is published again: then that is the present one.
        deliver(&mut sink, &deliveries(4, [old.clone()])).await;
        assert_eq!(rig.current().await.unwrap(), ["Article 2", "Old"]);
        deliver(&mut sink, &deliveries(5, [new.clone(), old.clone(), new.clone()])).await;
        assert_eq!(rig.current().await.unwrap(), ["Article 2", "New"]);
        rig.assert_holds(&both).await;
    }
}

async fn a_caller_that_stops_waiting_loses_nothing(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    deliver(&mut sink, &batch(0..1)).await;
    // Polled a few times, then dropped, each time further on.
    for polls in 0..6 {
        let deliveries = batch(1..5);
        let mut delivery = Box::pin(sink.deliver(&deliveries));
        for _ in 0..polls {
            if futures_poll(&mut delivery).await {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    if kind == Kind::Stdout {
        return;
    }
    deliver(&mut sink, &batch(1..5)).await;
    rig.assert_holds(&(0..5).map(record).collect::<Vec<_>>()).await;
}

/// Polls once; whether it is ready.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())
    })
    .await
}

async fn no_secret_is_shown(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    rig.receiver.behave(|_| Reply::Status(403));
    let mut shown = format!("{sink:?} {:?}", rig.path("x"));
    if let Some((proxy, _)) = &rig.proxy {
        proxy.cut(Cut::AfterReceived(0));
    }
    if let Err(error) = sink.deliver(&batch(0..2)).await {
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = source {
            shown.push_str(&format!("\n{error} {error:?}"));
            source = error.source();
        }
    }
    assert!(!shown.contains(SECRET), "{shown}");
    if matches!(kind, Kind::Webhook | Kind::WebhookBatch) {
        let failing = shown.split_once('\n').unwrap().1;
        assert!(failing.contains("403") && !failing.contains("in-the-query"), "{failing}");
    }
}

macro_rules! suite {
    ($($name:ident = $kind:ident),*; $tests:tt) => { $(mod $name { suite!(@ $kind $tests); })* };
    (@ $kind:ident [$($test:ident),* $(,)?]) => {
        $(
            #[tokio::test]
            async fn $test() {
                super::$test(super::Kind::$kind).await;
            }
        )*
    };
}

suite!(
    stdout = Stdout, jsonl = Jsonl, sqlite = Sqlite, postgres = Postgres, webhook = Webhook,
    webhook_batch = WebhookBatch;
    [
        restarts_in_order,
        one_life_of_many_batches,
        a_batch_whose_commit_was_lost_is_there_once,
        the_first_batch_is_no_exception,
        poison_is_found_and_its_neighbours_go_through,
        large_and_odd_records_come_back_as_they_were,
        an_edited_article_is_kept_in_both_wordings,
        a_caller_that_stops_waiting_loses_nothing,
        no_secret_is_shown,
    ]
);
