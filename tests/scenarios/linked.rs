//! `newsmill run --stages`: the stages in processes of their own, tied by a real NATS server.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::mill::{Running, mill, records_in};
use newsmill_link::testing::Server;

/// Only to end a test that would wait for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// Three kinds of processes over one folder of pages.
struct Cluster {
    folder: tempfile::TempDir,
    server: Server,
    pages: usize,
}

impl Cluster {
    fn new(pages: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::start("").expect("a NATS server");
        let shelf = folder.path().join("pages");
        fs::create_dir(&shelf).expect("a folder");
        for number in 0..pages {
            fs::write(shelf.join(format!("{number}.html")), story(number)).expect("a page");
        }
        // No text in it: it is rejected, and its fate comes home by another way.
        fs::write(shelf.join("empty.html"), "<title>Nothing</title>").expect("a page");
        let yaml = format!(
            "sources:\n  - name: pages\n    folder: {}\nsinks:\n  - jsonl: {{ path: news.jsonl }}\n\
             ledger: {{ path: ledger.sqlite }}\nlink: {{ nats: {{ url: \"{}\" }} }}\n",
            shelf.display(),
            server.url()
        );
        fs::write(folder.path().join("pipeline.yaml"), yaml).expect("a configuration");
        Self { folder, server, pages }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, stages: &str) -> Running {
        let arguments = ["run", "pipeline.yaml", "--stages", stages];
        mill(arguments).current_dir(self.folder.path()).env("RUST_LOG", "info").start()
    }

    /// Waits until the file has this many records.
    fn wait_for(&self, records: usize) {
        let began = Instant::now();
        while lines(&self.path("news.jsonl")) < records {
            assert!(began.elapsed() < PATIENCE, "{} records", lines(&self.path("news.jsonl")));
            std::thread::sleep(Duration::from_millis(20));
        }
        // Rejections come home by a way of their own, perhaps after the last record.
        while self.status()["handed_off"] != 0 {
            assert!(began.elapsed() < PATIENCE, "{}", self.status());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn status(&self) -> serde_json::Value {
        let ran = mill(["status", "--json", "--ledger", "ledger.sqlite"]);
        let ran = ran.current_dir(self.folder.path()).run();
        serde_json::from_str(&ran.stdout).expect("a status")
    }

    /// Each page is one record, and the page without a text is known as such.
    fn check(&self) {
        let records = records_in(&self.path("news.jsonl"));
        let inputs: BTreeSet<&str> = records.iter().map(|record| record.input.as_str()).collect();
        assert_eq!((records.len(), inputs.len()), (self.pages, self.pages));
        assert!(records.iter().all(|record| !record.summary.text.is_empty()));
        let status = self.status();
        assert_eq!(status["delivered"], self.pages, "{status}");
        let reasons = status["rejected"].as_object().expect("counts by reason");
        let rejected: u64 = reasons.values().filter_map(serde_json::Value::as_u64).sum();
        assert_eq!(rejected, 1, "{status}");
        assert_eq!(status["handed_off"], 0, "{status}");
    }
}

fn story(number: usize) -> String {
    let mut html =
        format!("<!doctype html><html lang=en><title>Bridge {number} opens</title><article>");
    for paragraph in 0..3 {
        write!(
            html,
            "<p>Bridge number {number} opened on day {paragraph} after {} years of work, and the \
             mayor of town {} said that she had crossed it on foot before anybody else did.</p>",
            number % 37 + 2,
            number * 7 + paragraph,
        )
        .expect("writes to a string");
    }
    html
}

fn lines(path: &Path) -> usize {
    fs::read(path).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count()
}

fn signal(running: &Running, name: &str) {
    let sent = Command::new("kill").args([name, &running.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

#[test]
fn stages_in_three_processes_leave_what_one_leaves() {
    let cluster = Cluster::new(60);
    let all = ["sink", "fetcher,cleaner", "summarizer"].map(|stages| cluster.start(stages));
    cluster.wait_for(60);
    for process in &all {
        signal(process, "-TERM");
    }
    for process in all {
        let ran = process.wait();
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    cluster.check();
}

#[test]
fn what_is_missing_for_stages_alone_is_said() {
    let cluster = Cluster::new(0);
    let yaml = fs::read_to_string(cluster.path("pipeline.yaml")).expect("a configuration");
    let run = |name: &str, yaml: String, stages: &str| {
        fs::write(cluster.path(name), yaml).expect("a configuration");
        let ran = mill(["run", name, "--stages", stages]).current_dir(cluster.folder.path()).run();
        assert_ne!(ran.code, Some(0));
        ran.stderr
    };
    let without_link = yaml.split("link:").next().unwrap_or_default().to_owned();
    assert!(run("a.yaml", without_link, "summarizer").contains("`--stages` needs `link`"));
    let in_memory = yaml.replace("ledger: { path: ledger.sqlite }\n", "");
    assert!(run("b.yaml", in_memory, "sink").contains("`ledger.path`"));
    assert!(run("c.yaml", yaml.clone(), "fetcher").contains("same process"));
    let nowhere = yaml.replace(&cluster.server.url(), "nats://127.0.0.1:1");
    assert!(run("d.yaml", nowhere, "summarizer").contains("cannot reach NATS at"));
}
