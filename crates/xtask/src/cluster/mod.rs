//! `cargo xtask cluster`: a whole mill on one machine, in many processes over NATS.
//!
//! Without more it starts three NATS servers, an owner, fetchers and summarizers over a folder of
//! made pages, says where everything is, and runs until Ctrl-C. `--prove` breaks one part after
//! another while pages come, and shows that nothing is lost or doubled. `--scale` measures what
//! more summarizers bring.

mod parts;
mod prove;
mod scale;

use std::path::PathBuf;
use std::time::Duration;

use parts::{Cluster, Options, say};

use crate::command;

/// What to do with a cluster.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Break it part by part and show that nothing is lost or doubled
    #[arg(long, conflicts_with = "scale")]
    prove: bool,

    /// Measure articles a second with 1, 2 and 4 summarizers that wait as for a slow model
    #[arg(long)]
    scale: bool,

    /// How many pages to mill
    #[arg(long, default_value_t = 20_000)]
    pages: usize,

    /// NATS servers
    #[arg(long, default_value_t = 3)]
    nodes: usize,

    /// Processes that fetch and clean
    #[arg(long, default_value_t = 2)]
    fetchers: usize,

    /// Processes that summarize
    #[arg(long, default_value_t = 2)]
    summarizers: usize,

    /// How long a partition or a stop lasts, in seconds
    #[arg(long, default_value_t = 60)]
    outage: u64,

    /// A newsmill to run instead of a fresh release build
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    crate::setup::nats()?;
    let binary = match &args.binary {
        Some(binary) => binary.canonicalize()?,
        None => {
            let build = command::command("cargo", ["build", "--release", "-p", "newsmill"]);
            command::step("build", build)?;
            let target = std::env::var_os("CARGO_TARGET_DIR")
                .map_or_else(|| crate::root().join("target"), PathBuf::from);
            target.join("release/newsmill")
        }
    };
    let options = Options { nodes: args.nodes, summarizer: String::new(), apart: args.prove };
    if args.scale {
        return scale::run(&binary, args.pages);
    }
    let mut cluster = Cluster::new(&binary, &options)?;
    cluster.owner()?;
    for _ in 0..args.fetchers {
        cluster.start("fetcher,cleaner")?;
    }
    for _ in 0..args.summarizers {
        cluster.start("summarizer")?;
    }
    if args.prove {
        return prove::run(&mut cluster, args.pages, Duration::from_secs(args.outage));
    }
    cluster.write_pages(args.pages)?;
    play(&cluster)
}

/// Says what is where, and how far it is, until Ctrl-C ends all of us.
fn play(cluster: &Cluster) -> anyhow::Result<()> {
    let folder = cluster.folder().display();
    say(&format!("records:        {folder}/news.jsonl and news.sqlite"))?;
    say(&format!("pages:          {folder}/pages; put more there"))?;
    say(&format!("logs:           {folder}/*.log"))?;
    say(&format!("configuration:  {folder}/pipeline.yaml"))?;
    for (name, pid) in cluster.processes() {
        say(&format!("process {pid:>8}: {name}"))?;
    }
    say("kill any of them; Ctrl-C ends all")?;
    loop {
        std::thread::sleep(Duration::from_secs(5));
        let count = cluster.count()?;
        say(&format!(
            "{} records, {} handed off, {} due",
            count.delivered, count.handed_off, count.due
        ))?;
    }
}
