//! What a contributor runs: everything that the project does to itself.
//!
//! `cargo xtask test` is the whole check, the same on a laptop and in CI. Each verb is one file.

mod cluster;
mod command;
mod conformance;
mod crash;
mod dist;
mod figures;
mod gbm;
mod licences;
mod llama;
mod power_loss;
mod rust_bert;
mod schema;
mod setup;
mod soak;
mod test;
mod train_cleaner;
mod train_grounding;
mod train_summarizer;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

/// Sets up, tests and trains newsmill.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Install what the tests need where it is missing (PostgreSQL, NATS); with --rust-bert fetch
    /// libtorch and a sentence encoder
    Setup(setup::Args),
    /// Set up, then format, lints, docs, all tests, schema drift: all that must hold
    Test(test::Args),
    /// Kill newsmill again and again, or at each commit point, and show that nothing is lost or
    /// doubled
    Crash(crash::Args),
    /// Lose power at any moment of random histories and show that nothing acknowledged is lost
    PowerLoss(power_loss::Args),
    /// Run newsmill at full speed for a while and show that memory, files and counts are right
    Soak(soak::Args),
    /// Start a mill in many processes over NATS; with --prove break it, with --scale measure it
    Cluster(cluster::Args),
    /// Build what is handed to people: binary, completions, man pages, checksums, bill of materials
    Dist(dist::Args),
    /// Measure the whole mill: pages a second, cores, memory, the cost of the ledger and of metrics
    Figures(figures::Args),
    /// Run a public test suite (feedparser, gofeed, html5lib-tests encoding, WPT URLs,
    /// google/robotstxt, warcio) against the parsers
    Conformance(conformance::Args),
    /// Write the JSON Schemas of the configuration and the record anew; with --check only compare
    Schema(schema::Args),
    /// Train the cleaner's table anew, and report its cross-validated and plain scores
    TrainCleaner(train_cleaner::Args),
    /// Train the weights of the extractive summarizer anew and report what they are worth
    TrainSummarizer(train_summarizer::Args),
    /// Train the weights of the check of written sentences anew and report what they are worth
    TrainGrounding(train_grounding::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().verb {
        Verb::Setup(args) => setup::run(&args),
        Verb::Test(args) => test::run(&args),
        Verb::Crash(args) => crash::run(&args),
        Verb::PowerLoss(args) => power_loss::run(&args),
        Verb::Soak(args) => soak::run(&args),
        Verb::Cluster(args) => cluster::run(&args),
        Verb::Dist(args) => dist::run(&args),
        Verb::Figures(args) => figures::run(&args),
        Verb::Conformance(args) => conformance::run(&args),
        Verb::Schema(args) => schema::run(&args),
        Verb::TrainCleaner(args) => train_cleaner::run(&args),
        Verb::TrainSummarizer(args) => train_summarizer::run(&root(), &args),
        Verb::TrainGrounding(args) => train_grounding::run(&root(), &args),
    }
}

/// The top of the workspace.
fn root() -> PathBuf {
    // This crate lies two folders below it.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
