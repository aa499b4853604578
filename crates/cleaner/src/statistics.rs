//! What is counted over the words of a block: one pass over its bytes.

use crate::hash::{HashedMap, hash};
use crate::stop_words::{Class, StopWords};
use crate::topic::RareWords;
use crate::tree::{Block, Tree};

/// Shorter words, in bytes, say nothing of what a text is about.
const RARE: usize = 4;

/// The counts of one block.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Statistics {
    /// Code points.
    pub(crate) chars: f32,
    pub(crate) words: f32,
    /// Share of its bytes inside links.
    pub(crate) link_density: f32,
    /// Share of its bytes in bold or emphasis.
    pub(crate) strong: f32,
    /// Share of its words that are stop words.
    pub(crate) stop: f32,
    /// Share of its letters that are upper case.
    pub(crate) upper: f32,
    /// Share of its words that begin with a capital.
    pub(crate) capital: f32,
    /// Share of its characters that are digits.
    pub(crate) digits: f32,
    /// Ends of sentences inside it and at its end.
    pub(crate) sentences: f32,
    pub(crate) commas: f32,
    /// Whether the last character ends a sentence.
    pub(crate) ends_sentence: bool,
    /// Whether most of it is in a script without spaces between words.
    pub(crate) unspaced: bool,
    /// Running text: long, few links, punctuated, with stop words.
    pub(crate) good: bool,
    /// The share of its words that are in the title, and in the description.
    pub(crate) in_title: f32,
    pub(crate) in_description: f32,
    /// Words of appeals and of credits.
    pub(crate) appeals: f32,
    pub(crate) credits: f32,
    /// A hash of its words.
    pub(crate) hash: u64,
}

/// The statistics of every block of a page, and its rarer words.
pub(crate) fn statistics(tree: &Tree) -> (Vec<Statistics>, RareWords) {
    let head = Head { title: word_set(&tree.title), description: word_set(&tree.description) };
    let mut rare = RareWords::default();
    let all = tree.blocks.iter().map(|block| one(tree, block, &head, &mut rare)).collect();
    (all, rare)
}

/// The words of the page's head, as hashes.
struct Head {
    title: HashedMap<()>,
    description: HashedMap<()>,
}

/// Hashes of the words of the page's head. Bounded, since that text is not.
fn word_set(text: &str) -> HashedMap<()> {
    each_word(text).take(200).map(|word| (lower_hash(word), ())).collect()
}

fn each_word(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')).filter(|w| !w.is_empty())
}

fn lower_hash(word: &str) -> u64 {
    const LONGEST: usize = 40;
    if word.is_ascii() && word.len() <= LONGEST {
        let mut lower = [0; LONGEST];
        let lower = &mut lower[..word.len()];
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        hash(lower)
    } else {
        hash(word.to_lowercase().as_bytes())
    }
}

/// The parts of a word that say what a text is about: of `Venice’s` the name, of `l’inchiesta` the noun.
fn each_rare(word: &str, key: u64, stop_words: &StopWords, mut see: impl FnMut(u64)) {
    if word.len() < RARE {
        return;
    }
    if !word.contains(['\'', '’']) {
        return see(key);
    }
    for part in word.split(['\'', '’']).filter(|part| part.len() >= RARE) {
        let key = lower_hash(part);
        if stop_words.class(key).is_none() {
            see(key);
        }
    }
}

fn one(tree: &Tree, block: &Block, head: &Head, rare: &mut RareWords) -> Statistics {
    let text = tree.text_of(block);
    let stop_words = StopWords::get();
    let (mut chars, mut letters, mut upper, mut digits) = (0_u32, 0_u32, 0_u32, 0_u32);
    let (mut commas, mut sentences, mut unspaced) = (0_u32, 0_u32, 0_u32);
    let mut mark = None;
    for c in text.chars() {
        chars += 1;
        if c.is_ascii() {
            match c {
                'a'..='z' => letters += 1,
                'A'..='Z' => {
                    letters += 1;
                    upper += 1;
                }
                '0'..='9' => digits += 1,
                ',' => commas += 1,
                ' ' | '\n' if mark.is_some() => sentences += 1,
                _ => {}
            }
        } else {
            match c {
                '，' | '、' | '،' | ';' => commas += 1,
                // These end a sentence with no space after them.
                '。' | '！' | '？' | '।' | '۔' => sentences += 1,
                '\u{e00}'..='\u{eff}'
                | '\u{1780}'..='\u{17ff}'
                | '\u{3040}'..='\u{30ff}'
                | '\u{3400}'..='\u{9fff}' => {
                    unspaced += 1;
                    letters += 1;
                }
                _ if c.is_lowercase() => letters += 1,
                _ if c.is_uppercase() => {
                    letters += 1;
                    upper += 1;
                }
                _ if c.is_alphabetic() => letters += 1,
                _ => {}
            }
        }
        mark = match c {
            '.' | '!' | '?' | '…' => Some(c),
            '"' | '”' | '“' | '»' | '’' | '\'' | ')' => mark,
            _ => None,
        };
    }
    let ends_sentence = text
        .trim_end_matches(['"', '”', '“', '»', '’', '\'', ')', ' '])
        .ends_with(['.', '!', '?', '…', '。', '！', '？', '।', '۔']);
    if mark.is_some() {
        sentences += 1;
    }
    let (mut words, mut stop, mut capital) = (0_u32, 0_u32, 0_u32);
    let (mut in_title, mut in_description) = (0_u32, 0_u32);
    let (mut appeals, mut credits) = (0_u32, 0_u32);
    let mut all = 0;
    for word in each_word(text) {
        words += 1;
        let key = lower_hash(word);
        all = crate::hash::mix(all, key);
        match stop_words.class(key) {
            Some(Class::Stop) => stop += 1,
            Some(Class::Appeal) => appeals += 1,
            Some(Class::Credit) => credits += 1,
            None => each_rare(word, key, stop_words, |key| rare.push(key)),
        }
        capital += u32::from(word.starts_with(char::is_uppercase));
        in_title += u32::from(head.title.contains_key(&key));
        in_description += u32::from(head.description.contains_key(&key));
    }
    rare.end_block();
    let share = |part: u32, whole: u32| if whole == 0 { 0.0 } else { part as f32 / whole as f32 };
    let bytes = text.len().max(1) as f32;
    let link_density = (block.link_bytes as f32 / bytes).min(1.0);
    let is_unspaced = unspaced * 2 > letters;
    let stop = share(stop, words);
    Statistics {
        chars: chars as f32,
        words: if is_unspaced { unspaced as f32 / 2.0 } else { words as f32 },
        link_density,
        strong: (block.strong_bytes as f32 / bytes).min(1.0),
        stop,
        upper: share(upper, letters),
        capital: share(capital, words),
        digits: share(digits, chars),
        sentences: sentences as f32,
        commas: commas as f32,
        ends_sentence,
        unspaced: is_unspaced,
        good: (chars >= 80 || (is_unspaced && chars >= 40))
            && link_density < 0.34
            && (sentences > 0 || commas > 0)
            && (stop > 0.15 || is_unspaced),
        in_title: share(in_title, words),
        in_description: share(in_description, words),
        appeals: appeals as f32,
        credits: credits as f32,
        hash: all,
    }
}
