//! Which words a model may write under `copy_only`, and which tokens keep to them.
//!
//! A word is what stands between white space or dashes, without the punctuation around it: "U.S",
//! "don't" and "1,200" are one each. Allowed are the words of the article, the parts of those with
//! a hyphen, what stands before a possessive s, and [`FUNCTION`]; the first word of a sentence may
//! have its first letter in the other case, in the article and in what is written. Numbers and
//! names can so be left out, and put into other company, but not made up.

/// May be written although the article lacks them. No negation, number, modality or verb of
/// saying: those are news.
pub(super) const FUNCTION: &[&str] = &[
    "a", "about", "after", "also", "an", "and", "are", "as", "at", "be", "been", "before", "but",
    "by", "during", "for", "from", "had", "has", "have", "he", "her", "his", "in", "into", "is",
    "it", "its", "of", "on", "or", "over", "she", "than", "that", "the", "their", "them", "then",
    "these", "they", "this", "those", "to", "under", "was", "were", "when", "where", "which",
    "while", "who", "whose", "with",
];

/// The words of one article, and the function words.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// Sorted, none twice.
    known: Vec<Vec<u8>>,
}

impl Words {
    /// Reads `text`; linear in it but for sorting its words.
    pub(super) fn of(text: &str) -> Self {
        let mut known: Vec<Vec<u8>> = FUNCTION.iter().map(|w| w.as_bytes().to_vec()).collect();
        let mut starts = true;
        for chunk in text.split(|c: char| c.is_whitespace() || matches!(c, '–' | '—')) {
            for chunk in chunk.split("--") {
                let word = core(chunk.as_bytes());
                if !word.is_empty() {
                    known.extend(other_case(word).filter(|_| starts));
                    known.extend(word.split(|b| *b == b'-').map(<[u8]>::to_vec));
                    known.extend(["'s", "’s"].iter().filter_map(|ending| {
                        word.strip_suffix(ending.as_bytes()).map(<[u8]>::to_vec)
                    }));
                    known.push(word.to_vec());
                }
                starts = starts_next(chunk.as_bytes(), starts);
            }
        }
        known.retain(|word| !word.is_empty());
        known.sort_unstable();
        known.dedup();
        Self { known }
    }

    fn has(&self, word: &[u8]) -> bool {
        self.known.binary_search_by(|known| known.as_slice().cmp(word)).is_ok()
    }

    /// Whether `beginning` is a word, or the beginning of one.
    fn goes_on(&self, beginning: &[u8]) -> bool {
        let at = self.known.partition_point(|known| known.as_slice() < beginning);
        self.known.get(at).is_some_and(|known| known.starts_with(beginning))
    }
}

/// The end of what has been written, as far as the next token depends on it.
#[derive(Debug, Clone)]
pub(super) struct Tail<'a> {
    words: &'a Words,
    /// What was written since the last white space.
    chunk: Vec<u8>,
    /// Whether `chunk` begins a sentence.
    starts: bool,
}

impl<'a> Tail<'a> {
    /// Nothing has been written yet.
    pub(super) fn new(words: &'a Words) -> Self {
        Self { words, chunk: Vec::new(), starts: true }
    }

    /// Whether `piece` may come next: every word that it ends is allowed, and the one that it
    /// leaves open can become so.
    pub(super) fn allows(&self, piece: &[u8]) -> bool {
        let mut next = self.clone();
        next.read(piece) && next.may_go_on()
    }

    /// Takes `piece` as written.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.read(piece);
    }

    /// Whether all words are whole, so that the text may end here.
    pub(super) fn may_end(&self) -> bool {
        self.is_whole(core(&self.chunk))
    }

    /// False where a word that ends within `piece` is not allowed.
    fn read(&mut self, piece: &[u8]) -> bool {
        let mut allowed = true;
        for &byte in piece {
            if byte.is_ascii_whitespace() {
                allowed &= self.may_end();
                self.starts = starts_next(&self.chunk, self.starts);
                self.chunk.clear();
            } else {
                self.chunk.push(byte);
            }
        }
        allowed
    }

    fn is_whole(&self, word: &[u8]) -> bool {
        word.is_empty()
            || self.words.has(word)
            || self.starts && other_case(word).is_some_and(|word| self.words.has(&word))
    }

    fn may_go_on(&self) -> bool {
        let open = opened(&self.chunk);
        self.words.goes_on(open)
            || self.starts && other_case(open).is_some_and(|open| self.words.goes_on(&open))
            || self.is_whole(core(open))
    }
}

