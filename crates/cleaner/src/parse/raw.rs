//! Elements whose text holds no tags: where it ends, and whether anybody reads it. Style sheets and
//! scripts without data are a third of the bytes of the web's pages.

use html5ever::tokenizer::Tag;
use html5ever::tokenizer::states::RawKind;
use html5ever::{LocalName, local_name};

use super::is_space;
use crate::metadata::may_hold_date;

/// Whether anybody reads the text of an element, by its start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    None,
    /// A script that is run, or data that may hold a date.
    IfDated,
    Some,
}

impl Readers {
    pub(super) fn of(tag: &Tag) -> Self {
        match tag.name {
            local_name!("style") => Self::None,
            local_name!("script") => {
                let is_type = |name: &LocalName| *name == local_name!("type");
                let kind = tag.attrs.iter().find(|attribute| is_type(&attribute.name.local));
                let is_metadata = kind.is_some_and(|kind| {
                    kind.value.trim().to_ascii_lowercase().starts_with("application/ld+json")
                });
                if is_metadata { Self::Some } else { Self::IfDated }
            }
            _ => Self::Some,
        }
    }

    pub(super) fn read(self, text: &str) -> bool {
        match self {
            Self::None => false,
            Self::IfDated => may_hold_date(text),
            Self::Some => true,
        }
    }
}

/// Where the text that begins at `at` ends: at the end tag of its element, if there is one.
pub(super) fn end(page: &[u8], at: usize, name: &str, kind: RawKind) -> Option<usize> {
    match kind {
        RawKind::ScriptData | RawKind::ScriptDataEscaped(_) => end_of_script(page, at),
        RawKind::Rcdata | RawKind::Rawtext => {
            let mut open = memchr::memchr_iter(b'<', &page[at..]).map(|found| at + found);
            open.find(|&open| page.get(open + 1) == Some(&b'/') && is_word(page, open + 2, name))
        }
    }
}

/// The same of a script, which may hold its own end tag in a comment after its own start tag.
fn end_of_script(page: &[u8], mut at: usize) -> Option<usize> {
    #[derive(PartialEq)]
    enum Within {
        Script,
        Comment,
        /// A script that is written in a comment.
        Quoted,
    }
    let mut within = Within::Script;
    loop {
        at += match within {
            Within::Script => memchr::memchr(b'<', &page[at..])?,
            Within::Comment | Within::Quoted => memchr::memchr2(b'<', b'-', &page[at..])?,
        };
        let is_end = page[at..].starts_with(b"</") && is_word(page, at + 2, "script");
        match within {
            Within::Script | Within::Comment if is_end => return Some(at),
            Within::Quoted if is_end => within = Within::Comment,
            Within::Script if page[at..].starts_with(b"<!--") => {
                within = Within::Comment;
                // `<!-->` is all of a comment.
                at += 1;
            }
            Within::Comment | Within::Quoted if page[at..].starts_with(b"-->") => {
                within = Within::Script;
            }
            Within::Comment if page[at] == b'<' && is_word(page, at + 1, "script") => {
                within = Within::Quoted;
            }
            _ => {}
        }
        at += 1;
    }
}

/// Whether the name of a tag stands at `at`, in any case of letters, and ends.
fn is_word(page: &[u8], at: usize, name: &str) -> bool {
    page.get(at..at + name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
        && page
            .get(at + name.len())
            .is_some_and(|&byte| is_space(byte) || matches!(byte, b'/' | b'>'))
}
