//! How far a text is from the one that was expected.

use std::collections::HashMap;
use std::fmt::Write;

use similar::{Algorithm, DiffTag};
use unicode_segmentation::UnicodeSegmentation;

/// F1 over runs of four tokens, counted with their number. A token is a run of letters and digits;
/// where words are not parted by spaces (Han, kana, Thai) every character is one. 1 for two empty
/// texts; 1 does not mean the same text, as spaces, signs and breaks do not count.
pub(super) fn f1(expected: &str, actual: &str) -> f64 {
    let (expected, actual) = (shingles(expected), shingles(actual));
    let total = |runs: &HashMap<Vec<&str>, usize>| runs.values().sum::<usize>();
    let shared: usize = expected
        .iter()
        .map(|(run, count)| actual.get(run).map_or(0, |other| *count.min(other)))
        .sum();
    let all = total(&expected) + total(&actual);
    if all == 0 { 1.0 } else { 2.0 * shared as f64 / all as f64 }
}

fn shingles(text: &str) -> HashMap<Vec<&str>, usize> {
    let tokens = tokens(text);
    let mut runs = HashMap::new();
    let length = tokens.len().clamp(1, 4);
    for run in tokens.windows(length) {
        *runs.entry(run.to_vec()).or_insert(0) += 1;
    }
    runs
}

fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        let alone = is_unspaced(character);
        if (alone || !character.is_alphanumeric())
            && let Some(from) = start.take()
        {
            tokens.push(&text[from..at]);
        }
        if alone {
            tokens.push(&text[at..at + character.len_utf8()]);
        } else if character.is_alphanumeric() && start.is_none() {
            start = Some(at);
        }
    }
    if let Some(from) = start {
        tokens.push(&text[from..]);
    }
    tokens
}

fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{0E00}'..='\u{0E7F}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}')
}

/// The blocks in which two texts differ: `-` is missing, `+` is too much, `~` is a block of which
/// only words differ, `[-so-]{+so+}`.
pub(super) fn diff(expected: &str, actual: &str) -> String {
    let expected: Vec<&str> = expected.split("\n\n").collect();
    let actual: Vec<&str> = actual.split("\n\n").collect();
    let mut out = String::new();
    // Writing to a string cannot fail.
    for operation in similar::capture_diff_slices(Algorithm::Myers, &expected, &actual) {
        let (tag, old, new) = operation.as_tag_tuple();
        let (old, new) = (&expected[old], &actual[new]);
        match tag {
            DiffTag::Equal => {}
            DiffTag::Replace if old.len() == new.len() => {
                for (old, new) in old.iter().zip(new) {
                    match words(old, new) {
                        Some(words) => {
                            let _ = writeln!(out, "  ~ {words}");
                        }
                        None => {
                            let _ = writeln!(out, "  - {old:?}\n  + {new:?}");
                        }
                    }
                }
            }
            _ => {
                for old in old {
                    let _ = writeln!(out, "  - {old:?}");
                }
                for new in new {
                    let _ = writeln!(out, "  + {new:?}");
                }
            }
        }
    }
    out
}

/// Words of an unchanged stretch that are shown on each side of a change.
const CONTEXT: usize = 4;

/// The words in which two blocks differ; `None` where they have too little in common.
fn words(old: &str, new: &str) -> Option<String> {
    let (old, new) =
        (old.split_word_bounds().collect::<Vec<_>>(), new.split_word_bounds().collect::<Vec<_>>());
    let operations = similar::capture_diff_slices(Algorithm::Myers, &old, &new);
    if similar::diff_ratio(&operations, old.len(), new.len()) < 0.5 {
        return None;
    }
    let mut out = String::new();
    let last = operations.len().saturating_sub(1);
    for (at, operation) in operations.iter().enumerate() {
        let (tag, before, after) = operation.as_tag_tuple();
        let (before, after) = (&old[before], &new[after]);
        if tag == DiffTag::Equal {
            // Spaces count as words here.
            let keep = 2 * CONTEXT;
            if before.len() <= 2 * keep {
                out.push_str(&before.concat());
                continue;
            }
            if at > 0 {
                out.push_str(&before[..keep].concat());
            }
            out.push('…');
            if at < last {
                out.push_str(&before[before.len() - keep..].concat());
            }
            continue;
        }
        if !before.is_empty() {
            let _ = write!(out, "[-{}-]", before.concat().escape_debug());
        }
        if !after.is_empty() {
            let _ = write!(out, "{{+{}+}}", after.concat().escape_debug());
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_counts_runs_of_four() {
        assert_eq!(f1("a b c d e", "a b c d e"), 1.0);
        // Two runs, one of them shared with the one run of the other text.
        assert_eq!(f1("a b c d e", "a b c d"), 2.0 / 3.0);
        assert_eq!(f1("a b c d", "w x y z"), 0.0);
        assert_eq!(f1("", ""), 1.0);
        assert_eq!(f1("", "a"), 0.0);
        // Five characters are two runs, as five words are.
        assert_eq!(f1("修伞匠收徒", "修伞匠收"), 2.0 / 3.0);
    }

    #[test]
    fn diff_names_what_is_missing_and_what_is_too_much() {
        let diff = super::diff("one\n\ntwo\n\nthree", "one\n\n2\n\nthree\n\nShare this");
        assert_eq!(diff, "  - \"two\"\n  + \"2\"\n  + \"Share this\"\n");
        assert_eq!(super::diff("same\n\ntext", "same\n\ntext"), "");
    }

    #[test]
    fn a_changed_word_is_shown_in_its_place() {
        let old = "The mayor opened the bridge over the canal on Friday morning, and walked home.";
        let new = old.replace("Friday", "Monday");
        assert_eq!(
            super::diff(old, &new),
            "  ~ …over the canal on [-Friday-]{+Monday+} morning, and walked home.\n"
        );
    }
}
