//! What bytes are before anyone decodes them: UTF-16, binary content, HTML or plain text.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::find_ignoring_case;

/// How much of a page is looked at, in bytes.
const SNIFF: usize = 4096;

/// UTF-16 without byte order mark: markup and spaces leave every other byte zero.
pub(super) fn utf16_by_zero_bytes(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = &bytes[..bytes.len().min(SNIFF) & !1];
    let pairs = sample.len() / 2;
    if pairs < 4 || memchr::memchr(0, sample).is_none() {
        return None;
    }
    let zeros = |odd| sample.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    // Text in a script without spaces still has markup and line ends; the other half has few
    // zeros, such as in U+4E00.
    let encoding = if odd * 10 > pairs && even * 4 <= odd {
        UTF_16LE
    } else if even * 10 > pairs && odd * 4 <= even {
        UTF_16BE
    } else {
        return None;
    };
    let (text, malformed) = encoding.decode_without_bom_handling(sample);
    let text_like = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    // The sample may cut a surrogate pair.
    let sound = !malformed || text.trim_end_matches('\u{fffd}').chars().all(|c| c != '\u{fffd}');
    (sound && text.chars().all(text_like)).then_some(encoding)
}

const MAGIC: [&[u8]; 24] = [
    b"%PDF-",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"RIFF",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a",
    b"\x7fELF",
    b"MZ\x90",
    b"\xd0\xcf\x11\xe0",
    b"OggS",
    b"ID3",
    b"fLaC",
    b"\x1a\x45\xdf\xa3",
    b"wOFF",
    b"wOF2",
    b"SQLite format 3\0",
];

pub(super) fn has_magic(bytes: &[u8]) -> bool {
    MAGIC.iter().any(|magic| bytes.starts_with(magic)) || bytes.get(4..8) == Some(b"ftyp")
}

pub(super) fn has_control_bytes(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SNIFF)];
    // Escape opens the shifts of ISO-2022-JP. NUL bytes strewn over a page are damage, and count
    // less than the others.
    let control = |b: &&u8| matches!(**b, 1..=8 | 11 | 14..=26 | 28..=31 | 127);
    let controls = sample.iter().filter(control).count();
    let zeros = sample.iter().filter(|b| **b == 0).count();
    controls * 20 > sample.len() || zeros * 4 > sample.len()
}

/// Whether a text is HTML; otherwise it is plain text. A media type decides where it is one of the
/// two, then the extension of `name` (a path or URL), then the text: markup near its beginning.
pub fn is_html(text: &str, content_type: Option<&str>, name: Option<&str>) -> bool {
    let text = text.trim_start();
    let head = &text.as_bytes()[..text.len().min(SNIFF)];
    let looks_html = starts_like_html(head);
    if let Some(content_type) = content_type {
        let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/html" | "application/xhtml+xml" => return true,
            // Servers send HTML as text/plain where they do not know the extension.
            "text/plain" | "text/markdown" | "text/x-markdown" => {
                return looks_html && is_document(head);
            }
            _ => {}
        }
    }
    let extension = name.and_then(|name| {
        let path = name.split(['?', '#']).next()?;
        let file = path.rsplit(['/', '\\']).next()?;
        let file = file.strip_suffix(".gz").unwrap_or(file);
        Some(file.rsplit_once('.')?.1.to_ascii_lowercase())
    });
    match extension.as_deref() {
        Some("html" | "htm" | "xhtml" | "shtml") => true,
        Some("txt" | "text" | "md" | "markdown") => looks_html && is_document(head),
        _ => looks_html || has_markup(head),
    }
}

/// The text begins with a tag, comment or declaration.
fn starts_like_html(head: &[u8]) -> bool {
    match head {
        [b'<', b'!' | b'?', ..] => true,
        [b'<', next, ..] => next.is_ascii_alphabetic(),
        _ => false,
    }
}

/// The text has the elements of a whole page.
fn is_document(head: &[u8]) -> bool {
    [b"<html".as_slice(), b"<!doctype html", b"<head", b"<body"]
        .iter()
        .any(|tag| find_ignoring_case(head, tag, 0).is_some())
}

/// The text has closing tags of elements that only a page has.
fn has_markup(head: &[u8]) -> bool {
    is_document(head)
        || [b"</p>".as_slice(), b"</div>", b"</a>", b"</title>", b"<br>", b"<br />", b"</font>"]
            .iter()
            .filter(|tag| find_ignoring_case(head, tag, 0).is_some())
            .count()
            >= 2
}
