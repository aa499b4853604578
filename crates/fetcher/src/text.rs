//! Bytes of XML or JSON into UTF-8, as their labels or their shape tell.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Text and the name of the encoding it was in. Order of belief: byte order mark, the shape of
/// UTF-16, valid UTF-8 for what is declared so, the `charset` of the media type, the XML
/// declaration, detection. Never fails: what fits no encoding becomes U+FFFD.
pub(crate) fn decode<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
) -> (Cow<'a, str>, &'static str) {
    let (encoding, skip) = encoding_of(bytes, content_type);
    let (text, _) = encoding.decode_without_bom_handling(&bytes[skip..]);
    (text, encoding.name())
}

fn encoding_of(bytes: &[u8], content_type: Option<&str>) -> (&'static Encoding, usize) {
    if let Some((encoding, skip)) = Encoding::for_bom(bytes) {
        return (encoding, skip);
    }
    match bytes {
        [0, b'<' | b'{', 0, ..] => return (UTF_16BE, 0),
        [b'<' | b'{', 0, _, 0, ..] => return (UTF_16LE, 0),
        _ => {}
    }
    let valid_utf8 = std::str::from_utf8(bytes).is_ok();
    let labels = [content_type.and_then(charset), declared(bytes)];
    for label in labels.into_iter().flatten() {
        // A label of UTF-16 on bytes that are not is as wrong as one of UTF-8 on invalid bytes.
        match Encoding::for_label(label.as_bytes()) {
            Some(encoding) if encoding == UTF_8 && valid_utf8 => return (UTF_8, 0),
            Some(encoding) if encoding == UTF_8 || encoding == UTF_16BE || encoding == UTF_16LE => {
            }
            // Text that is valid UTF-8 beyond ASCII is hardly ever anything else.
            Some(_) if valid_utf8 && !bytes.is_ascii() => return (UTF_8, 0),
            Some(encoding) => return (encoding, 0),
            None => {}
        }
    }
    if valid_utf8 {
        return (UTF_8, 0);
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(&bytes[..bytes.len().min(1 << 16)], true);
    let guess = detector.guess(None, chardetng::Utf8Detection::Allow);
    (if guess == UTF_8 { WINDOWS_1252 } else { guess }, 0)
}

/// The `charset` parameter of a media type.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// The encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(200)];
    let start = head.iter().position(|b| !b.is_ascii_whitespace())?;
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(head.get(start..end)?).ok()?.strip_prefix("<?xml")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    value.get(1..)?.split(value.chars().next()?).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_shapes() {
        let utf16: Vec<u8> = "<a>é</a>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, content_type, text) in [
            (b"<?xml version='1.0' encoding='windows-1251'?>\xef".to_vec(), None, "п"),
            (b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\xe9".to_vec(), None, "é"),
            (b"<a>\xe9</a>".to_vec(), Some("text/xml; charset=ISO-8859-1"), "é"),
            (utf16, None, "é"),
            ("<?xml version='1.0' encoding='latin1'?>é".into(), None, "é"),
            ("\u{feff}<a>é".into(), Some("text/xml; charset=koi8-r"), "é"),
        ] {
            assert!(decode(&bytes, content_type).0.contains(text), "{bytes:?}");
        }
    }
}
