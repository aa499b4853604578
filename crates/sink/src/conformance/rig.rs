//! A target of each kind, how to open a sink on it, and how to look at it past the sink.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use newsmill_article::{HumanDuration, Record};
use tempfile::TempDir;

use crate::testing::{Proxy, Receiver, Reply, Server, worded};
use crate::{
    Config, Format, JsonlConfig, PostgresConfig, Rotate, Sink, SqliteConfig, State, Target,
    WebhookConfig,
};

pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
pub(super) const SECRET: &str = "a-secret-that-nobody-may-read";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Stdout,
    Jsonl,
    Sqlite,
    Postgres,
    /// One record in a request.
    Webhook,
    /// Up to three.
    WebhookBatch,
}

/// What `stdout` writes to.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A target, how to open a sink on it, and how to look at it past the sink.
pub(super) struct Rig {
    pub(super) kind: Kind,
    pub(super) folder: TempDir,
    pub(super) shared: Shared,
    pub(super) receiver: Receiver,
    /// The way to PostgreSQL and the table there.
    pub(super) proxy: Option<(Proxy, String)>,
}

impl Rig {
    pub(super) async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let proxy = match kind {
            Kind::Postgres => {
                let proxy = Proxy::start(Server::get().socket()).await;
                let (host, port) = (proxy.address.ip(), proxy.address.port());
                let url = format!(
                    "postgres://newsmill:{SECRET}@{host}:{port}/postgres?sslmode=disable\n"
                );
                std::fs::write(folder.path().join("url"), url).unwrap();
                Some((proxy, Server::table()))
            }
            _ => None,
        };
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        Self { kind, folder, shared: Shared::default(), receiver: Receiver::start().await, proxy }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn config(&self) -> Config {
        match self.kind {
            Kind::Stdout => Config::Stdout(crate::StdoutConfig::default()),
            Kind::Jsonl => Config::Jsonl(JsonlConfig {
                name: None,
                path: self.path("out/news.jsonl"),
                rotate: Rotate { size: Some("4kB".parse().unwrap()), every: None },
            }),
            Kind::Sqlite => {
                Config::Sqlite(SqliteConfig { name: None, path: self.path("out/news.sqlite") })
            }
            Kind::Postgres => Config::Postgres(PostgresConfig {
                name: None,
                url_env: None,
                url_file: Some(self.path("url")),
                table: self.proxy.as_ref().unwrap().1.clone(),
                ca_file: None,
                timeout: HumanDuration(TIMEOUT),
            }),
            Kind::Webhook | Kind::WebhookBatch => Config::Webhook(WebhookConfig {
                name: None,
                url: self.receiver.url.clone(),
                secret_env: None,
                secret_file: Some(self.path("secret")),
                token_env: None,
                token_file: None,
                batch: if self.kind == Kind::Webhook { 1 } else { 3 },
                ca_file: None,
                timeout: HumanDuration(TIMEOUT),
            }),
        }
    }

    /// Opens the sink as a new process would.
    pub(super) fn open(&self, committed: Option<&State>) -> Sink {
        // The ledger keeps it as JSON.
        let kept = committed.map(|state| serde_json::to_string(state).unwrap());
        let committed: Option<State> = kept.map(|json| serde_json::from_str(&json).unwrap());
        if self.kind == Kind::Stdout {
            let stdout = crate::stdout::Stdout::new(Format::Jsonl, self.shared.clone());
            return Sink { target: Target::Stdout(stdout) };
        }
        Sink::open(&self.config(), committed.as_ref()).unwrap()
    }

