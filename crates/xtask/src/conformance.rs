//! Runs a public test suite against the parsers and prints how each of its files came out.
//!
//! The suites are not part of this project; anyone may fetch them. Which one a folder holds is told
//! from its files. Three ways to come out: `pass`; `differs`, where the project means to do other
//! than the suite and the reason is named; `FAIL`. A panic is a failure.
//!
//! | suite | recognised by | what is compared |
//! |---|---|---|
//! | feedparser `tests/` | `wellformed/` and `illformed/` | is it taken; title, link, id, dates and text where the file expects them |
//! | gofeed `testdata` | `parser/` and `translator/` | is it taken; titles, links, identifiers, dates |
//! | html5lib-tests `encoding` | `*.dat` with `#encoding` | the name of the encoding |
//! | WPT | `urltestdata.json` | every part of every URL |
//! | google/robotstxt | `robots_test.cc` | every call of `IsUserAgentAllowed` |
//! | warcio `test/data` | `*.warc`, `*.warc.gz` | reads to the end, record by record |

mod encoding;
mod feedparser;
mod gofeed;
mod robots;
mod urls;
mod warc;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Where the suite is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder of one of the suites, or a folder of such folders
    dir: PathBuf,
    /// Print only what does not pass
    #[arg(long)]
    failures: bool,
}

/// How one file, or one case in a file, came out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Pass,
    /// We mean it to be other, for this reason.
    Differs(String),
    Fail(String),
}

/// Cases with their names.
type Cases = Vec<(String, Outcome)>;

/// What runs a suite.
type Suite = fn(&Path) -> anyhow::Result<Cases>;

/// Which suite lies directly in a folder.
fn recognise(dir: &Path) -> Option<(&'static str, Suite)> {
    let has = |name: &str| dir.join(name).exists();
    let ends = |endings: &[&str]| {
        files(dir, 1)
            .iter()
            .any(|file| endings.iter().any(|ending| file.to_string_lossy().ends_with(ending)))
    };
    if has("wellformed") && has("illformed") {
        Some(("feedparser", feedparser::run))
    } else if has("parser") && has("translator") {
        Some(("gofeed", gofeed::run))
    } else if has("urltestdata.json") {
        Some(("WPT URLs", urls::run))
    } else if has("robots_test.cc") {
        Some(("google/robotstxt", robots::run))
    } else if ends(&[".warc", ".warc.gz"]) {
        Some(("WARC files", warc::run))
    } else if dir.ends_with("encoding") && ends(&[".dat"]) {
        Some(("html5lib-tests encoding", encoding::run))
    } else {
        None
    }
}

/// The files of a folder down to a depth, in order. Not recursive: a list of folders to visit.
pub(crate) fn files(dir: &Path, depth: usize) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![(dir.to_owned(), depth)]);
    while let Some((folder, left)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true if left > 1 && !path.is_symlink() => folders.push((path, left - 1)),
                true => {}
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

/// The folders of a folder, itself first, down to a depth.
fn folders(dir: &Path, depth: usize) -> Vec<PathBuf> {
    let (mut found, mut next) = (vec![dir.to_owned()], vec![(dir.to_owned(), depth)]);
    while let Some((folder, left)) = next.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() && !path.is_symlink() && left > 0 {
                found.push(path.clone());
                next.push((path, left - 1));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let found: Vec<_> = folders(&args.dir, 5)
        .into_iter()
        .filter_map(|dir| recognise(&dir).map(|(name, suite)| (dir, name, suite)))
        .collect();
    if found.is_empty() {
        bail!(
            "{}: none of the suites that `cargo xtask help conformance` knows",
            args.dir.display()
        );
    }
    let mut out = std::io::stdout().lock();
    let mut failed = 0;
    for (dir, name, suite) in found {
        let cases = suite(&dir).with_context(|| format!("{name} in {}", dir.display()))?;
        let mut counts = [0usize; 3];
        for (case, outcome) in &cases {
            let (at, line) = match outcome {
                Outcome::Pass => (0, format!("pass     {case}")),
                Outcome::Differs(why) => (1, format!("differs  {case}: {why}")),
                Outcome::Fail(why) => (2, format!("FAIL     {case}: {why}")),
            };
            counts[at] += 1;
            if at > 0 || !args.failures {
                writeln!(out, "{line}")?;
            }
        }
        let [pass, differs, fail] = counts;
        writeln!(
            out,
            "{name}: {} cases, {pass} pass, {differs} differ for a named reason, {fail} fail\n",
            cases.len()
        )?;
        failed += fail;
    }
    if failed > 0 {
        bail!("{failed} cases failed");
    }
    Ok(())
}

/// Runs one case; a panic in it is its failure.
pub(crate) fn caught(case: impl FnOnce() -> Outcome + std::panic::UnwindSafe) -> Outcome {
    std::panic::catch_unwind(case).unwrap_or_else(|_| Outcome::Fail("panicked".to_owned()))
}

/// A file's path below its suite.
pub(crate) fn below(file: &Path, dir: &Path) -> String {
    file.strip_prefix(dir).unwrap_or(file).display().to_string()
}
