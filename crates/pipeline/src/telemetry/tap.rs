//! What passes a stage, live, for whoever looks.
//!
//! A look disturbs nothing: without a reader an offer costs one load; with readers, a line is made
//! and put into each one's queue, which is bounded in lines and bytes. What a slow reader does not
//! take in time is dropped for that reader and counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_channel::{Receiver, Sender, bounded};
use jiff::Timestamp;
use newsmill_article::{Article, Entry, Location, Outcome, Page, Record};
use serde::Serialize;
use serde_json::{Value, json};

use super::outcome_code;
use crate::in_flight::{Settlement, Ticket};

/// Lines that wait for one reader.
const LINES: usize = 256;

/// Bytes that wait for one reader.
const BYTES: usize = 8 << 20;

/// What a reader wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this stage.
    pub stage: String,
    /// Only of this source.
    pub source: Option<String>,
    /// Only lines that contain this, whatever the case.
    pub grep: Option<String>,
}

/// All readers of all stages.
#[derive(Debug, Default)]
pub struct Tap {
    readers: AtomicUsize,
    queues: Mutex<BTreeMap<u64, Arc<Queue>>>,
    next: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Debug)]
struct Queue {
    filter: Filter,
    lines: Sender<String>,
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

/// The end from which one reader reads. Dropping it ends the look.
#[derive(Debug)]
pub struct Reader {
    tap: Arc<Tap>,
    number: u64,
    queue: Arc<Queue>,
    lines: Receiver<String>,
}

impl Tap {
    /// Begins a look.
    pub fn read(self: &Arc<Self>, mut filter: Filter) -> Reader {
        filter.grep = filter.grep.map(|grep| grep.to_lowercase());
        let (send, lines) = bounded(LINES);
        let (bytes, dropped) = (AtomicUsize::new(0), AtomicU64::new(0));
        let queue = Arc::new(Queue { filter, lines: send, bytes, dropped });
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.insert(number, queue.clone());
        self.readers.store(queues.len(), Ordering::Release);
        drop(queues);
        Reader { tap: self.clone(), number, queue, lines }
    }

