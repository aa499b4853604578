//! How far a text is from the one that was expected.

use std::collections::HashMap;
use std::fmt::Write;

/// F1 over runs of four tokens, counted with their number. A token is a run of letters and digits;
/// where words are not parted by spaces (Han, kana, Thai) every character is one. 1 for two empty
/// texts; 1 does not mean the same text, as spaces, signs and breaks do not count.
pub fn f1(expected: &str, actual: &str) -> f64 {
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

/// The blocks in which two texts differ, by their longest common run of blocks: `-` is missing,
/// `+` is too much.
pub fn blocks(expected: &str, actual: &str) -> String {
    let left: Vec<&str> = expected.split("\n\n").collect();
    let right: Vec<&str> = actual.split("\n\n").collect();
    // common[i][j]: how many blocks left[i..] and right[j..] share in order.
    let mut common = vec![vec![0_usize; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i][j] = if left[i] == right[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let mut out = String::new();
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        if i < left.len() && j < right.len() && left[i] == right[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && common[i + 1][j] >= common[i][j + 1]) {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  - {:?}", left[i]);
            i += 1;
        } else {
            let _ = writeln!(out, "  + {:?}", right[j]);
            j += 1;
        }
    }
    out
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
    fn blocks_names_what_is_missing_and_what_is_too_much() {
        let diff = blocks("one\n\ntwo\n\nthree", "one\n\n2\n\nthree\n\nShare this");
        assert_eq!(diff, "  - \"two\"\n  + \"2\"\n  + \"Share this\"\n");
        assert_eq!(blocks("same\n\ntext", "same\n\ntext"), "");
    }
}
