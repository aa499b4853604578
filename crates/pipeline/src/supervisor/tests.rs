use super::*;
use async_channel::bounded;

fn quiet() -> (mpsc::Sender<&'static str>, mpsc::Receiver<&'static str>) {
    mpsc::channel(2)
}

#[tokio::test]
async fn ends_when_all_have() {
    let crew = Crew::default();
    crew.task("a", async { Ok(()) });
    crew.thread("b", || Ok(())).unwrap();
    let (_send, signals) = quiet();
    let ending = run(crew, CancellationToken::new(), signals, Duration::ZERO).await;
    assert!(matches!(ending, Ending::Finished), "{ending:?}");
}

#[tokio::test]
async fn a_stop_reaches_the_intake_and_the_rest_follows_its_channels() {
    let crew = Crew::default();
    let stop = CancellationToken::new();
    let (first_in, first) = bounded::<u32>(1);
    let (second_in, second) = bounded::<u32>(1);
    let token = stop.clone();
    let (order_in, order) = mpsc::unbounded_channel();
    let said = order_in.clone();
    crew.task("intake", async move {
        token.cancelled().await;
        first_in.send(1).await.unwrap();
        said.send("intake").unwrap();
        Ok(())
    });
    let said = order_in.clone();
    crew.task("stage", async move {
        while let Ok(item) = first.recv().await {
            second_in.send(item).await.unwrap();
        }
        said.send("stage").unwrap();
        Ok(())
    });
    crew.thread("end", move || {
        let mut items = 0;
        while second.recv_blocking().is_ok() {
            items += 1;
        }
        order_in.send(if items == 1 { "end" } else { "an item is missing" }).unwrap();
        Ok(())
    })
    .unwrap();
    let (send, signals) = quiet();
    send.send("SIGTERM").await.unwrap();
    let ending = run(crew, stop, signals, Duration::from_secs(3600)).await;
    assert!(matches!(ending, Ending::Drained), "{ending:?}");
    let mut order = order;
    let mut names = Vec::new();
    while let Some(name) = order.recv().await {
        names.push(name);
    }
    assert_eq!(names, ["intake", "stage", "end"]);
}

/// A stage that never ends by itself, but for its channel closing.
fn stuck(crew: &Crew) {
    let (send, receive) = bounded::<u32>(1);
    crew.closes(&send, &receive);
    crew.task("stuck", async move {
        let _send = send;
        std::future::pending::<()>().await;
        Ok(())
    });
    crew.thread("thread", move || {
        while receive.recv_blocking().is_ok() {}
        Ok(())
    })
    .unwrap();
}

#[tokio::test]
async fn the_grace_period_ends_the_drain() {
    let crew = Crew::default();
    stuck(&crew);
    let (send, signals) = quiet();
    send.send("SIGTERM").await.unwrap();
    let ending = run(crew, CancellationToken::new(), signals, Duration::ZERO).await;
    let Ending::Cut { waiting } = ending else { panic!("{ending:?}") };
    assert_eq!(waiting, ["stuck", "thread"]);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let crew = Crew::default();
    stuck(&crew);
    let (send, signals) = quiet();
    send.send("SIGINT").await.unwrap();
    send.send("SIGINT").await.unwrap();
    let ending = run(crew, CancellationToken::new(), signals, Duration::from_secs(3600)).await;
    assert!(matches!(ending, Ending::Cut { .. }), "{ending:?}");
}

#[tokio::test]
async fn a_fatal_error_stops_everything_with_its_cause() {
    let crew = Crew::default();
    stuck(&crew);
    crew.task("ledger", async { Err(Fatal::new("ledger", "disk full")) });
    let stop = CancellationToken::new();
    let (_send, signals) = quiet();
    let ending = run(crew, stop.clone(), signals, Duration::from_secs(3600)).await;
    let Ending::Fatal(fatal) = ending else { panic!("{ending:?}") };
    assert_eq!(crate::stages::causes(&fatal), "ledger cannot go on: disk full");
    assert!(stop.is_cancelled());
}

#[tokio::test]
async fn a_panic_of_a_loop_itself_is_fatal() {
    for on_thread in [false, true] {
        let crew = Crew::default();
        if on_thread {
            crew.thread("summarizer", || panic!("a fault of ours")).unwrap();
        } else {
            crew.task("fetcher", async { panic!("a fault of ours") });
        }
        let (_send, signals) = quiet();
        let ending = run(crew, CancellationToken::new(), signals, Duration::ZERO).await;
        assert!(matches!(ending, Ending::Fatal(_)), "{ending:?}");
    }
}

#[tokio::test]
async fn keepers_see_the_last_settlements_after_a_cut() {
    use crate::in_flight::{Settlement, Ticket};
    let crew = Crew::default();
    let (settlements_in, settlements) = async_channel::unbounded::<Settlement>();
    let (send, receive) = bounded(4);
    crew.closes(&send, &receive);
    for number in 0..3 {
        send.try_send(Ticket::open(number, "x", &settlements_in)).unwrap();
    }
    let in_hand = Ticket::open(3, "x", &settlements_in);
    drop(settlements_in);
    crew.task("stuck", async move {
        let _held = (send, receive, in_hand);
        std::future::pending::<()>().await;
        Ok(())
    });
    let (count_in, count) = oneshot::channel();
    crew.keeper("ledger", async move {
        let mut abandoned = 0;
        while let Ok(settlement) = settlements.recv().await {
            assert_eq!(settlement.outcome, newsmill_article::Outcome::Abandoned);
            abandoned += 1;
        }
        let _ = count_in.send(abandoned);
        Ok(())
    });
    let (send, signals) = quiet();
    send.send("SIGTERM").await.unwrap();
    send.send("SIGTERM").await.unwrap();
    run(crew, CancellationToken::new(), signals, Duration::from_secs(1)).await;
    assert_eq!(count.await, Ok(4));
}
