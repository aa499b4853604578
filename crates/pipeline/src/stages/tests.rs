use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_channel::{bounded, unbounded};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::in_flight::Settlement;
use crate::supervisor::{self, Crew, Ending};

/// An item that says at which stage it fails and how.
#[derive(Debug, Clone, Copy)]
struct Item {
    number: u64,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Passes,
    RejectedFirst,
    RetriedFirst,
    PanicsFirst,
    RejectedSecond,
    PanicsSecond,
}

impl Evidence for Item {
    fn evidence(&self) -> Option<Bytes> {
        Some(Bytes::from(self.number.to_string()))
    }
}

impl Shown for u32 {
    fn show(&self) -> serde_json::Value {
        (*self).into()
    }
}

impl Shown for Item {
    fn show(&self) -> serde_json::Value {
        self.number.into()
    }
}

fn reject() -> Failure {
    Failure::Ends { outcome: Outcome::Rejected(Reason::Empty), cause: None }
}

fn first(item: Item) -> Result<Item, Failure> {
    match item.fate {
        Fate::RejectedFirst => Err(reject()),
        Fate::RetriedFirst => {
            let outcome = Outcome::Retry { after: Duration::from_secs(1) };
            Err(Failure::Ends { outcome, cause: None })
        }
        Fate::PanicsFirst => panic!("first over {}", item.number),
        _ => Ok(item),
    }
}

fn second(item: &Item) -> Result<u64, Failure> {
    match item.fate {
        Fate::RejectedSecond => Err(reject()),
        Fate::PanicsSecond => panic!("second over {}", item.number),
        _ => Ok(item.number),
    }
}

fn expected(fate: Fate) -> Outcome {
    match fate {
        Fate::Passes => Outcome::Delivered,
        Fate::RejectedFirst | Fate::RejectedSecond => Outcome::Rejected(Reason::Empty),
        Fate::RetriedFirst => Outcome::Retry { after: Duration::from_secs(1) },
        Fate::PanicsFirst | Fate::PanicsSecond => Outcome::Rejected(Reason::Panicked),
    }
}

/// Two stages and an end that delivers, fed with `fates`.
fn mill(fates: Vec<Fate>, stop: CancellationToken) -> (Crew, async_channel::Receiver<Settlement>) {
    let crew = Crew::default();
    let (settlements_in, settlements) = unbounded();
    let (entries_in, entries) = bounded(2);
    let (pages_in, pages) = bounded(3);
    let (records_in, records) = bounded::<InFlight<Item>>(1);
    crew.closes(&entries_in, &entries);
    crew.closes(&pages_in, &pages);
    crew.closes(&records_in, &records);
    crew.task("intake", async move {
        for (number, fate) in (0..).zip(fates) {
            if stop.is_cancelled() {
                break;
            }
            let ticket = Ticket::open(number, number.to_string(), &settlements_in);
            if entries_in.send(InFlight::new(Item { number, fate }, ticket)).await.is_err() {
                break;
            }
        }
        Ok(())
    });
    for _ in 0..3 {
        let (input, output) = (entries.clone(), pages_in.clone());
        crew.task("first", async move {
            concurrent(input, output, Arc::default(), |item| async move {
                tokio::task::yield_now().await;
                first(item)
            })
            .await
        });
    }
    for _ in 0..2 {
        let (input, output) = (pages.clone(), records_in.clone());
        crew.thread("second", move || {
            on_thread(
                &input,
                &output,
                &Arc::default(),
                &Jobs::new(2),
                || Ok(|item: &Item, _: &Ticket| second(item)),
                |item, number| {
                    assert_eq!(item.number, number);
                    item
                },
            )
        })
        .unwrap();
    }
    crew.task("end", async move {
        batched(records, 4, Duration::ZERO, Arc::default(), |batch: Vec<InFlight<Item>>| async {
            for one in batch {
                one.settle(Outcome::Delivered);
            }
            Ok(())
        })
        .await
    });
    (crew, settlements)
}

