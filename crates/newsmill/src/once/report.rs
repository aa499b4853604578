//! What comes out of a one-shot run: records to their place, and words about the rest to stderr.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use newsmill_article::{Outcome, Reason};
use newsmill_pipeline::in_flight::Settlement;
use newsmill_pipeline::stages::Fatal;
use newsmill_pipeline::stages::in_order::{End, Ends};

use crate::output::Output;

/// `page.html: too_short: only 3 words of text`, with the error behind it where that says more.
pub(super) fn refusal(settlement: &Settlement) -> (&'static str, String) {
    let Settlement { label, outcome, cause, .. } = settlement;
    let (code, mut why) = match outcome {
        Outcome::Rejected(reason) => (reason.code(), reason.to_string()),
        other => (newsmill_pipeline::telemetry::outcome_code(other), "interrupted".to_owned()),
    };
    if let Some(cause) = cause {
        // Errors name their place, which stands in front already.
        let cause = cause.strip_prefix(&format!("{label}: ")).unwrap_or(cause);
        if matches!(outcome, Outcome::Rejected(Reason::TooLarge { .. })) {
            // It names the limit too, and what is over it.
            why = format!("{cause} (see max_… of fetcher)");
        } else if cause != why {
            let _ = write!(why, " ({cause})");
        }
    }
    (code, format!("{label}: {code}: {why}"))
}

/// `1 input`, `2 inputs`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What was not read, and where to look up why where that is all: the end of the closing line.
pub(super) fn left_out(inputs: u64, passed_over: u64) -> String {
    let mut words = String::new();
    if passed_over > 0 {
        let _ = write!(words, ", {} passed over", counted(passed_over, "other file"));
    }
    if inputs == 0 {
        words.push_str("; `--help` says what is read");
    }
    words
}

/// What has come out so far.
pub(super) struct Report {
    /// `None` once the run has ended.
    pub(super) output: Option<Output>,
    pub(super) progress: ProgressBar,
    pub(super) records: u64,
    /// By what is shown to people: the reason's or outcome's code.
    others: BTreeMap<&'static str, u64>,
}

impl Report {
    pub(super) fn new(output: Output, progress: ProgressBar) -> Self {
        Self { output: Some(output), progress, records: 0, others: BTreeMap::new() }
    }

    pub(super) fn refused(&self) -> bool {
        !self.others.is_empty()
    }

    /// `123 inputs, 121 records, 2 rejected (1 empty, 1 too_short), 45.2 pages/s`
    pub(super) fn closing_line(&self, elapsed: Duration, passed_over: u64) -> String {
        let rejected: u64 = self.others.values().sum();
        let inputs = self.records + rejected;
        let mut line = format!(
            "{}, {}, {rejected} rejected",
            counted(inputs, "input"),
            counted(self.records, "record")
        );
        let reasons: Vec<_> =
            self.others.iter().map(|(code, count)| format!("{count} {code}")).collect();
        if !reasons.is_empty() {
            let _ = write!(line, " ({})", reasons.join(", "));
        }
        line.push_str(&left_out(inputs, passed_over));
        if inputs == 0 {
            return line;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = inputs as f64 / elapsed.as_secs_f64().max(1e-6);
        let _ = write!(line, ", {rate:.1} pages/s");
        line
    }

    fn settled(&mut self, settlement: &Settlement) {
        let (code, line) = refusal(settlement);
        *self.others.entry(code).or_default() += 1;
        // Above the bar where there is one. That stderr is closed is no reason to stop.
        self.progress.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }
}

/// The last stage's handle on the report.
pub(super) struct Reporter(pub(super) Arc<Mutex<Report>>);

impl Reporter {
    fn with(&self, change: impl FnOnce(&mut Report) -> std::io::Result<()>) -> Result<(), Fatal> {
        let mut report = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut report).map_err(|error| Fatal::new("output", error))
    }
}

impl Ends for Reporter {
    fn take(&mut self, end: End) -> Result<(), Fatal> {
        self.with(|report| {
            match end {
                End::Record(record) => {
                    report.records += 1;
                    if let Some(output) = &mut report.output {
                        output.write(&record)?;
                    }
                }
                End::Settled(settlement) => report.settled(&settlement),
            }
            report.progress.inc(1);
            Ok(())
        })
    }

    fn rest(&mut self) -> Result<(), Fatal> {
        self.with(|report| report.output.as_mut().map_or(Ok(()), Output::flush))
    }
}
