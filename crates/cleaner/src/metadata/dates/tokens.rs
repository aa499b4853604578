//! A text as numbers, words and marks.

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    /// Its value and how many digits it has.
    Number(i64, usize),
    Word(&'a str),
    Mark(char),
    Space,
}

/// A text in small letters, with the digits and marks of all scripts as those of ASCII.
pub(super) fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '/' | '.' | ':' => out.push(c),
            '／' => out.push('/'),
            '．' => out.push('.'),
            '：' => out.push(':'),
            '，' | '،' => out.push(','),
            '－' | '‐' | '‑' | '−' => out.push('-'),
            // Marks of direction and joiners.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c => match digit(c) {
                Some(digit) => out.push(char::from(b'0' + digit)),
                None => out.extend(c.to_lowercase()),
            },
        }
    }
    out
}

/// The value of a decimal digit of any script that newspapers are printed in.
pub(super) fn digit(c: char) -> Option<u8> {
    // Arabic, Persian, the scripts of India, Thai, Lao, Burmese, Khmer, and wide ones.
    const ZEROS: [u32; 16] = [
        0x0660, 0x06f0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66,
        0x0e50, 0x0ed0, 0x1040, 0x17e0, 0xff10,
    ];
    if c.is_ascii_digit() {
        return u8::try_from(u32::from(c) - u32::from('0')).ok();
    }
    let code = u32::from(c);
    if code < ZEROS[0] {
        return None;
    }
    ZEROS.iter().find_map(|zero| {
        let value = code.checked_sub(*zero).filter(|value| *value < 10)?;
        u8::try_from(value).ok()
    })
}

pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let class = |c: char| (c.is_ascii_digit(), is_letter(c), c.is_whitespace());
        // A run of digits, of letters, or of spaces; 年, 月 and 日 stand alone.
        let end = match class(c) {
            (false, false, false) => c.len_utf8(),
            _ if is_ideograph(c) => c.len_utf8(),
            kind => {
                rest.find(|next| class(next) != kind || is_ideograph(next)).unwrap_or(rest.len())
            }
        };
        let (token, tail) = rest.split_at(end);
        tokens.push(if c.is_ascii_digit() {
            Token::Number(token.parse().unwrap_or(i64::MAX), token.len())
        } else if is_letter(c) {
            Token::Word(token)
        } else if c.is_whitespace() {
            Token::Space
        } else {
            Token::Mark(c)
        });
        rest = tail;
    }
    tokens
}

/// A letter, or a sign that is written above, below or after one.
fn is_letter(c: char) -> bool {
    c.is_alphabetic()
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{e31}'..='\u{e4e}')
        // The joined letters of India, without its full stops.
        || matches!(c, '\u{900}'..='\u{963}' | '\u{970}'..='\u{dff}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}
