//! What the operator may set.

use std::path::PathBuf;

use newsmill_article::HumanDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long the ledger remembers and how often it tries again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The file of the ledger; its folder is created when missing. Without one the ledger is kept
    /// in memory and gone at the end. Default: none.
    pub path: Option<PathBuf>,
    /// An article that no source has shown for this long is forgotten, and its fate with it: seen
    /// again later, it is new. Dead letters go after the same time. Default `90d`.
    pub forget_after: HumanDuration,
    /// How long a record stays after every sink has it. Sinks need it only until then. Default
    /// `1d`.
    pub keep_records: HumanDuration,
    /// How often an entry is tried before it becomes a dead letter; at least 1. Default 10.
    pub attempts: u32,
    /// The wait before the second attempt; doubled for each one after, up to `6h`. Default `1m`.
    pub backoff: HumanDuration,
    /// The least time between two readings of an article that its feed marks as changed. Default
    /// `15m`.
    pub revisit_after: HumanDuration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: None,
            forget_after: HumanDuration::hours(90 * 24),
            keep_records: HumanDuration::hours(24),
            attempts: 10,
            backoff: HumanDuration::mins(1),
            revisit_after: HumanDuration::mins(15),
        }
    }
}
