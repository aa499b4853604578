//! A saved page and what a careful human editor would keep of it. `tests/README.md` has the rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use newsmill_article::{Kind, Record};
use serde::{Deserialize, Deserializer};

use crate::compare;

/// A folder of `tests/pages`.
#[derive(Debug)]
pub struct Case {
    /// The name of the folder.
    pub name: String,
    /// The page: the one file in the folder whose name begins with `page.`.
    pub page: PathBuf,
    /// What must come of it.
    pub expected: Expected,
    /// `expected.text` without its last line break; `None` where the page must be rejected.
    pub text: Option<String>,
}

/// `expected.json`. A field that is left out is not compared; `null` must be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// The code of the reason, where no record must come.
    pub rejected: Option<String>,
    #[serde(deserialize_with = "given")]
    title: Option<Option<String>>,
    authors: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    published: Option<Option<Timestamp>>,
    #[serde(deserialize_with = "given")]
    modified: Option<Option<Timestamp>>,
    #[serde(deserialize_with = "given")]
    site: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    section: Option<Option<String>>,
    /// Compared as a set, whatever the case.
    tags: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    image: Option<Option<String>>,
    /// Compared by its first subtag: `en` fits `en-GB`.
    #[serde(deserialize_with = "given")]
    language: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    canonical_url: Option<Option<String>>,
    kind: Option<Kind>,
    #[serde(deserialize_with = "given")]
    paywalled: Option<Option<bool>>,
    /// The text may differ from the truth for now, but not more than this F1 (`compare::f1`).
    /// Left out: it must be the same, block for block.
    pub min_f1: Option<f64>,
    /// Fields that are known to be wrong for now; `rejected` where it is a record that comes
    /// instead of a rejection, or none where one should.
    pub not_yet: BTreeSet<String>,
}

/// Tells a field that says `null` from one that is left out.
fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// How a record stands against its case.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What is worse than the case allows.
    pub faults: Vec<String>,
    /// What is better than the case asks: `min_f1` or `not_yet` can be tightened.
    pub better: Vec<String>,
}

impl Verdict {
    /// One fault and nothing else.
    pub fn fault(fault: String) -> Self {
        Self { faults: vec![fault], better: Vec::new() }
    }
}

/// Every case, by name.
///
/// # Errors
///
/// Names the folder and what is wrong in it: no page or two, an `expected.json` that does not
/// parse, an `expected.text` that is missing.
pub fn all() -> Result<Vec<Case>, String> {
    let root = root();
    let mut folders: Vec<PathBuf> = fs::read_dir(&root)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|error| format!("{}: {error}", root.display()))?;
    folders.sort();
    folders.iter().map(|folder| load(folder)).collect()
}

/// `tests/pages`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pages")
}

fn load(folder: &Path) -> Result<Case, String> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let read = |file: &str| {
        let path = folder.join(file);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let expected: Expected = serde_json::from_str(&read("expected.json")?)
        .map_err(|error| format!("{name}/expected.json: {error}"))?;
    let text = match &expected.rejected {
        Some(_) => None,
        None => Some(read("expected.text")?.trim_end_matches('\n').to_owned()),
    };
    let pages: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|error| format!("{name}: {error}"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.file_name().is_some_and(|file| file.to_string_lossy().starts_with("page."))
        })
        .collect();
    match <[PathBuf; 1]>::try_from(pages) {
        Ok([page]) => Ok(Case { name, page, expected, text }),
        Err(pages) => Err(format!("{name}: one file `page.*` expected, found {}", pages.len())),
    }
}

impl Case {
    /// Compares a record with the expectation.
    pub fn judge(&self, record: &Record) -> Verdict {
        let mut verdict = Verdict::default();
        self.judge_text(&record.text, &mut verdict);
        let expected = &self.expected;
        let mut field = |name: &str, expected: Option<String>, actual: String| {
            let Some(expected) = expected else { return };
            match (expected == actual, expected_wrong(&self.expected, name)) {
                (true, false) | (false, true) => {}
                (true, true) => verdict.better.push(format!("{name} is right now")),
                (false, false) => {
                    verdict.faults.push(format!("{name}: {actual}, expected {expected}"));
                }
            }
        };
        field("title", show(&expected.title), show_one(&record.title));
        field("authors", expected.authors.as_ref().map(debug), debug(&record.authors));
        field("published", show(&expected.published), show_one(&record.published));
        field("modified", show(&expected.modified), show_one(&record.modified));
        field("site", show(&expected.site), show_one(&record.site));
        field("section", show(&expected.section), show_one(&record.section));
        field("tags", expected.tags.as_deref().map(set), set(&record.tags));
        let url = |url: &Option<_>| url.as_ref().map(ToString::to_string);
        field("image", show(&expected.image), show_one(&url(&record.image)));
        let canonical = url(&record.canonical_url);
        field("canonical_url", show(&expected.canonical_url), show_one(&canonical));
        let primary = |tag: &Option<String>| {
            tag.as_ref().map(|tag| tag.split('-').next().unwrap_or_default().to_owned())
        };
        field("language", show(&expected.language), show_one(&primary(&record.language)));
        field("kind", expected.kind.as_ref().map(debug), debug(record.kind));
        field("paywalled", show(&expected.paywalled), show_one(&record.paywalled));
        verdict
    }

    fn judge_text(&self, actual: &str, verdict: &mut Verdict) {
        let Some(expected) = &self.text else {
            verdict.faults.push("a record came, a rejection was expected".to_owned());
            return;
        };
        let same = expected == actual;
        match self.expected.min_f1 {
            None if same => {}
            None => verdict.faults.push(format!(
                "text differs (F1 {:.3}):\n{}",
                compare::f1(expected, actual),
                compare::blocks(expected, actual)
            )),
            Some(_) if same => verdict.better.push("text is exact now: drop min_f1".to_owned()),
            Some(floor) => {
                let f1 = compare::f1(expected, actual);
                if f1 + 0.0005 < floor {
                    verdict.faults.push(format!(
                        "text F1 {f1:.3}, at least {floor} expected:\n{}",
                        compare::blocks(expected, actual)
                    ));
                } else if f1 > floor + 0.01 {
                    verdict.better.push(format!("text F1 is {f1:.3} now: raise min_f1"));
                }
            }
        }
    }
}

fn expected_wrong(expected: &Expected, field: &str) -> bool {
    expected.not_yet.contains(field)
}

fn debug<T: std::fmt::Debug>(value: T) -> String {
    format!("{value:?}")
}

fn show<T: ToString>(given: &Option<Option<T>>) -> Option<String> {
    given.as_ref().map(show_one)
}

fn show_one<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "null".to_owned(), |value| format!("{:?}", value.to_string()))
}

fn set(values: &[String]) -> String {
    debug(values.iter().map(|value| value.to_lowercase()).collect::<BTreeSet<_>>())
}