fn by_number(settlements: &async_channel::Receiver<Settlement>) -> BTreeMap<u64, Vec<Settlement>> {
    assert!(settlements.is_closed(), "a ticket is still open");
    let mut all = BTreeMap::<_, Vec<_>>::new();
    while let Ok(settlement) = settlements.try_recv() {
        all.entry(settlement.number).or_default().push(settlement);
    }
    all
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Passes),
        1 => Just(Fate::RejectedFirst),
        1 => Just(Fate::RetriedFirst),
        1 => Just(Fate::PanicsFirst),
        1 => Just(Fate::RejectedSecond),
        1 => Just(Fate::PanicsSecond),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_ticket_settles_exactly_once_and_as_its_item_says(
        fates in proptest::collection::vec(fate(), 0..60),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let settled = runtime.block_on(async {
            let stop = CancellationToken::new();
            let (crew, settlements) = mill(fates.clone(), stop.clone());
            let (_signals, none) = tokio::sync::mpsc::channel(1);
            let ending = supervisor::run(crew, stop, none, Duration::from_secs(30)).await;
            assert!(matches!(ending, Ending::Finished), "{ending:?}");
            by_number(&settlements)
        });
        prop_assert_eq!(settled.len(), fates.len());
        for (number, settlements) in settled {
            let fate = fates[usize::try_from(number).unwrap()];
            prop_assert_eq!(settlements.len(), 1);
            prop_assert_eq!(&settlements[0].outcome, &expected(fate));
            if matches!(fate, Fate::PanicsFirst | Fate::PanicsSecond) {
                let evidence = settlements[0].evidence.clone().unwrap();
                prop_assert_eq!(evidence, number.to_string());
                let cause = settlements[0].cause.clone().unwrap();
                prop_assert!(cause.ends_with(&format!("over {number}")), "{}", cause);
            }
        }
    }

    #[test]
    fn a_stop_at_any_moment_settles_every_opened_ticket_exactly_once(
        fates in proptest::collection::vec(fate(), 1..60),
        turns in 0_usize..80,
        at_once in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (settled, ending) = runtime.block_on(async {
            let stop = CancellationToken::new();
            let (crew, settlements) = mill(fates.clone(), stop.clone());
            let (signals, requests) = tokio::sync::mpsc::channel(2);
            tokio::spawn(async move {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                let _ = signals.send("first").await;
                if at_once {
                    let _ = signals.send("second").await;
                }
                signals.closed().await;
            });
            let ending = supervisor::run(crew, stop, requests, Duration::from_secs(30)).await;
            (by_number(&settlements), ending)
        });
        if !at_once {
            prop_assert!(matches!(ending, Ending::Drained | Ending::Finished), "{:?}", ending);
        }
        // What was opened is a prefix, because the intake works in order.
        let opened: Vec<_> = settled.keys().copied().collect();
        prop_assert_eq!(&opened, &(0..u64::try_from(opened.len()).unwrap()).collect::<Vec<_>>());
        for (number, settlements) in settled {
            prop_assert_eq!(settlements.len(), 1);
            let fate = fates[usize::try_from(number).unwrap()];
            let outcome = &settlements[0].outcome;
            let cut = matches!(ending, Ending::Cut { .. }) && *outcome == Outcome::Abandoned;
            prop_assert!(cut || *outcome == expected(fate), "{} {:?}", number, outcome);
        }
    }
}

