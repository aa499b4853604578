//! Where sentences begin and end, in any script.
//!
//! Promises: spans in text order that do not overlap, each trimmed, each with a letter or a digit
//! in it, found in one pass over the text without recursion; a blank line (`"\n\n"`) always ends
//! a sentence. A single line break is white space: text wrapped at a column reads as running text.
//!
//! Leaves out: which language it is. The rules of all languages hold at once, and where they
//! disagree the next word decides ("in the U.S. The" ends, "U.S. officials" does not). A stop that
//! is not seen joins two sentences, which still reads; one that is invented cuts a name in half.
//! So doubt is resolved towards joining.

mod abbreviations;

use std::ops::Range;

use newsmill_article::{BlockKind, Document, Span};

use abbreviations::{Abbreviation, abbreviation, is_ordinal_lead, is_starter};

/// One sentence of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its place in code points.
    pub span: Span,
    /// Its place in bytes, for slicing.
    pub bytes: Range<usize>,
    /// Whether it closes with a stop. What does not is a heading, a caption, or cut off.
    pub complete: bool,
    /// Which block of the text it stands in, from 0.
    pub block: usize,
}

/// The sentences of a text whose blocks are parted by `"\n\n"`.
pub fn split(text: &str) -> Vec<Sentence> {
    let mut found = Found::new(text);
    let mut from = 0;
    let mut block = 0;
    while from < text.len() {
        let to = text[from..].find("\n\n").map_or(text.len(), |at| from + at);
        found.block(from..to, block);
        block += 1;
        from = to + text[to..].bytes().take_while(|b| *b == b'\n').count();
        if from == to {
            break;
        }
    }
    found.sentences
}

/// The sentences that a summary of `document` may use: those of paragraphs, quotes and list
/// items. Headings, table rows and code are not sentences. Where the document lists no blocks
/// they are read from its text.
pub fn of_document(document: &Document) -> Vec<Sentence> {
    if document.blocks.is_empty() {
        return split(&document.text);
    }
    let text = document.text.as_str();
    let mut found = Found::new(text);
    let mut place = Place { chars: 0, bytes: 0 };
    for (number, block) in document.blocks.iter().enumerate() {
        let prose = matches!(
            block.kind,
            BlockKind::Paragraph | BlockKind::Quote | BlockKind::ListItem { .. }
        );
        if !prose || block.start < place.chars || block.end < block.start {
            continue;
        }
        let from = place.forward_to_char(text, block.start);
        let to = place.forward_to_char(text, block.end);
        let mut start = from;
        // A block has no blank line within by contract; were there one, it would still end.
        for part in text[from..to].split("\n\n") {
            found.block(start..start + part.len(), number);
            start += part.len() + 2;
        }
    }
    found.sentences
}

/// A place in a text that only moves forward, so that counting code points costs one pass.
struct Place {
    chars: usize,
    bytes: usize,
}

impl Place {
    fn forward_to_char(&mut self, text: &str, chars: usize) -> usize {
        let rest = &text[self.bytes..];
        let step = chars - self.chars;
        let (bytes, moved) = match rest.char_indices().nth(step) {
            Some((at, _)) => (at, step),
            None => (rest.len(), rest.chars().count()),
        };
        self.bytes += bytes;
        self.chars += moved;
        self.bytes
    }

    fn forward_to_byte(&mut self, text: &str, bytes: usize) -> usize {
        self.chars += text[self.bytes..bytes].chars().count();
        self.bytes = bytes;
        self.chars
    }
}

struct Found<'a> {
    text: &'a str,
    place: Place,
    sentences: Vec<Sentence>,
}

