//! One suite for every kind of sink: whatever happens, each record is in the target exactly once.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use newsmill_article::{Disposition, HumanDuration, Record};
use tempfile::TempDir;

use crate::testing::{Cut, Proxy, Receiver, Reply, Server, batch, deliveries, record, worded};
use crate::{
    Config, Delivery, Format, JsonlConfig, PostgresConfig, Rotate, Sink, SinkError, SqliteConfig,
    State, Target, WebhookConfig,
};

const TIMEOUT: Duration = Duration::from_secs(30);
const SECRET: &str = "a-secret-that-nobody-may-read";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
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
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A target, how to open a sink on it, and how to look at it past the sink.
struct Rig {
    kind: Kind,
    folder: TempDir,
    shared: Shared,
    receiver: Receiver,
    /// The way to PostgreSQL and the table there.
    proxy: Option<(Proxy, String)>,
}

impl Rig {
    async fn new(kind: Kind) -> Self {
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

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> Config {
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
    fn open(&self, committed: Option<&State>) -> Sink {
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
    async fn held(&self) -> Vec<String> {
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
    async fn assert_holds(&self, records: &[Record]) {
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
    async fn current(&self) -> Option<Vec<String>> {
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
    fn poison(&self, n: u64) -> Option<Record> {
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

fn records(batches: &[&[Delivery]]) -> Vec<Record> {
    batches.iter().flat_map(|batch| batch.iter().map(|d| (*d.record).clone())).collect()
}

async fn deliver(sink: &mut Sink, batch: &[Delivery]) -> State {
    let delivered = sink.deliver(batch).await.unwrap();
    assert_eq!(delivered.rejected, []);
    assert_eq!(delivered.state, sink.state());
    delivered.state
}

fn assert_retry<T: std::fmt::Debug>(result: Result<T, SinkError>) -> SinkError {
    let error = result.unwrap_err();
    let disposition = error.disposition();
    assert!(matches!(disposition, Disposition::Retry { .. }), "{error}: {disposition:?}");
    error
}

async fn restarts_in_order(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut state = rig.open(None).state();
    let batches = [batch(0..3), batch(3..10), batch(10..10), batch(10..11)];
    for batch in &batches {
        state = deliver(&mut rig.open(Some(&state)), batch).await;
    }
    rig.open(Some(&state)).close().await.unwrap();
    rig.assert_holds(&(0..11).map(record).collect::<Vec<_>>()).await;
}

async fn one_life_of_many_batches(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    for n in 0..12 {
        deliver(&mut sink, &batch(n * 3..n * 3 + 3)).await;
    }
    rig.assert_holds(&(0..36).map(record).collect::<Vec<_>>()).await;
}

async fn a_batch_whose_commit_was_lost_is_there_once(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let committed = deliver(&mut sink, &batch(0..2)).await;
    // Delivered, and the process dies before the ledger has it: as it was, or with more behind it.
    deliver(&mut sink, &batch(2..7)).await;
    drop(sink);
    let mut sink = rig.open(Some(&committed));
    deliver(&mut sink, &batch(2..9)).await;
    let mut wanted: Vec<Record> = (0..9).map(record).collect();
    if kind == Kind::Stdout {
        // What a pipe has taken cannot be taken back.
        wanted.splice(2..2, (2..7).map(record));
    }
    rig.assert_holds(&wanted).await;
}

async fn the_first_batch_is_no_exception(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let committed = sink.state();
    deliver(&mut sink, &batch(0..6)).await;
    drop(sink);
    deliver(&mut rig.open(Some(&committed)), &batch(0..6)).await;
    let mut wanted: Vec<Record> = (0..6).map(record).collect();
    if kind == Kind::Stdout {
        wanted.extend((0..6).map(record));
    }
    rig.assert_holds(&wanted).await;
}

async fn poison_is_found_and_its_neighbours_go_through(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let Some(poison) = rig.poison(3) else {
        assert!(matches!(kind, Kind::Stdout | Kind::Jsonl));
        return;
    };
    let mut all: Vec<Record> = (0..9).map(record).collect();
    all[3] = poison.clone();
    all[8] = poison;
    let delivered = sink.deliver(&deliveries(100, all.clone())).await.unwrap();
    let rejected: Vec<u64> = delivered.rejected.iter().map(|r| r.sequence).collect();
    assert_eq!(rejected, [103, 108]);
    for rejected in &delivered.rejected {
        assert!(!rejected.reason.is_empty() && !rejected.reason.contains('\n'), "{rejected:?}");
    }
    deliver(&mut sink, &deliveries(109, [record(20)])).await;
    let mut wanted: Vec<Record> = all.into_iter().filter(|r| !is_poison(r)).collect();
    wanted.push(record(20));
    rig.assert_holds(&wanted).await;
}

fn is_poison(record: &Record) -> bool {
    record.title.as_deref().is_some_and(|title| title.starts_with("Poison"))
}

async fn large_and_odd_records_come_back_as_they_were(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let large = worded(1, "Large", &"Ein Satz mit 🚀 und \"Zeichen\" \\ darin. ".repeat(50_000));
    assert!(large.text.len() > 2_000_000);
    let odd = worded(
        2,
        "\u{202e}\u{feff} \u{e000}' OR 1=1; -- </script>",
        "Zeile\u{2028}zwei \u{85} \t e\u{301} \u{10ffff} {\"a\": [1, null]} $1 {table}",
    );
    let mut bare = worded(3, "", "x");
    (bare.title, bare.url, bare.canonical_url, bare.source) = (None, None, None, None);
    (bare.published, bare.site, bare.language) = (None, None, None);
    bare.fetched = "1969-12-31T23:59:59.999999Z".parse().unwrap();
    let all = [record(0), large, odd, bare, record(4)];
    deliver(&mut sink, &deliveries(1, all.clone())).await;
    rig.assert_holds(&all).await;
}

async fn an_edited_article_is_kept_in_both_wordings(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    let (old, new) = (worded(1, "Old", "It was so."), worded(1, "New", "It is otherwise."));
    let both = [old.clone(), new.clone(), record(2)];
    deliver(&mut sink, &deliveries(1, both.clone())).await;
    rig.assert_holds(&both).await;
    if let Some(current) = rig.current().await {
        assert_eq!(current, ["Article 2", "New"]);
        // The old wording is published again: then that is the present one.
        deliver(&mut sink, &deliveries(4, [old.clone()])).await;
        assert_eq!(rig.current().await.unwrap(), ["Article 2", "Old"]);
        deliver(&mut sink, &deliveries(5, [new.clone(), old.clone(), new.clone()])).await;
        assert_eq!(rig.current().await.unwrap(), ["Article 2", "New"]);
        rig.assert_holds(&both).await;
    }
}

async fn a_caller_that_stops_waiting_loses_nothing(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    deliver(&mut sink, &batch(0..1)).await;
    // Polled a few times, then dropped, each time further on.
    for polls in 0..6 {
        let deliveries = batch(1..5);
        let mut delivery = Box::pin(sink.deliver(&deliveries));
        for _ in 0..polls {
            if futures_poll(&mut delivery).await {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    if kind == Kind::Stdout {
        return;
    }
    deliver(&mut sink, &batch(1..5)).await;
    rig.assert_holds(&(0..5).map(record).collect::<Vec<_>>()).await;
}

/// Polls once; whether it is ready.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())
    })
    .await
}

async fn no_secret_is_shown(kind: Kind) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    rig.receiver.behave(|_| Reply::Status(403));
    let mut shown = format!("{sink:?} {:?}", rig.path("x"));
    if let Some((proxy, _)) = &rig.proxy {
        proxy.cut(Cut::AfterReceived(0));
    }
    if let Err(error) = sink.deliver(&batch(0..2)).await {
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = source {
            shown.push_str(&format!("\n{error} {error:?}"));
            source = error.source();
        }
    }
    assert!(!shown.contains(SECRET), "{shown}");
    if matches!(kind, Kind::Webhook | Kind::WebhookBatch) {
        let failing = shown.split_once('\n').unwrap().1;
        assert!(failing.contains("403") && !failing.contains("in-the-query"), "{failing}");
    }
}

macro_rules! suite {
    ($($name:ident = $kind:ident),*; $tests:tt) => { $(mod $name { suite!(@ $kind $tests); })* };
    (@ $kind:ident [$($test:ident),* $(,)?]) => {
        $(
            #[tokio::test]
            async fn $test() {
                super::$test(super::Kind::$kind).await;
            }
        )*
    };
}

suite!(
    stdout = Stdout, jsonl = Jsonl, sqlite = Sqlite, postgres = Postgres, webhook = Webhook,
    webhook_batch = WebhookBatch;
    [
        restarts_in_order,
        one_life_of_many_batches,
        a_batch_whose_commit_was_lost_is_there_once,
        the_first_batch_is_no_exception,
        poison_is_found_and_its_neighbours_go_through,
        large_and_odd_records_come_back_as_they_were,
        an_edited_article_is_kept_in_both_wordings,
        a_caller_that_stops_waiting_loses_nothing,
        no_secret_is_shown,
    ]
);

/// What is true of some kinds only: how they are refused, and how slow a server may be.
mod servers {
    use super::*;

    /// The batch that is delivered while things fail, after one that went through.
    async fn set_up(kind: Kind) -> (Rig, Sink) {
        let rig = Rig::new(kind).await;
        let mut sink = rig.open(None);
        deliver(&mut sink, &batch(0..2)).await;
        (rig, sink)
    }

    #[tokio::test]
    async fn a_webhook_that_fails_at_any_request_gets_the_rest_with_the_same_keys() {
        for kind in [Kind::Webhook, Kind::WebhookBatch] {
            for reply in
                [Reply::Status(503), Reply::TakeAndHangUp, Reply::With(429, "retry-after: 9")]
            {
                for fails in 0..5 {
                    let (rig, mut sink) = set_up(kind).await;
                    let (mut count, reply) = (0, reply.clone());
                    let hangs_up = matches!(reply, Reply::TakeAndHangUp);
                    rig.receiver.behave(move |_| {
                        count += 1;
                        if count - 1 == fails { reply.clone() } else { Reply::Status(200) }
                    });
                    if let Err(error) = sink.deliver(&batch(2..9)).await {
                        if let SinkError::Status { status: 429, .. } = error {
                            let after = Duration::from_secs(9);
                            assert_eq!(error.disposition(), Disposition::Retry { after });
                        }
                        assert_retry::<()>(Err(error));
                        deliver(&mut sink, &batch(2..9)).await;
                    }
                    rig.assert_holds(&(0..9).map(record).collect::<Vec<_>>()).await;
                    // A body that came twice came under the same key, and came twice only because
                    // its answer was lost.
                    let requests = rig.receiver.requests();
                    for (n, request) in requests.iter().enumerate() {
                        let key = request.header("idempotency-key").unwrap();
                        assert_eq!(request.header("webhook-id"), Some(key));
                        for other in &requests[..n] {
                            let same = other.body == request.body;
                            assert_eq!(other.header("idempotency-key") == Some(key), same);
                            assert!(!same || !other.taken || hangs_up, "sent again for nothing");
                        }
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn the_signature_can_be_checked_by_the_receiver() {
        use base64::Engine;
        use hmac::{Hmac, KeyInit, Mac};
        let (rig, _) = set_up(Kind::WebhookBatch).await;
        let request = rig.receiver.requests().remove(0);
        let id = request.header("webhook-id").unwrap();
        let time = request.header("webhook-timestamp").unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{id}.{time}.{}", request.body).as_bytes());
        let signature = request.header("webhook-signature").unwrap().strip_prefix("v1,").unwrap();
        let signature = base64::engine::general_purpose::STANDARD.decode(signature).unwrap();
        mac.verify_slice(&signature).unwrap();
        let now = jiff::Timestamp::now().as_second();
        assert!((now - time.parse::<i64>().unwrap()).abs() < 60);
        assert_eq!(request.header("content-type"), Some("application/json"));
    }

    #[tokio::test]
    async fn a_wrong_endpoint_is_waited_for_and_blames_no_record() {
        for (status, pause) in [(301, 60), (401, 60), (403, 60), (404, 60), (500, 1), (409, 1)] {
            let (rig, mut sink) = set_up(Kind::Webhook).await;
            rig.receiver.behave(move |_| Reply::Status(status));
            let error = assert_retry(sink.deliver(&batch(2..4)).await);
            let after = Duration::from_secs(pause);
            assert_eq!(error.disposition(), Disposition::Retry { after }, "{status}");
            assert!(error.to_string().ends_with(": as I was"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_server_that_never_answers_is_given_up_at_the_timeout() {
        for kind in [Kind::Webhook, Kind::Postgres] {
            let (rig, mut sink) = set_up(kind).await;
            let mend = match &rig.proxy {
                Some((proxy, _)) => {
                    proxy.cut(Cut::Silence);
                    Some(proxy.clone())
                }
                None => {
                    rig.receiver.behave(|_| Reply::Silence);
                    None
                }
            };
            tokio::time::pause();
            let begun = tokio::time::Instant::now();
            let error = assert_retry(sink.deliver(&batch(2..4)).await);
            assert!(matches!(error, SinkError::TooSlow { .. }), "{error}");
            assert!(begun.elapsed() >= TIMEOUT && begun.elapsed() < 2 * TIMEOUT);
            tokio::time::resume();
            match mend {
                Some(proxy) => proxy.cut(Cut::Nowhere),
                None => rig.receiver.behave(|_| Reply::Status(200)),
            }
            deliver(&mut sink, &batch(2..4)).await;
            rig.assert_holds(&(0..4).map(record).collect::<Vec<_>>()).await;
        }
    }

    #[tokio::test]
    async fn a_connection_to_postgres_cut_anywhere_is_made_again() {
        for (make, step) in [(Cut::AfterSent as fn(usize) -> Cut, 211), (Cut::AfterReceived, 83)] {
            let (mut at, mut cuts) = (0, 0);
            loop {
                let rig = Rig::new(Kind::Postgres).await;
                let proxy = rig.proxy.as_ref().unwrap().0.clone();
                proxy.cut(make(at));
                let mut sink = rig.open(None);
                let first = sink.deliver(&batch(0..5)).await;
                if !proxy.fired() {
                    assert_eq!(first.unwrap().rejected, []);
                    break;
                }
                cuts += 1;
                proxy.cut(Cut::Nowhere);
                if let Err(error) = first {
                    assert_retry::<()>(Err(error));
                    deliver(&mut sink, &batch(0..5)).await;
                }
                rig.assert_holds(&(0..5).map(record).collect::<Vec<_>>()).await;
                at += step;
            }
            assert!(cuts > 5, "only {cuts} cuts");
        }
    }

    #[tokio::test]
    async fn a_certificate_is_checked() {
        let rig = Rig::new(Kind::Postgres).await;
        let server = Server::get();
        let url = format!("host=localhost port={} user=newsmill dbname=postgres", server.port);
        let deliver = async |mode: &str, ca_file: Option<PathBuf>| {
            std::fs::write(rig.path("url"), format!("{url} sslmode={mode}")).unwrap();
            let Config::Postgres(config) = rig.config() else { unreachable!() };
            let config = Config::Postgres(PostgresConfig { ca_file, ..config });
            Sink::open(&config, None)?.deliver(&batch(0..2)).await
        };
        for mode in ["require", "prefer"] {
            let error = assert_retry(deliver(mode, None).await);
            let mut chain = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(error) = source {
                chain.push_str(&format!(": {error}"));
                source = error.source();
            }
            assert!(chain.contains("certificate"), "{chain}");
        }
        rig.assert_holds(&[]).await;
        std::fs::write(rig.path("ca.pem"), &server.certificate).unwrap();
        let delivered = deliver("require", Some(rig.path("ca.pem"))).await.unwrap();
        assert_eq!(delivered.rejected, []);
        rig.assert_holds(&[record(0), record(1)]).await;
        // A file without a certificate is refused before anything is sent.
        let error = deliver("require", Some(rig.path("secret"))).await.unwrap_err();
        assert!(error.to_string().starts_with("ca_file: "), "{error}");
    }

    #[tokio::test]
    async fn a_table_that_is_missing_or_closed_to_us_is_waited_for() {
        let (rig, mut sink) = set_up(Kind::Postgres).await;
        let table = &rig.proxy.as_ref().unwrap().1;
        let client = Server::get().connect().await;
        client.batch_execute(&format!("ALTER TABLE {table} RENAME TO {table}_x")).await.unwrap();
        let error = assert_retry(sink.deliver(&batch(2..4)).await);
        let after = Duration::from_secs(60);
        assert_eq!(error.disposition(), Disposition::Retry { after }, "{error}");
        client.batch_execute(&format!("ALTER TABLE {table}_x RENAME TO {table}")).await.unwrap();
        deliver(&mut sink, &batch(2..4)).await;
        rig.assert_holds(&(0..4).map(record).collect::<Vec<_>>()).await;
    }

    #[tokio::test]
    async fn two_sinks_may_create_the_table_at_once() {
        let rig = Rig::new(Kind::Postgres).await;
        let (mut one, mut other) = (rig.open(None), rig.open(None));
        let (first, second) = (batch(0..3), batch(3..6));
        let (a, b) = tokio::join!(one.deliver(&first), other.deliver(&second));
        assert_eq!((a.unwrap().rejected, b.unwrap().rejected), (vec![], vec![]));
        rig.assert_holds(&records(&[&first, &second])).await;
    }

    #[tokio::test]
    async fn a_locked_database_is_waited_for() {
        let (rig, mut sink) = set_up(Kind::Sqlite).await;
        let other = rusqlite::Connection::open(rig.path("out/news.sqlite")).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert_retry(sink.deliver(&batch(2..4)).await);
        other.execute_batch("ROLLBACK").unwrap();
        deliver(&mut sink, &batch(2..4)).await;
        rig.assert_holds(&(0..4).map(record).collect::<Vec<_>>()).await;
    }

    #[tokio::test]
    async fn a_secret_that_is_not_there_is_named() {
        let rig = Rig::new(Kind::Webhook).await;
        std::fs::remove_file(rig.path("secret")).unwrap();
        let error = Sink::open(&rig.config(), None).unwrap_err();
        assert_eq!(error.disposition(), Disposition::Fatal);
        let text = error.to_string();
        assert!(text.starts_with("secret: ") && text.contains("cannot be read"), "{text}");
    }
}
