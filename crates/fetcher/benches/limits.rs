//! What hostile answers and slow servers cost: memory and time, each beside its bound.
//!
//! Each answer is read in a process of its own (this program with `read`), so that its peak of
//! memory is its own; the server is this process. Printed is the growth of the peak resident set
//! over what the process had before the request, and its CPU time.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use newsmill_article::{Entry, Hints, HumanDuration, Location, SourceName};
use newsmill_fetcher::warc::{Archived, Pages, Rules};
use newsmill_fetcher::{Config, Cursor, Fetcher, SourceConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The bounds: of memory in KiB, of CPU time in milliseconds, of a slow connection in KiB.
const MEMORY: u64 = 64 << 10;
const TIME: u64 = 1000;
const CONNECTION: u64 = 80;

/// Slow connections at once.
const CONNECTIONS: usize = 1000;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &arguments[1..] {
        [verb, kind, url, ..] if verb == "read" => runtime.block_on(read(kind, url.parse()?)),
        [verb, ..] if verb == "serve" => runtime.block_on(serve_slowly()),
        [verb, file, ..] if verb == "warc" => read_warc(file.as_ref()),
        // `cargo test --all-targets` only wants to know that it builds.
        _ if !arguments.iter().any(|argument| argument == "--bench") => Ok(()),
        _ => {
            let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            threads.block_on(bombs())?;
            runtime.block_on(slow())
        }
    }
}

/// Reads every page of a WARC file and prints what that cost:
/// `cargo bench -p newsmill-fetcher --bench limits -- warc FILE`.
fn read_warc(file: &std::path::Path) -> Result<(), Failure> {
    let begun = cpu_time()?;
    let mut pages = Pages::open(file, 0, Rules::new(&Config::default()))?;
    let (mut count, mut bytes) = (0u64, 0u64);
    while let Some(found) = pages.next(|_| true)? {
        if let Archived::Page(Entry { location: Location::Inline { bytes: page, .. }, .. }) = found
        {
            count += 1;
            bytes += page.len() as u64;
        }
    }
    let time = cpu_time()? - begun;
    writeln!(std::io::stdout(), "{count} pages, {} MiB, {time:?} CPU", bytes >> 20)?;
    Ok(())
}

fn open() -> Result<Config, Failure> {
    let mut config = Config { robots: false, ..Config::default() };
    config.allow_private = vec!["127.0.0.0/8".parse()?];
    config.host.min_delay = HumanDuration::secs(0);
    Ok(config)
}

