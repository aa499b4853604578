//! Four hosts that announce stories as fast as they are read.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Stories in one answer of a feed.
const ITEMS: usize = 500;

/// Stories that are announced and not yet read, beyond which a feed announces none.
const AHEAD: usize = 2_000;

/// The hosts.
pub(super) struct Web {
    /// Scheme, address and port of each.
    pub(super) origins: Vec<String>,
    hosts: Vec<Arc<Host>>,
}

struct Host {
    number: usize,
    origin: String,
    announced: AtomicUsize,
    read: AtomicUsize,
}

impl Web {
    /// Listens on four addresses of loopback for as long as this process lives.
    pub(super) fn listen() -> anyhow::Result<Self> {
        let mut web = Self { origins: Vec::new(), hosts: Vec::new() };
        for number in 0..4 {
            let listener = TcpListener::bind(format!("127.0.0.{}:0", number + 1))?;
            let origin = format!("http://{}", listener.local_addr()?);
            web.origins.push(origin.clone());
            let (announced, read) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let host = Arc::new(Host { number, origin, announced, read });
            web.hosts.push(host.clone());
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let host = host.clone();
                    // A connection that breaks is the other side's business.
                    std::thread::spawn(move || host.serve(stream));
                }
            });
        }
        Ok(web)
    }

    /// Stories that stood in a feed.
    pub(super) fn announced(&self) -> usize {
        self.hosts.iter().map(|host| host.announced.load(Ordering::Relaxed)).sum()
    }

    /// Stories that were asked for.
    pub(super) fn read(&self) -> usize {
        self.hosts.iter().map(|host| host.read.load(Ordering::Relaxed)).sum()
    }
}

impl Host {
    fn serve(&self, mut stream: TcpStream) -> anyhow::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            let mut first = String::new();
            if reader.read_line(&mut first)? == 0 {
                return Ok(());
            }
            let mut line = String::new();
            while reader.read_line(&mut line)? > 2 {
                line.clear();
            }
            let path = first.split(' ').nth(1).unwrap_or_default();
            let (kind, body) = match path.strip_prefix("/story/").and_then(|n| n.parse().ok()) {
                Some(story) => ("text/html", self.story(story)),
                None => ("application/rss+xml", self.feed()),
            };
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )?;
        }
    }

    fn feed(&self) -> String {
        let from = self.announced.load(Ordering::Relaxed);
        let ahead = from.saturating_sub(self.read.load(Ordering::Relaxed));
        let more = if ahead > AHEAD { 0 } else { ITEMS };
        self.announced.store(from + more, Ordering::Relaxed);
        let mut feed = "<rss version=\"2.0\"><channel><title>Soak</title>".to_owned();
        for story in from..from + more {
            // Writing into a string cannot fail.
            let _ = write!(
                feed,
                "<item><title>Story {story}</title><link>{}/story/{story}</link></item>",
                self.origin
            );
        }
        feed + "</channel></rss>"
    }

    fn story(&self, story: usize) -> String {
        self.read.fetch_add(1, Ordering::Relaxed);
        let host = self.number;
        let mut html = format!(
            "<!doctype html><html lang=en><head><title>Story {story}</title></head><body>\
             <nav><a href=/>Home</a><a href=/about>About</a></nav><article><h1>Story {story}</h1>"
        );
        for paragraph in 0..3 + story % 20 {
            let _ = write!(
                html,
                "<p>Council {host} of town {story} met on day {paragraph} and heard that {} houses \
                 had been built since the year before, which the mayor called {} more than she had \
                 hoped for when the work began at the river.</p>",
                story % 91 + paragraph,
                story * 3 + paragraph
            );
        }
        html + "</article><footer>All rights reserved</footer></body></html>"
    }
}
