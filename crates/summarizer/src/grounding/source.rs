//! A text made ready to be asked what it says: its words by sentence and by place.

use std::collections::HashMap;

use newsmill_article::Span;

use crate::{sentences, stem, words};

/// Words of a text beyond this one are not evidence.
const MAX_WORDS: usize = 20_000;

/// Words of a summary sentence beyond this one are not looked at.
const MAX_SENTENCE_WORDS: usize = 200;

/// A word of the text or of a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Its stem's number; [`Word::NEW`] for a stem that the text does not have.
    pub(super) id: u32,
    /// A function word.
    pub(super) stop: bool,
    /// Written with a capital, and not because it begins the sentence.
    pub(super) name: bool,
    /// Has a digit.
    pub(super) number: bool,
    /// "not", "never", "without" and their kin.
    pub(super) negation: bool,
    /// Its place in the string, in bytes.
    pub(super) bytes: std::ops::Range<usize>,
}

impl Word {
    /// No stem of the text.
    pub(super) const NEW: u32 = u32::MAX;
}

/// A text that summaries are checked against. Building it is linear in the text.
#[derive(Debug, Clone, Default)]
pub struct Source {
    ids: HashMap<String, u32>,
    pub(super) words: Vec<Word>,
    /// By word: which sentence it stands in.
    pub(super) sentence_of: Vec<u32>,
    /// By stem: its places among `words`, in order.
    pub(super) places: Vec<Vec<u32>>,
    /// Sentences: their span in the text and their words.
    pub(super) sentences: Vec<(Span, std::ops::Range<usize>)>,
    /// All words, lower case, parted by one space: to find verbatim runs.
    pub(super) run: String,
    /// Numbers as written, without thousands separators.
    pub(super) numbers: std::collections::HashSet<String>,
}

impl Source {
    /// Reads `text`, whose offsets evidence will count in.
    pub fn new(text: &str) -> Self {
        Self::with_title(text, None)
    }

    /// Reads `text` and lets numbers and names of the `title` count as said.
    pub fn with_title(text: &str, title: Option<&str>) -> Self {
        let mut source = Self::default();
        source.run.push(' ');
        for sentence in sentences::split(text) {
            if source.words.len() > MAX_WORDS {
                break;
            }
            let slice = &text[sentence.bytes.clone()];
            let from = source.words.len();
            read(slice, |word, lower| {
                let next = source.ids.len() as u32;
                let id = *source.ids.entry(stemmed(lower)).or_insert(next);
                if id == next {
                    source.places.push(Vec::new());
                }
                source.places[id as usize].push(source.words.len() as u32);
                source.sentence_of.push(source.sentences.len() as u32);
                source.words.push(Word { id, ..word });
                source.run.push_str(lower);
                source.run.push(' ');
            });
            source.sentences.push((sentence.span, from..source.words.len()));
        }
        source.numbers = numbers(text).collect();
        if let Some(title) = title {
            source.numbers.extend(numbers(title));
            read(title, |_, lower| {
                let next = source.ids.len() as u32;
                if *source.ids.entry(stemmed(lower)).or_insert(next) == next {
                    source.places.push(Vec::new());
                }
            });
        }
        source
    }

    /// The words of a summary sentence, numbered as this text's are.
    pub(super) fn read(&self, sentence: &str) -> Vec<Word> {
        let mut found = Vec::new();
        read(sentence, |word, lower| {
            if found.len() < MAX_SENTENCE_WORDS {
                let id = self.ids.get(&stemmed(lower)).copied().unwrap_or(Word::NEW);
                found.push(Word { id, ..word });
            }
        });
        found
    }

    /// The share of the words of `passage` that the text has, 0 to 1; function words count, so that
    /// another language shows.
    pub(crate) fn shared_words(&self, passage: &str) -> f32 {
        let words = self.read(passage);
        let known = words.iter().filter(|w| w.id != Word::NEW).count();
        known as f32 / words.len().max(1) as f32
    }

    /// Whether the words of `passage` stand in the text in one run.
    pub(super) fn has_run(&self, passage: &str) -> bool {
        let mut run = String::from(" ");
        read(passage, |_, lower| {
            run.push_str(lower);
            run.push(' ');
        });
        run.len() > 1 && self.run.contains(&run)
    }
}

fn read(text: &str, mut each: impl FnMut(Word, &str)) {
    let mut first = true;
    words::for_each_word(text, |bytes| {
        let raw = &text[bytes.clone()];
        let lower = raw.to_lowercase();
        let word = Word {
            id: 0,
            stop: is_stop(&lower),
            name: !first && raw.starts_with(char::is_uppercase) && raw.chars().count() > 2,
            number: raw.bytes().any(|b| b.is_ascii_digit()),
            negation: is_negation(&lower, &text[..bytes.start]),
            bytes,
        };
        first = false;
        each(word, &lower);
    });
}

fn stemmed(lower: &str) -> String {
    if let Some(digits) = number_word(lower) {
        return digits.to_owned();
    }
    if lower.len() <= 3 || !lower.is_ascii() {
        return lower.to_owned();
    }
    let mut bytes = lower.as_bytes().to_vec();
    stem::stem(&mut bytes);
    String::from_utf8(bytes).unwrap_or_else(|_| lower.to_owned())
}

/// Numbers as digits with inner points, without thousands separators.
pub(super) fn numbers(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))
        .map(|n| n.trim_matches(['.', ',']).replace(',', ""))
        .filter(|n| !n.is_empty())
}

fn number_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "one" => "1",
        "two" => "2",
        "three" => "3",
        "four" => "4",
        "five" => "5",
        "six" => "6",
        "seven" => "7",
        "eight" => "8",
        "nine" => "9",
        "ten" => "10",
        "eleven" => "11",
        "twelve" => "12",
        _ => return None,
    })
}

fn is_negation(lower: &str, before: &str) -> bool {
    matches!(
        lower,
        "not"
            | "no"
            | "never"
            | "none"
            | "nobody"
            | "nothing"
            | "neither"
            | "nor"
            | "without"
            | "cannot"
            | "denied"
            | "denies"
            | "deny"
            | "nicht"
            | "kein"
            | "keine"
            | "keinen"
            | "nie"
            | "jamais"
            | "nunca"
            | "не"
            | "нет"
            | "ни"
    ) || (lower == "t" && before.ends_with(['\'', '’']))
}

fn is_stop(lower: &str) -> bool {
    crate::extractive::is_stop(lower.as_bytes())
}
