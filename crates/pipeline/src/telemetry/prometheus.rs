//! The measures in [Prometheus' text format], version 0.0.4.
//!
//! Written by hand over the counters that are there: an exporter crate would keep a second copy of
//! each in a registry of the whole process, and every count would be right only as long as both
//! were changed together.
//!
//! [Prometheus' text format]: https://prometheus.io/docs/instrumenting/exposition_formats/

use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use newsmill_ledger::Status;

use super::histogram::{BOUNDS, Histogram};
use super::{Telemetry, comes_again, process};

/// What an answer with the page is labelled as.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The whole page. `status` is a fresh [`Telemetry::ledger_status`].
pub fn page(telemetry: &Telemetry, status: Option<&Status>, now: Timestamp) -> String {
    let mut page = Page(String::with_capacity(16 << 10));
    the_process(&mut page, telemetry);
    entries(&mut page, telemetry);
    stages(&mut page, telemetry);
    sinks(&mut page, telemetry, status);
    page.gauge("newsmill_ledger_up", "Whether the ledger answers", u64::from(status.is_some()));
    if let Some(status) = status {
        ledger(&mut page, status, now);
    }
    page.0
}

fn the_process(page: &mut Page, telemetry: &Telemetry) {
    page.family("newsmill_build_info", "gauge", "Which newsmill this is");
    page.sample("newsmill_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.gauge(
        "newsmill_uptime_seconds",
        "How long it has been running",
        telemetry.uptime().as_secs_f64(),
    );
    let reloads = &telemetry.reloads;
    page.family("newsmill_reloads_total", "counter", "Reloads of the configuration");
    for (result, count) in [("applied", &reloads.applied), ("refused", &reloads.refused)] {
        let count = count.load(Ordering::Relaxed);
        page.sample("newsmill_reloads_total", &[("result", result)], count);
    }
    for (name, help, count) in [
        ("newsmill_tap_dropped_total", "Lines that slow readers missed", telemetry.tap.dropped()),
        ("newsmill_spans_dropped_total", "Spans that were not sent", telemetry.spans.dropped()),
    ] {
        page.counter(name, help, count);
    }
    if let Some(process) = process::read() {
        page.gauge("process_resident_memory_bytes", "Memory in use", process.resident);
        page.counter("process_cpu_seconds_total", "User and system time", process.cpu);
        page.gauge("process_threads", "Threads", process.threads);
        page.gauge("process_open_fds", "Open files", process.files);
    }
}

fn entries(page: &mut Page, telemetry: &Telemetry) {
    page.counter("newsmill_taken_up_total", "Times an entry was taken up", telemetry.tickets());
    page.gauge("newsmill_in_flight", "Entries between intake and their end", telemetry.in_flight());
    let tally = telemetry.tally();
    let help = "Entries that ended: each counts once in its life";
    page.family("newsmill_outcomes_total", "counter", help);
    for (stage, outcome, reason, count) in tally.each() {
        if !comes_again(outcome) {
            let labels = [("stage", stage), ("outcome", outcome), ("reason", reason)];
            page.sample("newsmill_outcomes_total", &labels, count);
        }
    }
    let help = "Times an entry went back to be taken up again";
    page.family("newsmill_returns_total", "counter", help);
    for (stage, outcome, _, count) in tally.each() {
        if comes_again(outcome) {
            page.sample("newsmill_returns_total", &[("stage", stage), ("outcome", outcome)], count);
        }
    }
}