#[tokio::test]
async fn a_stalled_end_holds_the_intake_at_an_exact_count() {
    // One item in each pair of hands, and every channel full.
    const LOOPS: usize = 3;
    const ENTRIES: usize = 2;
    const PAGES: usize = 5;
    let (settlements, _keep) = unbounded();
    let (entries_in, entries) = bounded(ENTRIES);
    let (pages_in, pages) = bounded(PAGES);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..LOOPS {
        let (input, output) = (entries.clone(), pages_in.clone());
        tasks.spawn(async move {
            concurrent(input, output, Arc::default(), |item| async move { first(item) }).await
        });
    }
    drop(pages_in);
    // The end takes one batch of at most 2 and then stalls with it.
    tasks.spawn(async move {
        batched(pages, 2, Duration::ZERO, Arc::default(), |batch: Vec<InFlight<Item>>| async move {
            let _held = batch;
            std::future::pending().await
        })
        .await
    });
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    tasks.spawn(async move {
        for number in 0.. {
            let ticket = Ticket::open(number, "x", &settlements);
            let item = Item { number, fate: Fate::Passes };
            if entries_in.send(InFlight::new(item, ticket)).await.is_err() {
                break;
            }
            counted.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    });
    // On this runtime of one thread, so many turns bring everything to rest.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let batch = sent.load(Ordering::SeqCst) - LOOPS - ENTRIES - PAGES;
    assert!((1..=2).contains(&batch), "the batch that the end stalls with, not {batch}");
}

#[test]
fn a_full_output_holds_a_thread_at_an_exact_count() {
    let (settlements, _keep) = unbounded();
    let (input_in, input) = bounded(3);
    let (output, output_out) = bounded::<InFlight<Item>>(2);
    let (taken_in, taken) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let make = || {
            Ok(|item: &Item, _: &Ticket| {
                taken_in.send(item.number).unwrap();
                second(item)
            })
        };
        on_thread(&input, &output, &Arc::default(), &Jobs::new(1), make, |item, _| item).unwrap();
    });
    let item = |number| {
        let ticket = Ticket::open(number, "x", &settlements);
        InFlight::new(Item { number, fate: Fate::Passes }, ticket)
    };
    // Two in the output, one in its hands, three in the input.
    for number in 0..6 {
        input_in.send_blocking(item(number)).unwrap();
    }
    assert!(input_in.try_send(item(6)).is_err());
    assert_eq!([(); 3].map(|()| taken.recv().unwrap()), [0, 1, 2]);
    assert!(taken.try_recv().is_err());
    // Room for one is room for exactly one.
    let _ = output_out.recv_blocking().unwrap();
    input_in.send_blocking(item(7)).unwrap();
    assert!(input_in.try_send(item(8)).is_err());
    assert_eq!(taken.recv().unwrap(), 3);
    assert!(taken.try_recv().is_err());
    output_out.close();
    thread.join().unwrap();
}

#[test]
fn a_panic_costs_the_state_and_nothing_else() {
    let (settlements_in, settlements) = unbounded();
    let (input_in, input) = unbounded();
    let (output, output_out) = unbounded();
    for number in 0..5 {
        let fate = if number == 2 { Fate::PanicsSecond } else { Fate::Passes };
        let ticket = Ticket::open(number, "x", &settlements_in);
        input_in.try_send(InFlight::new(Item { number, fate }, ticket)).unwrap();
    }
    drop(input_in);
    let made = std::cell::Cell::new(0);
    let make = || {
        made.set(made.get() + 1);
        let mut seen = 0;
        Ok(move |item: &Item, _: &Ticket| {
            seen += 1;
            second(item).map(|_| seen)
        })
    };
    on_thread(&input, &output, &Arc::default(), &Jobs::new(1), make, |_, seen: u32| seen).unwrap();
    drop(output);
    let mut seen = Vec::new();
    while let Ok(InFlight { item, ticket }) = output_out.try_recv() {
        seen.push(item);
        ticket.settle(Outcome::Delivered);
    }
    assert_eq!((seen, made.get()), (vec![1, 2, 1, 2], 2));
    let panicked = settlements.try_recv().unwrap();
    assert_eq!(panicked.number, 2);
    assert_eq!(panicked.outcome, Outcome::Rejected(Reason::Panicked));
    assert_eq!(panicked.evidence.as_deref(), Some(&b"2"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_in_batches_and_who_comes_alone_goes_at_once() {
    let (items_in, items) = bounded(3);
    let linger = Duration::from_millis(22);
    let begun = tokio::time::Instant::now();
    let batches = std::cell::RefCell::new(Vec::new());
    let taking = batched(items, 8, linger, Arc::default(), |batch: Vec<u32>| {
        batches.borrow_mut().push((begun.elapsed().as_millis(), batch));
        std::future::ready(Ok(()))
    });
    // Alone; a stream that does not fill a batch; one that fills it; alone again; and the end.
    let pauses = [0, 5, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 50, 3];
    let giving = async move {
        for (pause, number) in pauses.into_iter().zip(0..) {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            items_in.send(number).await.unwrap();
        }
    };
    let (taken, ()) = tokio::join!(taking, giving);
    taken.unwrap();
    let wanted = [
        (0, vec![0]),
        (22, (1..5).collect()),
        (25, (5..13).collect()),
        (47, vec![13]),
        (75, vec![14]),
        (78, vec![15]),
    ];
    assert_eq!(batches.into_inner(), wanted);
}

#[test]
fn causes_are_told_once_each() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot read")]
    struct Outer(#[source] Middle);
    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Middle(#[from] std::io::Error);
    let error = Outer(Middle(std::io::Error::other("no disk")));
    assert_eq!(causes(&error), "cannot read: no disk");
}
