//! What a page declares its encoding to be: the prescan of the HTML standard, and the media type.
//!
//! "Prescan a byte stream to determine its encoding" and the algorithms it calls (WHATWG HTML,
//! "Determining the character encoding"), step by step, with one difference: the end condition is
//! not 1024 bytes but [`PRESCAN`]. Browsers hear a later `meta`, too, by starting to parse anew.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use super::find_ignoring_case;

/// How much of a page is searched for a declaration, in bytes.
const PRESCAN: usize = 64 * 1024;

/// The encoding that the head of a page declares in `<meta charset>`, in `<meta http-equiv>` or,
/// where neither does, in an XML declaration.
pub(super) fn prescan(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(PRESCAN)];
    if head.starts_with(b"<\0?\0x\0") {
        return Some(UTF_16LE);
    }
    if head.starts_with(b"\0<\0?\0x") {
        return Some(UTF_16BE);
    }
    let mut scan = Scan { head, at: 0 };
    loop {
        match scan.next() {
            Some(Some(encoding)) => return Some(encoding),
            Some(None) => {}
            None => return xml_encoding(head),
        }
    }
}

/// The charset that a media type such as `text/html; charset=utf-8` names.
pub(super) fn charset_parameter(content_type: &str) -> Option<&'static Encoding> {
    let rest = content_type.as_bytes();
    let at = find_ignoring_case(rest, b"charset", 0)?;
    let rest = rest[at + b"charset".len()..].trim_ascii_start();
    let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
    // Servers forget the second quote.
    let rest = rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'")).unwrap_or(rest);
    let end = rest.iter().position(|b| matches!(b, b'"' | b'\'' | b';' | b' ' | b'\t'));
    Encoding::for_label(&rest[..end.unwrap_or(rest.len())])
}

/// A place in the head of a page. The steps below give `None` where the bytes run out.
struct Scan<'a> {
    head: &'a [u8],
    at: usize,
}

/// The name of an attribute and its value, both in lower case.
type Attribute = (Vec<u8>, Vec<u8>);

