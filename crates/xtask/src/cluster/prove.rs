//! The proof: one part after another breaks while pages come; in the end every page is a record,
//! once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::parts::{Cluster, say};

/// What breaks.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Fetcher,
    Summarizer,
    Owner,
    Leader(&'static str),
    Partition(&'static str),
    FrozenFetcher,
    FullDisks,
    EverythingOfTheBroker,
}

const FAULTS: [Fault; 10] = [
    Fault::Fetcher,
    Fault::Summarizer,
    Fault::Owner,
    Fault::Leader("entries"),
    Fault::Leader("articles"),
    Fault::Partition("records"),
    Fault::FrozenFetcher,
    Fault::FullDisks,
    Fault::EverythingOfTheBroker,
    Fault::Owner,
];

/// How long the disks stay full.
const FULL: Duration = Duration::from_secs(20);

pub(super) fn run(cluster: &mut Cluster, pages: usize, outage: Duration) -> anyhow::Result<()> {
    let of_each = pages.div_ceil(FAULTS.len());
    let mut expected = 0;
    let begun = Instant::now();
    for fault in FAULTS {
        let more = of_each.min(pages - expected);
        cluster.write_pages(more)?;
        // It breaks in the middle of the work.
        cluster.wait_for(expected + more / 4)?;
        let before = cluster.count()?;
        let what = inflict(cluster, fault, outage)?;
        let broken = Instant::now();
        expected += more;
        cluster.wait_for(expected)?;
        say(&format!(
            "{what}: {} of {more} were on their way, all delivered {:.0} s after",
            expected as u64 - before.delivered,
            broken.elapsed().as_secs_f64()
        ))?;
    }
    cluster.end()?;
    check(cluster, pages)?;
    say(&format!(
        "{pages} articles, {} faults, {:.0} s: 0 lost, 0 double",
        FAULTS.len(),
        begun.elapsed().as_secs_f64()
    ))
}

/// Breaks something and mends it; tells what it was.
fn inflict(cluster: &mut Cluster, fault: Fault, outage: Duration) -> anyhow::Result<String> {
    let seconds = outage.as_secs();
    Ok(match fault {
        Fault::Fetcher => killed(cluster, "fetcher,cleaner")?,
        Fault::Summarizer => killed(cluster, "summarizer")?,
        Fault::Owner => killed(cluster, "sink")?,
        Fault::Leader(channel) => {
            let leader = cluster.leader(channel)?;
            cluster.nodes[leader].server.kill();
            std::thread::sleep(Duration::from_secs(5));
            cluster.nodes[leader].server.run()?;
            format!("kill -9 of the leader of {channel}, nats-{leader}")
        }
        Fault::Partition(channel) => {
            let leader = cluster.leader(channel)?;
            cluster.cut(leader, true)?;
            std::thread::sleep(outage);
            cluster.cut(leader, false)?;
            let how = if cluster.has_network() { "cut off" } else { "stopped" };
            format!("the leader of {channel}, nats-{leader}, {how} for {seconds} s")
        }
        Fault::FrozenFetcher => {
            cluster.freeze("fetcher,cleaner", true)?;
            std::thread::sleep(outage);
            cluster.freeze("fetcher,cleaner", false)?;
            format!("a fetcher stopped for {seconds} s")
        }
        Fault::FullDisks => {
            for node in &cluster.nodes {
                ensure!(node.fill(true)?, "the proof needs root, to give the servers small disks");
            }
            std::thread::sleep(FULL);
            for node in &mut cluster.nodes {
                node.fill(false)?;
                // A server whose disk was full has turned JetStream off until it starts anew.
                node.server.kill();
                node.server.run()?;
            }
            format!("every broker's disk full for {} s", FULL.as_secs())
        }
        Fault::EverythingOfTheBroker => {
            for node in &mut cluster.nodes {
                node.server.kill();
            }
            for node in &mut cluster.nodes {
                node.server.forget()?;
            }
            "every broker killed and emptied".to_owned()
        }
    })
}

fn killed(cluster: &mut Cluster, stages: &'static str) -> anyhow::Result<String> {
    let name = cluster.kill(stages)?;
    cluster.start(stages)?;
    Ok(format!("kill -9 of {name}"))
}

fn check(cluster: &Cluster, pages: usize) -> anyhow::Result<()> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for record in cluster.records()? {
        *times.entry(record["id"].to_string()).or_default() += 1;
    }
    let double: usize = times.values().map(|times| times - 1).sum();
    let lost = pages.saturating_sub(times.len());
    say(&format!("jsonl: {} articles, {lost} lost, {double} double", times.len()))?;
    ensure!(lost == 0 && double == 0, "something was lost or doubled");
    let db = rusqlite::Connection::open(cluster.folder().join("news.sqlite"))?;
    let rows: i64 = db.query_row("SELECT count(*) FROM records", [], |row| row.get(0))?;
    say(&format!("sqlite: {rows} rows"))?;
    ensure!(i64::try_from(pages) == Ok(rows), "the database has {rows} rows");
    let count = cluster.count()?;
    let pages = pages as u64;
    ensure!(
        (count.entries, count.delivered, count.handed_off) == (pages, pages, 0),
        "the counters do not add up: {count:?}"
    );
    Ok(())
}