fn stages(page: &mut Page, telemetry: &Telemetry) {
    let stages = telemetry.stages();
    let name = "newsmill_stage_seconds_total";
    page.family(name, "counter", "What the loops of a stage spent their time on");
    for (stage, time) in stages {
        for (state, spent) in [
            ("waiting_in", time.waiting_in),
            ("busy", time.busy),
            ("waiting_out", time.waiting_out),
        ] {
            page.sample(name, &[("stage", stage), ("state", state)], spent.as_secs_f64());
        }
    }
    let name = "newsmill_stage_items_total";
    page.family(name, "counter", "Items that a stage worked on");
    for (stage, time) in stages {
        page.sample(name, &[("stage", stage)], time.items);
    }
    page.family("newsmill_stage_loops", "gauge", "Loops of a stage that are at work");
    for (stage, time) in stages {
        page.sample("newsmill_stage_loops", &[("stage", stage)], time.loops);
    }
    let channels = telemetry.channels();
    page.family("newsmill_channel_len", "gauge", "Items that wait between two stages");
    for channel in &channels {
        page.sample("newsmill_channel_len", &[("channel", &channel.name)], to_u64(channel.len));
    }
    page.family("newsmill_channel_bound", "gauge", "How many may wait there");
    for channel in &channels {
        page.sample("newsmill_channel_bound", &[("channel", &channel.name)], to_u64(channel.bound));
    }
    for (name, help, meter) in [
        ("newsmill_poll_seconds", "One look at a source", &telemetry.poll),
        (
            "newsmill_fetch_seconds",
            "Fetching one page, its host's turn included",
            &telemetry.fetcher,
        ),
        ("newsmill_clean_seconds", "Cleaning one page", &telemetry.cleaner),
        ("newsmill_summarize_seconds", "Summarizing one article", &telemetry.summarizer),
    ] {
        page.histogram(name, help, &meter.seconds);
    }
}

fn sinks(page: &mut Page, telemetry: &Telemetry, status: Option<&Status>) {
    let sinks: Vec<_> =
        telemetry.sinks().into_iter().map(|(name, meter)| (name, meter.read())).collect();
    page.family("newsmill_sink_seconds_total", "counter", "What a sink spent its time on");
    for (sink, time) in &sinks {
        for (state, spent) in [("waiting_in", time.waiting), ("busy", time.busy)] {
            let labels = [("sink", sink.as_str()), ("state", state)];
            page.sample("newsmill_sink_seconds_total", &labels, spent.as_secs_f64());
        }
    }
    page.family("newsmill_sink_records_total", "counter", "Records that a sink took");
    for (sink, time) in &sinks {
        page.sample("newsmill_sink_records_total", &[("sink", sink)], time.records);
    }
    page.family("newsmill_sink_failures_total", "counter", "Tries of a batch that failed");
    for (sink, time) in &sinks {
        page.sample("newsmill_sink_failures_total", &[("sink", sink)], time.failures);
    }
    page.family("newsmill_sink_up", "gauge", "Whether the last try of a sink worked");
    for (sink, time) in &sinks {
        page.sample("newsmill_sink_up", &[("sink", sink)], u64::from(time.trouble.is_none()));
    }
    let Some(status) = status else { return };
    page.family("newsmill_sink_lag", "gauge", "Records that are ready and that a sink lacks");
    for sink in &status.sinks {
        page.sample("newsmill_sink_lag", &[("sink", &sink.name)], sink.lag);
    }
    let name = "newsmill_sink_refused_total";
    page.family(name, "counter", "Records that a sink refused, in the ledger's life");
    for sink in &status.sinks {
        page.sample(name, &[("sink", &sink.name)], sink.rejected);
    }
    let name = "newsmill_sink_last_delivery_timestamp_seconds";
    page.family(name, "gauge", "When a sink last took something");
    for sink in &status.sinks {
        if let Some(at) = sink.last_delivery {
            page.sample(name, &[("sink", &sink.name)], at.as_second());
        }
    }
}

