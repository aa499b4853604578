//! How things stand at one moment.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use newsmill_ledger::Status;
use serde::{Deserialize, Serialize};

use crate::telemetry::sinks::SinkTime;
use crate::telemetry::{ChannelLen, LastRecord, StageTime, Telemetry, process};

/// Sources in a snapshot; those with trouble first.
const SOURCES: usize = 200;

/// How things stand at one moment. Sums are since the start; two snapshots make a rate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// Of the mill.
    pub version: String,
    /// When.
    pub at: Timestamp,
    /// Since the start.
    pub uptime: Duration,
    /// The parts that are not ready, each with what it lacks.
    pub not_ready: Vec<(String, String)>,
    /// In the order of the flow.
    pub stages: Vec<(String, StageTime)>,
    /// In the order of the flow.
    pub channels: Vec<ChannelLen>,
    /// Tickets opened.
    pub taken_up: u64,
    /// Tickets open.
    pub in_flight: u64,
    /// How tickets ended.
    pub outcomes: BTreeMap<String, u64>,
    /// Why those were rejected that were.
    pub reasons: BTreeMap<String, u64>,
    /// By name.
    pub sinks: Vec<(String, SinkTime)>,
    /// What the ledger counts; its sources with trouble first, and at most 200 of them.
    pub ledger: Option<Status>,
    /// The latest first.
    pub last: Vec<LastRecord>,
    /// Reloads that were applied.
    pub reloads: u64,
    /// Reloads that were refused.
    pub refused_reloads: u64,
    /// Memory in use, in bytes, where the kernel says.
    pub resident: Option<u64>,
    /// User and system time, in seconds.
    pub cpu: Option<f64>,
}

impl Snapshot {
    /// Of a mill that runs.
    pub async fn take(telemetry: &Telemetry) -> Self {
        let mut ledger = telemetry.ledger_status().await;
        let not_ready = telemetry.not_ready(ledger.as_ref());
        if let Some(status) = &mut ledger {
            // The longest without a good poll first; never comes before ever.
            status.sources.sort_by_key(|s| (std::cmp::Reverse(s.failures), s.last_good));
            status.sources.truncate(SOURCES);
        }
        let tally = telemetry.tally();
        let owned = |counts: BTreeMap<&'static str, u64>| {
            counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
        };
        let process = process::read();
        let stages = telemetry.stages();
        let sinks = telemetry.sinks();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            at: Timestamp::now(),
            uptime: telemetry.uptime(),
            not_ready,
            stages: stages.into_iter().map(|(name, time)| (name.to_owned(), time)).collect(),
            channels: telemetry.channels(),
            taken_up: telemetry.tickets(),
            in_flight: telemetry.in_flight(),
            outcomes: owned(tally.outcomes()),
            reasons: owned(tally.reasons()),
            sinks: sinks.into_iter().map(|(name, meter)| (name, meter.read())).collect(),
            ledger,
            last: telemetry.last_records(),
            reloads: telemetry.reloads.applied.load(Ordering::Relaxed),
            refused_reloads: telemetry.reloads.refused.load(Ordering::Relaxed),
            resident: process.map(|process| process.resident),
            cpu: process.map(|process| process.cpu),
        }
    }
}
