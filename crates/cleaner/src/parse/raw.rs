//! Raw text that nobody reads: style sheets, and scripts without data. It is a third of the bytes of
//! the web's pages, and the parser would cut every line of it into a token.

use html5ever::tokenizer::Tag;
use html5ever::{LocalName, local_name};

use super::tags::find;
use crate::metadata::may_hold_date;

/// An element of raw text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw {
    Style,
    /// A script that is run, or data that may hold a date.
    Script,
    /// A script whose text is metadata.
    Metadata,
}

impl Raw {
    /// What a start tag opens.
    pub(super) fn of(tag: &Tag) -> Option<Self> {
        match tag.name {
            local_name!("style") => Some(Self::Style),
            local_name!("script") => {
                let is_type = |name: &LocalName| *name == local_name!("type");
                let kind = tag.attrs.iter().find(|attribute| is_type(&attribute.name.local));
                let is_metadata = kind.is_some_and(|kind| {
                    kind.value.trim().to_ascii_lowercase().starts_with("application/ld+json")
                });
                Some(if is_metadata { Self::Metadata } else { Self::Script })
            }
            _ => None,
        }
    }

    /// How much of the raw text at the beginning of `rest` need not be parsed, in bytes; it ends
    /// before its end tag.
    pub(super) fn unread(self, rest: &str) -> usize {
        let content = |name| rest.get(..end_tag(rest.as_bytes(), name)?);
        match self {
            Self::Style => content(b"</style").map_or(0, str::len),
            // In a comment inside of a script the end tag may be text.
            Self::Script => content(b"</script")
                .filter(|script| !script.contains("<!--") && !may_hold_date(script))
                .map_or(0, str::len),
            Self::Metadata => 0,
        }
    }
}

/// Where the end tag of raw text begins.
fn end_tag(bytes: &[u8], name: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at = find(bytes, at, name);
        let after = bytes.get(at + name.len())?;
        if matches!(after, b'>' | b'/') || after.is_ascii_whitespace() {
            return Some(at);
        }
        at += name.len();
    }
}

/// The start tags of raw text, by where they seem to begin and end. In a comment or an attribute they
/// are none, and where an attribute holds `>` they end later: only the tokenizer knows.
pub(super) fn tags(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let mut open = memchr::memchr_iter(b'<', bytes);
    std::iter::from_fn(move || {
        loop {
            let at = open.next()?;
            let name = &bytes[at + 1..bytes.len().min(at + 7)];
            let is = |wanted: &[u8]| {
                name.get(..wanted.len()).is_some_and(|name| name.eq_ignore_ascii_case(wanted))
            };
            if is(b"style") || is(b"script") {
                let end = at + memchr::memchr(b'>', &bytes[at..])? + 1;
                return Some(at..end);
            }
        }
    })
}
