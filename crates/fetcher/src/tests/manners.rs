//! robots.txt, rates, back-off and conditional requests.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use newsmill_article::{HumanDuration, SourceName};
use tokio::time::Instant;
use url::Url;

use super::{Server, answer, entry_at, fetcher, open};
use crate::host::Hosts;
use crate::{Config, Cursor, FetchError, Fetcher, HostConfig, SourceConfig};

pub(super) fn source(feed: Url) -> SourceConfig {
    SourceConfig {
        feed: Some(feed),
        headers: [("x-key".to_owned(), "secret".to_owned())].into(),
        ..SourceConfig::new(SourceName::new("test"))
    }
}

const FEED: &str = "<rss><channel><ttl>90</ttl><item><title>One</title><link>/1</link></item>\
                    <item><title>Two</title><link>/2</link></item></channel></rss>";

#[tokio::test]
async fn robots_is_asked_once_and_followed() {
    let server = Server::start(|head| match head.split(' ').nth(1).unwrap() {
        "/robots.txt" => answer(200, &[], b"user-agent: newsmill\ndisallow: /private\n"),
        _ => answer(200, &[], b"text"),
    })
    .await;
    let fetcher = fetcher(&Config { robots: true, ..open() });
    for _ in 0..3 {
        assert!(fetcher.page(entry_at(&server.url("open"))).await.is_ok());
        let error = fetcher.page(entry_at(&server.url("private/x"))).await.unwrap_err();
        assert!(matches!(error, FetchError::RobotsDisallowed { .. }), "{error}");
    }
    assert_eq!(server.targets(), ["/robots.txt", "/open", "/open", "/open"]);
}

#[tokio::test]
async fn without_robots_all_is_allowed_and_with_a_broken_one_nothing() {
    for (status, allowed) in [(404, true), (403, true), (500, false), (429, false)] {
        let server = Server::start(move |head| match head.split(' ').nth(1).unwrap() {
            "/robots.txt" => answer(status, &[], b""),
            _ => answer(200, &[], b"text"),
        })
        .await;
        let result =
            fetcher(&Config { robots: true, ..open() }).page(entry_at(&server.url("a"))).await;
        assert_eq!(result.is_ok(), allowed, "{status}");
        if let Err(error) = result {
            assert!(matches!(error, FetchError::RobotsUnreachable { .. }), "{error}");
            assert!(error.to_string().contains(&format!("answered {status}")), "{error}");
            assert_eq!(server.targets(), ["/robots.txt"]);
        }
    }
}

fn hosts(config: HostConfig) -> Hosts {
    Hosts::new(&config)
}

