//! A tag: its name, and those of its attributes that matter.

use std::borrow::Cow;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tag, TagKind};
use html5ever::{Attribute, LocalName, QualName, local_name, ns};

use super::guard::{is_formatting, is_reopened};
use super::text::{self, Place};
use super::{MAX_ATTRIBUTES, is_space};
use crate::html::AttributeName;

/// Longer values of elements that the tree builder may open again and again are cut, in bytes: each time
/// somebody reads them.
const LONGEST_REOPENED: usize = 1024;

/// Reads a tag whose name begins at `at`. Says also where what follows it begins; `None` for a tag
/// that the page ends in, which is none.
pub(super) fn read(page: &str, at: usize, kind: TagKind) -> Option<(Tag, usize)> {
    let bytes = page.as_bytes();
    let ends = |byte: &u8| is_space(*byte) || matches!(byte, b'/' | b'>');
    let end = at + bytes[at..].iter().position(ends)?;
    let mut tag = Tag {
        kind,
        name: element_name(&page[at..end]),
        self_closing: false,
        attrs: Vec::new(),
        had_duplicate_attributes: false,
    };
    // The tree builder compares formatting elements by their attributes, and asks foreign elements
    // for theirs. Of end tags it asks nothing.
    let keep = match kind {
        TagKind::EndTag => Keep::None,
        TagKind::StartTag
            if is_formatting(&tag.name) || tag.name == local_name!("annotation-xml") =>
        {
            Keep::All
        }
        TagKind::StartTag => Keep::Read,
    };
    let longest = if is_reopened(&tag.name) { LONGEST_REOPENED } else { usize::MAX };
    let mut at = end;
    let mut count = 0;
    loop {
        at += bytes[at..].iter().position(|byte| !is_space(*byte))?;
        match bytes[at] {
            b'>' => return Some((tag, at + 1)),
            b'/' => {
                at += 1;
                tag.self_closing = *bytes.get(at)? == b'>';
            }
            _ => {
                let (name, value, next) = attribute(page, at)?;
                at = next;
                count += 1;
                if count <= MAX_ATTRIBUTES {
                    let value = &value[..value.floor_char_boundary(longest)];
                    add(&mut tag.attrs, name, value, keep);
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    None,
    /// Attributes that this crate or the tree builder reads.
    Read,
    All,
}

/// The name and the value of the attribute at `at`, as they are written, and where it ends.
fn attribute(page: &str, at: usize) -> Option<(&str, &str, usize)> {
    let bytes = page.as_bytes();
    // Whatever the first byte is, it belongs to the name.
    let ends = |byte: &u8| is_space(*byte) || matches!(byte, b'/' | b'>' | b'=');
    let end = at + 1 + bytes[at + 1..].iter().position(ends)?;
    let name = &page[at..end];
    let next = end + bytes[end..].iter().position(|byte| !is_space(*byte))?;
    if bytes[next] != b'=' {
        return Some((name, "", next));
    }
    let start = next + 1 + bytes[next + 1..].iter().position(|byte| !is_space(*byte))?;
    match bytes[start] {
        quote @ (b'"' | b'\'') => {
            let length = memchr::memchr(quote, &bytes[start + 1..])?;
            Some((name, &page[start + 1..start + 1 + length], start + length + 2))
        }
        _ => {
            let length = bytes[start..].iter().position(|byte| is_space(*byte) || *byte == b'>')?;
            Some((name, &page[start..start + length], start + length))
        }
    }
}

fn add(attributes: &mut Vec<Attribute>, name: &str, value: &str, keep: Keep) {
    let Some(name) = attribute_name(name, keep) else { return };
    if attributes.iter().any(|known| known.name.local == name) {
        return;
    }
    let value = match text::is_plain(value, Place::Attribute) {
        true => StrTendril::from(value),
        false => {
            let mut meant = String::with_capacity(value.len());
            text::push(&mut meant, value, Place::Attribute);
            StrTendril::from(meant)
        }
    };
    attributes.push(Attribute { name: QualName::new(None, ns!(), name), value });
}

fn attribute_name(name: &str, keep: Keep) -> Option<LocalName> {
    if keep == Keep::None {
        return None;
    }
    let name = lower(name);
    match AttributeName::named(&name) {
        Some(read) => Some(read.local_name()),
        None if keep == Keep::All => Some(LocalName::from(&*name)),
        None => None,
    }
}

/// A name in small letters, which it nearly always is in already.
fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase() || byte == 0) {
        Cow::Owned(name.to_ascii_lowercase().replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(name)
    }
}

fn element_name(name: &str) -> LocalName {
    let name = lower(name);
    // Most elements are of a few names, and comparing is quicker than the table of all names.
    macro_rules! common {
        ($($known:tt)*) => {
            match &*name {
                $($known => local_name!($known),)*
                other => LocalName::from(other),
            }
        };
    }
    common! {
        "a" "article" "aside" "b" "br" "button" "div" "em" "figcaption" "figure" "footer" "form"
        "g" "h1" "h2" "h3" "h4" "h5" "header" "i" "img" "input" "label" "li" "link" "main" "meta"
        "nav" "noscript" "ol" "option" "p" "path" "picture" "script" "section" "small" "source"
        "span" "strong" "style" "svg" "table" "tbody" "td" "time" "tr" "ul" "use"
    }
}
