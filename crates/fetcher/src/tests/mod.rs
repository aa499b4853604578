//! Tests against real sockets: a small server on loopback that can misbehave.

mod bounds;
mod guard;
mod manners;
mod pace;
mod properties;
mod sources;
mod websub;
mod week;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use newsmill_article::{Entry, Hints, HumanDuration, Location};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::{Config, FetchError, Fetcher};

/// What the server does with a request.
pub(super) enum Reply {
    /// Bytes as they are, then the connection closes.
    Raw(Vec<u8>),
    /// Nothing, for ever.
    Stall,
    /// These bytes, then one more each second, for ever.
    Trickle(Vec<u8>),
}

/// A server, with what it was asked.
pub(super) struct Server {
    pub(super) base: Url,
    pub(super) connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request (its head, with the target in the first line) by `answer`.
    pub(super) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", answer).await
    }

    pub(super) async fn start_at(
        address: &str,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::default()));
        let (counter, log, answer) = (connections.clone(), Arc::clone(&requests), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, answer.clone(), log.clone()));
            }
        });
        Self { base, connections, requests }
    }

    /// The targets that were asked for, in order.
    pub(super) fn targets(&self) -> Vec<String> {
        let target = |head: &String| head.split(' ').nth(1).unwrap_or("").to_owned();
        self.requests.lock().unwrap().iter().map(target).collect()
    }

    /// The heads of all requests, in lower case.
    pub(super) fn heads(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|head| head.to_lowercase()).collect()
    }

    pub(super) fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Arc<impl Fn(&str) -> Reply>,
    log: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let reply = answer(&head);
    log.lock().unwrap().push(head);
    match reply {
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Stall => stalled(stream).await,
        Reply::Trickle(bytes) => {
            let _ = stream.write_all(&bytes).await;
            // From here on only timers move, so the clock may run by itself.
            tokio::time::pause();
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn stalled(stream: TcpStream) {
    tokio::time::pause();
    std::future::pending::<()>().await;
    drop(stream);
}

/// An answer with a body.
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut out =
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str("\r\n");
    let mut out = out.into_bytes();
    out.extend_from_slice(body);
    Reply::Raw(out)
}

/// Loopback open, no pauses, no robots.txt: for tests of something else.
pub(super) fn open() -> Config {
    let mut config = Config { robots: false, ..Config::default() };
    config.allow_private = vec!["127.0.0.0/8".parse().unwrap()];
    config.host.min_delay = HumanDuration::secs(0);
    config.host.failures = 1000;
    config
}

pub(super) fn fetcher(config: &Config) -> Fetcher {
    Fetcher::new(config, &[]).unwrap()
}

pub(super) fn entry_at(url: &Url) -> Entry {
    Entry {
        source: None,
        input: url.to_string(),
        location: Location::Url(url.clone()),
        hints: Hints::default(),
    }
}

pub(super) async fn fetch(
    config: &Config,
    url: &Url,
) -> Result<newsmill_article::Page, FetchError> {
    fetcher(config).page(entry_at(url)).await
}
