//! What is wrong with a configuration, where, and what was probably meant.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A fault of a configuration file. Displayed as `file:line:column: what`, the line itself with a
/// mark under the place, and the nearest valid word where there is one.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    file: PathBuf,
    place: Option<Place>,
    message: String,
    help: Option<String>,
    #[source]
    source: Option<std::io::Error>,
}

/// Where in the file, counted from 1; `column` in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) text: String,
}

impl Place {
    /// A place in `text`, or `None` when the parser did not know it.
    pub(super) fn of(text: &str, location: serde_saphyr::Location) -> Option<Self> {
        let line = usize::try_from(location.line()).ok()?;
        let column = usize::try_from(location.column()).ok()?;
        let source = text.lines().nth(line.checked_sub(1)?)?;
        Some(Self { line, column, text: source.to_owned() })
    }
}

impl ConfigError {
    pub(super) fn unreadable(file: &Path, source: std::io::Error) -> Self {
        let help = match source.kind() {
            ErrorKind::NotFound => Some(
                "name the one to read: FILE after `run` and `check`, --config FILE after other verbs",
            ),
            ErrorKind::InvalidData => Some("save it as UTF-8"),
            _ => None,
        };
        Self {
            file: file.to_owned(),
            place: None,
            message: format!("cannot be read: {source}"),
            help: help.map(str::to_owned),
            source: Some(source),
        }
    }

    pub(super) fn at(file: &Path, place: Option<Place>, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), place, message: message.into(), help: None, source: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn from_yaml(file: &Path, text: &str, error: &serde_saphyr::Error) -> Self {
        let error = error.without_snippet();
        let place = error.location().and_then(|location| Place::of(text, location));
        if let Some(belongs) = belongs_here(error) {
            let at = Self::at(file, place, belongs);
            return at.help("`newsmill schema config` says what each key takes");
        }
        match error {
            serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
                let at = Self::at(file, place, format!("unknown key `{field}`"));
                at.help(suggest(field, expected, "keys here"))
            }
            serde_saphyr::Error::SerdeUnknownVariant { variant, expected, .. } => {
                let at = Self::at(file, place, format!("unknown value `{variant}`"));
                at.help(suggest(variant, expected, "values here"))
            }
            serde_saphyr::Error::SerdeMissingField { field, .. } => {
                Self::at(file, place, format!("the key `{field}` is missing"))
            }
            other => {
                let message = other.render();
                // The place is shown in our own way.
                let message = strip_place(&message);
                Self::at(file, place, message)
            }
        }
    }
}

/// What the parser says of a value of another kind, in the words of people who write the file.
fn belongs_here(error: &serde_saphyr::Error) -> Option<&'static str> {
    match error {
        serde_saphyr::Error::Unexpected { expected, .. } => match *expected {
            "mapping start" => Some("keys with values belong here, as in `{ key: value }`"),
            "sequence start" => Some("a list belongs here, as in `[one, two]`"),
            "string scalar" => Some("one word or text belongs here"),
            _ => None,
        },
        serde_saphyr::Error::InvalidScalar { ty, .. } => match ty.as_bytes() {
            [b'b', ..] => Some("`true` or `false` belongs here"),
            [b'u', ..] => Some("a whole number belongs here, zero or more"),
            [b'i', ..] => Some("a whole number belongs here"),
            [b'f', ..] => Some("a number belongs here"),
            _ => None,
        },
        serde_saphyr::Error::Message { msg, .. } if msg.contains("untagged enum") => {
            Some("this is none of the values that belong here")
        }
        _ => None,
    }
}

/// The parser ends its messages with "at line L, column C", or begins them with "line L column C:".
fn strip_place(message: &str) -> String {
    let first = message.lines().next().unwrap_or(message);
    let first = match first.find(": ") {
        Some(end) if first.contains("line ") && first[..end].contains("column ") => {
            &first[end + 2..]
        }
        _ => first,
    };
    match first.rfind(" at line ") {
        Some(end) => first[..end].to_owned(),
        None => first.to_owned(),
    }
}

/// `did you mean …?` when a valid word is near, else all valid words.
fn suggest(word: &str, valid: &[&str], what: &str) -> String {
    let nearest = valid
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((near, candidate)) if near <= 1 + candidate.chars().count() / 3 => {
            format!("did you mean `{candidate}`?")
        }
        _ => format!("{what}: {}", valid.join(", ")),
    }
}

/// The restricted edit distance (insert, delete, change, swap neighbours).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best =
                (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match &self.place {
            Some(place) => {
                write!(f, ":{}:{}: {}", place.line, place.column, self.message)?;
                let margin = place.line.to_string().len();
                write!(f, "\n {} | {}", place.line, place.text)?;
                let indent = place.column.saturating_sub(1);
                write!(f, "\n {:margin$} | {:indent$}^", "", "")?;
            }
            None => write!(f, ": {}", self.message)?,
        }
        match &self.help {
            Some(help) => write!(f, "\n  = {help}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_letters_are_one_step() {
        assert_eq!(distance("soruces", "sources"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn far_words_list_what_is_valid() {
        assert_eq!(suggest("sinks2", &["sinks", "sources"], "keys"), "did you mean `sinks`?");
        assert_eq!(suggest("xyz", &["sinks", "sources"], "keys"), "keys: sinks, sources");
    }
}
