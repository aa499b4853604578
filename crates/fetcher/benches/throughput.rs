//! Requests per second of CPU beside bare reqwest, same pages, same server, same run.
//!
//! 100 KB pages from 64 addresses on loopback, 64 requests under way at once. The server runs in
//! a process of its own (this program with `serve`), so that only the client's CPU time counts.
//! Rounds alternate; the ratio of the medians is what matters, and holds on a busy machine.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use newsmill_article::{Entry, Hints, HumanDuration, Location};
use newsmill_fetcher::{Config, Fetcher};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

const HOSTS: usize = 64;
const REQUESTS: usize = 20_000;
const ROUNDS: usize = 7;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    // One core for us.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if std::env::args().any(|argument| argument == "serve") {
        return runtime.block_on(serve());
    }
    // `cargo test --all-targets` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let mut server =
        Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(out) = server.stdout.as_mut() {
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
    }
    let port: u16 = line.trim().parse()?;
    let urls: Vec<Url> = (0..HOSTS)
        .map(|host| Url::parse(&format!("http://127.0.1.{}:{port}/page", host + 1)))
        .collect::<Result<_, _>>()?;
    let measured = runtime.block_on(measure(urls));
    server.kill()?;
    let (mut ours, mut bare) = measured?;
    ours.sort_unstable();
    bare.sort_unstable();
    let per_request =
        |times: &[Duration]| times[times.len() / 2].as_secs_f64() / REQUESTS as f64 * 1e6;
    let (ours, bare) = (per_request(&ours), per_request(&bare));
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "CPU a request, median of {ROUNDS} rounds: newsmill {ours:.1} µs, reqwest {bare:.1} µs"
    )?;
    writeln!(out, "requests per CPU second beside reqwest: {:.0} %", bare / ours * 100.0)?;
    Ok(())
}

async fn measure(urls: Vec<Url>) -> Result<(Vec<Duration>, Vec<Duration>), Failure> {
    let mut config = Config { robots: false, ..Config::default() };
    config.allow_private = vec!["127.0.0.0/8".parse()?];
    config.host.min_delay = HumanDuration::secs(0);
    let fetcher = Fetcher::new(&config, &[])?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let fetcher = fetcher.clone();
        let one = run(&urls, move |url| {
            let fetcher = fetcher.clone();
            async move {
                let entry = Entry {
                    source: None,
                    input: String::new(),
                    location: Location::Url(url),
                    hints: Hints::default(),
                };
                fetcher.page(entry).await.is_ok_and(|page| page.bytes.len() == 100_000)
            }
        })
        .await?;
        let client = client.clone();
        let other = run(&urls, move |url| {
            let client = client.clone();
            async move {
                let Ok(response) = client.get(url).send().await else { return false };
                response.bytes().await.is_ok_and(|bytes| bytes.len() == 100_000)
            }
        })
        .await?;
        // The first round opens the connections.
        if round > 0 {
            ours.push(one);
            bare.push(other);
        }
    }
    Ok((ours, bare))
}

/// CPU time of `REQUESTS` requests, one under way for each host.
async fn run<F>(urls: &[Url], get: impl Fn(Url) -> F + Clone + 'static) -> Result<Duration, Failure>
where
    F: Future<Output = bool>,
{
    let before = cpu_time()?;
    let done = Arc::new(AtomicUsize::new(0));
    let local = tokio::task::LocalSet::new();
    for url in urls {
        let (url, get, done) = (url.clone(), get.clone(), done.clone());
        local.spawn_local(async move {
            while done.fetch_add(1, Ordering::Relaxed) < REQUESTS {
                if !get(url.clone()).await {
                    done.fetch_add(REQUESTS * 2, Ordering::Relaxed);
                }
            }
        });
    }
    local.await;
    if done.load(Ordering::Relaxed) >= REQUESTS * 2 {
        return Err("a request failed".into());
    }
    Ok(cpu_time()? - before)
}

/// User and system time of this process, from /proc in ticks of 10 ms.
fn cpu_time() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("an odd /proc/self/stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

async fn serve() -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr()?.port())?;
    out.flush()?;
    let mut page =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 100000\r\n\r\n".to_vec();
    let head = page.len();
    page.extend_from_slice(
        b"<!doctype html><html><head><title>A page</title><meta name=robots content=index></head><body>",
    );
    page.extend(b"<p>Words of a paragraph.\n".iter().cycle().take(head + 100_000 - page.len()));
    let page: Arc<[u8]> = page.into();
    loop {
        let (mut stream, _) = listener.accept().await?;
        let page = page.clone();
        tokio::spawn(async move {
            let mut request = [0; 4096];
            while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                if stream.write_all(&page).await.is_err() {
                    break;
                }
            }
        });
    }
}
