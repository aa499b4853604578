//! Puts records where people and programs read them, idempotently.
//!
//! A [`Sink`] follows the ledger's sequence of records: it is opened with the [`State`] that the
//! ledger committed last, takes batches in the order of their sequence numbers, and returns with
//! each the state to commit beside the new position. Whatever happens in between, `kill -9`
//! included, the sink is opened again with the committed state and gets the same records again:
//!
//! | sink | a record is | a repeat after a crash | durable when `deliver` returns |
//! |---|---|---|---|
//! | `stdout` | a line, or a text for reading | is written again | no; handed to the system |
//! | `jsonl` | one line | the file is first cut back to the committed state | yes, fsynced |
//! | `sqlite` | a row by `(id, revision)` | the same row | yes, fsynced |
//! | `postgres` | a row by `(id, revision)` | the same row | as the server commits |
//! | `webhook` | a request, or a part of one | has the same `Idempotency-Key` | as the receiver answers 2xx |
//!
//! The claim, exactly: at-least-once delivery, with exactly one effect in files and databases, and
//! with keys by which a webhook's receiver can have the same.
//!
//! This crate knows no ledger and no other stage, starts no task but the one that
//! drives a connection to PostgreSQL, and retries nothing: an error says by its [`disposition`](SinkError::disposition) whether the same batch is
//! worth another try.

mod blocking;
mod config;
mod error;
mod format;
mod jsonl;
mod pieces;
mod postgres;
mod secret;
mod sqlite;
mod stdout;
mod tls;
mod webhook;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use newsmill_article::{ArticleId, Record, Revision};
use serde::{Deserialize, Serialize};

pub use config::{
    Config, JsonlConfig, PostgresConfig, Rotate, SqliteConfig, StdoutConfig, WebhookConfig,
};
pub use error::SinkError;
pub use format::{Format, Writer};
pub use secret::Secret;
pub use tls::client as tls_client;

/// One record on its way into a sink. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its number in the ledger; rises within a batch.
    pub sequence: u64,
    /// The article.
    pub id: ArticleId,
    /// Its wording.
    pub revision: Revision,
    /// The record as one JSON object without a line break, as the ledger keeps it: most targets
    /// take it as it is, and nobody parses it to write it again.
    pub json: Arc<str>,
}

impl Delivery {
    /// A record under a number.
    ///
    /// # Errors
    ///
    /// When it cannot be written as JSON.
    pub fn new(sequence: u64, record: &Record) -> serde_json::Result<Self> {
        let json = serde_json::to_string(record)?.into();
        Ok(Self { sequence, id: record.id, revision: record.revision, json })
    }

    /// The record itself.
    ///
    /// # Errors
    ///
    /// When `json` is no record.
    pub fn record(&self) -> serde_json::Result<Record> {
        serde_json::from_str(&self.json)
    }

    /// `{id}-{revision}`: the name of the effect, the same in every repeat.
    fn key(&self) -> String {
        format!("{}-{}", self.id, self.revision)
    }
}

/// What became of a batch: every record of it is either in the target or in `rejected`.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "the state must be committed with the new position"]
pub struct Delivered {
    /// What to commit together with the new position.
    pub state: State,
    /// Records that this target will never take, in the order of the batch.
    pub rejected: Vec<Rejected>,
}

/// A record that this target will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Which one.
    pub sequence: u64,
    /// What the target said, for a person.
    pub reason: String,
}

/// What a sink needs to find its place again. Opaque to the caller: it is kept as JSON beside the
/// position and handed back to [`Sink::open`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct State(Option<jsonl::Position>);

/// An open target.
#[derive(Debug)]
pub struct Sink {
    target: Target,
}

#[derive(Debug)]
enum Target {
    Stdout(stdout::Stdout),
    Jsonl(jsonl::Jsonl),
    Sqlite(sqlite::Sqlite),
    Postgres(Box<postgres::Postgres>),
    Webhook(Box<webhook::Webhook>),
}

impl Sink {
    /// Opens the target and brings it to the committed state: a JSON Lines file is cut back to it,
    /// tables are created where they are missing. `None` says that nothing was ever committed; the
    /// caller then commits [`Sink::state`] before the first batch, because a crash in the first
    /// batch could not be told from what the target held before.
    ///
    /// Blocks on local files for a moment. A server is not contacted before the first batch, so
    /// that one which is down holds nobody up.
    ///
    /// # Errors
    ///
    /// When a setting or secret cannot be used, a file cannot be opened, or another process has it.
    pub fn open(config: &Config, committed: Option<&State>) -> Result<Self, SinkError> {
        let position = committed.and_then(|state| state.0.as_ref());
        let target = match config {
            Config::Stdout(config) => {
                Target::Stdout(stdout::Stdout::new(config.format, std::io::stdout()))
            }
            Config::Jsonl(config) => Target::Jsonl(jsonl::Jsonl::open(config, position)?),
            Config::Sqlite(config) => Target::Sqlite(sqlite::Sqlite::open(config)?),
            Config::Postgres(config) => {
                Target::Postgres(Box::new(postgres::Postgres::new(config)?))
            }
            Config::Webhook(config) => Target::Webhook(Box::new(webhook::Webhook::new(config)?)),
        };
        Ok(Self { target })
    }

    /// How many records a batch should have at most. To a file or a database a large batch costs
    /// little more than a small one; what a pipe or a receiver got is sent again after a crash, so
    /// theirs are smaller.
    pub fn batch(&self) -> usize {
        match &self.target {
            Target::Jsonl(_) | Target::Sqlite(_) | Target::Postgres(_) => 256,
            Target::Stdout(_) | Target::Webhook(_) => 64,
        }
    }

    /// The state after the last batch that was delivered, or after opening.
    pub fn state(&self) -> State {
        match &self.target {
            Target::Jsonl(jsonl) => State(Some(jsonl.position().clone())),
            _ => State::default(),
        }
    }

    /// Writes a batch. On `Ok`, each of its records is in the target (see the table above for how
    /// durable) or in [`Delivered::rejected`]. On `Err`, any part of the batch may be in the
    /// target: deliver the same batch again, in this life or after opening with the committed
    /// state, and each record is there once.
    ///
    /// Cancel safety: dropping the future counts as an error; the same batch must be delivered
    /// again.
    ///
    /// # Errors
    ///
    /// When the target as a whole failed; [`SinkError::disposition`] says whether to try again.
    pub async fn deliver(&mut self, batch: &[Delivery]) -> Result<Delivered, SinkError> {
        let rejected = match &mut self.target {
            Target::Stdout(stdout) => stdout.deliver(batch).await?,
            Target::Jsonl(jsonl) => {
                jsonl.deliver(batch).await?;
                Vec::new()
            }
            Target::Sqlite(sqlite) => sqlite.deliver(batch).await?,
            Target::Postgres(postgres) => postgres.deliver(batch).await?,
            Target::Webhook(webhook) => webhook.deliver(batch).await?,
        };
        Ok(Delivered { state: self.state(), rejected })
    }

    /// Ends what is written as one whole (the array of `stdout` with `format: json`) and lets go of
    /// files and connections. Dropping a sink instead loses nothing but that end.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub async fn close(self) -> Result<(), SinkError> {
        match self.target {
            Target::Stdout(stdout) => stdout.close().await,
            _ => Ok(()),
        }
    }
}
