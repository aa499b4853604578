//! A hub that pushes: its news are milled without another poll, forged ones never.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::mill::{mill, records_in};
use e2e::web::feed::Format;
use e2e::web::{Answer, Web};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::{Url, form_urlencoded};

use crate::assert_adds_up;
use crate::daemon::{item, story};

/// Only to end a test that would wait for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request to the callback: status and body. It may be asked before it listens.
fn call(url: &Url, method: &str, headers: &str, body: &str) -> (u16, String) {
    let address: SocketAddr = url.socket_addrs(|| None).expect("an address")[0];
    let began = Instant::now();
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) if began.elapsed() > PATIENCE => panic!("{address}: {error}"),
            Err(_) => std::thread::yield_now(),
        }
    };
    let target = &url[url::Position::BeforePath..];
    let length = body.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: mill\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
    .expect("a request is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status"), body.into())
}

/// A feed with one story, signed with a secret.
fn push(callback: &Url, secret: &str, story: &str) -> u16 {
    let body = format!(
        "<rss><channel><item><title>News</title><link>{story}</link></item></channel></rss>"
    );
    let key = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    let signature = key.chain_update(&body).finalize().into_bytes();
    let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let headers =
        format!("content-type: application/rss+xml\r\nx-hub-signature: sha256={signature}\r\n");
    call(callback, "POST", &headers, &body).0
}

#[test]
fn what_a_hub_pushes_is_milled_without_a_poll() {
    let web = Web::start();
    let polled = web.on("/story/1", story(1));
    let pushed = web.on("/story/2", story(2));
    let forged = web.on("/story/3", story(3));
    let hub = web.on("/hub", Answer::status(202));
    let (feed, link) = (web.url("/feed"), format!("<{hub}>; rel=\"hub\""));
    let link = format!("{link}, <{feed}>; rel=\"self\"");
    web.on("/feed", Format::Rss20.answer(&[item(&polled)]).header("Link", &link));

    let folder = tempfile::tempdir().expect("a folder");
    // A port that is free now; the mill takes it at once.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let yaml = format!(
        "sources:\n  - {{ name: news, feed: \"{feed}\", every: {{ min: 1h }} }}\n\
         fetcher:\n  allow_private: [127.0.0.0/8]\n  host: {{ min_delay: 0s }}\n  \
         websub: {{ listen: \"{port}\", callback: \"http://{port}/hubs/\" }}\n\
         sinks:\n  - jsonl: {{ path: news.jsonl }}\nledger: {{ path: ledger.sqlite }}\n"
    );
    fs::write(folder.path().join("pipeline.yaml"), yaml).expect("a configuration");
    let running = mill(["run"]).current_dir(folder.path()).start();

    assert!(web.wait_for("/hub", 1, PATIENCE), "the hub is asked");
    let asked = web.log().into_iter().find(|logged| logged.request.path == "/hub");
    let form = asked.map(|logged| logged.request.body).expect("a form");
    let field = |name: &str| {
        let mut pairs = form_urlencoded::parse(form.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).expect("a field")
    };
    let callback: Url = field("hub.callback").parse().expect("a callback");
    let mut question = callback.clone();
    question
        .query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.topic", &field("hub.topic"))
        .append_pair("hub.challenge", "is it you?")
        .append_pair("hub.lease_seconds", "600000");
    assert_eq!(call(&question, "GET", "", ""), (200, "is it you?".to_owned()));

    assert_eq!(push(&callback, "a guess", &forged), 202);
    assert_eq!(push(&callback, &field("hub.secret"), &pushed), 202);
    // What is known already is not milled again.
    assert_eq!(push(&callback, &field("hub.secret"), &pushed), 202);
    assert!(web.wait_for("/story/2", 1, PATIENCE), "what was pushed is fetched");
    // A poll that is still under way at the stop leaves its entries to the next start.
    assert!(web.wait_for("/story/1", 1, PATIENCE), "what was polled is fetched");
    let sent = Command::new("kill").args(["-TERM", &running.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let ran = running.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    let lines = folder.path().join("news.jsonl");
    let mut inputs: Vec<_> = records_in(&lines).into_iter().map(|record| record.input).collect();
    inputs.sort();
    assert_eq!(inputs, [polled, pushed], "{}", ran.stderr);
    assert!(web.statuses("/story/3").is_empty(), "a forged push is taken");
    assert_eq!(web.statuses("/feed"), [200], "one poll");
    assert_adds_up(&folder.path().join("ledger.sqlite"), &lines);
}
