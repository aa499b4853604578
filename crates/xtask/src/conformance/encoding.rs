//! html5lib-tests `encoding`: pages with the encoding that a browser takes them for.

use std::path::Path;

use newsmill_cleaner::decode;

use super::{Cases, Outcome, below, caught, files};

pub(super) fn run(dir: &Path) -> anyhow::Result<Cases> {
    let mut cases = Vec::new();
    for file in files(dir, 2) {
        if file.extension().is_none_or(|e| e != "dat") {
            continue;
        }
        let bytes = std::fs::read(&file)?;
        let scripted = below(&file, dir).starts_with("scripted");
        for (number, (data, expected)) in blocks(&bytes).enumerate() {
            let outcome = match scripted {
                true => Outcome::Differs("scripts are not run".to_owned()),
                false => caught(|| case(data, &expected)),
            };
            cases.push((format!("{} {}", below(&file, dir), number + 1), outcome));
        }
    }
    Ok(cases)
}

/// `#data`, the page, `#encoding`, the name.
fn blocks(bytes: &[u8]) -> impl Iterator<Item = (&[u8], String)> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let start = find(rest, b"#data\n")? + 6;
        let middle = start + find(&rest[start..], b"\n#encoding\n")?;
        let data = &rest[start..middle];
        rest = &rest[middle + 11..];
        let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        let name = String::from_utf8_lossy(&rest[..end]).trim().to_owned();
        rest = &rest[end..];
        Some((data, name))
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn case(data: &[u8], expected: &str) -> Outcome {
    let ours = match decode::decode(data, None) {
        Ok(decoded) => decoded.encoding.name(),
        Err(error) => return Outcome::Fail(error.to_string()),
    };
    if ours.eq_ignore_ascii_case(expected) {
        return Outcome::Pass;
    }
    if data.is_ascii() && ours == "UTF-8" {
        return Outcome::Differs(format!("ASCII, the same in UTF-8 as in {expected}"));
    }
    if ours == "UTF-8" && std::str::from_utf8(data).is_ok() {
        return Outcome::Differs(format!("valid UTF-8 that declares or suggests {expected}"));
    }
    Outcome::Fail(format!("{ours}, not {expected}"))
}
