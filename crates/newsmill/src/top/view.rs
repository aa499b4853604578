//! What two snapshots say together: rates, shares, and who is slow.

use std::time::Duration;

use newsmill_pipeline::admin::Snapshot;

/// A channel this full has a consumer that cannot keep up.
const FULL: f64 = 0.8;

/// A stage this busy is what the mill waits for, full channel or not.
const BUSY: f64 = 0.9;

/// Which stage takes from which channel.
const TAKES: [(&str, &str); 5] = [
    ("sources", "poll"),
    ("entries", "fetcher"),
    ("pages", "cleaner"),
    ("articles", "summarizer"),
    ("records", "records"),
];

/// What two snapshots say together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    pub(super) stages: Vec<Stage>,
    /// Each sink with records a second, and the share of time that it is busy.
    pub(super) sinks: Vec<(String, f64, f64)>,
    /// Entries that ended in a second, by outcome.
    pub(super) outcomes: Vec<(String, f64)>,
    /// Cores in use.
    pub(super) cores: Option<f64>,
    /// The stage that everybody waits for.
    pub(super) bottleneck: Option<String>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) loops: u64,
    /// Items a second.
    pub(super) taken: f64,
    /// Items a second that went on.
    pub(super) passed: f64,
    /// Shares of the time of all its loops.
    pub(super) busy: f64,
    pub(super) waiting_in: f64,
    pub(super) waiting_out: f64,
}

impl View {
    /// What happened between two snapshots of the same mill.
    pub(super) fn between(before: &Snapshot, now: &Snapshot) -> Self {
        let seconds = now.uptime.saturating_sub(before.uptime).as_secs_f64().max(1e-3);
        #[expect(clippy::cast_precision_loss, reason = "rates for people")]
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        let stages: Vec<Stage> = now
            .stages
            .iter()
            .map(|(name, time)| {
                let earlier = before.stages.iter().find(|(other, _)| other == name);
                let old = earlier.map(|(_, time)| *time).unwrap_or_default();
                let spent = |now: Duration, old: Duration| now.saturating_sub(old).as_secs_f64();
                let busy = spent(time.busy, old.busy);
                let waiting_in = spent(time.waiting_in, old.waiting_in);
                let waiting_out = spent(time.waiting_out, old.waiting_out);
                let all = (busy + waiting_in + waiting_out).max(1e-9);
                Stage {
                    name: name.clone(),
                    loops: time.loops,
                    taken: rate(time.items, old.items),
                    passed: rate(time.passed, old.passed),
                    busy: busy / all,
                    waiting_in: waiting_in / all,
                    waiting_out: waiting_out / all,
                }
            })
            .collect();
        let sinks = now
            .sinks
            .iter()
            .map(|(name, time)| {
                let old = before.sinks.iter().find(|(other, _)| other == name);
                let (records, busy) =
                    old.map_or((0, Duration::ZERO), |(_, old)| (old.records, old.busy));
                let busy = time.busy.saturating_sub(busy).as_secs_f64() / seconds;
                (name.clone(), rate(time.records, records), busy.min(1.0))
            })
            .collect();
        let outcomes = now
            .outcomes
            .iter()
            .map(|(outcome, count)| {
                let old = before.outcomes.get(outcome).copied().unwrap_or(0);
                (outcome.clone(), rate(*count, old))
            })
            .collect();
        let cores = now.cpu.zip(before.cpu).map(|(now, before)| (now - before) / seconds);
        let bottleneck = bottleneck(now, &stages);
        Self { stages, sinks, outcomes, cores, bottleneck }
    }
}

/// The last stage in the flow whose input is full: all before it wait for it, and those after it
/// do not. Without a full channel, the busiest one, if it hardly rests.
fn bottleneck(now: &Snapshot, stages: &[Stage]) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "a share of a small number")]
    let full = now
        .channels
        .iter()
        .rev()
        .find(|channel| channel.bound > 0 && channel.len as f64 / channel.bound as f64 >= FULL);
    if let Some(channel) = full {
        let taker = TAKES.iter().find(|(name, _)| *name == channel.name);
        return taker.map(|(_, stage)| (*stage).to_owned());
    }
    let busiest = stages.iter().max_by(|a, b| a.busy.total_cmp(&b.busy))?;
    (busiest.busy >= BUSY).then(|| busiest.name.clone())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use newsmill_pipeline::telemetry::{ChannelLen, StageTime};

    /// A mill of two stages, `seconds` old, of which the cleaner is always busy.
    pub(in crate::top) fn snapshot(seconds: u64, pages: usize) -> Snapshot {
        let of = |busy: u64, waiting: u64, items: u64| StageTime {
            busy: Duration::from_secs(busy),
            waiting_in: Duration::from_secs(waiting),
            waiting_out: Duration::ZERO,
            items,
            passed: items / 2,
            loops: 1,
        };
        Snapshot {
            version: "1".to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            uptime: Duration::from_secs(seconds),
            not_ready: vec![("sink hook".to_owned(), "failed".to_owned())],
            stages: vec![
                ("fetcher".to_owned(), of(seconds / 4, seconds - seconds / 4, 100 * seconds)),
                ("cleaner".to_owned(), of(seconds, 0, 50 * seconds)),
            ],
            channels: vec![
                ChannelLen { name: "entries".to_owned(), len: 16, bound: 16 },
                ChannelLen { name: "pages".to_owned(), len: pages, bound: 16 },
            ],
            taken_up: 100 * seconds,
            in_flight: 3,
            outcomes: [("delivered".to_owned(), 40 * seconds)].into(),
            reasons: [("too_short".to_owned(), 7)].into(),
            sinks: Vec::new(),
            ledger: None,
            last: Vec::new(),
            reloads: 0,
            refused_reloads: 0,
            resident: Some(50 << 20),
            cpu: Some(1.5 * seconds as f64),
        }
    }

    #[test]
    fn rates_and_shares_are_of_the_time_between() {
        let view = View::between(&snapshot(8, 16), &snapshot(12, 16));
        let cleaner = &view.stages[1];
        assert_eq!((cleaner.taken, cleaner.passed, cleaner.busy), (50.0, 25.0, 1.0));
        assert_eq!((view.stages[0].busy, view.stages[0].waiting_in), (0.25, 0.75));
        assert_eq!(view.outcomes, [("delivered".to_owned(), 40.0)]);
        assert_eq!(view.cores, Some(1.5));
    }

    #[test]
    fn the_last_full_channel_names_who_is_slow() {
        let view = View::between(&snapshot(8, 16), &snapshot(12, 14));
        assert_eq!(view.bottleneck.as_deref(), Some("cleaner"));
        let view = View::between(&snapshot(8, 16), &snapshot(12, 2));
        assert_eq!(view.bottleneck.as_deref(), Some("fetcher"));
        let mut idle = snapshot(12, 0);
        idle.channels.clear();
        let view = View::between(&snapshot(8, 0), &idle);
        assert_eq!(view.bottleneck.as_deref(), Some("cleaner"), "it never rests");
        idle.stages.pop();
        assert_eq!(View::between(&snapshot(8, 0), &idle).bottleneck, None);
    }
}
