//! Lines into paragraphs: line breaks of one kind, furniture dropped, wrapped lines joined.

use super::Part;
use crate::phrases::{Furniture, form_field, furniture};

/// A line that wraps text is at least about this long, in characters.
const SHORTEST_WRAP: usize = 40;
/// And at most this.
const LONGEST_WRAP: usize = 120;

/// One kind of line break, no control characters, no byte order mark.
pub(super) fn normalized(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' | '\u{b}' | '\u{85}' | '\u{2028}' => out.push('\n'),
            '\u{c}' | '\u{2029}' => out.push_str("\n\n"),
            '\t' => out.push(' '),
            '\u{feff}' | '\u{ad}' | '\u{200b}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The lines without furniture. Below a reply form its fields go too, and below "Share this" the
/// names of networks; what else follows stays. A dropped line parts what stood above it from what stands below.
pub(super) fn without_furniture<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut in_form = false;
    lines
        .iter()
        .map(|line| {
            let trimmed = line.trim();
            let kind = furniture(trimmed);
            if matches!(kind, Some(Furniture::ReplyForm | Furniture::Share)) {
                in_form = true;
            } else if in_form
                && kind.is_none()
                && !trimmed.is_empty()
                && !form_field(trimmed)
                && trimmed != "*"
            {
                in_form = false;
            }
            if kind.is_some() || in_form { "" } else { line.trim_end() }
        })
        .collect()
}

pub(super) fn plain(lines: &[&str]) -> Vec<Part> {
    let mut parts = Vec::new();
    for run in lines.split(|line| line.trim().is_empty()) {
        paragraphs(run, &mut parts);
    }
    parts
}

/// One run of lines as one wrapped paragraph, or as a paragraph a line.
pub(super) fn paragraphs(run: &[&str], parts: &mut Vec<Part>) {
    if is_wrapped(run) {
        parts.push(Part::paragraph(joined(run)));
    } else {
        parts.extend(run.iter().map(|line| Part::paragraph(spaced(line))));
    }
}

/// Whether lines break only where the next word would not have fitted.
fn is_wrapped(run: &[&str]) -> bool {
    if run.len() < 2 {
        return false;
    }
    let length = |line: &&str| line.trim().chars().count();
    let widest = run.iter().map(length).max().unwrap_or(0);
    if !(SHORTEST_WRAP..=LONGEST_WRAP).contains(&widest) {
        return false;
    }
    let breaks = run.windows(2);
    let total = breaks.len();
    let fitting = breaks
        .filter(|pair| {
            let word = pair[1].split_whitespace().next().map_or(0, |word| word.chars().count());
            length(&pair[0]) + 1 + word + 4 > widest
        })
        .count();
    fitting * 5 >= total * 4
}

/// The lines of a wrapped paragraph as one: a space between words, none between ideographs.
fn joined(run: &[&str]) -> String {
    let mut out = String::new();
    for line in run {
        let line = spaced(line);
        let unspaced = |c: Option<char>| {
            c.is_some_and(|c| matches!(c, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}'))
        };
        let joins = unspaced(out.chars().next_back()) && unspaced(line.chars().next());
        if !out.is_empty() && !joins {
            out.push(' ');
        }
        out.push_str(&line);
    }
    out
}

/// The line with single spaces.
pub(super) fn spaced(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for word in line.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
