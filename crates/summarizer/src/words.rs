//! Words as the summarizer counts and compares them.
//!
//! A word is a run of letters and digits; each ideograph, kana or Hangul-free CJK sign is one by
//! itself, since their scripts write no spaces. Leaves out morphology but for English stems.

/// Whether `c` is written without spaces around words: Han, Hiragana, Katakana, Thai, Lao, Khmer,
/// Burmese. Such letters count one by one.
pub fn is_unspaced(c: char) -> bool {
    matches!(c as u32,
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0xFF66..=0xFF9D
        | 0x20000..=0x3FFFF)
}

/// Calls `each` with the byte range of every word of `text`, in order.
pub fn for_each_word(text: &str, mut each: impl FnMut(std::ops::Range<usize>)) {
    let mut start = None;
    for (at, c) in text.char_indices() {
        if c.is_ascii_alphanumeric() || (!c.is_ascii() && c.is_alphanumeric()) {
            if !c.is_ascii() && is_unspaced(c) {
                if let Some(from) = start.take() {
                    each(from..at);
                }
                each(at..at + c.len_utf8());
            } else if start.is_none() {
                start = Some(at);
            }
        } else if let Some(from) = start.take() {
            each(from..at);
        }
    }
    if let Some(from) = start {
        each(from..text.len());
    }
}

/// How many words `text` has, for `max_words`: runs between spaces, and each letter of a script
/// without spaces.
pub fn count(text: &str) -> usize {
    let mut words = 0;
    let mut within = false;
    for c in text.chars() {
        if !c.is_ascii() && is_unspaced(c) {
            words += 1;
            within = false;
        } else if c.is_whitespace() {
            within = false;
        } else if !within && c.is_alphanumeric() {
            words += 1;
            within = true;
        }
    }
    words
}