impl Scan<'_> {
    /// From one `<` to behind what it opens; the encoding where that declares one.
    fn next(&mut self) -> Option<Option<&'static Encoding>> {
        self.at += memchr::memchr(b'<', self.head.get(self.at..)?)?;
        let rest = &self.head[self.at..];
        match rest {
            [b'<', b'!', b'-', b'-', ..] => {
                // `<!-->` is a whole comment.
                self.at += 2 + memchr::memmem::find(&rest[2..], b"-->")? + b"-->".len();
            }
            [b'<', name @ ..] if is_meta(name) => {
                self.at += b"<meta".len();
                if let Some(encoding) = self.meta()? {
                    return Some(Some(encoding));
                }
                self.at += 1;
            }
            [b'<', b'/', next, ..] | [b'<', next, ..] if next.is_ascii_alphabetic() => {
                self.at += rest.iter().position(|b| is_space(*b) || *b == b'>')?;
                while self.attribute()?.is_some() {}
                self.at += 1;
            }
            [b'<', b'!' | b'/' | b'?', ..] => self.at += memchr::memchr(b'>', rest)? + 1,
            _ => self.at += 1,
        }
        Some(None)
    }

    /// The attributes of a `meta` element, and the encoding they declare.
    fn meta(&mut self) -> Option<Option<&'static Encoding>> {
        let mut seen: Vec<Vec<u8>> = Vec::new();
        let mut is_pragma = false;
        let mut needs_pragma = false;
        // `Some(None)` is a label that no encoding has.
        let mut charset: Option<Option<&'static Encoding>> = None;
        while let Some((name, value)) = self.attribute()? {
            if seen.contains(&name) {
                continue;
            }
            match name.as_slice() {
                b"http-equiv" => is_pragma |= value == b"content-type",
                b"content" if charset.is_none() => {
                    if let Some(encoding) = in_content(&value) {
                        charset = Some(Some(encoding));
                        needs_pragma = true;
                    }
                }
                b"charset" => {
                    charset = Some(Encoding::for_label(&value));
                    needs_pragma = false;
                }
                _ => {}
            }
            // Of the names only these matter; the others need no memory.
            if matches!(name.as_slice(), b"http-equiv" | b"content" | b"charset") {
                seen.push(name);
            }
        }
        let declared = charset.flatten().filter(|_| is_pragma || !needs_pragma);
        Some(declared.map(|encoding| match encoding {
            e if e == UTF_16BE || e == UTF_16LE => UTF_8,
            e if e == X_USER_DEFINED => WINDOWS_1252,
            e => e,
        }))
    }

    /// "Get an attribute": the next one of the tag, or `Some(None)` at the tag's end.
    fn attribute(&mut self) -> Option<Option<Attribute>> {
        while is_space(self.byte()?) || self.byte()? == b'/' {
            self.at += 1;
        }
        if self.byte()? == b'>' {
            return Some(None);
        }
        let (mut name, mut value) = (Vec::new(), Vec::new());
        loop {
            match self.byte()? {
                b'=' if !name.is_empty() => break,
                b if is_space(b) => break,
                b'/' | b'>' => return Some(Some((name, value))),
                b => name.push(b.to_ascii_lowercase()),
            }
            self.at += 1;
        }
        self.skip_spaces()?;
        if self.byte()? != b'=' {
            return Some(Some((name, value)));
        }
        self.at += 1;
        self.skip_spaces()?;
        if let quote @ (b'"' | b'\'') = self.byte()? {
            self.at += 1;
            let rest = &self.head[self.at..];
            let end = memchr::memchr(quote, rest)?;
            value.extend(rest[..end].iter().map(u8::to_ascii_lowercase));
            self.at += end + 1;
            return Some(Some((name, value)));
        }
        loop {
            match self.byte()? {
                b if is_space(b) || b == b'>' => return Some(Some((name, value))),
                b => value.push(b.to_ascii_lowercase()),
            }
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.head.get(self.at).copied()
    }

    fn skip_spaces(&mut self) -> Option<()> {
        while is_space(self.byte()?) {
            self.at += 1;
        }
        Some(())
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// What follows `<` opens a `meta` element.
fn is_meta(name: &[u8]) -> bool {
    name.len() > 4
        && name[..4].eq_ignore_ascii_case(b"meta")
        && (is_space(name[4]) || name[4] == b'/')
}

/// "Extracting a character encoding from a meta element": of `text/html; charset=x`.
fn in_content(content: &[u8]) -> Option<&'static Encoding> {
    let mut from = 0;
    loop {
        from = find_ignoring_case(content, b"charset", from)? + b"charset".len();
        let Some(rest) = content[from..].trim_ascii_start().strip_prefix(b"=") else { continue };
        let rest = rest.trim_ascii_start();
        let label = match rest {
            [quote @ (b'"' | b'\''), rest @ ..] => &rest[..memchr::memchr(*quote, rest)?],
            _ => {
                let end = rest.iter().position(|b| is_space(*b) || *b == b';');
                &rest[..end.unwrap_or(rest.len())]
            }
        };
        return Encoding::for_label(label);
    }
}

/// "Get an XML encoding": of `<?xml version="1.0" encoding="x"?>`.
fn xml_encoding(head: &[u8]) -> Option<&'static Encoding> {
    let declaration = head.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr::memchr(b'>', declaration)?];
    let at = memchr::memmem::find(declaration, b"encoding")? + b"encoding".len();
    let is_blank = |b: &u8| *b <= 0x20;
    let mut rest = declaration[at..].iter().copied().skip_while(is_blank);
    if rest.next()? != b'=' {
        return None;
    }
    let mut rest = rest.skip_while(is_blank);
    let quote = rest.next().filter(|b| matches!(b, b'"' | b'\''))?;
    let label: Vec<u8> = rest.collect();
    let label = &label[..memchr::memchr(quote, &label)?];
    let encoding = Encoding::for_label(label).filter(|_| !label.iter().any(is_blank))?;
    Some(if encoding == UTF_16BE || encoding == UTF_16LE { UTF_8 } else { encoding })
}
