//! Every crate that is linked into the binary has a licence that `deny.toml` allows, and comes from
//! crates.io: what `cargo deny` says of them, from what cargo knows itself, without a download.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::dist;

pub(crate) fn run() -> anyhow::Result<()> {
    let allowed = fs::read_to_string(crate::root().join("deny.toml")).context("deny.toml")?;
    let allowed = allowed.split("allow = [").nth(1).and_then(|rest| rest.split(']').next());
    let allowed: BTreeSet<&str> =
        allowed.context("deny.toml allows nothing")?.split('"').skip(1).step_by(2).collect();
    let metadata = dist::metadata()?;
    let linked = dist::linked(&metadata);
    let packages = metadata["packages"].as_array().context("no packages")?;
    let wrong: Vec<String> = packages
        .iter()
        .filter(|package| package["id"].as_str().is_some_and(|id| linked.contains(id)))
        .filter_map(|package| fault(package, &allowed))
        .collect();
    ensure!(wrong.is_empty(), "not allowed by deny.toml:\n{}", wrong.join("\n"));
    Ok(())
}

fn fault(package: &Value, allowed: &BTreeSet<&str>) -> Option<String> {
    let name = format!("{} {}", package["name"], package["version"]);
    let source = package["source"].as_str();
    if source.is_some_and(|source| !source.contains("crates.io")) {
        return Some(format!("{name} comes from {}", package["source"]));
    }
    match package["license"].as_str() {
        Some(licence) if allows(licence, allowed) => None,
        Some(licence) => Some(format!("{name}: {licence}")),
        None => Some(format!("{name} names no licence")),
    }
}

/// An SPDX expression as crates write it: alternatives (`OR`, `/`) of conjunctions (`AND`). With
/// parentheses around an alternative within a conjunction, each of its members must be allowed.
fn allows(licence: &str, allowed: &BTreeSet<&str>) -> bool {
    let one = |licence: &str| allowed.contains(licence.trim().trim_matches(['(', ')']).trim());
    if licence.contains('(') {
        let words = licence.replace(" OR ", "|").replace(" AND ", "|");
        return words.split('|').all(one);
    }
    let licence = licence.replace('/', " OR ");
    licence.split(" OR ").any(|all| all.split(" AND ").all(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_crates_write_them() {
        let allowed = BTreeSet::from(["MIT", "Apache-2.0", "Unicode-3.0"]);
        for good in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0"]
        {
            assert!(allows(good, &allowed), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR GPL-3.0) AND Unicode-3.0", ""] {
            assert!(!allows(bad, &allowed), "{bad}");
        }
    }
}
