//! The whole check: what must hold before a change is taken.

use crate::command::{command, step};
use crate::{licences, llama, rust_bert, schema, setup};

/// What to leave out or add.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only format, lints, docs and schemas: no tests, nothing installed
    #[arg(long)]
    quick: bool,
    /// Only the tests of the feature rust-bert; fetches libtorch (810 MB) and a sentence encoder
    /// (84 MB) where they are missing
    #[arg(long)]
    rust_bert: bool,
    /// Only the tests of the feature llama; fetches a model, cmake and libclang (148 MB) where they
    /// are missing and builds llama.cpp (15 minutes of one core)
    #[arg(long)]
    llama: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.rust_bert {
        return rust_bert::test();
    }
    if args.llama {
        return llama::test();
    }
    let cargo = |words: &str| command("cargo", words.split_whitespace());
    step("format", cargo("fmt --all -- --check"))?;
    step("lints", cargo("clippy --quiet --workspace --all-targets -- --deny warnings"))?;
    let mut docs = cargo("doc --quiet --workspace --no-deps --document-private-items");
    docs.env("RUSTDOCFLAGS", "--deny warnings");
    step("docs", docs)?;
    schema::run(&schema::Args::check())?;
    licences::run()?;
    if args.quick {
        return Ok(());
    }
    setup::run(&setup::Args::default())?;
    // The tests of the binary run it as it lies in the target folder.
    step("build", cargo("build --quiet --workspace --all-targets"))?;
    step("tests", cargo("test --quiet --workspace --no-fail-fast"))
}
