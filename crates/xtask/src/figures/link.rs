//! The same pages in three processes over NATS JetStream, one server, every channel cut.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use newsmill_link::testing::Server;

use super::{Run, cpu_seconds};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Processes that end with this.
struct Crew(Vec<Child>);

impl Drop for Crew {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It may have ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Mills `count` pages into a ledger and three sinks, and adds up the CPU time of all processes,
/// the broker's with them. Starting them is not counted in the time by the wall.
pub(super) fn run(binary: &Path, pages: &Path, place: &Path, count: usize) -> anyhow::Result<Run> {
    crate::setup::nats()?;
    let server = Server::start("")?;
    let place = place.join("link");
    fs::create_dir_all(&place)?;
    let yaml = format!(
        "sources:\n  - {{ name: pages, folder: {} }}\n\
         sinks:\n  - jsonl: {{ path: a.jsonl }}\n  - jsonl: {{ name: second, path: b.jsonl }}\n  - sqlite: {{ path: c.sqlite }}\n\
         ledger: {{ path: ledger.db }}\nlink: {{ nats: {{ url: \"{}\" }} }}\n",
        pages.display(),
        server.url()
    );
    fs::write(place.join("pipeline.yaml"), yaml)?;
    let mut crew = Crew(Vec::new());
    let begun = Instant::now();
    for stages in ["sink", "fetcher,cleaner", "summarizer"] {
        let mut mill = Command::new(binary);
        mill.args(["run", "--stages", stages]).current_dir(&place);
        let log = fs::File::create(place.join(format!("{stages}.log")))?;
        let silent = mill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        crew.0.push(silent.spawn().context("cannot start newsmill")?);
    }
    while settled(binary, &place)? < count as u64 {
        for child in &mut crew.0 {
            ensure!(child.try_wait()?.is_none(), "a process ended: see {}", place.display());
        }
        ensure!(begun.elapsed() < PATIENCE, "no end in sight: see {}", place.display());
        std::thread::sleep(Duration::from_millis(500));
    }
    let wall = begun.elapsed();
    let broker = server.pid().context("the server does not run")?;
    let all = crew.0.iter().map(Child::id).chain([broker]);
    let cpu = all.filter_map(|id| cpu_seconds(&format!("/proc/{id}/stat"))).sum();
    drop(crew);
    fs::remove_dir_all(&place)?;
    Ok(Run { wall, cpu, peak: 0, busy: 0.0 })
}

/// The entries that have come to their end.
fn settled(binary: &Path, place: &Path) -> anyhow::Result<u64> {
    let mut status = Command::new(binary);
    let out =
        status.args(["status", "--json", "--ledger", "ledger.db"]).current_dir(place).output()?;
    // There is no ledger yet.
    let Ok(status) = serde_json::from_slice::<serde_json::Value>(&out.stdout) else { return Ok(0) };
    let of = |name: &str| status[name].as_u64().unwrap_or(0);
    let rejected = status["rejected"].as_object().into_iter().flatten();
    let rejected: u64 = rejected.filter_map(|(_, count)| count.as_u64()).sum();
    Ok(of("delivered") + of("duplicates") + rejected)
}
