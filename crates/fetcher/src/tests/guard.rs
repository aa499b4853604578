//! Hundreds of ways to spell an address that is not open, against a trap on loopback.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use newsmill_article::{Disposition, Reason};
use url::Url;

use super::{Server, answer, entry_at, fetch, open};
use crate::guard::{Lookup, is_public};
use crate::{Config, FetchError, Fetcher};

/// Spellings of 127.0.0.1 and of its kin, as they may stand in a URL.
fn spellings() -> Vec<String> {
    let mut all = Vec::new();
    let forms = |octet: u8| [format!("{octet}"), format!("0x{octet:x}"), format!("0{octet:o}")];
    for a in forms(127) {
        for b in forms(0) {
            for c in forms(0) {
                for d in forms(1) {
                    all.push(format!("{a}.{b}.{c}.{d}"));
                }
            }
            all.push(format!("{a}.{b}.1"));
        }
        all.push(format!("{a}.1"));
        all.push(format!("{a}.0x000001"));
    }
    all.extend(
        "2130706433 0x7f000001 0x7F000001 017700000001 0x000000007f000001 00000017700000001 127.1 127.0.1
         127.0.0.1. 127.0.0.2 127.255.255.254 127.127.127.127 0 0.0.0.0 0x0 00 0.0 10.0.0.1 10.255.255.255
         0xa.0.0.1 167772161 172.16.0.1 172.31.255.255 192.168.0.1 192.168.1.1 0xc0a80001 3232235521
         169.254.169.254 0xa9fea9fe 2852039166 0251.0376.0251.0376 169.254.0.1 100.64.0.1 100.127.255.255
         192.0.0.1 192.0.2.1 198.51.100.7 203.0.113.9 198.18.0.1 198.19.255.255 192.88.99.1 224.0.0.1
         239.255.255.250 240.0.0.1 255.255.255.255 4294967295 168.63.129.16
         [::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::] [::0] [::ffff:127.0.0.1]
         [::ffff:7f00:1] [::FFFF:7F00:0001] [0:0:0:0:0:ffff:127.0.0.1] [0:0:0:0:0:FFFF:7F00:1]
         [::127.0.0.1] [::7f00:1] [::ffff:0:127.0.0.1] [::ffff:10.0.0.1] [::ffff:169.254.169.254]
         [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:7f00:0001::1]
         [2002:a9fe:a9fe::] [2001::1] [2001:0:7f00:1::] [2001:0:4136:e378:8000:63bf:80ff:fffe]
         [2001:db8::1] [3fff::1] [fe80::1] [fe80::7f00:1] [febf::1] [fec0::1] [fc00::1] [fd00::1]
         [fd00:ec2::254] [ff02::1] [ff0e::1] [100::1] [5f00::1] [2001:10::1] [2001:20::1] [2001:2::1]
         localhost LOCALHOST LocalHost localhost. %6cocalhost %31%32%37.0.0.1 127%2e0%2e0%2e1
         127。0。0。1 127．0．0．1 １２７.０.０.１ ①②⑦.⓪.⓪.① ₁₂₇.₀.₀.₁ ¹²⁷.⁰.⁰.¹ ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ｌｏｃａｌｈｏｓｔ
         0x7f.1 0x7f.0x1 017700000001. 1.2.3.4@127.0.0.1 example.org@127.0.0.1
         example.org:80@127.0.0.1 a:b@[::1] private.example metadata.example mapped.example
         mixed-private.example"
            .split_whitespace()
            .map(str::to_owned),
    );
    all
}

/// Public names with private addresses; others do not exist.
fn lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let address: &[&str] = match name.trim_end_matches('.') {
                "localhost" => &["127.0.0.1", "::1"],
                "private.example" => &["10.0.0.1"],
                "metadata.example" => &["169.254.169.254"],
                "mapped.example" => &["::ffff:127.0.0.1"],
                "mixed-private.example" => &["127.0.0.1", "192.168.0.1", "fd00::1"],
                _ => &[],
            };
            Ok(address.iter().map(|text| text.parse().unwrap()).collect())
        })
    })
}

fn guarded(allow: &[&str]) -> Config {
    Config { allow_private: allow.iter().map(|net| net.parse().unwrap()).collect(), ..open() }
}

fn refused(error: &FetchError) -> bool {
    let reasons = [Reason::AddressRefused, Reason::BadUrl];
    matches!(error.disposition(), Disposition::Reject(reason) if reasons.contains(&reason))
}

