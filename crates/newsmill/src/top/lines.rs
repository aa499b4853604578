//! The panels as lines of text, the same on a screen and in a pipe.

use jiff::Timestamp;
use newsmill_pipeline::admin::Snapshot;

use super::view::View;

/// Cells of a bar.
const BAR: usize = 16;

/// A panel: a title and its lines.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) lines: Vec<Line>,
}

/// One line, and whether it tells of trouble.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) trouble: bool,
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self { text, trouble: false }
    }
}

fn trouble(text: String) -> Line {
    Line { text, trouble: true }
}

/// Every panel, from the top of the screen.
pub(super) fn panels(now: &Snapshot, view: &View) -> Vec<Panel> {
    vec![
        Panel { title: "mill", lines: mill(now, view) },
        Panel { title: "stages", lines: stages(now, view) },
        Panel { title: "sources", lines: sources(now) },
        Panel { title: "sinks", lines: sinks(now, view) },
        Panel { title: "last records", lines: last(now) },
    ]
}

fn mill(now: &Snapshot, view: &View) -> Vec<Line> {
    let up = humane(now.uptime.as_secs());
    let mut line = format!("newsmill {}, up {up}, {} in flight", now.version, now.in_flight);
    if let Some(bytes) = now.resident {
        line.push_str(&format!(", {} MiB", bytes >> 20));
    }
    if let Some(cores) = view.cores {
        line.push_str(&format!(", {cores:.2} cores"));
    }
    let mut lines = vec![line.into()];
    if let Some(ledger) = &now.ledger {
        let mut line = format!(
            "ledger: {} entries, {} delivered, {} duplicates, {} rejected, {} waiting",
            ledger.entries,
            ledger.delivered,
            ledger.duplicates,
            ledger.rejected_total(),
            ledger.waiting
        );
        if let Some(due) = ledger.oldest_due.filter(|due| *due < now.at) {
            line.push_str(&format!(" (the first for {})", ago(now.at, due)));
        }
        lines.push(line.into());
        if ledger.dead_letters > 0 {
            let line = format!("{} dead letters: newsmill dead list", ledger.dead_letters);
            lines.push(trouble(line));
        }
    }
    let rates: Vec<String> =
        view.outcomes.iter().map(|(outcome, rate)| format!("{outcome} {rate:.1}/s")).collect();
    if !rates.is_empty() {
        lines.push(format!("ends: {}", rates.join(", ")).into());
    }
    if !now.reasons.is_empty() {
        let reasons: Vec<String> =
            now.reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        lines.push(format!("rejected so far: {}", reasons.join(", ")).into());
    }
    if now.refused_reloads > 0 {
        let (done, refused) = (now.reloads, now.refused_reloads);
        lines.push(format!("{done} reloads, {refused} refused: the log says why").into());
    }
    for (part, why) in &now.not_ready {
        lines.push(trouble(format!("not ready: {part}: {why}")));
    }
    lines
}

fn stages(now: &Snapshot, view: &View) -> Vec<Line> {
    let mut lines = vec![
        format!(
            "{:<11}{:>5}{:>8}{:>8}  {:<BAR$}  waits for",
            "", "loops", "in/s", "out/s", "█ busy ▒ out ░ in"
        )
        .into(),
    ];
    for stage in &view.stages {
        let length = now.channels.iter().find(|channel| takes(&channel.name) == stage.name);
        let length = length.map_or_else(String::new, |channel| {
            format!("{} {}/{}", channel.name, channel.len, channel.bound)
        });
        let is_slow = view.bottleneck.as_deref() == Some(&stage.name);
        let mark = if is_slow { "  ◄ bottleneck" } else { "" };
        lines.push(
            format!(
                "{:<11}{:>5}{:>8.1}{:>8.1}  {}  {length}{mark}",
                stage.name,
                stage.loops,
                stage.taken,
                stage.passed,
                bar(stage.busy, stage.waiting_out)
            )
            .into(),
        );
    }
    lines.push(match &view.bottleneck {
        Some(stage) => format!("all wait for: {stage}").into(),
        None => "nobody is slow: the mill waits for its sources".to_owned().into(),
    });
    lines
}

fn takes(channel: &str) -> &str {
    match channel {
        "sources" => "poll",
        "entries" => "fetcher",
        "pages" => "cleaner",
        "articles" => "summarizer",
        other => other,
    }
}

