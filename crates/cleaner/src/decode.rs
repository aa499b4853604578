//! Bytes into text: which encoding a page is in, and whether it is text at all.
//!
//! Promises: time linear in the bytes, at most one copy of them, and a text for every page that a
//! browser could show. The order is that of the HTML standard: byte order mark, HTTP header,
//! `<meta>` or XML declaration, then detection; but a declaration that the bytes contradict loses.
//! NUL bytes and invalid sequences become U+FFFD or vanish; they do not stop a page.
//!
//! Leaves out: decompression, and bytes in two encodings at once.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use newsmill_article::Reason;

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

/// How much of a page is searched for a declaration, in bytes. The standard says 1024; browsers
/// look further, and real pages need it.
const PRESCAN: usize = 4096;
/// How much of a page the detector sees, in bytes.
const DETECT: usize = 256 * 1024;
/// How much of a page is looked at to tell text from binary content, in bytes.
const SNIFF: usize = 4096;

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

/// The charset that a media type such as `text/html; charset=utf-8` names.
fn charset_parameter(content_type: &str) -> Option<&'static Encoding> {
    let at = find_ignoring_case(content_type.as_bytes(), b"charset", 0)?;
    label_after_equals(&content_type.as_bytes()[at + b"charset".len()..])
}

/// The declaration in the page where the header's was false.
fn second_declaration(bytes: &[u8], first: &str) -> Option<&'static Encoding> {
    if first == "http header" { prescan(bytes) } else { None }
}

/// The encoding that the head of the page declares, in `<meta charset>`, `<meta http-equiv>` or an
/// XML declaration. A page that says UTF-16 in ASCII bytes is read as UTF-8, as the standard says.
fn prescan(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(PRESCAN)];
    let declared = xml_declaration(head).or_else(|| meta_charset(head))?;
    Some(if declared == UTF_16BE || declared == UTF_16LE { UTF_8 } else { declared })
}

fn xml_declaration(head: &[u8]) -> Option<&'static Encoding> {
    let head = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let head = &head[..head.iter().position(|b| *b == b'>')?];
    let at = find_ignoring_case(head, b"encoding", 0)?;
    label_after_equals(&head[at + b"encoding".len()..])
}

fn meta_charset(head: &[u8]) -> Option<&'static Encoding> {
    let mut at = 0;
    loop {
        let open = at + memchr::memchr(b'<', &head[at..])?;
        let rest = &head[open..];
        if rest.starts_with(b"<!--") {
            at = open + 4 + find(&rest[4..], b"-->")?;
            continue;
        }
        at = open + 1;
        if rest.len() < 6 || !rest[1..5].eq_ignore_ascii_case(b"meta") {
            continue;
        }
        let tag = &rest[..rest.iter().position(|b| *b == b'>').unwrap_or(rest.len())];
        // `content="text/html; charset=x"` and `charset=x` read the same from here.
        let mut from = 5;
        while let Some(found) = find_ignoring_case(tag, b"charset", from) {
            from = found + b"charset".len();
            if let Some(encoding) = label_after_equals(&tag[from..]) {
                return Some(encoding);
            }
        }
    }
}

/// The encoding whose label follows `=`, quoted or not.
fn label_after_equals(rest: &[u8]) -> Option<&'static Encoding> {
    let rest = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'")).unwrap_or(rest);
    let end = rest
        .iter()
        .position(|b| matches!(b, b'"' | b'\'' | b';' | b'>' | b'/') || b.is_ascii_whitespace())
        .unwrap_or(rest.len());
    Encoding::for_label(&rest[..end])
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, what)
}

fn find_ignoring_case(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    let found = bytes.get(from..)?.windows(what.len()).position(|w| w.eq_ignore_ascii_case(what));
    found.map(|at| from + at)
}

/// UTF-16 without byte order mark: markup and spaces leave every other byte zero.
fn utf16_by_zero_bytes(bytes: &[u8]) -> Option<&'static Encoding> {
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

fn has_magic(bytes: &[u8]) -> bool {
    MAGIC.iter().any(|magic| bytes.starts_with(magic)) || bytes.get(4..8) == Some(b"ftyp")
}

