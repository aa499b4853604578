//! What a new record changes against an older one, in lines for people.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use newsmill_article::{ArticleId, Outcome, Record, Revision};
use newsmill_pipeline::in_flight::Settlement;
use newsmill_pipeline::stages::Fatal;
use newsmill_pipeline::stages::in_order::{End, Ends};
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use super::older::Older;
use crate::stdout;

/// The most characters of a paragraph that are shown.
const SHOWN: usize = 300;

/// How long the paragraphs of one text are compared at most; then the difference is a coarser one.
const PATIENCE: Duration = Duration::from_millis(500);

/// Counts of a whole replay.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(super) pages: u64,
    same: u64,
    changed: u64,
    title: u64,
    text: u64,
    summary: u64,
    /// Without an older record.
    new: u64,
    /// Rejected now, by reason, where there is an older record.
    lost: BTreeMap<&'static str, u64>,
    /// Rejected now, without an older record.
    rejected: u64,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pages, same, changed, title, text, summary, new, lost, rejected } = self;
        let plural = if *pages == 1 { "page" } else { "pages" };
        write!(f, "{pages} {plural}: {same} the same, {changed} changed")?;
        if *changed > 0 {
            write!(f, " (title {title}, text {text}, summary {summary})")?;
        }
        write!(f, ", {} no longer records", lost.values().sum::<u64>())?;
        if !lost.is_empty() {
            let reasons: Vec<_> =
                lost.iter().map(|(code, count)| format!("{count} {code}")).collect();
            write!(f, " ({})", reasons.join(", "))?;
        }
        write!(f, ", {new} without an older record, {rejected} rejected then and now")
    }
}

/// The last stage of a replay: compares each end with what was there before.
pub(crate) struct Differ {
    older: Older,
    totals: Arc<Mutex<Totals>>,
    /// A page that was archived ten times is compared once for each wording.
    seen: HashSet<(ArticleId, Revision)>,
    colour: bool,
}

impl Differ {
    pub(crate) fn new(older: Older, colour: bool) -> (Self, Arc<Mutex<Totals>>) {
        let totals = Arc::new(Mutex::new(Totals::default()));
        let differ = Self { older, totals: totals.clone(), seen: HashSet::new(), colour };
        (differ, totals)
    }

    fn record(&mut self, new: &Record, totals: &mut Totals) -> anyhow::Result<()> {
        if !self.seen.insert((new.id, new.revision)) {
            return Ok(());
        }
        totals.pages += 1;
        let Some(old) = self.older.of(new)? else {
            totals.new += 1;
            return Ok(());
        };
        let title = old.title != new.title;
        let text = old.text != new.text;
        let summary = old.summary.text != new.summary.text;
        if !(title || text || summary) {
            totals.same += 1;
            return Ok(());
        }
        totals.changed += 1;
        totals.title += u64::from(title);
        totals.text += u64::from(text);
        totals.summary += u64::from(summary);
        let mut out = Lines { out: stdout::lock(), colour: self.colour };
        let headline = new.title.as_deref().or(old.title.as_deref()).unwrap_or("(no title)");
        writeln!(out.out, "{headline}\n  {}  fetched {}", new.input, new.fetched)?;
        if title {
            writeln!(out.out, "  title")?;
            out.changed(old.title.as_deref(), new.title.as_deref())?;
        }
        if text {
            writeln!(out.out, "  text, {} words then, {} now", old.word_count, new.word_count)?;
            out.paragraphs(&old.text, &new.text)?;
        }
        if summary {
            writeln!(out.out, "  summary")?;
            out.changed(Some(&old.summary.text), Some(&new.summary.text))?;
        }
        writeln!(out.out)?;
        Ok(())
    }

    fn settled(&self, settlement: &Settlement, totals: &mut Totals) -> anyhow::Result<()> {
        let Outcome::Rejected(reason) = &settlement.outcome else { return Ok(()) };
        totals.pages += 1;
        let input: &str = &settlement.label;
        if !self.older.knows(input) {
            totals.rejected += 1;
            return Ok(());
        }
        *totals.lost.entry(reason.code()).or_default() += 1;
        writeln!(stdout::lock(), "{input}\n  no longer a record: {reason}\n")?;
        Ok(())
    }
}

impl Ends for Differ {
    fn take(&mut self, end: End) -> Result<(), Fatal> {
        let totals = self.totals.clone();
        let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match end {
            End::Record(record) => self.record(&record, &mut totals),
            End::Settled(settlement) => self.settled(&settlement, &mut totals),
        };
        done.map_err(|error| Fatal::new("diff", error.into_boxed_dyn_error()))
    }

    fn rest(&mut self) -> Result<(), Fatal> {
        Ok(())
    }
}

struct Lines<W> {
    out: W,
    colour: bool,
}

impl<W: Write> Lines<W> {
    fn line(&mut self, sign: char, text: &str) -> io::Result<()> {
        let cut = text.char_indices().nth(SHOWN);
        let shown = match cut {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text.to_owned(),
        };
        let shown = shown.replace('\n', "\n      ");
        match (self.colour, sign) {
            (true, '-') => writeln!(self.out, "    \x1b[31m- {shown}\x1b[0m"),
            (true, _) => writeln!(self.out, "    \x1b[32m+ {shown}\x1b[0m"),
            (false, sign) => writeln!(self.out, "    {sign} {shown}"),
        }
    }

    fn changed(&mut self, old: Option<&str>, new: Option<&str>) -> io::Result<()> {
        for (sign, text) in [('-', old), ('+', new)] {
            if let Some(text) = text {
                self.line(sign, text)?;
            }
        }
        Ok(())
    }

    /// The paragraphs that went and those that came, in the order of the text.
    fn paragraphs(&mut self, old: &str, new: &str) -> io::Result<()> {
        let [old, new] = [old, new].map(|text| text.split("\n\n").collect::<Vec<_>>());
        let until = Some(Instant::now() + PATIENCE);
        for change in capture_diff_slices_deadline(Algorithm::Myers, &old, &new, until) {
            if let DiffOp::Equal { .. } = change {
                continue;
            }
            for paragraph in &old[change.old_range()] {
                self.line('-', paragraph)?;
            }
            for paragraph in &new[change.new_range()] {
                self.line('+', paragraph)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown_and_long_paragraphs_are_cut() {
        let mut lines = Lines { out: Vec::new(), colour: false };
        let long = "x".repeat(SHOWN + 1);
        lines.paragraphs("One\n\nAd\n\nTwo", &format!("One\n\nTwo\n\n{long}")).unwrap();
        let shown = String::from_utf8(lines.out).unwrap();
        assert_eq!(shown, format!("    - Ad\n    + {}…\n", "x".repeat(SHOWN)));
    }

    #[test]
    fn totals_read_as_a_sentence() {
        let mut totals =
            Totals { pages: 9, same: 5, changed: 2, text: 2, summary: 1, ..Totals::default() };
        totals.lost.insert("too_short", 2);
        assert_eq!(
            totals.to_string(),
            "9 pages: 5 the same, 2 changed (title 0, text 2, summary 1), 2 no longer records \
             (2 too_short), 0 without an older record, 0 rejected then and now"
        );
    }
}
