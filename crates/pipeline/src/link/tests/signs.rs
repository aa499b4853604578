use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_channel::{Receiver, unbounded};
use newsmill_article::{ArticleId, Entry, Hints, Location, Outcome, Reason};
use newsmill_link::{Channel, Queue, QueueError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::super::egress::{self, Stamps};
use super::super::home;
use super::super::ingress::{self, Ingress};
use super::super::wire::{Fate, Head, Stamp, Wire};
use super::fake::{Fake, Sign};
use crate::in_flight::{InFlight, Settlement, Ticket};
use crate::telemetry::Telemetry;
use crate::telemetry::spans::TraceContext;

const ATTEMPTS: u32 = 3;

fn entry() -> Entry {
    Entry {
        source: None,
        input: "https://example.org/".to_owned(),
        location: Location::Url("https://example.org/".parse().unwrap()),
        hints: Hints::default(),
    }
}

const TRACE: TraceContext = TraceContext { trace: 3, span: 4 };

fn head(entry: u64) -> Head {
    let stamp = Stamp { ledger: 1, entry, handout: 5 };
    Head { stamp, label: "x".to_owned(), trace: Some(TRACE) }
}

/// What one process does with entries of a queue.
struct Process {
    queue: Fake,
    items: Receiver<InFlight<Entry>>,
    ended: Arc<Mutex<Vec<Outcome>>>,
    stop: CancellationToken,
    tasks: tokio::task::JoinSet<()>,
    telemetry: Arc<Telemetry>,
}

impl Process {
    fn start(queue: &Fake, channel: Channel, ledger: Option<u64>) -> Self {
        let (output, items) = unbounded();
        let (settlements, receiver) = unbounded();
        let outstanding = Arc::default();
        let (ended, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
        let mut tasks = tokio::task::JoinSet::new();
        let telemetry: Arc<Telemetry> = Arc::default();
        let seen = ended.clone();
        let settle = ingress::settle(
            queue.clone(),
            channel,
            Arc::clone(&outstanding),
            receiver,
            ATTEMPTS,
            None,
            move |settlement: &Settlement| seen.lock().unwrap().push(settlement.outcome.clone()),
        );
        tasks.spawn(async move { settle.await.unwrap() });
        let ingress = Ingress {
            queue: queue.clone(),
            outstanding,
            output,
            settlements,
            attempts: ATTEMPTS,
            ledger,
            telemetry: Some(telemetry.clone()),
        };
        let places = Arc::new(Semaphore::new(64));
        let take = ingress::take(ingress, entry().lane(), places, stop.clone(), || true);
        tasks.spawn(async move { take.await.unwrap() });
        Self { queue: queue.clone(), items, ended, stop, tasks, telemetry }
    }

    /// Stops taking and waits until the last ticket has ended.
    async fn end(self) {
        self.stop.cancel();
        drop(self.items);
        self.tasks.join_all().await;
    }

    fn signs(&self) -> Vec<Sign> {
        self.queue.signs.lock().unwrap().iter().map(|(_, sign)| sign.clone()).collect()
    }

    fn fates(&self) -> Vec<Outcome> {
        let lanes = self.queue.lanes.lock().unwrap();
        let fates = lanes.get(&Fate::CHANNEL.lane()).cloned().unwrap_or_default();
        fates.iter().map(|(_, _, message, _)| Fate::decode(message).unwrap().1.outcome).collect()
    }
}

async fn put(queue: &Fake, number: u64, delivered: u32) {
    let message = entry().encode(&head(number)).unwrap();
    queue.put(entry().lane(), number, "id", message).await.unwrap();
    let mut lanes = queue.lanes.lock().unwrap();
    lanes.get_mut(&entry().lane()).unwrap().last_mut().unwrap().3 = delivered;
}

/// Ends one message so; tells what the queue heard and what went home.
async fn heard(channel: Channel, delivered: u32, outcome: Outcome) -> (Vec<Sign>, Vec<Outcome>) {
    let queue = Fake::default();
    put(&queue, 7, delivered).await;
    let process = Process::start(&queue, channel, None);
    let item = process.items.recv().await.unwrap();
    assert_eq!(item.ticket.number(), 7);
    item.ticket.settle(outcome);
    while process.ended.lock().unwrap().is_empty() || process.signs().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let told = (process.signs(), process.fates());
    process.end().await;
    told
}

#[tokio::test(start_paused = true)]
async fn each_end_has_its_sign() {
    let after = Duration::from_secs(40);
    let retry = Outcome::Retry { after };
    let put_off = Outcome::PutOff { after };
    let gone = Outcome::Rejected(Reason::Gone);
    let of = ArticleId::from_bits(1);
    for done in [Outcome::HandedOff, Outcome::Delivered, Outcome::Duplicate { of }] {
        assert_eq!(heard(Channel::Articles, 1, done).await, (vec![Sign::Ack], vec![]));
    }
    let (nak, ack) = (|after| vec![Sign::Nak(after)], || vec![Sign::Ack]);
    let abandoned = heard(Channel::Articles, 1, Outcome::Abandoned).await;
    assert_eq!(abandoned, (nak(Duration::ZERO), vec![]));
    assert_eq!(heard(Channel::Articles, 1, gone.clone()).await, (ack(), vec![gone]));
    // Entries go home, where attempts are counted over days; later things wait in the queue.
    for again in [retry.clone(), put_off.clone()] {
        assert_eq!(heard(Channel::Entries, 1, again.clone()).await, (ack(), vec![again]));
    }
    assert_eq!(heard(Channel::Articles, 1, retry.clone()).await, (nak(after), vec![]));
    assert_eq!(heard(Channel::Articles, 2, put_off).await, (nak(after), vec![]));
    let gave_up = Outcome::Rejected(Reason::GaveUp { attempts: ATTEMPTS });
    assert_eq!(heard(Channel::Articles, ATTEMPTS, retry).await, (ack(), vec![gave_up]));
}

#[tokio::test(start_paused = true)]
async fn an_owner_waits_for_a_cluster_without_a_leader_but_not_for_ever() {
    let queue = Fake::default();
    *queue.failures.lock().unwrap() = 20;
    home::claim(&queue, 1).await.unwrap();
    *queue.failures.lock().unwrap() = 1_000;
    let error = home::claim(&queue, 1).await.unwrap_err();
    assert!(matches!(error, QueueError::Later { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn poison_goes_home_without_being_touched() {
    let queue = Fake::default();
    put(&queue, 7, ATTEMPTS + 1).await;
    let process = Process::start(&queue, Channel::Articles, None);
    while process.signs().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(process.items.is_empty(), "the stage never saw it");
    let gave_up = Outcome::Rejected(Reason::GaveUp { attempts: ATTEMPTS });
    assert_eq!((process.signs(), process.fates()), (vec![Sign::Ack], vec![gave_up]));
    process.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_item_shows_signs_of_life_and_a_stuck_one_stops_to() {
    let queue = Fake::default();
    put(&queue, 7, 1).await;
    let process = Process::start(&queue, Channel::Articles, None);
    let item = process.items.recv().await.unwrap();
    tokio::time::sleep(Duration::from_secs(95)).await;
    let in_time = process.signs();
    assert!(in_time.len() >= 9 && in_time.iter().all(|sign| *sign == Sign::Progress));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let in_an_hour = process.signs().len();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(process.signs().len(), in_an_hour);
    drop(item);
    process.end().await;
    assert_eq!(queue.signs.lock().unwrap().last().unwrap().1, Sign::Nak(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_same_entry_twice_in_hand_is_acknowledged_twice() {
    let queue = Fake::default();
    put(&queue, 7, 1).await;
    put(&queue, 7, 2).await;
    let process = Process::start(&queue, Channel::Articles, None);
    let (one, two) = (process.items.recv().await.unwrap(), process.items.recv().await.unwrap());
    one.ticket.settle(Outcome::HandedOff);
    two.ticket.settle(Outcome::HandedOff);
    process.end().await;
    let signs = queue.signs.lock().unwrap();
    assert_eq!(signs.iter().filter(|(_, sign)| *sign == Sign::Ack).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_another_ledger_or_is_nonsense_goes_away() {
    let queue = Fake::default();
    put(&queue, 7, 1).await;
    queue.put(entry().lane(), 8, "id", "nonsense".into()).await.unwrap();
    let process = Process::start(&queue, Channel::Records, Some(2));
    while process.signs().len() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(process.items.is_empty());
    assert_eq!(process.signs(), [Sign::Ack, Sign::Ack]);
    process.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_leaves_is_settled_once_the_queue_has_it() {
    let queue = Fake::default();
    *queue.failures.lock().unwrap() = 20;
    let (sender, input) = unbounded();
    let (settlements, settled) = unbounded();
    let ticket = Ticket::open(9, "x", &settlements);
    sender.try_send(InFlight::new(entry(), ticket)).unwrap();
    drop((sender, settlements));
    let stamps: Arc<Stamps<Fake>> = Arc::new(Stamps::owner(1));
    let egress = tokio::spawn(egress::run(queue.clone(), stamps, input));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(settled.is_empty(), "nothing is handed off while the queue refuses");
    egress.await.unwrap().unwrap();
    assert_eq!(settled.recv().await.unwrap().outcome, Outcome::HandedOff);
    let lanes = queue.lanes.lock().unwrap();
    let [(key, id, message, _)] = &lanes[&entry().lane()][..] else { panic!("not once") };
    let (Head { stamp, .. }, _) = Entry::decode(message).unwrap();
    assert_eq!((*key, stamp.entry, id.clone()), (9, 9, stamp.id()));
}

#[tokio::test]
async fn a_trace_goes_on_where_its_entry_goes() {
    let queue = Fake::default();
    put(&queue, 7, 1).await;
    let process = Process::start(&queue, Channel::Entries, None);
    let _spans = process.telemetry.spans.begin_export(1e-12);
    let item = process.items.recv().await.unwrap();
    let here = item.ticket.trace().unwrap();
    assert_eq!(here.trace, TRACE.trace);
    assert_ne!(here.span, TRACE.span);

    let onward = Fake::default();
    let (sender, input) = unbounded();
    sender.try_send(item).unwrap();
    drop(sender);
    egress::run(onward.clone(), Arc::new(Stamps::owner(1)), input).await.unwrap();
    let message = onward.lanes.lock().unwrap()[&entry().lane()][0].2.clone();
    assert_eq!(Entry::decode(&message).unwrap().0.trace, Some(here));
    process.end().await;
}