    /// Lines that slow readers did not get.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Offers what passes `stage`. `make` is called only when somebody looks there.
    pub fn offer(&self, stage: &str, make: impl FnOnce() -> Passing) {
        if self.readers.load(Ordering::Acquire) == 0 {
            return;
        }
        let queues: Vec<Arc<Queue>> = {
            let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.values().filter(|queue| queue.filter.stage == stage).cloned().collect()
        };
        if queues.is_empty() {
            return;
        }
        let passing = make();
        let Ok(line) = serde_json::to_string(&passing) else { return };
        let mut lower = None;
        for queue in queues {
            let Filter { source, grep, .. } = &queue.filter;
            if source.is_some() && *source != passing.source {
                continue;
            }
            if let Some(grep) = grep
                && !lower.get_or_insert_with(|| line.to_lowercase()).contains(grep)
            {
                continue;
            }
            if !queue.put(&line) {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Queue {
    fn put(&self, line: &str) -> bool {
        let waiting = self.bytes.fetch_add(line.len(), Ordering::AcqRel);
        if waiting + line.len() <= BYTES && self.lines.try_send(line.to_owned()).is_ok() {
            return true;
        }
        self.bytes.fetch_sub(line.len(), Ordering::AcqRel);
        self.dropped.fetch_add(1, Ordering::Relaxed);
        false
    }
}

impl Reader {
    /// The next line, without its line break, and how many were dropped since the last one. Cancel
    /// safe.
    pub async fn next(&mut self) -> Option<(String, u64)> {
        let line = self.lines.recv().await.ok()?;
        self.queue.bytes.fetch_sub(line.len(), Ordering::AcqRel);
        Some((line, self.queue.dropped.swap(0, Ordering::Relaxed)))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut queues = self.tap.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.remove(&self.number);
        self.tap.readers.store(queues.len(), Ordering::Release);
    }
}

/// One thing that passes a stage, as a line tells it.
#[derive(Debug, Serialize)]
pub struct Passing {
    at: Timestamp,
    stage: &'static str,
    input: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// How long the stage was busy with it.
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    item: Value,
}

impl Passing {
    /// It became `item`.
    pub fn made(stage: &'static str, ticket: &Ticket, took: Duration, item: Value) -> Self {
        Self {
            at: Timestamp::now(),
            stage,
            input: ticket.label().to_owned(),
            source: ticket.source().map(ToString::to_string),
            seconds: took.as_secs_f64(),
            outcome: None,
            reason: None,
            cause: None,
            item,
        }
    }

    /// It ended.
    pub fn ended(
        stage: &'static str,
        ticket: &Ticket,
        took: Duration,
        outcome: &Outcome,
        cause: Option<&str>,
    ) -> Self {
        let reason = match outcome {
            Outcome::Rejected(reason) => Some(reason.code()),
            _ => None,
        };
        Self {
            outcome: Some(outcome_code(outcome)),
            reason,
            cause: cause.map(str::to_owned),
            ..Self::made(stage, ticket, took, Value::Null)
        }
    }

    /// Its ticket ended, and this was written down.
    pub fn settled(settlement: &Settlement, outcome: &Outcome) -> Self {
        let reason = match outcome {
            Outcome::Rejected(reason) => Some(reason.code()),
            _ => None,
        };
        Self {
            at: Timestamp::now(),
            stage: settlement.stage,
            input: settlement.label.to_string(),
            source: settlement.source.as_ref().map(ToString::to_string),
            seconds: 0.0,
            outcome: Some(outcome_code(outcome)),
            reason,
            cause: settlement.cause.clone(),
            item: Value::Null,
        }
    }
}

/// What a look shows of a thing. No promise: for people, and for programs that they write for the
/// day.
pub trait Shown {
    /// Its interesting part, without the bytes of pages.
    fn show(&self) -> Value;
}

impl Shown for Entry {
    fn show(&self) -> Value {
        let location = match &self.location {
            Location::Url(url) => json!({ "url": url }),
            Location::File(path) => json!({ "file": path }),
            Location::Inline { url, content_type, bytes, .. } => {
                json!({ "url": url, "content_type": content_type, "bytes": bytes.len() })
            }
        };
        json!({ "location": location, "title": self.hints.title, "published": self.hints.published })
    }
}

impl Shown for Page {
    fn show(&self) -> Value {
        json!({
            "url": self.url,
            "content_type": self.content_type,
            "bytes": self.bytes.len(),
            "fetched": self.fetched,
        })
    }
}

impl Shown for Article {
    fn show(&self) -> Value {
        let document = &self.document;
        json!({
            "id": self.id(),
            "revision": self.revision(),
            "url": self.url,
            "canonical_url": document.canonical_url,
            "title": document.title,
            "authors": document.authors,
            "published": document.published,
            "language": document.language,
            "text": document.text,
        })
    }
}

impl Shown for Record {
    fn show(&self) -> Value {
        // A record is made to be serialized; should that fail, a look shows nothing of it.
        serde_json::to_value(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(label: &str) -> Ticket {
        let (send, _) = async_channel::unbounded();
        Ticket::open(1, label, &send)
    }

    fn offer(tap: &Tap, label: &str, size: usize) {
        let ticket = ticket(label);
        let item = json!("x".repeat(size));
        tap.offer("cleaner", || Passing::made("cleaner", &ticket, Duration::ZERO, item));
    }

    #[test]
    fn nothing_is_made_when_nobody_looks_there() {
        let tap = Arc::new(Tap::default());
        tap.offer("cleaner", || unreachable!("nobody looks"));
        let reader = tap.read(Filter { stage: "fetcher".to_owned(), ..Filter::default() });
        tap.offer("cleaner", || unreachable!("nobody looks here"));
        drop(reader);
        tap.offer("fetcher", || unreachable!("nobody looks any more"));
    }

    #[tokio::test]
    async fn a_slow_reader_loses_lines_and_is_told_how_many() {
        let tap = Arc::new(Tap::default());
        let mut reader = tap.read(Filter { stage: "cleaner".to_owned(), ..Filter::default() });
        for number in 0..LINES + 7 {
            offer(&tap, &format!("{number}"), 1);
        }
        let (line, dropped) = reader.next().await.unwrap();
        assert!(line.contains("\"input\":\"0\""), "{line}");
        assert_eq!((dropped, tap.dropped()), (7, 7));
        assert_eq!(reader.next().await.unwrap().1, 0);
    }

    #[tokio::test]
    async fn the_bytes_that_wait_are_bounded_too() {
        let tap = Arc::new(Tap::default());
        let mut reader = tap.read(Filter { stage: "cleaner".to_owned(), ..Filter::default() });
        for _ in 0..10 {
            offer(&tap, "large", 1 << 20);
        }
        assert_eq!(tap.dropped(), 3, "seven fit into 8 MiB, with their frames");
        for _ in 0..7 {
            reader.next().await.unwrap();
        }
        offer(&tap, "large", 1 << 20);
        assert_eq!(tap.dropped(), 3, "what was read makes room");
    }

    #[tokio::test]
    async fn filters_choose() {
        let tap = Arc::new(Tap::default());
        let grep = Some("BRIDGE".to_owned());
        let mut reader = tap.read(Filter { stage: "cleaner".to_owned(), source: None, grep });
        offer(&tap, "a tunnel", 1);
        offer(&tap, "a Bridge", 1);
        assert!(reader.next().await.unwrap().0.contains("a Bridge"));
        let source = Some("bbc".to_owned());
        let mut reader = tap.read(Filter { stage: "cleaner".to_owned(), source, grep: None });
        offer(&tap, "of no source", 1);
        let (send, _settlements) = async_channel::unbounded();
        let of_source =
            Ticket::open(1, "x", &send).of(Some(newsmill_article::SourceName::new("bbc")));
        tap.offer("cleaner", || Passing::made("cleaner", &of_source, Duration::ZERO, Value::Null));
        assert!(reader.next().await.unwrap().0.contains("\"source\":\"bbc\""));
    }
}