impl<'a> Found<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, place: Place { chars: 0, bytes: 0 }, sentences: Vec::new() }
    }

    /// Splits one block, given in bytes.
    fn block(&mut self, block: Range<usize>, number: usize) {
        let text = &self.text[block.clone()];
        let mut start = 0;
        let mut brackets = Brackets::default();
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if !is_stop(c) {
                if !c.is_ascii() {
                    brackets.see(c, at);
                }
                continue;
            }
            let mut end = at + c.len_utf8();
            while let Some((next, d)) = chars.next_if(|(_, d)| is_stop(*d)) {
                end = next + d.len_utf8();
            }
            let stops = at..end;
            while let Some((next, d)) = chars.next_if(|(_, d)| is_closer(*d)) {
                end = next + d.len_utf8();
                brackets.see(d, next);
            }
            end += closing_extras(&text[end..]);
            while chars.next_if(|(next, _)| *next < end).is_some() {}
            let stop = Stop { text, start, stops, end, quoted: brackets.open(at) };
            if stop.ends_sentence() {
                self.push(block.start + start..block.start + end, number, true);
                start = end;
            }
        }
        self.push(block.start + start..block.end, number, false);
    }

    fn push(&mut self, bytes: Range<usize>, block: usize, complete: bool) {
        let raw = &self.text[bytes.clone()];
        let sentence = raw.trim();
        let start = bytes.start + (raw.len() - raw.trim_start().len());
        let bytes = start..start + sentence.len();
        if !sentence.chars().any(char::is_alphanumeric) {
            return;
        }
        let span = Span {
            start: self.place.forward_to_byte(self.text, bytes.start),
            end: self.place.forward_to_byte(self.text, bytes.end),
        };
        self.sentences.push(Sentence { span, bytes, complete, block });
    }
}

/// Brackets of East Asian quotations: what they hold belongs to the sentence around them.
#[derive(Default)]
struct Brackets {
    depth: usize,
    since: usize,
}

impl Brackets {
    /// A quotation longer than this was not closed.
    const LONGEST: usize = 1200;

    fn see(&mut self, c: char, at: usize) {
        match c {
            '「' | '『' => {
                if self.depth == 0 {
                    self.since = at;
                }
                self.depth += 1;
            }
            '」' | '』' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn open(&mut self, at: usize) -> bool {
        if self.depth > 0 && at - self.since > Self::LONGEST {
            self.depth = 0;
        }
        self.depth > 0
    }
}

/// A run of stops that may end a sentence.
struct Stop<'a> {
    /// The block.
    text: &'a str,
    /// Where the sentence began.
    start: usize,
    /// The stops themselves.
    stops: Range<usize>,
    /// After the stops and what closes with them.
    end: usize,
    /// Whether an East Asian quotation is open.
    quoted: bool,
}

impl Stop<'_> {
    fn ends_sentence(&self) -> bool {
        let stops = &self.text[self.stops.clone()];
        let rest = &self.text[self.end..];
        let follows = rest.trim_start();
        let Some(next) = follows.chars().next() else { return true };
        let gap = rest.len() > follows.len();
        let closed = self.end > self.stops.end;
        if stops.chars().any(is_wide_stop) {
            if self.quoted {
                return false;
            }
            // 「…。」と述べた goes on after the bracket, and so does “……。”他说.
            let corner = self.text[..self.end].ends_with(['」', '』']);
            let goes_on = if corner { is_hiragana(next) } else { next.is_alphanumeric() };
            return !closed || gap || !goes_on;
        }
        if stops.chars().any(is_plain_stop) {
            return true;
        }
        if !gap {
            return !closed && self.is_glued(stops, follows);
        }
        let Some(letter) = first_letter(follows) else { return false };
        if letter.is_lowercase() && !is_camel(follows) {
            return false;
        }
        let quoted = closed && self.text[self.stops.end..self.end].contains(is_quote);
        if stops != "." || quoted {
            return true;
        }
        self.is_full_stop(follows)
    }

    /// "month.The debate": a space was lost.
    fn is_glued(&self, stops: &str, follows: &str) -> bool {
        let word = last_word(&self.text[self.start..self.stops.start]);
        let mut after = follows.chars();
        let (first, second) = (after.next(), after.next());
        stops.chars().count() == 1
            && word.chars().count() >= 3
            && word.chars().all(char::is_lowercase)
            && first.is_some_and(char::is_uppercase)
            && second.is_none_or(|c| c.is_lowercase() || c.is_whitespace())
    }

