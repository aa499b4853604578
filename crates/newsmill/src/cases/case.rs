//! What is expected of one page, and how a record stands against it.

use std::collections::BTreeSet;

use newsmill_article::{Kind, Moment, Record};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::compare;

/// `expected.json`. A field that is left out is not compared; what is `null` must be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expected {
    /// The code of the reason, where no record must come.
    pub(super) rejected: Option<String>,
    #[serde(deserialize_with = "given")]
    title: Option<Option<String>>,
    authors: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    published: Option<Option<Moment>>,
    #[serde(deserialize_with = "given")]
    modified: Option<Option<Moment>>,
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
    /// The sentences of the summary.
    summary: Option<Vec<String>>,
    /// The address that the page came from, where links and the id of the record depend on it.
    pub(super) url: Option<Url>,
    /// The text may differ from the truth for now, but not more than this F1 (`compare::f1`).
    /// Left out: it must be the same, block for block.
    min_f1: Option<f64>,
    /// Fields that are known to be wrong for now; `rejected` where it is a record that comes
    /// instead of a rejection, or none where one should.
    not_yet: BTreeSet<String>,
}

/// Tells a field that says `null` from one that is left out.
fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// How a page stands against what is expected of it.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What is worse than the case allows.
    pub(super) faults: Vec<String>,
    /// What is better than the case asks: `min_f1` or `not_yet` can be tightened.
    pub(super) better: Vec<String>,
}

/// What became of a page.
#[derive(Debug)]
pub(super) enum Became {
    /// A record.
    Record(Box<Record>),
    /// It was rejected, with the code of the reason and in words.
    Rejected(&'static str, String),
}

impl Expected {
    /// Compares what became of the page with the expectation; `text` is the expected text.
    pub(super) fn judge(&self, text: Option<&str>, became: Option<&Became>) -> Verdict {
        let mut verdict = Verdict::default();
        let not_yet = self.not_yet.contains("rejected");
        match (became, &self.rejected) {
            (Some(Became::Rejected(code, _)), Some(wanted)) if code == wanted => {}
            (Some(Became::Record(record)), None) => {
                verdict = self.judge_record(text, record);
            }
            (Some(_), _) if not_yet => return verdict,
            (Some(Became::Rejected(code, why)), Some(wanted)) => {
                verdict.faults.push(format!("rejected as {code} ({why}), expected {wanted}"));
            }
            (Some(Became::Rejected(code, why)), None) => {
                verdict.faults.push(format!("rejected as {code}: {why}"));
            }
            (Some(Became::Record(record)), Some(wanted)) => {
                let title = &record.title;
                verdict.faults.push(format!("a record of {title:?}, expected {wanted}"));
            }
            (None, _) => verdict.faults.push("nothing came of it".to_owned()),
        }
        if not_yet && verdict.faults.is_empty() {
            let better = "record or rejection is right now: drop `rejected` from not_yet";
            verdict.better.push(better.to_owned());
        }
        verdict
    }

    fn judge_record(&self, text: Option<&str>, record: &Record) -> Verdict {
        let mut verdict = Verdict::default();
        if let Some(expected) = text {
            self.judge_text(expected, &record.text, &mut verdict);
        }
        let mut field = |name: &str, expected: Option<String>, actual: String| {
            let Some(expected) = expected else { return };
            match (expected == actual, self.not_yet.contains(name)) {
                (true, false) | (false, true) => {}
                (true, true) => {
                    verdict.better.push(format!("{name} is right now: drop it from not_yet"));
                }
                (false, false) => {
                    verdict.faults.push(format!("{name}\n  - {expected}\n  + {actual}"));
                }
            }
        };
        field("title", show(&self.title), show_one(&record.title));
        field("authors", self.authors.as_ref().map(debug), debug(&record.authors));
        field("published", show(&self.published), show_one(&record.published));
        field("modified", show(&self.modified), show_one(&record.modified));
        field("site", show(&self.site), show_one(&record.site));
        field("section", show(&self.section), show_one(&record.section));
        field("tags", self.tags.as_deref().map(set), set(&record.tags));
        let url = |url: &Option<_>| url.as_ref().map(ToString::to_string);
        field("image", show(&self.image), show_one(&url(&record.image)));
        let canonical = url(&record.canonical_url);
        field("canonical_url", show(&self.canonical_url), show_one(&canonical));
        let primary = |tag: &Option<String>| {
            tag.as_ref().map(|tag| tag.split('-').next().unwrap_or_default().to_owned())
        };
        field("language", show(&self.language), show_one(&primary(&record.language)));
        field("kind", self.kind.as_ref().map(debug), debug(record.kind));
        field("paywalled", show(&self.paywalled), show_one(&record.paywalled));
        let sentences: Vec<&String> =
            record.summary.sentences.iter().map(|sentence| &sentence.text).collect();
        field("summary", self.summary.as_ref().map(debug), debug(sentences));
        verdict
    }

    fn judge_text(&self, expected: &str, actual: &str, verdict: &mut Verdict) {
        let same = expected == actual;
        match self.min_f1 {
            None if same => {}
            None => verdict.faults.push(format!(
                "text differs (F1 {:.3})\n{}",
                compare::f1(expected, actual),
                compare::diff(expected, actual)
            )),
            Some(_) if same => verdict.better.push("text is exact now: drop min_f1".to_owned()),
            Some(floor) => {
                let f1 = compare::f1(expected, actual);
                if f1 + 0.0005 < floor {
                    verdict.faults.push(format!(
                        "text F1 {f1:.3}, at least {floor} expected\n{}",
                        compare::diff(expected, actual)
                    ));
                } else if f1 > floor + 0.01 {
                    verdict.better.push(format!("text F1 is {f1:.3} now: raise min_f1"));
                }
            }
        }
    }
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
