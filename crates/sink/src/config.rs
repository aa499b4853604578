//! One entry under `sinks:` of `pipeline.yaml`.

use std::path::PathBuf;

use newsmill_article::{HumanDuration, HumanSize};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::Format;

/// Where records go: one kind of target with its settings.
///
/// ```yaml
/// sinks:
///   - jsonl: { path: out/news.jsonl, rotate: { size: 1GiB } }
///   - sqlite: { path: out/news.sqlite }
///   - webhook: { url: "https://example.org/hook", secret_env: HOOK_SECRET }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "sink")]
pub enum Config {
    /// Standard output.
    Stdout(StdoutConfig),
    /// A file of JSON Lines.
    Jsonl(JsonlConfig),
    /// An SQLite database with full-text search.
    Sqlite(SqliteConfig),
    /// A table in PostgreSQL.
    Postgres(PostgresConfig),
    /// An HTTP endpoint that takes records by POST.
    Webhook(WebhookConfig),
}

impl Config {
    /// What kind of target it is: the key in YAML.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stdout(_) => "stdout",
            Self::Jsonl(_) => "jsonl",
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
            Self::Webhook(_) => "webhook",
        }
    }

    /// The name under which positions, metrics and dead letters are kept: `name`, else the kind.
    /// It must be unique among the sinks, which is the caller's to check.
    pub fn name(&self) -> &str {
        let name = match self {
            Self::Stdout(config) => &config.name,
            Self::Jsonl(config) => &config.name,
            Self::Sqlite(config) => &config.name,
            Self::Postgres(config) => &config.name,
            Self::Webhook(config) => &config.name,
        };
        name.as_deref().unwrap_or_else(|| self.kind())
    }
}

/// Settings of a `stdout` sink.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StdoutConfig {
    /// What to call it. Default: `stdout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How records are written: `jsonl`, `json`, `text` or `markdown`. Default: `jsonl`.
    pub format: Format,
}

/// Settings of a `jsonl` sink.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonlConfig {
    /// What to call it. Default: `jsonl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file that is appended to; its folder is created when missing.
    pub path: PathBuf,
    /// When to close the file and begin a new one. Default: never.
    #[serde(default)]
    pub rotate: Rotate,
}

/// When a file is closed and the next begun; whichever comes first. A closed file is named with
/// its number: `news.jsonl` becomes `news.000001.jsonl`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rotate {
    /// Before a line would make the file larger than this; a line is never split, so a file may
    /// hold one larger line alone. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<HumanSize>,
    /// When this long has passed since the file was begun; looked at as records arrive. Default: no
    /// bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<HumanDuration>,
}

/// Settings of an `sqlite` sink.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqliteConfig {
    /// What to call it. Default: `sqlite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The database file; it and its folder are created when missing.
    pub path: PathBuf,
}

/// Settings of a `postgres` sink.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    /// What to call it. Default: `postgres`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The environment variable that holds the connection string
    /// (`postgres://user:password@host/database`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_env: Option<String>,
    /// The file that holds the connection string, instead of `url_env`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// The table, perhaps with its schema (`news.records`): letters, digits and `_`. It is created
    /// when missing. Default: `newsmill`.
    #[serde(default = "default_table")]
    pub table: String,
    /// A file of PEM certificates to trust besides the public ones. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// How long a connection or a batch may take before it is tried again. Default: `30s`.
    #[serde(default = "default_timeout")]
    pub timeout: HumanDuration,
}

/// Settings of a `webhook` sink.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// What to call it. Default: `webhook`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where to POST.
    pub url: Url,
    /// The environment variable that holds the key of the signature. Default: unsigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_env: Option<String>,
    /// The file that holds the key of the signature, instead of `secret_env`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// The environment variable that holds a bearer token for the `Authorization` header. Default:
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// The file that holds the bearer token, instead of `token_env`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// Most records in one request, 1 to 1000. With 1 the body is the record, with more it is an
    /// array. Default: 1.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 1, max = 1000))]
    pub batch: usize,
    /// A file of PEM certificates to trust besides the public ones. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// How long one request may take, from connecting to the end of the answer. Default: `30s`.
    #[serde(default = "default_timeout")]
    pub timeout: HumanDuration,
}

fn default_table() -> String {
    "newsmill".to_owned()
}

fn default_timeout() -> HumanDuration {
    HumanDuration::secs(30)
}

fn default_batch() -> usize {
    1
}
