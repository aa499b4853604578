//! WPT's `urltestdata.json`. Where `expected_failures.txt` of the `url` crate lies beside it, what
//! that lists is upstream's own.

use std::collections::HashSet;
use std::path::Path;

use newsmill_fetcher::parse::{self, UrlParts};
use serde_json::Value;

use super::{Cases, Outcome, caught};

pub(super) fn run(dir: &Path) -> anyhow::Result<Cases> {
    let tests: Vec<Value> = serde_json::from_slice(&std::fs::read(dir.join("urltestdata.json"))?)?;
    let known = std::fs::read_to_string(dir.join("expected_failures.txt")).unwrap_or_default();
    let known: HashSet<&str> = known.lines().collect();
    let mut cases = Vec::new();
    for test in &tests {
        let Some(input) = test.get("input").and_then(Value::as_str) else { continue };
        let base = test.get("base").and_then(Value::as_str);
        let mut name = format!("<{}>", input.escape_default());
        if let Some(base) = base {
            name = format!("{name} against <{}>", base.escape_default());
        }
        let outcome = match caught(|| case(test, input, base)) {
            Outcome::Fail(_) if known.contains(name.as_str()) => {
                Outcome::Differs("a known failure of the url crate".to_owned())
            }
            other => other,
        };
        cases.push((name, outcome));
    }
    Ok(cases)
}

fn case(test: &Value, input: &str, base: Option<&str>) -> Outcome {
    let ours = parse::url(input, base);
    let fails = test.get("failure").and_then(Value::as_bool).unwrap_or(false);
    match ours {
        Err(_) if fails => Outcome::Pass,
        Err(error) => Outcome::Fail(format!("refused: {error}")),
        Ok(ours) if fails => Outcome::Fail(format!("taken as {}", ours.href)),
        Ok(ours) => compare(test, &ours),
    }
}

fn compare(test: &Value, ours: &UrlParts) -> Outcome {
    let parts = [
        ("href", &ours.href),
        ("protocol", &ours.protocol),
        ("username", &ours.username),
        ("password", &ours.password),
        ("host", &ours.host),
        ("hostname", &ours.hostname),
        ("port", &ours.port),
        ("pathname", &ours.pathname),
        ("search", &ours.search),
        ("hash", &ours.hash),
    ];
    for (part, value) in parts {
        if let Some(expected) = test.get(part).and_then(Value::as_str)
            && expected != value
        {
            return Outcome::Fail(format!("{part} {value:?}, not {expected:?}"));
        }
    }
    Outcome::Pass
}
