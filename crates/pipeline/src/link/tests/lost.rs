use std::sync::Arc;
use std::time::Duration;

use async_channel::bounded;
use jiff::Timestamp;
use newsmill_article::{Entry, Hints, Location, Outcome};
use newsmill_ledger::{Applied, Config, Discovered, EntryId, Ledger, Operation};
use newsmill_link::{Channel, Queue};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::super::recall;
use super::super::wire::Wire;
use super::fake::Fake;
use crate::ledger_thread::{self, LedgerHandle};

const AFTER: Duration = Duration::from_millis(40);

fn entry(number: usize) -> Entry {
    let input = format!("https://site{number}.example/");
    let location = Location::Url(input.parse().unwrap());
    Entry { source: None, input, location, hints: Hints::default() }
}

fn settle(entry: EntryId, outcome: Outcome) -> Operation {
    Operation::Settle { entry, outcome, detail: None, page: None }
}

/// A ledger of this many entries, all claimed.
async fn ledger(count: usize) -> (LedgerHandle, Vec<EntryId>) {
    let mut ledger = Ledger::in_memory(&Config::default()).unwrap();
    let (requests_in, requests) = bounded(8);
    std::thread::spawn(move || ledger_thread::run(&mut ledger, &requests).unwrap());
    let handle = LedgerHandle::new(requests_in);
    let entries = (0..count).map(entry).collect();
    let discover = Operation::Discover { poll: None, entries };
    let applied = handle.apply(vec![discover]).await.unwrap();
    let [Applied::Discovered(found)] = &applied[..] else { panic!("{applied:?}") };
    let ids: Vec<EntryId> = found.iter().copied().map(Discovered::id).collect();
    assert_eq!(handle.claim(count).await.unwrap().len(), count);
    (handle, ids)
}

#[tokio::test]
async fn what_no_channel_holds_is_handed_out_again_and_nothing_else() {
    let (handle, ids) = ledger(200).await;
    let queue = Fake::default();
    let channels = [Channel::Entries, Channel::Articles, Channel::Records, Channel::Settlements];
    let mut lost = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        handle.apply(vec![settle(*id, Outcome::HandedOff)]).await.unwrap();
        match channels.get(number % 5) {
            Some(Channel::Entries) => {
                let lane = entry(number).lane();
                queue.put(lane, id.0.cast_unsigned(), "", "".into()).await.unwrap();
            }
            Some(channel) => {
                let lane = channel.lane();
                queue.put(lane, id.0.cast_unsigned(), "", "".into()).await.unwrap();
            }
            None => lost.push(*id),
        }
    }
    assert!(handle.claim(200).await.unwrap().is_empty());
    let (found, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    let woken = found.notified();
    tokio::pin!(woken);
    woken.as_mut().enable();
    let asks = recall::run(queue, handle.clone(), found.clone(), AFTER, stop.clone());
    let asks = tokio::spawn(asks);
    woken.await;
    let mut again = Vec::new();
    while again.len() < lost.len() {
        again.extend(handle.claim(200).await.unwrap().into_iter().map(|claim| claim.id));
        tokio::task::yield_now().await;
    }
    stop.cancel();
    asks.await.unwrap().unwrap();
    again.sort_unstable();
    assert_eq!(again, lost);
}

#[tokio::test]
async fn news_that_an_entry_left_does_not_hide_that_it_came_back() {
    let (handle, ids) = ledger(2).await;
    let after = Duration::ZERO;
    let put_off = settle(ids[0], Outcome::PutOff { after });
    // In another group, and in the same one.
    handle.apply(vec![put_off]).await.unwrap();
    let late = handle.apply(vec![settle(ids[0], Outcome::HandedOff)]).await.unwrap();
    assert_eq!(late, [Applied::Ignored]);
    let both = vec![settle(ids[1], Outcome::PutOff { after }), settle(ids[1], Outcome::HandedOff)];
    let answers = handle.apply(both).await.unwrap();
    assert!(matches!(answers[..], [Applied::Settled(_), Applied::Ignored]), "{answers:?}");
    let mut due: Vec<EntryId> =
        handle.claim(9).await.unwrap().into_iter().map(|claim| claim.id).collect();
    due.sort_unstable();
    assert_eq!(due, ids);
    // In its time it counts.
    handle.apply(vec![settle(ids[0], Outcome::HandedOff)]).await.unwrap();
    let page = handle.handed_off(Timestamp::MAX, EntryId::default(), 9).await.unwrap();
    assert_eq!(page.iter().map(|claim| claim.id).collect::<Vec<_>>(), [ids[0]]);
}
