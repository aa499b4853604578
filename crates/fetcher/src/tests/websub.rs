//! A fake hub: it is asked, asks back, pushes, and is renewed.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use newsmill_article::HumanDuration;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use url::{Url, form_urlencoded};

use super::manners::source;
use super::{Server, answer, open};
use crate::{Config, Cursor, Fetcher, Pushed, WebSubConfig};

/// Reads a request with its body, answers with a status, and hands the body on.
async fn hub(listener: TcpListener, asked: mpsc::UnboundedSender<String>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut read = Vec::new();
        let body = loop {
            let mut chunk = [0; 4096];
            let length = stream.read(&mut chunk).await.unwrap();
            read.extend_from_slice(&chunk[..length]);
            let text = String::from_utf8_lossy(&read).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let head = head.to_ascii_lowercase();
            assert!(
                head.starts_with("post ") && head.contains("application/x-www-form-urlencoded")
            );
            let (_, length) = head.split_once("content-length: ").unwrap();
            let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
            if body.len() >= length {
                break body.to_owned();
            }
        };
        let answer = b"HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        asked.send(body).unwrap();
    }
}

fn field(form: &str, name: &str) -> String {
    let mut pairs = form_urlencoded::parse(form.as_bytes());
    pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// One request to our callback: status and body.
async fn call(url: &Url, method: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(url.socket_addrs(|| None).unwrap()[0]).await.unwrap();
    let target = &url[url::Position::BeforePath..];
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

fn signed(secret: &str, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("content-type: application/rss+xml\r\nx-hub-signature: sha256={hex}\r\n")
}

const FEED: &str = "<rss><channel><item><title>One</title><link>/1</link></item></channel></rss>";
const NEWS: &str = "<rss><channel><item><title>Two</title><link>/2</link></item></channel></rss>";

#[tokio::test]
async fn a_hub_is_asked_asks_back_and_pushes() {
    let hub_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hub_url = format!("http://{}/hub", hub_listener.local_addr().unwrap());
    let (asked_in, mut asked) = mpsc::unbounded_channel();
    tokio::spawn(hub(hub_listener, asked_in));
    let link = format!("<{hub_url}>; rel=\"hub\", </topic>; rel=\"self\"");
    let server = Server::start(move |_| answer(200, &[("link", &link)], FEED.as_bytes())).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback = format!("http://{}/websub/", listener.local_addr().unwrap());
    let websub = WebSubConfig {
        listen: listener.local_addr().unwrap(),
        callback: callback.parse().unwrap(),
        lease: HumanDuration::hours(72),
    };
    let config = Config { websub: Some(websub), ..open() };
    let source = source(server.url("feed"));
    let fetcher = Fetcher::new(&config, std::slice::from_ref(&source)).unwrap();
    let (pushed_in, mut pushed) = mpsc::unbounded_channel::<Pushed>();
    let take = move |push| {
        let pushed_in = pushed_in.clone();
        async move { pushed_in.send(push).is_ok() }
    };
    let answering = {
        let (fetcher, take) = (fetcher.clone(), take.clone());
        tokio::spawn(async move { fetcher.answer_hubs(listener, take).await })
    };

    let now = Timestamp::now();
    let first = fetcher.poll(&source, &Cursor::default(), now).await;
    assert!(first.failure.is_none() && first.warnings.is_empty(), "{first:?}");
    let form = asked.recv().await.unwrap();
    let topic = server.url("topic").to_string();
    assert_eq!(field(&form, "hub.mode"), "subscribe");
    assert_eq!(field(&form, "hub.topic"), topic);
    assert_eq!(field(&form, "hub.lease_seconds"), (72 * 3600).to_string());
    let (own, secret) = (field(&form, "hub.callback"), field(&form, "hub.secret"));
    assert!(own.starts_with(&callback) && own.len() == callback.len() + 32, "{own}");
    assert_eq!(secret.len(), 32);
    let own: Url = own.parse().unwrap();

    // Only what we asked for is confirmed.
    let question = |topic: &str| {
        let mut url = own.clone();
        url.query_pairs_mut()
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.topic", topic)
            .append_pair("hub.challenge", "a challenge")
            .append_pair("hub.lease_seconds", "360000");
        url
    };
    assert_eq!(call(&question("http://other.example/"), "GET", "", "").await.0, 404);
    let elsewhere: Url = own.join("00000000000000000000000000000000").unwrap();
    assert_eq!(call(&elsewhere, "GET", "", "").await.0, 404);
    assert_eq!(call(&question(&topic), "GET", "", "").await, (200, "a challenge".to_owned()));

    assert_eq!(call(&elsewhere, "POST", &signed(&secret, NEWS), NEWS).await.0, 410);
    // Forged, unsigned, or no feed: taken politely, and dropped.
    assert_eq!(call(&own, "POST", &signed("guess", NEWS), NEWS).await.0, 202);
    assert_eq!(call(&own, "POST", "", NEWS).await.0, 202);
    assert_eq!(call(&own, "POST", &signed(&secret, "hello"), "hello").await.0, 202);
    assert_eq!(call(&own, "POST", &signed(&secret, NEWS), NEWS).await.0, 202);
    let push = pushed.recv().await.unwrap();
    assert_eq!(push.source, source.name);
    let inputs: Vec<_> = push.entries.iter().map(|entry| entry.input.clone()).collect();
    assert_eq!(inputs, [server.url("2").to_string()]);
    assert!(pushed.try_recv().is_err(), "nothing else came through");

    // The lease is long: no poll before its last third asks again, the one in it does.
    let later = |hours| now.checked_add(SignedDuration::from_hours(hours)).unwrap();
    let second = fetcher.poll(&source, &first.cursor, later(50)).await;
    assert!(asked.try_recv().is_err());
    // After a restart the cursor is all that is left, and pushes go on.
    answering.abort();
    let _ = answering.await;
    let listener = TcpListener::bind(own.socket_addrs(|| None).unwrap()[0]).await.unwrap();
    let fetcher = Fetcher::new(&config, std::slice::from_ref(&source)).unwrap();
    let kept: Cursor =
        serde_json::from_str(&serde_json::to_string(&second.cursor).unwrap()).unwrap();
    fetcher.poll(&source, &kept, later(51)).await;
    assert!(asked.try_recv().is_err());
    let again = fetcher.clone();
    tokio::spawn(async move { again.answer_hubs(listener, take).await });
    assert_eq!(call(&own, "POST", &signed(&secret, NEWS), NEWS).await.0, 202);
    assert_eq!(pushed.recv().await.unwrap().entries.len(), 1);
    fetcher.poll(&source, &kept, later(80)).await;
    let renewal = asked.recv().await.unwrap();
    assert_eq!(field(&renewal, "hub.callback"), own.to_string());
    assert_eq!(field(&renewal, "hub.secret"), secret);
}
