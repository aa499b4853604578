//! Each bound at its edge.

use std::io::Write;

use newsmill_article::{Disposition, HumanSize, Reason};

use super::{Reply, Server, answer, entry_at, fetch, fetcher, open};
use crate::{Config, FetchError};

const HTML: (&str, &str) = ("content-type", "text/html");

fn small() -> Config {
    Config { max_page: HumanSize(1000), max_headers: HumanSize(600), ..open() }
}

fn too_large(result: Result<newsmill_article::Page, FetchError>) -> Option<u64> {
    match result.unwrap_err().disposition() {
        Disposition::Reject(Reason::TooLarge { limit }) => Some(limit),
        _ => None,
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut out, &Default::default()).unwrap();
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

#[tokio::test]
async fn a_page_may_have_exactly_the_bound() {
    let server = Server::start(|head| {
        let size: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        answer(200, &[HTML], &vec![b'a'; size])
    })
    .await;
    assert_eq!(fetch(&small(), &server.url("1000")).await.unwrap().bytes.len(), 1000);
    assert_eq!(too_large(fetch(&small(), &server.url("1001")).await), Some(1000));
}

#[tokio::test]
async fn a_page_without_a_length_is_bounded_too() {
    let server = Server::start(|head| {
        let size: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        let mut raw =
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n".to_vec();
        raw.extend(vec![b'a'; size]);
        Reply::Raw(raw)
    })
    .await;
    assert_eq!(fetch(&small(), &server.url("1000")).await.unwrap().bytes.len(), 1000);
    assert_eq!(too_large(fetch(&small(), &server.url("1001")).await), Some(1000));
    assert_eq!(too_large(fetch(&small(), &server.url("20000000")).await), Some(1000));
}

#[tokio::test]
async fn compression_is_bounded_on_both_sides() {
    for (coding, compress) in
        [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("br", brotli), ("zstd", zstd)]
    {
        let server = Server::start(move |head| {
            let size: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
            answer(200, &[HTML, ("content-encoding", coding)], &compress(&vec![b'a'; size]))
        })
        .await;
        let page = fetch(&small(), &server.url("1000")).await.unwrap();
        assert_eq!(page.bytes.len(), 1000, "{coding}");
        assert_eq!(too_large(fetch(&small(), &server.url("1001")).await), Some(1000), "{coding}");
        assert_eq!(
            too_large(fetch(&small(), &server.url("10000000")).await),
            Some(1000),
            "{coding}"
        );
    }
}

#[tokio::test]
async fn broken_or_unknown_compression_is_named() {
    let server = Server::start(|head| {
        let half = gzip(b"some text that is cut in the middle of its compressed form");
        match head.split(' ').nth(1).unwrap() {
            "/cut" => answer(200, &[HTML, ("content-encoding", "gzip")], &half[..half.len() / 2]),
            "/deep" => answer(200, &[HTML, ("content-encoding", "gzip, gzip, gzip")], &half),
            _ => answer(200, &[HTML, ("content-encoding", "lzma")], &half),
        }
    })
    .await;
    for (path, why) in [("cut", "broken gzip"), ("deep", "more than twice"), ("odd", "lzma")] {
        let error = fetch(&open(), &server.url(path)).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(error.disposition(), Disposition::Reject(Reason::Unreadable));
    }
}

#[tokio::test]
async fn headers_are_bounded() {
    let server = Server::start(|head| {
        let size: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        answer(200, &[HTML, ("x-padding", &"a".repeat(size))], b"text")
    })
    .await;
    assert!(fetch(&small(), &server.url("100")).await.is_ok());
    assert_eq!(too_large(fetch(&small(), &server.url("600")).await), Some(600));
    assert!(fetch(&small(), &server.url("1000000")).await.is_err());
}

#[tokio::test]
async fn redirects_are_bounded_and_circles_found() {
    let server = Server::start(|head| {
        let target = head.split(' ').nth(1).unwrap();
        let left = target.strip_prefix("/hop/").and_then(|left| left.parse::<u32>().ok());
        match left {
            Some(0) => answer(200, &[HTML], b"there"),
            Some(left) => answer(302, &[("location", &format!("/hop/{}", left - 1))], b""),
            None => answer(302, &[("location", target)], b""),
        }
    })
    .await;
    let page = fetch(&open(), &server.url("hop/10")).await.unwrap();
    assert_eq!(page.url, Some(server.url("hop/0")));
    let error = fetch(&open(), &server.url("hop/11")).await.unwrap_err();
    assert!(matches!(error, FetchError::TooManyRedirects { limit: 10, .. }));
    let before = server.targets().len();
    assert!(fetch(&open(), &server.url("circle")).await.is_err());
    assert_eq!(server.targets().len() - before, 1, "a circle is seen at once");
}

#[tokio::test]
async fn urls_are_bounded() {
    let server = Server::start(|_| answer(200, &[HTML], b"text")).await;
    let mut url = server.url("");
    let room = 8192 - url.as_str().len();
    url.set_path(&"a".repeat(room));
    assert!(fetch(&open(), &url).await.is_ok());
    url.set_path(&"a".repeat(room + 1));
    assert!(matches!(fetch(&open(), &url).await.unwrap_err(), FetchError::BadUrl { .. }));
    assert_eq!(server.targets().len(), 1);
}

#[tokio::test]
async fn a_silent_server_is_left_after_the_first_byte_bound() {
    let server = Server::start(|_| Reply::Stall).await;
    let error = fetch(&open(), &server.url("")).await.unwrap_err();
    assert!(error.to_string().ends_with("the first byte took longer than 20s"), "{error}");
    assert!(matches!(error.disposition(), Disposition::Retry { .. }));
}

#[tokio::test]
async fn a_trickle_is_left_after_the_total_bound() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 100000\r\n\r\n";
    let server = Server::start(|_| Reply::Trickle(head.to_vec())).await;
    let error = fetch(&open(), &server.url("")).await.unwrap_err();
    assert!(
        matches!(error.disposition(), Disposition::Reject(Reason::TooSlow { limit }) if limit.as_secs() == 60),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_no_page() {
    let server = Server::start(|_| {
        Reply::Raw(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 500\r\n\r\nhalf"
                .to_vec(),
        )
    })
    .await;
    let error = fetch(&open(), &server.url("")).await.unwrap_err();
    assert!(matches!(error.disposition(), Disposition::Retry { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_text_is_refused_before_its_body() {
    let server = Server::start(|head| match head.split(' ').nth(1).unwrap() {
        "/film" => answer(200, &[("content-type", "video/mp4")], b"...."),
        "/lie" => answer(200, &[HTML], b"%PDF-1.7 ..."),
        "/empty" => answer(200, &[HTML], b""),
        "/gone" => answer(410, &[], b""),
        "/paid" => answer(402, &[], b""),
        _ => answer(503, &[("retry-after", "7")], b""),
    })
    .await;
    let fetcher = fetcher(&open());
    for (path, reason) in [
        ("film", Reason::NotHtml),
        ("lie", Reason::NotHtml),
        ("empty", Reason::Empty),
        ("gone", Reason::Gone),
        ("paid", Reason::Refused { status: 402 }),
    ] {
        let error = fetcher.page(entry_at(&server.url(path))).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Reject(reason), "{path}: {error}");
    }
    let error = fetcher.page(entry_at(&server.url("busy"))).await.unwrap_err();
    assert!(
        matches!(error.disposition(), Disposition::Retry { after } if after.as_secs() == 7),
        "{error}"
    );
}
