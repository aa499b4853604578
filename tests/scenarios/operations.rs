//! What whoever runs a mill at night can see and do, and what nobody may see.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::case;
use e2e::mill::{Mill, Ran, Running, binary, mill, records_in};
use e2e::web::feed::{Format, Item};
use e2e::web::{Answer, Web};
use serde_json::Value;

use crate::text;

/// Only to end a test that would wait for ever.
const PATIENCE: Duration = Duration::from_secs(50);

/// A folder with a configuration and what a mill makes there.
struct Site(tempfile::TempDir);

impl Site {
    fn new(yaml: &str) -> Self {
        let site = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(site.path("in")).expect("a folder");
        site.says(yaml);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn says(&self, yaml: &str) {
        fs::write(self.path("pipeline.yaml"), yaml).expect("a configuration");
    }

    fn mill(&self, arguments: &[&str]) -> Mill {
        mill(arguments).current_dir(self.0.path())
    }

    fn ask(&self, arguments: &[&str]) -> Ran {
        self.mill(arguments).run()
    }

    fn add(&self, case_name: &str) {
        let from = case::root().join(case_name).join("page.html");
        fs::copy(from, self.path("new")).expect("a copy");
        let name = format!("in/{case_name}.html");
        fs::rename(self.path("new"), self.path(&name)).expect("a page");
    }

    fn snapshot(&self) -> Option<Value> {
        // By its socket, as the configuration may be wrong just now.
        let ran = self.ask(&["top", "--json", "--socket", "ledger.db.sock"]);
        serde_json::from_str(&ran.stdout).ok()
    }

    /// Waits until a snapshot is as it should be.
    fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let snapshot = self.snapshot();
            if let Some(snapshot) = snapshot.as_ref().filter(|snapshot| holds(snapshot)) {
                return snapshot.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {snapshot:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

const FOLDER: &str = "sources:\n  - { name: inbox, folder: in, every: { min: 20ms, max: 50ms } }\n\
                      sinks:\n  - jsonl: { path: out.jsonl }\nledger: { path: ledger.db }\n";

fn delivered(snapshot: &Value) -> u64 {
    snapshot["ledger"]["delivered"].as_u64().unwrap_or(0)
}

fn signal(running: &Running, name: &str) {
    let sent = Command::new("kill").args([name, &running.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// An address that was free a moment ago.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").to_string()
}

fn get(address: &str, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_second_mill_on_the_same_ledger_leaves_the_first_its_socket() {
    let site = Site::new(FOLDER);
    let _running = site.mill(&["run"]).start();
    site.until("the first", |_| true);
    let second = site.ask(&["run"]);
    assert_eq!(second.code, Some(69), "{}", second.stderr);
    assert!(second.stderr.contains("in use by process"), "{}", second.stderr);
    assert!(site.snapshot().is_some(), "the first is not to be reached any more");
}

#[test]
fn a_running_mill_is_seen_tapped_and_reloaded() {
    let site = Site::new(FOLDER);
    assert_eq!(site.ask(&["health"]).code, Some(69), "nobody is there yet");
    site.add("wire-story");
    let running = site.mill(&["--log-format", "json", "run"]).start();
    site.until("the first record", |now| delivered(now) == 1);
    let health = site.ask(&["health"]);
    assert_eq!((health.code, health.stdout.as_str()), (Some(0), "ready\n"));
    let mode = fs::metadata(site.path("ledger.db.sock")).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let wrong = site.ask(&["tap", "kitchen"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    // A look that has begun before the page comes sees it, and nothing else.
    let mut socket = UnixStream::connect(site.path("ledger.db.sock")).expect("the socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let ask =
        "{\"do\":\"tap\",\"stage\":\"summarizer\",\"source\":\"inbox\",\"grep\":\"TABLES.HTML\"}\n";
    socket.write_all(ask.as_bytes()).expect("a request");
    let mut lines = BufReader::new(socket).lines().map(|line| line.expect("a line"));
    assert_eq!(lines.next().as_deref(), Some("{\"tap\":true}"));
    site.add("amp");
    site.add("tables");
    let line: Value = serde_json::from_str(&lines.next().expect("a line")).expect("JSON");
    assert_eq!((&line["stage"], &line["input"]), (&"summarizer".into(), &"in/tables.html".into()));
    assert!(line["item"]["summary"]["text"].is_string(), "{line}");
    site.until("three records", |now| delivered(now) == 3);
    drop(lines);

    let plain = site.ask(&["top"]).stdout;
    for part in ["stages", "cleaner", "sources", "inbox", "sinks", "jsonl", "last records"] {
        assert!(plain.contains(part), "{part}: {plain}");
    }

    // A wrong configuration is refused, by verb and by signal, and the mill goes on.
    site.says(&FOLDER.replace("sinks:", "sinc:"));
    let refused = site.ask(&["reload", "--socket", "ledger.db.sock"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("did you mean `sinks`?"), "{}", refused.stderr);
    signal(&running, "-HUP");
    site.until("the second refusal", |now| now["refused_reloads"] == 2);
    let more = format!("{FOLDER}summarizer: {{ sentences: 1 }}\n");
    site.says(&more.replace("out.jsonl }", "out.jsonl }\n  - sqlite: { path: out.sqlite }"));
    let taken = site.ask(&["reload"]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    assert!(taken.stdout.contains("sink `sqlite` is new"), "{}", taken.stdout);
    site.add("interview");
    site.until("the fourth record", |now| delivered(now) == 4);
    signal(&running, "-TERM");
    let ran = running.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(!site.path("ledger.db.sock").exists(), "it takes its socket away");
    let records = records_in(&site.path("out.jsonl"));
    let sentences: Vec<usize> = records.iter().map(|r| r.summary.sentences.len()).collect();
    assert!(sentences[0] > 1 && sentences[3] == 1, "{sentences:?}");
    let database = rusqlite::Connection::open(site.path("out.sqlite")).expect("a database");
    let count = database.query_row("SELECT count(*) FROM records", [], |row| row.get(0));
    assert_eq!(count, Ok(1_i64), "a new sink gets what becomes ready from then on");
}

#[test]
fn the_endpoint_says_what_is_not_ready() {
    let address = free_address();
    // A receiver that is not there.
    let hook = free_address();
    let site = Site::new(&format!(
        "{}  - webhook: {{ url: \"http://{hook}/\" }}\ntelemetry: {{ listen: \"{address}\" }}\n",
        FOLDER.replace("ledger: { path: ledger.db }\n", "")
    ));
    let yaml = fs::read_to_string(site.path("pipeline.yaml")).expect("it");
    site.says(&format!("{yaml}ledger: {{ path: ledger.db }}\n"));
    site.add("wire-story");
    let running = site.mill(&["run"]).start();
    site.until("a failure of the sink", |now| {
        now["not_ready"].as_array().is_some_and(|parts| !parts.is_empty())
            && now["outcomes"]["delivered"] == 1
    });
    let ready = get(&address, "/readyz", "");
    assert!(ready.starts_with("HTTP/1.1 503 "), "{ready}");
    assert!(ready.contains("sink webhook: failed"), "{ready}");
    assert!(get(&address, "/healthz", "").starts_with("HTTP/1.1 200 "));
    let metrics = get(&address, "/metrics", "");
    for sample in [
        "newsmill_sink_up{sink=\"webhook\"} 0",
        "newsmill_sink_up{sink=\"jsonl\"} 1",
        "newsmill_sink_lag{sink=\"webhook\"} 1",
        "newsmill_source_entries_total{source=\"inbox\"} 1",
        "newsmill_channel_bound{channel=\"pages\"} 16",
    ] {
        assert!(metrics.lines().any(|line| line == sample), "{sample}\n{metrics}");
    }
    let health = site.ask(&["health"]);
    assert_eq!(health.code, Some(1));
    assert!(health.stdout.starts_with("sink webhook: failed"), "{}", health.stdout);
    signal(&running, "-TERM");
    signal(&running, "-TERM");
    running.wait();
}

#[test]
fn no_secret_is_ever_told() {
    let secrets = ["s3-source-token", "s3-hook-secret", "s3-hook-token", "s3-metrics", "s3-path"];
    let web = Web::start();
    let story = web.on("/story", Answer::html(fs::read(page()).expect("a page")));
    let item = |url: &str| Item { title: "A story".to_owned(), url: url.to_owned() };
    // One entry becomes a record, one a dead letter: a page that nobody can read is kept.
    let feed = web.on("/feed", Format::Rss20.answer(&[item(&story)]));
    let hook = web.on("/hook/s3-path", Answer::ok("text/plain", "no"));
    web.on("/hook/s3-path", Answer::status(422));
    let address = free_address();
    let site = Site::new(&format!(
        "sources:\n  - {{ name: news, feed: \"{feed}\", token_env: T1 }}\n\
         fetcher: {{ allow_private: [127.0.0.0/8], host: {{ min_delay: 0s }} }}\n\
         sinks:\n  - jsonl: {{ path: out.jsonl }}\n\
         \x20 - webhook: {{ url: \"{hook}\", secret_env: T2, token_env: T3 }}\n\
         ledger: {{ path: ledger.db }}\n\
         telemetry: {{ listen: \"{address}\", token_env: T4, otlp: {{ url: \"http://127.0.0.1:1/s3-path\" }} }}\n"
    ));
    let with_secrets = |mill: Mill| {
        mill.env("T1", secrets[0])
            .env("T2", secrets[1])
            .env("T3", secrets[2])
            .env("T4", secrets[3])
            .env("RUST_LOG", "trace")
    };
    let running = with_secrets(site.mill(&["run"])).start();
    site.until("the refused record", |now| now["ledger"]["dead_letters"] == 1);
    let mut told = vec![
        get(&address, "/metrics", secrets[3]),
        get(&address, "/readyz", secrets[3]),
        get(&address, "/metrics", "wrong"),
        site.ask(&["top", "--json"]).stdout,
        site.ask(&["top"]).stdout,
        site.ask(&["status"]).stdout,
        site.ask(&["dead", "list"]).stdout,
        site.ask(&["dead", "show", "1"]).stdout,
        site.ask(&["fate", &story]).stdout,
    ];
    assert!(told[0].starts_with("HTTP/1.1 200 "), "{}", told[0]);
    assert!(told[2].starts_with("HTTP/1.1 401 "), "{}", told[2]);
    signal(&running, "-TERM");
    let ran = running.wait();
    // It did use them.
    let asked = web.log();
    for (header, secret) in [("authorization", secrets[0]), ("authorization", secrets[2])] {
        let uses = |logged: &e2e::web::Logged| {
            logged.request.header(header).is_some_and(|value| value.contains(secret))
        };
        assert!(asked.iter().any(uses), "{secret}");
    }
    assert!(asked.iter().any(|logged| logged.request.header("webhook-signature").is_some()));
    told.extend([ran.stdout, ran.stderr]);
    for secret in &secrets[..4] {
        for text in &told {
            if let Some(at) = text.find(secret) {
                panic!("{secret} is told: …{}", &text[at.saturating_sub(200)..at + 20]);
            }
        }
    }
    // The path of a webhook may be a secret too; it stands in the configuration, so `check` shows
    // it, but no log, metric or dead letter does.
    for text in told.iter().filter(|text| !text.contains("TRACE")) {
        assert!(!text.contains("s3-path"), "{text}");
    }
    let check = with_secrets(site.mill(&["check"])).run();
    assert_eq!(check.code, Some(0));
    for secret in &secrets[..4] {
        assert!(!check.stdout.contains(secret), "{}", check.stdout);
    }
    // A secret that cannot be used is not told either.
    site.says("sinks:\n  - postgres: { url_env: T1 }\n");
    let wrong = site.mill(&["run"]).env("T1", "postgres://u:s3-source-token@[::zz/x").run();
    assert!(!wrong.stderr.contains(secrets[0]), "{}", wrong.stderr);
    assert_ne!(wrong.code, Some(0));
}

fn page() -> PathBuf {
    case::root().join("wire-story/page.html")
}

#[test]
fn an_open_address_needs_a_token() {
    let site = Site::new("telemetry: { listen: \"0.0.0.0:9464\" }\n");
    for verb in ["check", "run"] {
        let ran = site.ask(&[verb]);
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.starts_with("pipeline.yaml:1:22: "), "{}", ran.stderr);
        assert!(ran.stderr.contains("needs a bearer token"), "{}", ran.stderr);
    }
    site.says("telemetry: { listen: \"0.0.0.0:0\", token_env: NO_SUCH }\n");
    let ran = site.ask(&["run"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("NO_SUCH is not set"), "{}", ran.stderr);
}

#[test]
fn systemd_is_told() {
    let site = Site::new(FOLDER);
    let socket = UnixDatagram::bind(site.path("notify")).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut told = String::new();
    let hear = |told: &mut String, what: &str| {
        while !told.contains(what) {
            let mut message = [0; 512];
            let length = socket.recv(&mut message).expect(what);
            told.push_str(&String::from_utf8_lossy(&message[..length]));
            told.push('\n');
        }
    };
    let running = site
        .mill(&["run"])
        .env("NOTIFY_SOCKET", &text(&site.path("notify")))
        .env("WATCHDOG_USEC", "200000")
        .start();
    hear(&mut told, "READY=1");
    hear(&mut told, "WATCHDOG=1");
    told.clear();
    signal(&running, "-HUP");
    hear(&mut told, "RELOADING=1");
    assert!(told.contains("MONOTONIC_USEC="), "{told}");
    hear(&mut told, "READY=1");
    signal(&running, "-TERM");
    hear(&mut told, "STOPPING=1");
    assert_eq!(running.wait().code, Some(0));
}

#[test]
fn the_journal_gets_priorities_and_no_times() {
    use std::os::unix::fs::MetadataExt;
    let site = Site::new("sources:\n  - { name: gone, feed: \"http://127.0.0.1:1/\" }\n");
    let log = fs::File::create(site.path("log")).expect("a log");
    let stream = log.metadata().expect("its inode");
    let status = Command::new(binary())
        .args(["run", "--once-through"])
        .current_dir(site.0.path())
        .env("JOURNAL_STREAM", format!("{}:{}", stream.dev(), stream.ino()))
        .env_remove("RUST_LOG")
        .stderr(log)
        .status();
    assert!(status.expect("it runs").success());
    let log = fs::read_to_string(site.path("log")).expect("a log");
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines.iter().any(|line| line.starts_with("<6>runs ")), "{log}");
    assert!(lines.iter().any(|line| line.starts_with("<4>poll failed ")), "{log}");
}

#[test]
fn shells_and_man_are_served() {
    let site = Site::new("");
    for (shell, part) in [("bash", "_newsmill"), ("zsh", "#compdef newsmill"), ("fish", "newsmill")]
    {
        let ran = site.ask(&["completions", shell]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.stdout.contains(part) && ran.stdout.contains("once"), "{shell}");
    }
    assert_eq!(site.ask(&["man", "man1"]).code, Some(0));
    for page in ["newsmill.1", "newsmill-once.1", "newsmill-tap.1"] {
        let roff = fs::read_to_string(site.path("man1").join(page)).expect(page);
        assert!(roff.contains(".TH"), "{roff}");
    }
}

/// The path of something in the workspace.
fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// What the image and the unit file run, in a clean folder.
#[test]
fn the_commands_of_the_containers_work() {
    let dockerfile = fs::read_to_string(shipped("docker/Dockerfile")).expect("a Dockerfile");
    let words = |mark: &str| -> Vec<String> {
        let mut lines = dockerfile.lines().map(str::trim);
        let line = lines.find(|line| line.starts_with(mark)).expect(mark);
        let words = line.trim_start_matches("CMD ");
        let words: Vec<String> = serde_json::from_str(words).expect("the form without a shell");
        words.iter().map(|w| w.replace("/etc/newsmill/", "")).collect()
    };
    let health = words("CMD [\"/usr").into_iter().skip(1).collect::<Vec<_>>();
    let run = words("CMD [\"run");
    let site = Site::new("");
    let yaml = fs::read_to_string(shipped("pipeline.yaml")).expect("the example");
    // Nobody on the web is asked.
    site.says(&yaml.replace("https://", "http://127.0.0.1:1/"));
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    let health: Vec<&str> = health.iter().map(String::as_str).collect();
    assert_eq!(site.ask(&["check", "pipeline.yaml"]).code, Some(0));
    let running = site.mill(&run).start();
    let begun = Instant::now();
    while site.ask(&health).code != Some(0) {
        assert!(begun.elapsed() < PATIENCE, "never healthy");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&running, "-TERM");
    assert_eq!(running.wait().code, Some(0));
    assert_eq!(site.ask(&health).code, Some(69));
}

/// Every word that is named like a metric.
fn metrics_named(text: &str) -> std::collections::BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let named = text.split(word).filter(|word| word.starts_with("newsmill_"));
    named
        .map(|word| {
            // Histograms are named by their family.
            let family =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end));
            family.unwrap_or(word).to_owned()
        })
        .collect()
}

#[test]
fn dashboards_and_alerts_name_metrics_that_are_there() {
    let address = free_address();
    let site = Site::new(&format!("{FOLDER}telemetry: {{ listen: \"{address}\" }}\n"));
    site.add("wire-story");
    let running = site.mill(&["run"]).start();
    site.until("the first record", |now| delivered(now) == 1);
    let metrics = get(&address, "/metrics", "");
    signal(&running, "-TERM");
    running.wait();
    let there: std::collections::BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let dashboard = fs::read_to_string(shipped("docker/grafana/newsmill.json")).expect("it");
    let json: Value = serde_json::from_str(&dashboard).expect("a dashboard is JSON");
    let expressions: Vec<&str> = json["panels"]
        .as_array()
        .expect("panels")
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .map(|target| target["expr"].as_str().expect("an expression"))
        .collect();
    assert!(expressions.len() >= 10, "{}", expressions.len());
    let alerts = fs::read_to_string(shipped("docker/prometheus/alerts.yaml")).expect("they");
    for named in metrics_named(&expressions.join(" ")).iter().chain(&metrics_named(&alerts)) {
        assert!(there.contains(named.as_str()), "no metric `{named}`");
    }
}