fn bar(busy: f64, out: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a few cells"
    )]
    let cells = |share: f64| (share.clamp(0.0, 1.0) * BAR as f64).round() as usize;
    let busy = cells(busy);
    let out = cells(out).min(BAR - busy);
    format!("{}{}{}", "█".repeat(busy), "▒".repeat(out), "░".repeat(BAR - busy - out))
}

fn sources(now: &Snapshot) -> Vec<Line> {
    let Some(ledger) = &now.ledger else { return Vec::new() };
    let line = |source: &newsmill_ledger::SourceStatus| {
        let read = match source.last_good {
            Some(at) => format!("read {} ago", ago(now.at, at)),
            None => "never read".to_owned(),
        };
        let name = clean(source.name.as_str());
        let line = format!("{name:<24} {:>7} entries, {read}", source.entries);
        match &source.last_failure {
            Some(why) if source.failures > 0 => {
                trouble(format!("{line}, failed {} times: {}", source.failures, clean(why)))
            }
            _ => line.into(),
        }
    };
    ledger.sources.iter().map(line).collect()
}

fn sinks(now: &Snapshot, view: &View) -> Vec<Line> {
    let lag = |name: &str| {
        let sinks = now.ledger.iter().flat_map(|ledger| &ledger.sinks);
        sinks.filter(|sink| sink.name == name).map(|sink| sink.lag).next().unwrap_or(0)
    };
    let mut sinks: Vec<_> = view.sinks.iter().collect();
    sinks.sort_by_key(|(name, ..)| std::cmp::Reverse(lag(name)));
    let line = |(name, rate, busy): &(String, f64, f64)| {
        let shown = clean(name);
        let line = format!(
            "{shown:<24} lacks {:>7}, {rate:>7.1}/s, busy {:>3.0} %",
            lag(name),
            busy * 100.0
        );
        let time = now.sinks.iter().find(|(other, _)| other == name).map(|(_, time)| time);
        match time.and_then(|time| time.trouble.as_ref()) {
            Some(why) => {
                let error = clean(&why.error);
                trouble(format!("{line}, failed {} times: {error}", why.tries))
            }
            None => line.into(),
        }
    };
    sinks.into_iter().map(line).collect()
}

fn last(now: &Snapshot) -> Vec<Line> {
    let line = |record: &newsmill_pipeline::telemetry::LastRecord| {
        let source = record.source.as_deref().unwrap_or("-");
        let ago = ago(now.at, record.at);
        format!(
            "{ago:>5} {:<20} {:>6} words  {}",
            clean(source),
            record.words,
            clean(&record.title)
        )
    };
    now.last.iter().map(|record| line(record).into()).collect()
}

/// What pages and servers say must not move the cursor.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn ago(now: Timestamp, then: Timestamp) -> String {
    humane(u64::try_from(now.duration_since(then).as_secs()).unwrap_or(0))
}

/// Two units at most: `45s`, `12m`, `3h5m`, `2d7h`.
fn humane(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds}s"),
        60..=3599 => format!("{}m", seconds / 60),
        3600..=86_399 => format!("{}h{}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::view::tests::snapshot;

    #[test]
    fn a_bar_has_always_its_length() {
        for (busy, out) in [(0.0, 0.0), (0.5, 0.5), (0.76, 0.26), (1.0, 1.0), (f64::NAN, 2.0)] {
            assert_eq!(bar(busy, out).chars().count(), BAR, "{busy} {out}");
        }
        assert_eq!(bar(0.5, 0.25), "████████▒▒▒▒░░░░");
    }

    #[test]
    fn the_slow_stage_and_the_trouble_are_named() {
        let (before, now) = (snapshot(8, 16), snapshot(12, 16));
        let panels = panels(&now, &View::between(&before, &now));
        let all: Vec<&Line> = panels.iter().flat_map(|panel| &panel.lines).collect();
        let text: Vec<&str> = all.iter().map(|line| line.text.as_str()).collect();
        assert!(text.iter().any(|line| line.ends_with("pages 16/16  ◄ bottleneck")), "{text:?}");
        assert!(text.contains(&"all wait for: cleaner"), "{text:?}");
        assert!(text.contains(&"ends: delivered 40.0/s"), "{text:?}");
        let trouble: Vec<_> = all.iter().filter(|line| line.trouble).collect();
        assert_eq!(trouble.len(), 1);
        assert_eq!(trouble[0].text, "not ready: sink hook: failed");
    }

    #[test]
    fn a_page_cannot_write_to_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc"), "a [2Jb c");
    }
}
