//! One article through its stages, as spans in the sense of [OpenTelemetry].
//!
//! An entry that is traced is a span from its ticket's opening to its settlement, with a child for
//! each stage that worked on it; the gaps between the children are the time in which it waited. A
//! [`TraceContext`] is what crosses to another machine ([W3C Trace Context], level 1): the entry
//! there is a child of the entry here. Spans go into a bounded queue and are dropped, and counted,
//! when nobody takes them from it in time.
//!
//! [OpenTelemetry]: https://opentelemetry.io/docs/specs/otel/trace/api/
//! [W3C Trace Context]: https://www.w3.org/TR/trace-context-1/

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_channel::{Receiver, Sender, bounded};
use newsmill_article::Outcome;

use super::outcome_code;
use crate::in_flight::{Settlement, Ticket};

/// Spans that wait to be taken.
const QUEUE: usize = 4096;

/// Which trace, and which span in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// Never 0.
    pub trace: u128,
    /// Never 0.
    pub span: u64,
}

/// The trace of one entry in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The span of the entry.
    pub context: TraceContext,
    /// The span that it is a child of, on another machine.
    parent: Option<u64>,
    begun: u64,
}

/// A span that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Itself.
    pub context: TraceContext,
    /// Whose child it is.
    pub parent: Option<u64>,
    /// `entry`, or the stage.
    pub name: &'static str,
    /// Nanoseconds since 1970.
    pub begin: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// The entry's path or URL.
    pub input: String,
    /// The source in `pipeline.yaml`.
    pub source: Option<String>,
    /// How it ended here, where it did.
    pub outcome: Option<&'static str>,
    /// The code of the reason of a rejection.
    pub reason: Option<&'static str>,
    /// The error behind the outcome.
    pub cause: Option<String>,
}

/// Where spans go while somebody wants them.
#[derive(Debug, Default)]
pub struct Spans {
    /// The share of entries to trace, as a 64-bit fraction; 0 while nobody wants any.
    share: AtomicU64,
    queue: Mutex<Option<Sender<Span>>>,
    dropped: AtomicU64,
}

impl Spans {
    /// Begins to trace this share of the entries (0 to 1) and hands out the end from which spans
    /// are taken. An earlier one gets no more.
    pub fn begin_export(&self, share: f64) -> Receiver<Span> {
        let (send, receive) = bounded(QUEUE);
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = Some(send);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is clamped"
        )]
        let share = (share.clamp(0.0, 1.0) * u64::MAX as f64) as u64;
        self.share.store(share, Ordering::Relaxed);
        receive
    }

    /// Traces nothing any more.
    pub fn end_export(&self) {
        self.share.store(0, Ordering::Relaxed);
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Spans that nobody took in time.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Counts spans that could not be handed on.
    pub fn lost(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// The trace of an entry that begins its way, if it is to be traced: always when it is traced
    /// on the machine that it comes from.
    pub fn trace(&self, parent: Option<TraceContext>) -> Option<Trace> {
        let share = self.share.load(Ordering::Relaxed);
        if share == 0 || (parent.is_none() && fastrand::u64(..) > share) {
            return None;
        }
        let trace = parent.map_or_else(|| fastrand::u128(1..), |parent| parent.trace);
        let context = TraceContext { trace, span: fastrand::u64(1..) };
        Some(Trace { context, parent: parent.map(|parent| parent.span), begun: now() })
    }

    /// A stage has worked on the entry for `took`, until now.
    pub(super) fn stage(
        &self,
        stage: &'static str,
        ticket: &Ticket,
        took: Duration,
        end: Option<(&Outcome, Option<&str>)>,
    ) {
        let Some(trace) = ticket.trace() else { return };
        let (outcome, reason, cause) = said(end);
        let now = now();
        self.put(Span {
            context: TraceContext { trace: trace.trace, span: fastrand::u64(1..) },
            parent: Some(trace.span),
            name: stage,
            begin: now.saturating_sub(nanos(took)),
            end: now,
            input: ticket.label().to_owned(),
            source: ticket.source().map(ToString::to_string),
            outcome,
            reason,
            cause,
        });
    }

    /// The entry has ended, with the outcome that was written down.
    pub(super) fn entry(&self, settlement: &Settlement, outcome: &Outcome) {
        let Some(trace) = &settlement.trace else { return };
        let (outcome, reason, cause) = said(Some((outcome, settlement.cause.as_deref())));
        self.put(Span {
            context: trace.context,
            parent: trace.parent,
            name: "entry",
            begin: trace.begun,
            end: now(),
            input: settlement.label.to_string(),
            source: settlement.source.as_ref().map(ToString::to_string),
            outcome,
            reason,
            cause,
        });
    }

    fn put(&self, span: Span) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = &*queue
            && queue.try_send(span).is_err()
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

type Said = (Option<&'static str>, Option<&'static str>, Option<String>);

fn said(end: Option<(&Outcome, Option<&str>)>) -> Said {
    let Some((outcome, cause)) = end else { return (None, None, None) };
    let reason = match outcome {
        Outcome::Rejected(reason) => Some(reason.code()),
        _ => None,
    };
    (Some(outcome_code(outcome)), reason, cause.map(str::to_owned))
}

fn now() -> u64 {
    nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Enough until the year 2554.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Display for TraceContext {
    /// As the header `traceparent`, sampled.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-01", self.trace, self.span)
    }
}

/// It is no `traceparent` of version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent: 00-<32 hexadecimal digits>-<16>-<2>")]
pub struct NoTraceParent;

impl FromStr for TraceContext {
    type Err = NoTraceParent;

    fn from_str(text: &str) -> Result<Self, NoTraceParent> {
        let mut parts = text.split('-');
        let mut part = |length: usize| {
            let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            parts.next().filter(|part| part.len() == length && part.bytes().all(lower))
        };
        let (version, trace, span, flags) = (part(2), part(32), part(16), part(2));
        let (Some("00"), Some(trace), Some(span), Some(_), None) =
            (version, trace, span, flags, parts.next())
        else {
            return Err(NoTraceParent);
        };
        let trace = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0);
        let span = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0);
        let (trace, span) = trace.zip(span).ok_or(NoTraceParent)?;
        Ok(Self { trace, span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn a_context_reads_back() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context: TraceContext = text.parse().unwrap();
        assert_eq!(context.span, 0xb7ad_6b71_6920_3331);
        assert_eq!(context.to_string(), text);
        for wrong in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(wrong.parse::<TraceContext>(), Err(NoTraceParent), "{wrong}");
        }
    }

    #[test]
    fn nothing_is_traced_until_somebody_wants_it_but_what_comes_traced() {
        let spans = Spans::default();
        let parent = Some(TraceContext { trace: 7, span: 8 });
        assert_eq!(spans.trace(parent), None);
        let _taken = spans.begin_export(1e-12);
        assert_eq!(spans.trace(None), None);
        let trace = spans.trace(parent).unwrap();
        assert_eq!((trace.context.trace, trace.parent), (7, Some(8)));
        let _taken = spans.begin_export(1.0);
        assert!(spans.trace(None).is_some());
        spans.end_export();
        assert_eq!(spans.trace(None), None);
    }
}