fn ledger(page: &mut Page, status: &Status, now: Timestamp) {
    for (name, help, value) in [
        ("newsmill_ledger_entries", "Entries that ever entered", status.entries),
        ("newsmill_ledger_waiting", "Entries that have not ended", status.waiting),
        ("newsmill_ledger_ready", "Of them, those that only a sink lacks", status.ready),
        ("newsmill_ledger_dead_letters", "Dead letters", status.dead_letters),
    ] {
        page.gauge(name, help, value);
    }
    let overdue = status.oldest_due.map_or(Duration::ZERO, |due| {
        Duration::try_from(now.duration_since(due)).unwrap_or(Duration::ZERO)
    });
    let help = "How long the longest waiting entry has been due";
    page.gauge("newsmill_oldest_due_seconds", help, overdue.as_secs_f64());
    let name = "newsmill_source_entries_total";
    page.family(name, "counter", "Entries that a source brought first, in the ledger's life");
    for source in &status.sources {
        page.sample(name, &[("source", source.name.as_str())], source.entries);
    }
    let name = "newsmill_source_failures";
    page.family(name, "gauge", "Polls that failed since the last good one");
    for source in &status.sources {
        page.sample(name, &[("source", source.name.as_str())], source.failures);
    }
    let name = "newsmill_source_last_good_timestamp_seconds";
    page.family(name, "gauge", "The last poll that worked");
    for source in &status.sources {
        if let Some(at) = source.last_good {
            page.sample(name, &[("source", source.name.as_str())], at.as_second());
        }
    }
    let name = "newsmill_source_next_due_timestamp_seconds";
    page.family(name, "gauge", "The next poll");
    for source in &status.sources {
        page.sample(name, &[("source", source.name.as_str())], source.next_due.as_second());
    }
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The text so far. Writing to a string cannot fail.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}.\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (number, (label, value)) in labels.iter().enumerate() {
            let mark = if number == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{mark}{label}=\"{}\"", Escaped(value));
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{close} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "counter", help);
        self.sample(name, &[], value);
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        let reading = histogram.read();
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for ((_, bound), count) in BOUNDS.iter().zip(reading.up_to) {
            self.sample(&bucket, &[("le", bound)], count);
        }
        self.sample(&bucket, &[("le", "+Inf")], reading.count);
        self.sample(&format!("{name}_sum"), &[], reading.sum);
        self.sample(&format!("{name}_count"), &[], reading.count);
    }
}

/// A label's value.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use newsmill_article::{Outcome, Reason};

    use crate::in_flight::Ticket;

    fn settle(telemetry: &Telemetry, outcome: Outcome) {
        let (send, settlements) = async_channel::unbounded();
        telemetry.opened();
        let mut ticket = Ticket::open(1, "a", &send);
        ticket.enter("cleaner");
        ticket.settle(outcome);
        let settlement = settlements.try_recv().unwrap();
        telemetry.settled(&settlement, &settlement.outcome);
    }

    #[test]
    fn an_entry_that_comes_again_has_not_ended() {
        let telemetry = Telemetry::default();
        settle(&telemetry, Outcome::Retry { after: Duration::ZERO });
        settle(&telemetry, Outcome::Abandoned);
        settle(&telemetry, Outcome::Rejected(Reason::TooShort { words: 3 }));
        telemetry.opened();
        let page = page(&telemetry, None, Timestamp::now());
        let lines: Vec<&str> = page.lines().collect();
        for line in [
            "newsmill_outcomes_total{stage=\"cleaner\",outcome=\"rejected\",reason=\"too_short\"} 1",
            "newsmill_returns_total{stage=\"cleaner\",outcome=\"retry\"} 1",
            "newsmill_returns_total{stage=\"cleaner\",outcome=\"abandoned\"} 1",
            "newsmill_taken_up_total 4",
            "newsmill_in_flight 1",
            "newsmill_ledger_up 0",
        ] {
            assert!(lines.contains(&line), "{line}\n{page}");
        }
        assert_eq!(page.matches("newsmill_outcomes_total{").count(), 1);
    }

    #[test]
    fn a_name_cannot_break_its_label() {
        let mut page = Page(String::new());
        page.sample("x", &[("source", "a\"b\\c\nd")], 1);
        assert_eq!(page.0, "x{source=\"a\\\"b\\\\c\\nd\"} 1\n");
    }
}
