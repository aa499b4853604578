//! Lines that are furniture of a web page by their wording alone, in many languages.
//!
//! Promises: the answer depends on the one line only, costs time linear in it, and running text
//! that merely quotes a phrase ("he clicked “Leave a Reply”") is never furniture. Leaves out: where
//! the line stands; what else is on the page is the caller's to weigh.
//!
//! The phrases stand in `phrases.txt`: what WordPress, its translations and common themes, plugins
//! and news sites put round an article.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::LazyLock;

use crate::hash::{HashedMap, hash};

/// What a line of furniture belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Furniture {
    /// The form under an article that invites a comment.
    ReplyForm,
    /// Headings and notices of a comment section.
    Comments,
    /// Buttons and labels for sharing.
    Share,
    /// Headings over links to other texts, and lines that point to one.
    Related,
    /// Calls to take a newsletter.
    Newsletter,
    /// Notices about cookies, consent and rights.
    Consent,
    /// Notices that the rest costs money.
    Paywall,
    /// Labels of advertisements.
    Advertisement,
}

const KINDS: [(&str, Furniture); 8] = [
    ("reply_form", Furniture::ReplyForm),
    ("comments", Furniture::Comments),
    ("share", Furniture::Share),
    ("related", Furniture::Related),
    ("newsletter", Furniture::Newsletter),
    ("consent", Furniture::Consent),
    ("paywall", Furniture::Paywall),
    ("advertisement", Furniture::Advertisement),
];

/// A longer line is never furniture, in bytes.
const LONGEST_LINE: usize = 700;
/// A longer line is never furniture for how it opens, in bytes; notices about consent are long.
const LONGEST_OPENED_LINE: usize = 300;
const LONGEST_OPENED_NOTICE: usize = 700;
/// The share of a line's letters that phrases must cover.
const COVERED: (usize, usize) = (4, 5);

/// Whether the whole line is part of a reply form ("Leave a Reply", "Required fields are
/// marked *"). A sentence that only quotes such words is not.
pub fn reply_form(line: &str) -> bool {
    furniture(line) == Some(Furniture::ReplyForm)
}

/// What furniture the whole line is, if any.
pub fn furniture(line: &str) -> Option<Furniture> {
    let line = line.trim();
    if line.is_empty() || line.len() > LONGEST_LINE {
        return None;
    }
    let reading = TABLE.read(line);
    if reading.opened.is_some() {
        return reading.opened;
    }
    let enough = reading.covered * COVERED.1 >= reading.letters * COVERED.0;
    if enough { reading.kind } else { None }
}

/// Whether a line only has words that belong to a form: "Name *", "Website". They say nothing by
/// themselves; after a line of a reply form they are the rest of it.
pub(crate) fn form_field(line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.len() > 80 {
        return false;
    }
    let reading = TABLE.read(line);
    reading.letters > 0 && reading.beside == reading.letters
}

/// How a phrase makes a line furniture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It covers letters.
    Whole,
    /// It opens the line.
    Opens,
    /// It opens the line before a colon, bar or arrow.
    OpensBeforeColon,
    /// It opens the line after a number.
    OpensAfterNumber,
    /// It covers letters where another phrase is there.
    Beside,
}

/// The phrases, found by their first words. A phrase matters only where it begins and ends at the
/// edge of a word, so that a look-up for each word of a line finds what an automaton would, and
/// needs no building.
struct Table {
    /// Those of one first word stand together, the longest first.
    phrases: Vec<Phrase>,
    /// Where the phrases of a first word stand, by its hash.
    first: HashedMap<Range<usize>>,
}

struct Phrase {
    /// In the form of [`Letters`].
    text: String,
    kind: Furniture,
    /// A phrase can have several roles: it opens lines, and it covers a line by itself.
    roles: Vec<Role>,
}

struct Reading {
    letters: usize,
    covered: usize,
    beside: usize,
    kind: Option<Furniture>,
    opened: Option<Furniture>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(include_str!("phrases.txt")));

impl Table {
    fn parse(source: &str) -> Self {
        let mut kind = Furniture::ReplyForm;
        let mut phrases: Vec<Phrase> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for line in source.lines() {
            if line.is_empty() || line.starts_with("# ") {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                if let Some((_, named)) = KINDS.iter().find(|(known, _)| *known == name) {
                    kind = *named;
                }
                continue;
            }
            let (role, phrase) = match line.as_bytes()[0] {
                b'~' => (Role::Opens, &line[1..]),
                b':' => (Role::OpensBeforeColon, &line[1..]),
                b'#' => (Role::OpensAfterNumber, &line[1..]),
                b'?' => (Role::Beside, &line[1..]),
                _ => (Role::Whole, line),
            };
            let text = Letters::of(phrase).text;
            let at = *known.entry(text.clone()).or_insert_with(|| {
                phrases.push(Phrase { text, kind, roles: Vec::new() });
                phrases.len() - 1
            });
            // "comment" is a field of the form and a label of its own elsewhere: the label wins.
            if role == Role::Whole && !phrases[at].roles.contains(&Role::Whole) {
                phrases[at].kind = kind;
            }
            phrases[at].roles.push(role);
        }
        phrases.sort_by_cached_key(|phrase| {
            (first_word(&phrase.text).to_owned(), Reverse(phrase.text.len()))
        });
        let mut first = HashedMap::default();
        let mut start = 0;
        for group in phrases.chunk_by(|a, b| first_word(&a.text) == first_word(&b.text)) {
            first.insert(hash(first_word(&group[0].text).as_bytes()), start..start + group.len());
            start += group.len();
        }
        Self { phrases, first }
    }