#[tokio::test]
async fn no_spelling_reaches_a_closed_address() {
    let trap = Server::start_at("0.0.0.0:0", |_| answer(200, &[], b"caught")).await;
    let trap6 = std::net::TcpListener::bind("[::]:0").ok();
    let fetcher = Fetcher::with_lookup(&guarded(&[]), &[], lookup()).unwrap();
    let ports: Vec<u16> =
        [trap.base.port(), trap6.as_ref().map(|trap| trap.local_addr().unwrap().port())]
            .into_iter()
            .flatten()
            .collect();
    let spellings = spellings();
    assert!(spellings.len() >= 150, "only {}", spellings.len());
    let mut tried = 0;
    for spelling in &spellings {
        for scheme in ["http", "https"] {
            for port in &ports {
                // What is no URL at all reaches nothing either.
                let Ok(url) = Url::parse(&format!("{scheme}://{spelling}:{port}/")) else {
                    continue;
                };
                let error = fetcher.page(entry_at(&url)).await.expect_err(spelling);
                assert!(refused(&error), "{spelling}: {error}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 300, "only {tried} were URLs");
    assert_eq!(trap.connections.load(Ordering::SeqCst), 0);
    if let Some(trap6) = trap6 {
        trap6.set_nonblocking(true).unwrap();
        assert!(trap6.accept().is_err());
    }
    // The trap does catch what is let through.
    let page = fetch(&guarded(&["127.0.0.0/8"]), &trap_url(&trap)).await.unwrap();
    assert_eq!(&page.bytes[..], b"caught");
    assert_eq!(trap.connections.load(Ordering::SeqCst), 1);
}

fn trap_url(trap: &Server) -> Url {
    Url::parse(&format!("http://127.0.0.1:{}/", trap.base.port().unwrap())).unwrap()
}

#[tokio::test]
async fn no_redirect_reaches_a_closed_address() {
    let trap = Server::start_at("127.0.0.1:0", |_| answer(200, &[], b"caught")).await;
    let port = trap.base.port().unwrap();
    let spellings = spellings();
    let targets = spellings.clone();
    // The door is at 127.0.0.2, the only address that is open.
    let door = Server::start_at("127.0.0.2:0", move |head| {
        let number: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        answer(302, &[("location", &format!("http://{}:{port}/", targets[number]))], b"")
    })
    .await;
    let fetcher = Fetcher::with_lookup(&guarded(&["127.0.0.2/32"]), &[], lookup()).unwrap();
    for (number, spelling) in
        spellings.iter().enumerate().filter(|(_, spelling)| **spelling != "127.0.0.2")
    {
        let error =
            fetcher.page(entry_at(&door.url(&number.to_string()))).await.expect_err(spelling);
        assert!(refused(&error), "{spelling}: {error}");
    }
    assert!(door.connections.load(Ordering::SeqCst) >= 150);
    assert_eq!(trap.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_judged_each_time() {
    let trap = Server::start_at("127.0.0.1:0", |_| answer(200, &[], b"caught")).await;
    let port = trap.base.port().unwrap();
    let door =
        Server::start_at(&format!("127.0.0.2:{port}"), |_| answer(200, &[], b"public")).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let rebinding: Lookup = Arc::new(move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            Ok(vec![IpAddr::from(if first { [127, 0, 0, 2] } else { [127, 0, 0, 1] })])
        })
    });
    let fetcher = Fetcher::with_lookup(&guarded(&["127.0.0.2/32"]), &[], rebinding).unwrap();
    let url = Url::parse(&format!("http://rebind.example:{port}/")).unwrap();
    assert_eq!(&fetcher.page(entry_at(&url)).await.unwrap().bytes[..], b"public");
    for _ in 0..5 {
        let error = fetcher.page(entry_at(&url)).await.unwrap_err();
        assert!(matches!(error, FetchError::AddressRefused { .. }), "{error}");
    }
    assert!(asked.load(Ordering::SeqCst) >= 2, "each connection asks again");
    assert_eq!(
        (door.connections.load(Ordering::SeqCst), trap.connections.load(Ordering::SeqCst)),
        (1, 0)
    );
}

#[tokio::test]
async fn only_http_is_read() {
    let fetcher = super::fetcher(&open());
    for url in [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "data:text/html,x",
        "gopher://127.0.0.1/",
        "javascript:1",
    ] {
        let error = fetcher.page(entry_at(&Url::parse(url).unwrap())).await.unwrap_err();
        assert!(matches!(error, FetchError::BadUrl { .. }), "{url}: {error}");
    }
}

#[test]
fn public_addresses_are_public() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "93.184.216.34",
        "172.15.0.1",
        "172.32.0.1",
        "100.63.0.1",
        "100.128.0.1",
        "192.0.1.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450:4001::1",
        "2001:4860:4860::8888",
    ] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}
