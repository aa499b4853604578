//! The process dies, or a call fails, at each side of each commit point.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use anyhow::{Context, ensure};
use newsmill_failpoint::POINTS;

use super::mill::{Left, Mill};
use super::say;

/// What processes leave that died with batches under way: the next one has files to cut back, to
/// rename and to remove.
const UNDER_WAY: [&str; 3] =
    ["ledger.deliver.before=2", "jsonl.rename.after=8", "jsonl.write.after=12"];

/// Goes through all points whose names begin with `only`.
pub(super) fn run(whole: &Mill, expected: &Left, place: &Path, only: &str) -> anyhow::Result<()> {
    let mut reached = 0;
    for point in POINTS.iter().filter(|point| point.starts_with(only)) {
        for side in ["before", "after"] {
            for action in ["", ":error"] {
                let mut here = 0;
                // At once, some way on, and in a life after a death.
                let after = UNDER_WAY.map(|first| (Some(first), 1));
                for (first, pass) in [(None, 1), (None, 3)].into_iter().chain(after) {
                    let fail = format!("{point}.{side}={pass}{action}");
                    let met = broken(whole, expected, &place.join("point"), first, &fail)
                        .with_context(|| format!("after {first:?}, {fail}"))?;
                    here += usize::from(met);
                }
                ensure!(here > 0, "{point}.{side} was never reached");
                reached += here;
            }
        }
        say(&format!("{point}: before and after, dead and failed: all alike"))?;
    }
    say(&format!("{reached} deaths and failures"))
}

/// Lives until what is asked for has happened, and one life more. Whether it was met.
fn broken(
    whole: &Mill,
    expected: &Left,
    folder: &Path,
    first: Option<&str>,
    fail: &str,
) -> anyhow::Result<bool> {
    let mill = Mill::new(&whole.binary, folder, &whole.pages, &whole.rotate)?;
    if let Some(first) = first {
        // Where everything came in fewer batches, this life is an unbroken one.
        live(&mill, first)?;
    }
    let met = live(&mill, fail)?;
    if met {
        let ended = mill.start(None)?.wait()?;
        ensure!(ended.success(), "the rerun failed: {}", mill.log());
        expected.compare(&Left::of(&mill)?)?;
    }
    std::fs::remove_dir_all(folder)?;
    Ok(met)
}

/// One life with something asked of the commit points; whether it was met.
fn live(mill: &Mill, fail: &str) -> anyhow::Result<bool> {
    let status = mill.start(Some(fail))?.wait()?;
    let log = mill.log();
    let reached = log.contains("fail point ");
    ensure!(!log.contains("panicked at"), "{fail}: a panic: {log}");
    if fail.ends_with(":error") || !reached {
        // A failed call is mended at once or ends the run with a word.
        ensure!(status.code().is_some_and(|code| code != 101), "{fail}: {status}: {log}");
        ensure!(reached || status.success(), "{fail}: {status}: {log}");
    } else {
        ensure!(status.signal().is_some(), "{fail}: {status} instead of a death: {log}");
    }
    Ok(reached)
}