    /// The records in the target as JSON, in the order in which they came where it keeps one.
    pub(super) async fn held(&self) -> Vec<String> {
        let held = match self.kind {
            Kind::Stdout => {
                let written = self.shared.0.lock().unwrap().clone();
                String::from_utf8(written).unwrap().lines().map(str::to_owned).collect()
            }
            Kind::Jsonl => {
                let mut files: Vec<PathBuf> = std::fs::read_dir(self.path("out"))
                    .unwrap()
                    .map(|entry| entry.unwrap().path())
                    .collect();
                files.sort_by_key(|path| (path.ends_with("news.jsonl"), path.clone()));
                let all: String =
                    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
                assert!(all.is_empty() || all.ends_with('\n'));
                all.lines().map(str::to_owned).collect()
            }
            Kind::Sqlite => {
                let database = rusqlite::Connection::open(self.path("out/news.sqlite")).unwrap();
                let mut rows =
                    database.prepare("SELECT record FROM records ORDER BY rowid").unwrap();
                rows.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            }
            Kind::Postgres => {
                let table = &self.proxy.as_ref().unwrap().1;
                let query = format!("SELECT record::text FROM {table}");
                let client = Server::get().connect().await;
                let rows = client.query(&query, &[]).await.unwrap_or_default();
                rows.iter().map(|row| row.get(0)).collect()
            }
            Kind::Webhook | Kind::WebhookBatch => {
                let mut held: Vec<String> = Vec::new();
                for request in self.receiver.requests().iter().filter(|r| r.taken) {
                    for record in self.records(&request.body) {
                        // What a receiver does that wants each record once.
                        if !held.contains(&record) {
                            held.push(record);
                        }
                    }
                }
                held
            }
        };
        for json in &held {
            assert_valid(json);
        }
        held
    }

    fn records(&self, body: &str) -> Vec<String> {
        match self.kind {
            Kind::Webhook => vec![body.to_owned()],
            _ => {
                let records: Vec<serde_json::Value> = serde_json::from_str(body).unwrap();
                records.iter().map(serde_json::Value::to_string).collect()
            }
        }
    }

    /// The target holds exactly these.
    pub(super) async fn assert_holds(&self, records: &[Record]) {
        let read = |json: &String| serde_json::from_str::<Record>(json).unwrap();
        let mut held: Vec<Record> = self.held().await.iter().map(read).collect();
        let mut wanted = records.to_vec();
        if matches!(self.kind, Kind::Sqlite | Kind::Postgres) {
            held.sort_by_key(|record| (record.id, record.revision));
            wanted.sort_by_key(|record| (record.id, record.revision));
        }
        let names = |records: &[Record]| -> Vec<String> {
            records.iter().map(|r| format!("{:?} {}", r.title, r.revision)).collect()
        };
        assert_eq!(names(&held), names(&wanted), "{:?}", self.kind);
        assert!(held == wanted, "{:?}: a record is not what was delivered", self.kind);
    }

    /// The wordings that are shown as the present ones, where the target has such a view.
    pub(super) async fn current(&self) -> Option<Vec<String>> {
        match self.kind {
            Kind::Sqlite => {
                let database = rusqlite::Connection::open(self.path("out/news.sqlite")).unwrap();
                let mut rows =
                    database.prepare("SELECT title FROM articles ORDER BY title").unwrap();
                Some(rows.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect())
            }
            Kind::Postgres => {
                let table = &self.proxy.as_ref().unwrap().1;
                let query = format!("SELECT title FROM {table}_articles ORDER BY title");
                let rows = Server::get().connect().await.query(&query, &[]).await.unwrap();
                Some(rows.iter().map(|row| row.get(0)).collect())
            }
            _ => None,
        }
    }

    /// Makes a record that this target will not take, with which an own sink opened before must
    /// cope; `None` for those that take everything.
    pub(super) fn poison(&self, n: u64) -> Option<Record> {
        match self.kind {
            Kind::Stdout | Kind::Jsonl => None,
            Kind::Sqlite => {
                let database = rusqlite::Connection::open(self.path("out/news.sqlite")).unwrap();
                database
                    .execute_batch(
                        "CREATE TRIGGER IF NOT EXISTS guard BEFORE INSERT ON records
                         WHEN new.record LIKE '%Poison%' BEGIN SELECT raise(ABORT, 'no'); END",
                    )
                    .unwrap();
                Some(worded(n, "Poison", "Not for here."))
            }
            // It keeps every character but this one.
            Kind::Postgres => Some(worded(n, "Poison\0", "Not for here.")),
            Kind::Webhook | Kind::WebhookBatch => {
                self.receiver.behave(|request| {
                    let poisoned = request.body.contains("Poison");
                    Reply::Status(if poisoned { 422 } else { 200 })
                });
                Some(worded(n, "Poison", "Not for here."))
            }
        }
    }
}

/// Against the schema that `newsmill schema record` prints.
fn assert_valid(json: &str) {
    static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema = serde_json::to_value(schemars::schema_for!(Record)).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    });
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    if let Err(error) = SCHEMA.validate(&value) {
        panic!("{error} in {json}");
    }
}