    /// Whether a single "." before an upper-case letter, a digit or a letter without case is more
    /// than the mark of an abbreviation, an initial or an ordinal.
    fn is_full_stop(&self, follows: &str) -> bool {
        let before = &self.text[self.start..self.stops.start];
        let word = last_word(before);
        let earlier = before[..before.len() - word.len()].trim_end();
        let follows = follows.trim_start_matches(|c: char| !c.is_alphanumeric());
        let next: &str = follows
            .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
            .next()
            .unwrap_or("");
        let digit_next = next.starts_with(|c: char| c.is_numeric());
        if word.is_empty() {
            return true;
        }
        if word.bytes().all(|b| b.is_ascii_digit()) {
            let enumerates = earlier.is_empty();
            let ordinal = word.len() <= 2
                && (abbreviations::is_month(next) || is_ordinal_lead(last_word(earlier)));
            return !enumerates && !ordinal;
        }
        let decimal = word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if decimal {
            return true;
        }
        if word.contains('.') {
            // "U.S.", "a.m.", "EE.UU.", "z.B.", "т.д.", "J.-C."
            let parts = word.split('.').filter(|p| !p.is_empty());
            if parts.clone().all(|p| p.trim_start_matches('-').chars().count() <= 2) {
                return match abbreviation(word) {
                    Some(Abbreviation::Never) => false,
                    Some(Abbreviation::Time) => !abbreviations::goes_with_time(next),
                    _ => is_starter(next),
                };
            }
            return true;
        }
        let mut letters = word.chars();
        if let (Some(letter), None) = (letters.next(), letters.next())
            && letter.is_uppercase()
        {
            // An initial, unless a common first word follows ("World War I. The").
            return is_starter(next) && next.chars().count() > 1;
        }
        match abbreviation(word) {
            None => true,
            Some(Abbreviation::Never) => false,
            Some(Abbreviation::BeforeNumber) => !digit_next,
            Some(Abbreviation::AfterNumber) => {
                last_word(earlier).starts_with(|c: char| c.is_numeric())
            }
            Some(Abbreviation::Maybe | Abbreviation::Time) => !digit_next && is_starter(next),
        }
    }
}

/// What may still close a sentence after its stop: a guillemet after a space, a note mark.
fn closing_extras(rest: &str) -> usize {
    let spaced = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
    if spaced.starts_with('»') && rest.len() > spaced.len() {
        return rest.len() - spaced.len() + '»'.len_utf8();
    }
    let mut taken = 0;
    while let Some(note) = rest[taken..].strip_prefix('[') {
        let digits = note.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 3 || !note[digits..].starts_with(']') {
            break;
        }
        taken += digits + 2;
    }
    taken
}

/// The letter or digit that a sentence would begin with, past quotes, brackets, marks and dashes.
fn first_letter(follows: &str) -> Option<char> {
    let mut chars = follows.chars();
    let first = chars.next()?;
    if first.is_alphanumeric() {
        return Some(first);
    }
    if matches!(first, ',' | ';' | ':' | ')' | ']' | '%') {
        return None;
    }
    chars.take(6).find(|c| c.is_alphanumeric())
}

/// "iPhone", "eBay": a lower-case letter that begins a name.
fn is_camel(follows: &str) -> bool {
    let mut letters = follows.chars();
    letters.next().is_some_and(char::is_lowercase) && letters.next().is_some_and(char::is_uppercase)
}

/// The run of letters, digits, dots, apostrophes and hyphens that `text` ends with.
fn last_word(text: &str) -> &str {
    let start = text
        .char_indices()
        .rev()
        .take(40)
        .take_while(|(_, c)| c.is_alphanumeric() || matches!(c, '.' | '-' | '\'' | '’'))
        .last()
        .map_or(text.len(), |(at, _)| at);
    text[start..].trim_start_matches(['.', '-', '\'', '’'])
}

fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…') || (!c.is_ascii() && (is_wide_stop(c) || is_plain_stop(c)))
}

/// Stops of scripts without spaces.
fn is_wide_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡')
}

/// Stops that mark nothing else: Arabic, Urdu, Devanagari, Ethiopic, Burmese, Khmer, Armenian.
fn is_plain_stop(c: char) -> bool {
    matches!(c, '؟' | '۔' | '।' | '॥' | '።' | '။' | '។' | '։')
}

fn is_hiragana(c: char) -> bool {
    matches!(c as u32, 0x3041..=0x309F)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '»' | '“' | '›' | '」' | '』')
}

fn is_closer(c: char) -> bool {
    is_quote(c) || matches!(c, ')' | ']' | '}' | '）' | '］' | '】' | '》' | '〉')
}

#[cfg(test)]
mod tests;