    /// The phrases in a text in the form of [`Letters`] and their places, from left to right, the
    /// longest at each place, none inside another.
    fn find<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (&'a Phrase, Range<usize>)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            while at < text.len() {
                let rest = &text[at..];
                let word = first_word(rest);
                let range = self.first.get(&hash(word.as_bytes())).cloned().unwrap_or(0..0);
                let found = self.phrases[range].iter().find(|phrase| {
                    rest.starts_with(&phrase.text) && is_boundary(text, at + phrase.text.len())
                });
                let start = at;
                at += found.map_or(word.len(), |phrase| phrase.text.len());
                at += usize::from(text[at..].starts_with(' '));
                if let Some(phrase) = found {
                    return Some((phrase, start..start + phrase.text.len()));
                }
            }
            None
        })
    }

    fn read(&self, line: &str) -> Reading {
        let letters = Letters::of(line);
        let text = letters.text.as_str();
        let mut reading = Reading { letters: 0, covered: 0, beside: 0, kind: None, opened: None };
        reading.letters = alphabetic(text);
        let opening =
            text.len() - text.trim_start_matches(|c: char| c.is_numeric() || c == ' ').len();
        let mut best = 0;
        for (phrase, found) in self.find(text) {
            let size = alphabetic(&text[found.clone()]);
            reading.covered += size;
            if phrase.roles.contains(&Role::Beside) {
                reading.beside += size;
            }
            if phrase.roles.contains(&Role::Whole) && size > best {
                best = size;
                reading.kind = Some(phrase.kind);
            }
            let longest = match phrase.kind {
                Furniture::Consent => LONGEST_OPENED_NOTICE,
                _ => LONGEST_OPENED_LINE,
            };
            if found.start <= opening && line.len() <= longest {
                let opens = phrase.roles.iter().any(|role| match role {
                    Role::Whole | Role::Beside => false,
                    Role::Opens => true,
                    Role::OpensAfterNumber => opening > 0,
                    Role::OpensBeforeColon => letters.colon_after(line, found.end),
                });
                if opens {
                    reading.opened = Some(phrase.kind);
                }
            }
        }
        if reading.covered == reading.beside && reading.kind.is_none() {
            reading.covered = 0;
        }
        reading
    }
}

fn alphabetic(text: &str) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(u8::is_ascii_alphabetic).count();
    }
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// The letters and digits of a line in lower case, one space for every run of anything else.
struct Letters {
    text: String,
}

impl Letters {
    fn of(line: &str) -> Self {
        let mut text = String::with_capacity(line.len() + 1);
        let mut gap = false;
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            if run > 0 {
                if gap && !text.is_empty() {
                    text.push(' ');
                }
                gap = false;
                text.push_str(&rest[..run]);
                rest = &rest[run..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            if !c.is_alphanumeric() {
                // Combining marks belong to the letter before them.
                gap |= !matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}');
                continue;
            }
            if gap && !text.is_empty() {
                text.push(' ');
            }
            gap = false;
            text.extend(c.to_lowercase());
        }
        text.make_ascii_lowercase();
        Self { text }
    }

    /// Whether the punctuation after the letters that end at `end` has a colon, bar or arrow. The
    /// place in `line` is found by counting letters.
    fn colon_after(&self, line: &str, end: usize) -> bool {
        let count = self.text[..end].chars().filter(|c| *c != ' ').count();
        let mut seen = 0;
        for c in line.chars() {
            if c.is_alphanumeric() {
                if seen >= count {
                    return false;
                }
                seen += c.to_lowercase().count();
            } else if seen >= count && matches!(c, ':' | '：' | '|' | '>' | '»' | '→' | '›' | '►')
            {
                return true;
            }
        }
        false
    }
}

/// A text up to the first place where a phrase may end.
fn first_word(text: &str) -> &str {
    let plain = text.bytes().take_while(u8::is_ascii_lowercase).count();
    let rest = &text[plain..];
    if rest.is_empty() || (plain > 0 && rest.starts_with(' ')) {
        return &text[..plain];
    }
    let ends = text.char_indices().skip(1).find(|&(at, _)| is_boundary(text, at));
    &text[..ends.map_or(text.len(), |(at, _)| at)]
}

/// Whether a phrase may begin or end here: at a space, or in a script that writes none.
fn is_boundary(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    match (before, after) {
        (Some(a), Some(b)) => {
            a == ' '
                || b == ' '
                || is_unspaced(a)
                || is_unspaced(b)
                || a.is_numeric() != b.is_numeric()
        }
        _ => true,
    }
}

fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

#[cfg(test)]
mod tests;