struct Bomb {
    name: &'static str,
    kind: &'static str,
    headers: String,
    body: Vec<u8>,
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn all() -> Result<Vec<Bomb>, Failure> {
    let zeros = vec![0; 100 << 20];
    let mut bombs = Vec::new();
    let mut add = |name, kind, coding: &str, body: Vec<u8>| {
        let headers = match coding {
            "" => String::new(),
            "utf-16" | "windows-1252" | "iso-2022-jp" => {
                format!("content-type: text/xml; charset={coding}\r\n")
            }
            coding => format!("content-encoding: {coding}\r\n"),
        };
        bombs.push(Bomb { name, kind, headers, body });
    };
    let once = gzip(&zeros);
    add("gzip of 100 MiB of zeros", "page", "gzip", once.clone());
    add("gzip in gzip", "page", "gzip, gzip", gzip(&once));
    add("gzip in gzip in gzip", "page", "gzip, gzip, gzip", gzip(&gzip(&once)));
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut &zeros[..], &mut brotli, &Default::default())?;
    add("brotli of 100 MiB of zeros", "page", "br", brotli);
    add("zstd of 100 MiB of zeros", "page", "zstd", zstd::encode_all(&zeros[..], 19)?);
    let mut window = zstd::Encoder::new(Vec::new(), 19)?;
    window.window_log(27)?;
    window.write_all(&zeros)?;
    add("zstd with a window of 128 MiB", "page", "zstd", window.finish()?);
    let mut bare = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    bare.write_all(&zeros)?;
    add("deflate of 100 MiB of zeros", "page", "deflate", bare.finish()?);
    drop(zeros);

    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} '{}'>", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let laughs = format!(
        "<!DOCTYPE rss [<!ENTITY l0 'ha'>{laughs}<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss><channel>\
         {}</channel></rss>",
        "<item><title>&l9;&x;</title><link>http://x.org/</link></item>".repeat(1000)
    );
    add("billion laughs and XXE", "feed", "", laughs.into());
    let fill = |start: &str, piece: &str, end: &str| {
        let times = ((15 << 20) - start.len() - end.len()) / piece.len();
        format!("{start}{}{end}", piece.repeat(times))
    };
    let item = "<item><link>/a</link><title>T</title></item>";
    let million = format!("<rss><channel>{}</channel></rss>", item.repeat(1_000_000));
    add("feed of 10^6 items", "feed", "", million.clone().into());
    add("feed of 10^6 items in gzip", "feed", "gzip", gzip(million.as_bytes()));
    drop(million);
    let channel = "<rss><channel>";
    add("15 MiB of items", "feed", "", fill(channel, item, "").into());
    add("15 MiB of empty items", "feed", "", fill(channel, "<item/>", "").into());
    add("15 MiB of end tags", "feed", "", fill(channel, "</a>", "").into());
    add("15 MiB of open tags", "feed", "", fill(channel, "<a>", "").into());
    add("15 MiB of <", "feed", "", fill(channel, "<", "").into());
    add(
        "15 MiB of references",
        "feed",
        "",
        fill("<rss><channel><item><title>", "&amp;", "").into(),
    );
    add("an attribute of 15 MiB", "feed", "", fill("<rss a='", "x", "'/>").into());
    add("15 MiB of attributes", "feed", "", fill("<rss ", "a='' ", "/>").into());
    add("15 MiB of one title", "feed", "", fill("<rss><channel><item><title>", "x ", "").into());
    add(
        "15 MiB of categories",
        "feed",
        "",
        fill("<rss><channel><item>", "<category>x</category>", "").into(),
    );
    let json = "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[";
    add("JSON of empty items", "feed", "", fill(json, "{},", "{}]}").into());
    add("JSON of open brackets", "feed", "", fill(json, "[", "").into());
    add(
        "JSON of tags",
        "feed",
        "",
        fill(&format!("{json}{{\"tags\":["), "\"\",", "\"\"]}]}").into(),
    );
    add(
        "JSON of numbers in an item",
        "feed",
        "",
        fill(&format!("{json}{{\"x\":["), "0,", "0]}]}").into(),
    );
    let euros = fill("<rss><channel><item><title>", "x", "");
    add(
        "15 MiB of windows-1252",
        "feed",
        "windows-1252",
        euros.replace('x', "\u{80}").chars().map(|c| c as u32 as u8).collect(),
    );
    let wide = "<rss><channel><item><title>".chars().chain(std::iter::repeat_n('語', 7_864_000));
    add(
        "15 MiB of UTF-16",
        "feed",
        "utf-16",
        wide.flat_map(|c| (c as u32 as u16).to_le_bytes()).collect(),
    );
    add(
        "15 MiB of escapes of ISO-2022-JP",
        "feed",
        "iso-2022-jp",
        fill("<rss>", "\x1b$B\x1b(B", "").into(),
    );
    let url = "<url><loc>http://x.org/a</loc><lastmod>2026-11-24</lastmod></url>";
    add("15 MiB of sitemap", "sitemap", "", fill("<urlset>", url, "").into());
    add(
        "sitemap of 100 MiB in gzip",
        "sitemap",
        "gzip",
        gzip(format!("<urlset>{}", url.repeat(1_600_000)).as_bytes()),
    );
    add(
        "15 MiB of sitemaps",
        "sitemap",
        "",
        fill("<sitemapindex>", "<sitemap><loc>http://127.0.0.1:1/</loc></sitemap>", "").into(),
    );
    add(
        "15 MiB of addresses",
        "sitemap",
        "",
        fill("http://x.org/\n", "http://x.org/\n", "").into(),
    );
    add(
        "index page of 15 MiB of links",
        "index",
        "",
        fill("<html>", "<a href=/2026/11/24/one-two-three>x</a>", "").into(),
    );
    add("index page of 15 MiB of <a", "index", "", fill("<html>", "<a ", "").into());
    for (name, tag) in [("page of 2 MiB of <meta", "<meta "), ("page of 2 MiB of <a", "<a ")] {
        add(name, "page", "", tag.repeat((2 << 20) / tag.len()).into());
    }
    Ok(bombs)
}