#[tokio::test(start_paused = true)]
async fn requests_to_a_host_keep_their_distance() {
    let hosts = Arc::new(hosts(HostConfig {
        concurrency: 3,
        max_wait: HumanDuration::hours(1),
        ..HostConfig::default()
    }));
    let url = Url::parse("http://example.org/").unwrap();
    let starts = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let (hosts, url, starts) = (hosts.clone(), url.clone(), starts.clone());
            tokio::spawn(async move {
                let turn = hosts.of(&url).turn().await.unwrap();
                starts.lock().unwrap().push(Instant::now());
                tokio::time::sleep(Duration::from_millis(100 * n)).await;
                turn.succeeded();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let starts = starts.lock().unwrap();
    assert_eq!(starts.len(), 20);
    assert!(
        starts.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(1)),
        "{starts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_host_is_left_alone_ever_longer() {
    let hosts = hosts(HostConfig {
        failures: 3,
        max_wait: HumanDuration::hours(5),
        ..HostConfig::default()
    });
    let host = hosts.of(&Url::parse("http://example.org/").unwrap());
    let mut waits = Vec::new();
    for _ in 0..12 {
        let begun = Instant::now();
        host.turn().await.unwrap().failed();
        waits.push(begun.elapsed());
    }
    let seconds = Duration::from_secs;
    assert!(waits[..3].iter().all(|wait| *wait <= seconds(1)), "{waits:?}");
    // 10 s, 20 s, 40 s … at most 1 h, each less up to its half.
    for (n, wait) in waits[3..].iter().enumerate() {
        let whole = seconds(10 * (1 << n)).min(seconds(3600));
        assert!(*wait >= whole / 2 && *wait <= whole + Duration::from_millis(2), "{n}: {wait:?}");
    }
    host.turn().await.unwrap().succeeded();
    let begun = Instant::now();
    host.turn().await.unwrap().failed();
    assert!(begun.elapsed() <= seconds(1), "one success forgives");
}

#[tokio::test(start_paused = true)]
async fn a_far_turn_is_put_off_and_does_not_count() {
    let hosts = hosts(HostConfig::default());
    let host = hosts.of(&Url::parse("http://example.org/").unwrap());
    host.turn().await.unwrap().told_to_wait(Duration::from_secs(600));
    let error = host.turn().await.unwrap_err();
    assert!(!error.counts_as_attempt());
    assert!(
        matches!(error, FetchError::HostBusy { after, .. } if after == Duration::from_secs(600))
    );
    tokio::time::advance(Duration::from_secs(575)).await;
    let begun = Instant::now();
    host.turn().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(25));
}

#[tokio::test]
async fn a_feed_is_asked_conditionally_and_its_wishes_are_followed() {
    let server = Server::start(|head| {
        if head.to_lowercase().contains("if-none-match: w/\"abc\"") {
            return answer(304, &[], b"");
        }
        let headers = [
            ("etag", "W/\"abc\""),
            ("last-modified", "Tue, 24 Nov 2026 08:00:00 GMT"),
            ("cache-control", "max-age=60"),
        ];
        answer(200, &headers, FEED.as_bytes())
    })
    .await;
    let source = source(server.url("feed"));
    let fetcher = Fetcher::new(&open(), std::slice::from_ref(&source)).unwrap();
    let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let first = fetcher.poll(&source, &Cursor::default(), now).await;
    assert!(first.failure.is_none(), "{:?}", first.failure);
    let inputs: Vec<_> = first.entries.iter().map(|entry| entry.input.clone()).collect();
    assert_eq!(inputs, [server.url("1").to_string(), server.url("2").to_string()]);
    let wait = first.next.duration_since(now).as_secs();
    assert!((5400..=5670).contains(&wait), "ttl of 90 minutes, not {wait}");
    let second = fetcher.poll(&source, &first.cursor, first.next).await;
    assert!(second.entries.is_empty() && second.failure.is_none() && !second.gap);
    let heads = server.heads();
    assert!(heads[1].contains("if-modified-since: tue, 24 nov 2026 08:00:00 gmt"), "{}", heads[1]);
    assert!(heads[0].contains("x-key: secret") && heads[0].contains("user-agent: newsmill/"));
    assert_eq!(second.cursor.etag, first.cursor.etag);
}

#[tokio::test]
async fn moves_are_kept_and_secrets_stay_at_home() {
    let other = Server::start_at("127.0.0.2:0", |_| answer(200, &[], FEED.as_bytes())).await;
    let target = other.url("new").to_string();
    let server = Server::start(move |_| answer(301, &[("location", &target)], b"")).await;
    let source = source(server.url("old"));
    let fetcher = Fetcher::new(&open(), std::slice::from_ref(&source)).unwrap();
    let first = fetcher.poll(&source, &Cursor::default(), Timestamp::now()).await;
    assert_eq!(first.moved_to, Some(other.url("new")));
    assert!(!other.heads()[0].contains("secret"), "the header is for the first host only");
    let second = fetcher.poll(&source, &first.cursor, Timestamp::now()).await;
    assert!(second.failure.is_none() && second.entries.is_empty());
    assert_eq!(server.targets().len(), 1, "the second look goes straight to the new place");
}

#[tokio::test]
async fn a_gone_source_stops_and_a_dead_one_is_asked_ever_more_rarely() {
    let server = Server::start(|head| match head.contains("/gone") {
        true => answer(410, &[], b""),
        false => answer(500, &[], b""),
    })
    .await;
    let gone = fetcher(&open())
        .poll(&source(server.url("gone")), &Cursor::default(), Timestamp::now())
        .await;
    assert!(gone.stopped && gone.cursor.stopped);
    let (source, fetcher) = (source(server.url("dead")), fetcher(&open()));
    let (mut cursor, now) = (Cursor::default(), Timestamp::now());
    let mut waits = Vec::new();
    for _ in 0..16 {
        let poll = fetcher.poll(&source, &cursor, now).await;
        waits.push(poll.next.duration_since(now).as_secs());
        cursor = poll.cursor;
    }
    assert_eq!(waits[..4], [300, 600, 1200, 2400]);
    assert_eq!(waits[15], 7 * 24 * 3600);
}

#[tokio::test]
async fn a_gap_is_seen_and_answered_by_looking_sooner() {
    let server = Server::start(|head| {
        let from: u32 = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        let item =
            |n| format!("<item><guid isPermaLink='false'>g{n}</guid><link>/{n}</link></item>");
        let items: String = (from..from + 5).map(item).collect();
        answer(200, &[], format!("<rss><channel>{items}</channel></rss>").as_bytes())
    })
    .await;
    let fetcher = fetcher(&open());
    let mut cursor = Cursor::default();
    let mut seen = Vec::new();
    for (from, new, gap) in
        [(0, 5, false), (3, 3, false), (20, 5, true), (20, 0, false), (3, 0, false)]
    {
        let poll =
            fetcher.poll(&source(server.url(&from.to_string())), &cursor, Timestamp::now()).await;
        assert_eq!((poll.entries.len(), poll.gap), (new, gap), "from {from}");
        seen.push(poll.cursor.interval.unwrap());
        cursor = poll.cursor;
    }
    assert!(seen[2] <= seen[1].div_ceil(2).max(300) && cursor.gaps == 1, "{seen:?}");
}
