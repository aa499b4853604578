//! The JSON Schemas as files, so that a change of a promise is seen in a diff.

use std::fs;

use anyhow::{Context, bail};

/// Write or compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only compare, and fail when a file is not what the types say
    #[arg(long)]
    check: bool,
}

impl Args {
    /// As with `--check`.
    pub(crate) fn check() -> Self {
        Self { check: true }
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let config = newsmill_pipeline::config::schema();
    let record = schemars::schema_for!(newsmill_article::Record);
    for (schema, path) in [
        (config, "crates/pipeline/pipeline.schema.json"),
        (record, "crates/article/record.schema.json"),
    ] {
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        let file = crate::root().join(path);
        if args.check {
            let stored = fs::read_to_string(&file).context(path)?;
            if stored != text {
                bail!("{path} is not what the types say; run `cargo xtask schema` and commit it");
            }
        } else {
            fs::write(&file, text).context(path)?;
        }
    }
    Ok(())
}