async fn bombs() -> Result<(), Failure> {
    let bombs = Arc::new(all()?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let served = bombs.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bombs = served.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&request[..read]).into_owned();
                let number = head.split(['/', ' ']).nth(2).and_then(|n| n.parse::<usize>().ok());
                if let Some(bomb) = number.and_then(|number| bombs.get(number)) {
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nconnection: close\r\n{}content-length: {}\r\n\r\n",
                        bomb.headers,
                        bomb.body.len()
                    );
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.write_all(&bomb.body).await;
                }
            });
        }
    });
    let mut out = std::io::stdout();
    writeln!(out, "{:<36} {:>8} {:>8}  outcome", "answer", "peak", "CPU")?;
    for (number, bomb) in bombs.iter().enumerate() {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["read", bomb.kind, &format!("http://127.0.0.1:{port}/{number}")]);
        let ran = tokio::task::spawn_blocking(move || command.output()).await??;
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        let mut parts = text.trim().splitn(3, '\t');
        let mut figure = || parts.next().and_then(|n| n.parse::<u64>().ok());
        let (Some(peak), Some(time)) = (figure(), figure()) else {
            return Err(
                format!("{}: {text} {}", bomb.name, String::from_utf8_lossy(&ran.stderr)).into()
            );
        };
        let over = if peak > MEMORY || time > TIME { "  OVER" } else { "" };
        let outcome = parts.next().unwrap_or("");
        let outcome: String = outcome.chars().take(90).collect();
        writeln!(out, "{:<36} {:>4} MiB {time:>5} ms  {outcome}{over}", bomb.name, peak / 1024)?;
    }
    Ok(())
}

/// Reads one address and prints what it cost.
async fn read(kind: &str, url: Url) -> Result<(), Failure> {
    let source = SourceConfig {
        feed: (kind == "feed").then(|| url.clone()),
        sitemap: (kind == "sitemap").then(|| url.clone()),
        index: (kind == "index").then(|| url.clone()),
        ..SourceConfig::new(SourceName::new("bomb"))
    };
    let sources = if kind == "page" { vec![] } else { vec![source] };
    let fetcher = Fetcher::new(&open()?, &sources)?;
    let (before, begun) = (resident("VmRSS:")?, cpu_time()?);
    let outcome = match sources.first() {
        None => {
            let page = fetcher.page(entry(url)).await;
            page.map_or_else(
                |error| error.to_string(),
                |page| format!("{} bytes", page.bytes.len()),
            )
        }
        Some(source) => {
            let poll = fetcher.poll(source, &Cursor::default(), Timestamp::now()).await;
            let warned = poll.warnings.first().map(|warning| format!("; {warning}"));
            match poll.failure {
                Some(error) => error.to_string(),
                None => format!("{} entries{}", poll.entries.len(), warned.unwrap_or_default()),
            }
        }
    };
    let (peak, time) = (resident("VmHWM:")?.saturating_sub(before), cpu_time()? - begun);
    let outcome = outcome.replace(['\t', '\n'], " ");
    writeln!(std::io::stdout(), "{peak}\t{}\t{outcome}", time.as_millis())?;
    Ok(())
}

fn entry(url: Url) -> Entry {
    let input = url.to_string();
    Entry { source: None, input, location: Location::Url(url), hints: Hints::default() }
}

/// Many connections whose bodies come a byte a second.
async fn slow() -> Result<(), Failure> {
    let mut server =
        Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(out) = server.stdout.as_mut() {
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
    }
    let port: u16 = line.trim().parse()?;
    let fetcher = Fetcher::new(&open()?, &[])?;
    let connect = |number: usize| {
        let fetcher = fetcher.clone();
        async move {
            let (high, low) = (number / 250, number % 250 + 1);
            let url = format!("http://127.1.{high}.{low}:{port}/").parse()?;
            let _ = fetcher.page(entry(url)).await;
            Ok::<_, Failure>(())
        }
    };
    let mut open = vec![tokio::spawn(connect(CONNECTIONS))];
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = resident("VmRSS:")?;
    open.extend((0..CONNECTIONS).map(|number| tokio::spawn(connect(number))));
    tokio::time::sleep(Duration::from_secs(8)).await;
    let alive = open.iter().filter(|task| !task.is_finished()).count();
    let each = resident("VmRSS:")?.saturating_sub(before) / CONNECTIONS as u64;
    server.kill()?;
    let over = if each > CONNECTION { "  OVER" } else { "" };
    writeln!(std::io::stdout(), "{alive} slow connections: {each} KiB each{over}")?;
    Ok(())
}

async fn serve_slowly() -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr()?.port())?;
    out.flush()?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let head =
                b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 100000\r\n\r\n";
            let _ = stream.write_all(head).await;
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
}

/// A line of /proc/self/status, in KiB.
fn resident(name: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

/// User and system time of this process, from /proc in ticks of 10 ms.
fn cpu_time() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("an odd /proc/self/stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}
