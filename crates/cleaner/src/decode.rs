//! Bytes into text: which encoding a page is in, and whether it is text at all.
//!
//! Promises: time linear in the bytes, at most one copy of them, and a text for every page that a
//! browser could show. The order is that of the HTML standard: byte order mark, HTTP header,
//! `<meta>` or XML declaration, then detection; but a declaration that the bytes contradict loses.
//! NUL bytes and invalid sequences become U+FFFD or vanish; they do not stop a page.
//!
//! Leaves out: decompression, and bytes in two encodings at once.
//!
//! `declared` reads declarations, `sniff` tells HTML, plain text and binary content apart.

mod declared;
mod sniff;

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};
use newsmill_article::Reason;

use self::declared::{charset_parameter, prescan};
pub use self::sniff::is_html;
use self::sniff::{has_control_bytes, has_magic, utf16_by_zero_bytes};
use crate::CleanError;

/// A page as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded<'a> {
    /// The text, without byte order mark and NUL; borrowed where the bytes already were clean
    /// UTF-8.
    pub text: Cow<'a, str>,
    /// What it was decoded from.
    pub encoding: &'static Encoding,
    /// What named that encoding: `byte order mark`, `http header`, `meta`, `utf-8` (it is valid),
    /// `zero bytes` or `detection`.
    pub origin: &'static str,
}

/// How much of a page the detector sees, in bytes.
const DETECT: usize = 256 * 1024;

/// Decodes a page.
///
/// # Errors
///
/// [`Reason::Empty`] for no bytes, or nothing but white space; [`Reason::NotHtml`] for bytes that
/// are no text: images, archives, PDF, or a high share of control bytes.
pub fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Result<Decoded<'a>, CleanError> {
    if bytes.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
        return Err(CleanError(Reason::Empty));
    }
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return Ok(decoded(&bytes[length..], encoding, "byte order mark"));
    }
    if has_magic(bytes) {
        return Err(CleanError(Reason::NotHtml));
    }
    if let Some(encoding) = utf16_by_zero_bytes(bytes) {
        return Ok(decoded(bytes, encoding, "zero bytes"));
    }
    if has_control_bytes(bytes) {
        return Err(CleanError(Reason::NotHtml));
    }
    let declared = content_type
        .and_then(charset_parameter)
        .map(|encoding| (encoding, "http header"))
        .or_else(|| prescan(bytes).map(|encoding| (encoding, "meta")));
    // Nearly every page is this, and checking it runs at the speed of memory.
    if let Ok(text) = std::str::from_utf8(bytes)
        && declared.is_none_or(|(encoding, _)| encoding == UTF_8)
    {
        let origin = declared.map_or("utf-8", |(_, origin)| origin);
        return Ok(Decoded { text: without_nul(Cow::Borrowed(text)), encoding: UTF_8, origin });
    }
    let utf8 = Utf8::of(bytes);
    let (encoding, origin) = match declared {
        // Long valid runs of multi-byte UTF-8 do not happen by chance, whatever the page declares.
        Some((declared, _)) if declared != UTF_8 && utf8 == Utf8::Valid => (UTF_8, "utf-8"),
        Some((declared, origin)) if declared == UTF_8 && utf8 == Utf8::Broken => {
            match second_declaration(bytes, origin).filter(|e| *e != UTF_8) {
                Some(other) => (other, "meta"),
                None => (detect(bytes), "detection"),
            }
        }
        Some((declared, _)) if declared != UTF_8 && contradicts(declared, bytes) => {
            (detect(bytes), "detection")
        }
        Some(found) => found,
        None if utf8 != Utf8::Broken => (UTF_8, "utf-8"),
        None => (detect(bytes), "detection"),
    };
    Ok(decoded(bytes, encoding, origin))
}

fn decoded<'a>(bytes: &'a [u8], encoding: &'static Encoding, origin: &'static str) -> Decoded<'a> {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    Decoded { text: without_nul(text), encoding, origin }
}

fn without_nul(text: Cow<'_, str>) -> Cow<'_, str> {
    match memchr::memchr(0, text.as_bytes()) {
        Some(_) => Cow::Owned(text.replace('\0', "")),
        None => text,
    }
}

/// What the bytes are if they are read as UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Utf8 {
    /// No byte above 127.
    Ascii,
    /// Valid, or so nearly that the rest is damage, with multi-byte characters.
    Valid,
    /// Something else.
    Broken,
}

impl Utf8 {
    /// A page is still UTF-8 when one byte sequence in fifty is broken: cut-off text and pasted
    /// fragments happen, while a page in another encoding has next to no valid sequence.
    fn of(bytes: &[u8]) -> Self {
        let (mut good, mut bad) = (0_usize, 0_usize);
        for chunk in bytes.utf8_chunks() {
            good += chunk.valid().bytes().filter(|b| *b >= 0xc0).count();
            bad += usize::from(!chunk.invalid().is_empty());
        }
        match (good, bad) {
            (0, 0) => Self::Ascii,
            _ if bad * 50 <= good => Self::Valid,
            _ => Self::Broken,
        }
    }
}

/// Whether a declared encoding cannot be: the bytes have sequences that it does not know, more
/// than damage explains.
fn contradicts(declared: &'static Encoding, bytes: &[u8]) -> bool {
    if declared.is_single_byte() {
        return false;
    }
    let sample = &bytes[..bytes.len().min(DETECT)];
    let (text, malformed) = declared.decode_without_bom_handling(sample);
    if !malformed {
        return false;
    }
    let (mut foreign, mut broken) = (0_usize, 0_usize);
    for c in text.chars() {
        foreign += usize::from(!c.is_ascii());
        broken += usize::from(c == char::REPLACEMENT_CHARACTER);
    }
    broken * 20 > foreign
}

fn detect(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let sample = &bytes[..bytes.len().min(DETECT)];
    detector.feed(sample, sample.len() == bytes.len());
    detector.guess(None, Utf8Detection::Deny)
}

/// The declaration in the page where the header's was false.
fn second_declaration(bytes: &[u8], first: &str) -> Option<&'static Encoding> {
    if first == "http header" { prescan(bytes) } else { None }
}

fn find_ignoring_case(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    let found = bytes.get(from..)?.windows(what.len()).position(|w| w.eq_ignore_ascii_case(what));
    found.map(|at| from + at)
}

#[cfg(test)]
mod tests;
