//! `cargo xtask dist`: what is handed to people who do not build.
//!
//! A folder (and beside it a `.tar.gz` of it) with the stripped binary, completions, man pages, the
//! example configuration, the systemd unit, licence, a bill of materials in CycloneDX 1.5 over the
//! crates that are linked in, and SHA-256 sums of all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::command::{command, step};

/// What the binary of the default features may weigh.
const HEAVIEST: u64 = 30 << 20;

/// Where to, and what.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder that becomes the parent of what is made
    #[arg(long, default_value = "target/dist")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let build = command("cargo", ["build", "--release", "--locked", "--package", "newsmill"]);
    step("build", build)?;
    let binary = crate::target().join("release/newsmill");
    let weight = fs::metadata(&binary)?.len();
    ensure!(weight <= HEAVIEST, "the binary weighs {weight} bytes, more than {HEAVIEST}");
    let name = format!("newsmill-{}-{}", env!("CARGO_PKG_VERSION"), host()?);
    let root = crate::root();
    let folder = root.join(&args.out).join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for part in ["bin", "completions", "systemd"] {
        fs::create_dir_all(folder.join(part))?;
    }
    fs::copy(&binary, folder.join("bin/newsmill"))?;
    for file in
        ["LICENSE", "README.md", "CHANGELOG.md", "pipeline.yaml", "systemd/newsmill.service"]
    {
        fs::copy(root.join(file), folder.join(file)).context(file)?;
    }
    for (shell, file) in [
        ("bash", "newsmill.bash"),
        ("zsh", "_newsmill"),
        ("fish", "newsmill.fish"),
        ("elvish", "newsmill.elv"),
        ("powershell", "newsmill.ps1"),
    ] {
        let script = output(Command::new(&binary).args(["completions", shell]))?;
        fs::write(folder.join("completions").join(file), script)?;
    }
    output(Command::new(&binary).arg("man").arg(folder.join("man/man1")))?;
    let bill = serde_json::to_string_pretty(&bill(&metadata()?)?)?;
    fs::write(folder.join("newsmill.cdx.json"), bill + "\n")?;
    fs::write(folder.join("SHA256SUMS"), sums(&folder)?)?;

    let archive = folder.with_file_name(format!("{name}.tar.gz"));
    let parent = folder.parent().context("a folder has a parent")?;
    let mut tar = Command::new("tar");
    // The same files make the same archive.
    tar.args(["--create", "--gzip", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .arg("--mtime=@0")
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(parent)
        .arg(&name);
    step("archive", tar)?;
    let sum = sum(&archive)?;
    fs::write(parent.join(format!("{name}.tar.gz.sha256")), format!("{sum}  {name}.tar.gz\n"))?;
    writeln!(std::io::stderr(), "{} ({} KiB of binary)", archive.display(), weight >> 10)?;
    Ok(())
}

fn output(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let ran = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !ran.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }
    Ok(ran.stdout)
}

/// The triple of this machine.
fn host() -> anyhow::Result<String> {
    let version = output(Command::new("rustc").arg("--version").arg("--verbose"))?;
    let version = String::from_utf8(version)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say its host")?.to_owned())
}

/// `cargo metadata` for this machine.
pub(crate) fn metadata() -> anyhow::Result<Value> {
    let host = host()?;
    let mut cargo = command(
        "cargo",
        ["metadata", "--format-version", "1", "--locked", "--filter-platform", &host],
    );
    Ok(serde_json::from_slice(&output(&mut cargo)?)?)
}

/// The packages that are linked into the binary, by their id: what normal dependencies reach.
pub(crate) fn linked(metadata: &Value) -> BTreeSet<&str> {
    let nodes = metadata["resolve"]["nodes"].as_array();
    let nodes: BTreeMap<&str, &Value> =
        nodes.into_iter().flatten().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let is_root = |package: &&Value| package["name"] == "newsmill";
    let packages = metadata["packages"].as_array();
    let root = packages.into_iter().flatten().find(is_root).and_then(|p| p["id"].as_str());
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&str> = root.into_iter().collect();
    while let Some(id) = ahead.pop() {
        if !reached.insert(id) {
            continue;
        }
        let deps = nodes.get(id).and_then(|node| node["deps"].as_array());
        for dep in deps.into_iter().flatten() {
            let kinds = dep["dep_kinds"].as_array();
            // A normal dependency has no kind.
            if kinds.into_iter().flatten().any(|kind| kind["kind"].is_null()) {
                ahead.extend(dep["pkg"].as_str());
            }
        }
    }
    reached
}

/// CycloneDX 1.5.
fn bill(metadata: &Value) -> anyhow::Result<Value> {
    let linked = linked(metadata);
    let packages = metadata["packages"].as_array().context("no packages")?;
    let mut components = Vec::new();
    for package in packages {
        let id = package["id"].as_str().unwrap_or_default();
        let (Some(name), Some(version)) = (package["name"].as_str(), package["version"].as_str())
        else {
            continue;
        };
        if !linked.contains(id) || name == "newsmill" {
            continue;
        }
        let address = format!("pkg:cargo/{name}@{version}");
        let mut component = json!({
            "type": "library",
            "bom-ref": address,
            "name": name,
            "version": version,
            "purl": address,
        });
        if let Some(licence) = package["license"].as_str() {
            // Some still write `/` for `OR`.
            let licence = licence.replace('/', " OR ");
            component["licenses"] = json!([{ "expression": licence }]);
        }
        components.push(component);
    }
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "name": "newsmill",
            "version": env!("CARGO_PKG_VERSION"),
            "licenses": [{ "expression": "Apache-2.0" }],
        } },
        "components": components,
    }))
}

/// In the format of `sha256sum --check`.
fn sums(folder: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for found in fs::read_dir(folder)? {
            let path = found?.path();
            if path.is_dir() { ahead.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut sums = String::new();
    for file in files {
        let name = file.strip_prefix(folder)?.display().to_string();
        writeln!(sums, "{}  {name}", sum(&file)?)?;
    }
    Ok(sums)
}

fn sum(file: &Path) -> anyhow::Result<String> {
    let digest = Sha256::digest(fs::read(file)?);
    Ok(digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")))
}