const OPENING: &[&str] = &["(", "[", "\"", "'", "“", "‘", "-"];
const CLOSING: &[&str] = &[".", ",", ";", ":", "!", "?", ")", "]", "\"", "'", "”", "’", "…", "-"];

/// Without the punctuation before the word.
fn opened(mut chunk: &[u8]) -> &[u8] {
    while let Some(rest) = OPENING.iter().find_map(|mark| chunk.strip_prefix(mark.as_bytes())) {
        chunk = rest;
    }
    chunk
}

/// Without the punctuation around the word.
fn core(chunk: &[u8]) -> &[u8] {
    let mut word = opened(chunk);
    while let Some(rest) = CLOSING.iter().find_map(|mark| word.strip_suffix(mark.as_bytes())) {
        word = rest;
    }
    word
}

/// The word with its first letter in the other case; none for other scripts than ASCII, and for
/// words that are all capitals.
fn other_case(word: &[u8]) -> Option<Vec<u8>> {
    let (first, rest) = word.split_first()?;
    let acronym = rest.first().is_some_and(u8::is_ascii_uppercase);
    if !first.is_ascii_alphabetic() || acronym {
        return None;
    }
    let mut other = word.to_vec();
    other[0] ^= 0x20;
    Some(other)
}

/// Whether a sentence may begin after `chunk`; a chunk of nothing leaves it as it was.
fn starts_next(chunk: &[u8], starts: bool) -> bool {
    let mut end = chunk;
    let closing = ["\"", "'", "”", "’", ")", "]"];
    while let Some(rest) = closing.iter().find_map(|mark| end.strip_suffix(mark.as_bytes())) {
        end = rest;
    }
    match end.last() {
        None => starts,
        Some(last) => matches!(last, b'.' | b'!' | b'?'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTICLE: &str = "The mayor's well-known plan cost $1,200.50 in the U.S. on Monday. \
        \"Don't stop,\" said Jean-Luc Müller of NATO -- twice.";

    /// Writes `text` in pieces of `size` bytes; true where each was allowed and it may end.
    fn writes(text: &str, size: usize) -> bool {
        let words = Words::of(ARTICLE);
        let mut tail = Tail::new(&words);
        for piece in text.as_bytes().chunks(size) {
            if !tail.allows(piece) {
                return false;
            }
            tail.push(piece);
        }
        tail.may_end()
    }

    #[test]
    fn words_of_the_article_and_function_words_may_be_written() {
        for text in [
            "On Monday the mayor said: \"Don't stop.\"",
            "Its plan cost $1,200.50 (in the U.S.).",
            "Plan of Jean-Luc Müller, who stop NATO - twice",
            "the well known Luc",
            "",
        ] {
            for size in [1, 2, 3, 7, 100] {
                assert!(writes(text, size), "{text:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn no_other_word_or_number_may_be_written() {
        for text in [
            "The council's plan",
            "cost $1,200",
            "cost 1",
            "the Plan",
            "in nato",
            "May",
            "not",
            "Müll",
            "the mayorplan",
            "plan\u{a0}plan",
            "don",
        ] {
            for size in [1, 2, 3, 7, 100] {
                assert!(!writes(text, size), "{text:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_word_that_cannot_be_finished_is_not_begun() {
        let words = Words::of(ARTICLE);
        let mut tail = Tail::new(&words);
        assert!(tail.allows(b"the ma") && !tail.allows(b"the mal"));
        tail.push(b"the ma");
        assert!(
            !tail.may_end() && !tail.allows(b" ") && tail.allows(b"yor") && !tail.allows(b"y.")
        );
    }

    #[test]
    fn function_words_are_a_sorted_list_without_negation() {
        assert!(FUNCTION.is_sorted());
        for word in ["no", "not", "never", "without", "one", "could"] {
            assert!(!FUNCTION.contains(&word), "{word}");
        }
    }
}
