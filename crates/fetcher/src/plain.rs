//! Plain text of what is written in HTML or XML: character references, tags, white space.

use std::borrow::Cow;

/// Text with white space runs as single spaces; `None` where nothing is left.
pub(crate) fn tidy(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Plain text of what may be HTML.
pub fn plain(html: &str) -> Option<String> {
    if !html.contains(['<', '&']) {
        return tidy(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let tag =
            rest[open + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let Some(close) = rest[open..].find('>').filter(|_| tag) else {
            out.push_str(&rest[..=open]);
            rest = &rest[open + 1..];
            continue;
        };
        out.push_str(&rest[..open]);
        let tag = &rest[open + 1..open + close];
        rest = &rest[open + close + 1..];
        for unseen in ["script", "style"] {
            if tag.get(..unseen.len()).is_some_and(|name| name.eq_ignore_ascii_case(unseen)) {
                let end = rest.find("</").unwrap_or(rest.len());
                rest = &rest[end..];
            }
        }
    }
    out.push_str(rest);
    tidy(&unescape(&out))
}

/// Resolves character references, HTML's names included; unknown ones stay as they are.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(34).position(|b| b == b';');
        match end.and_then(|end| Some((end, reference(&rest[1..end])?))) {
            Some((end, resolved)) => {
                out.push_str(&resolved);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What a character reference without `&` and `;` stands for: at most a few characters.
pub(crate) fn reference(name: &str) -> Option<Cow<'static, str>> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| *c != '\0').map(|c| match windows_1252(c) {
            Some(meant) => meant,
            None => c.to_string().into(),
        });
    }
    let written = format!("&{name};");
    let read = html_escape::decode_html_entities(&written);
    (read != written.as_str()).then(|| read.into_owned().into())
}

/// What a control character of the C1 range stands for, which means windows-1252 to everybody who
/// writes it.
pub(crate) fn windows_1252(c: char) -> Option<Cow<'static, str>> {
    let byte = u8::try_from(u32::from(c)).ok().filter(|byte| matches!(byte, 0x80..=0x9f))?;
    Some(encoding_rs::WINDOWS_1252.decode(&[byte]).0.into_owned().into())
}
