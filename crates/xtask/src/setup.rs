//! Installs what the tests need and the machine lacks.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::command::{command, step};

/// The PostgreSQL server is the only thing outside of Rust that the default tests use.
pub(crate) fn run() -> anyhow::Result<()> {
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

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

fn postgres_present() -> bool {
    let on_path = Command::new("initdb").arg("--version").output().is_ok();
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .is_ok_and(|versions| versions.flatten().any(|v| v.path().join("bin/initdb").exists()));
    on_path || debian
}
