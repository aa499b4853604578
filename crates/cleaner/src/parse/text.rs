//! Text and values of attributes as they are meant: references resolved, line ends as `\n`.

use super::references::reference;

/// Where the text stands, which says what in it has a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Between tags, or in an element whose text has references.
    Text,
    /// In an attribute.
    Attribute,
    /// In a script, a style sheet or the like: no references.
    Raw,
}

/// Whether a text is written as it is meant.
pub(super) fn is_plain(text: &str, place: Place) -> bool {
    let bytes = text.as_bytes();
    match place {
        Place::Raw => memchr::memchr2(b'\r', 0, bytes).is_none(),
        Place::Text | Place::Attribute => memchr::memchr3(b'&', b'\r', 0, bytes).is_none(),
    }
}

/// Adds a text as it is meant; NUL becomes U+FFFD.
pub(super) fn push(out: &mut String, text: &str, place: Place) {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        let next = match place {
            Place::Raw => memchr::memchr2(b'\r', 0, rest),
            Place::Text | Place::Attribute => memchr::memchr3(b'&', b'\r', 0, rest),
        };
        let Some(found) = next else {
            out.push_str(&text[at..]);
            return;
        };
        out.push_str(&text[at..at + found]);
        at += found + 1;
        match rest[found] {
            b'\r' => {
                out.push('\n');
                at += usize::from(bytes.get(at) == Some(&b'\n'));
            }
            b'&' => match reference(&text[at..], place == Place::Attribute) {
                Some((first, second, length)) => {
                    out.push(first);
                    out.extend(second);
                    at += length;
                }
                None => out.push('&'),
            },
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}