fn has_control_bytes(bytes: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RUSSIAN: &str = "<p>Президент России прибыл в Минск, чтобы обсудить торговлю и границы. Переговоры продолжались до позднего вечера.</p>";
    const JAPANESE: &str = "<p>東京の株式市場は月曜日に大きく下がり、投資家は安全な資産を求めました。これは今年最大の下げです。</p>";
    const CHINESE: &str = "<p>中国国家统计局周一公布的数据显示，今年第一季度经济增长超过预期，出口和消费都有明显改善。</p>";
    const GERMAN: &str = "<p>Die Straße über die Brücke bleibt für größere Fahrzeuge gesperrt, heißt es aus Köln.</p>";

    fn text(bytes: &[u8], content_type: Option<&str>) -> String {
        decode(bytes, content_type).unwrap().text.into_owned()
    }

    fn encoded(label: &str, text: &str) -> Vec<u8> {
        Encoding::for_label(label.as_bytes()).unwrap().encode(text).0.into_owned()
    }

    fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    }

    #[test]
    fn each_way_of_declaring_is_heard() {
        for (label, page) in [
            ("windows-1251", RUSSIAN),
            ("koi8-r", RUSSIAN),
            ("shift_jis", JAPANESE),
            ("euc-jp", JAPANESE),
            ("iso-2022-jp", JAPANESE),
            ("gb18030", CHINESE),
            ("big5", "<p>台灣的經濟在今年第一季成長超過預期。</p>"),
            ("euc-kr", "<p>서울의 주식 시장이 월요일에 크게 하락했습니다.</p>"),
            ("iso-8859-15", GERMAN),
            ("windows-1252", GERMAN),
        ] {
            let header = format!("text/html; Charset=\"{label}\"");
            assert_eq!(text(&encoded(label, page), Some(&header)), page, "header {label}");
            for head in [
                format!("<html><head><meta charset={label}></head>"),
                format!("<META http-equiv='Content-Type' content='text/html; charset={label}'>"),
                format!("<?xml version='1.0' encoding='{label}'?>"),
                format!("<!-- <meta charset=utf-16> --><meta charset = '{label}' />"),
            ] {
                let page = head + page;
                assert_eq!(text(&encoded(label, &page), None), page, "{label}");
            }
        }
    }

    #[test]
    fn an_undeclared_encoding_is_detected() {
        for (label, page) in [
            ("windows-1251", RUSSIAN),
            ("koi8-r", RUSSIAN),
            ("shift_jis", JAPANESE),
            ("euc-jp", JAPANESE),
            ("gb18030", CHINESE),
            ("windows-1252", GERMAN),
            ("utf-8", JAPANESE),
        ] {
            assert_eq!(text(&encoded(label, page), None), page, "{label}");
        }
    }

    #[test]
    fn utf_16_needs_no_mark() {
        for page in [GERMAN, RUSSIAN, JAPANESE] {
            for little in [true, false] {
                assert_eq!(text(&utf16(page, little, true), None), page);
                assert_eq!(text(&utf16(page, little, false), Some("text/html")), page);
            }
        }
    }

    #[test]
    fn a_false_declaration_loses() {
        let utf8 = format!("<meta charset=iso-8859-1>{RUSSIAN}");
        assert_eq!(text(utf8.as_bytes(), None), utf8);
        assert_eq!(text(utf8.as_bytes(), Some("text/html; charset=windows-1251")), utf8);
        let page = format!("<meta charset=utf-8>{RUSSIAN}");
        assert_eq!(text(&encoded("windows-1251", &page), None), page);
        let page = format!("<meta charset=windows-1251>{RUSSIAN}");
        let bytes = encoded("windows-1251", &page);
        let found = decode(&bytes, Some("text/html; charset=utf-8"));
        assert_eq!(found.unwrap().origin, "meta");
        let page = format!("<meta charset=shift_jis>{GERMAN}");
        assert_eq!(text(&encoded("windows-1252", &page), None), page);
    }

    #[test]
    fn damage_does_not_stop_a_page() {
        let mut page = JAPANESE.repeat(40).into_bytes();
        page.insert(3, b'\0');
        page.push(0xe3);
        let found = decode(&page, None).unwrap();
        assert_eq!(found.encoding, UTF_8);
        assert_eq!(found.text.replace('\u{fffd}', ""), JAPANESE.repeat(40));
    }

    #[test]
    fn binary_content_is_refused() {
        for bytes in [
            b"%PDF-1.7 then text".as_slice(),
            b"PK\x03\x04 then text",
            b"\x89PNG\r\n\x1a\n",
            b"\0\0\0 ftypisom",
            b"\x01\x02\x03\x04text\x05\x06",
        ] {
            assert_eq!(decode(bytes, Some("text/html")), Err(CleanError(Reason::NotHtml)));
        }
        for bytes in [b"".as_slice(), b" \n\t", b"\0\0"] {
            assert_eq!(decode(bytes, None), Err(CleanError(Reason::Empty)));
        }
    }

    #[test]
    fn html_is_told_from_plain_text() {
        assert!(is_html("<!DOCTYPE html><p>a", None, None));
        assert!(is_html("Words <b>and</b><br>more</p> words", None, None));
        assert!(is_html("no tag at all", Some("text/html; charset=x"), None));
        assert!(is_html("<p>", None, Some("https://example.org/a.HTML?b=1")));
        assert!(is_html("<html><body>", Some("text/plain"), None));
        assert!(!is_html("<p>Markdown may hold tags</p>", None, Some("a/b.md")));
        assert!(!is_html("a < b and c > d", None, None));
        assert!(!is_html("# Heading", Some("text/markdown"), None));
        assert!(!is_html("<3 is a heart", None, None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            label in "[a-z0-9;= \"-]{0,30}",
        ) {
            if let Ok(found) = decode(&bytes, Some(&label)) {
                prop_assert!(!found.text.contains('\0'));
                is_html(&found.text, None, Some(&label));
            }
        }

        #[test]
        fn valid_utf_8_is_never_changed(page in "[^\0\u{feff}\u{1}-\u{8}\u{b}\u{e}-\u{1f}\u{7f}]{20,200}") {
            prop_assume!(!page.trim().is_empty() && Encoding::for_bom(page.as_bytes()).is_none());
            prop_assume!(!page.is_ascii());
            prop_assert_eq!(text(page.as_bytes(), None), page);
        }
    }
}
