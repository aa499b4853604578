//! What the attributes of elements say: hints, what is hidden, and what is alike.

use super::tags::Named;
use crate::hash::{HashedMap, hash, mix};
use crate::html::{AttributeName, Element};
use crate::vocabulary::{Hint, Hints, Vocabulary};

/// What the attributes of a block element say of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Description {
    pub(super) hints: Hints,
    /// Whether they hide it.
    pub(super) concealed: bool,
    pub(super) signature: u64,
    pub(super) stem: u64,
}

/// What a class list says.
#[derive(Debug, Clone, Copy)]
struct Classes<'a> {
    list: &'a str,
    hints: Hints,
    /// The list and its first class as numbers.
    folded: u64,
    first: u64,
}

/// Reads attributes. Pages repeat their classes, so that each list is read once.
pub(super) struct Describer<'a> {
    vocabulary: &'static Vocabulary,
    known: HashedMap<Classes<'a>>,
}

impl<'a> Describer<'a> {
    pub(super) fn new() -> Self {
        Self { vocabulary: Vocabulary::get(), known: HashedMap::default() }
    }

    /// Describes a block element.
    pub(super) fn block(&mut self, named: Named, element: Element<'a>) -> Description {
        let mut hints = Hints::default();
        let mut concealed = false;
        let (mut signature, mut stem) = (named.hash, named.hash);
        for (attribute, value) in element.attributes() {
            match attribute {
                AttributeName::Class => {
                    let classes = self.classes(value);
                    hints.0 |= classes.hints.0;
                    signature = mix(signature, classes.folded);
                    stem = mix(stem, classes.first);
                }
                AttributeName::Id => hints.0 |= self.vocabulary.hints(value).0,
                AttributeName::Role => match value {
                    "navigation" | "menu" | "menubar" => hints.add(Hint::Navigation),
                    "complementary" => hints.add(Hint::Side),
                    "contentinfo" => hints.add(Hint::Foot),
                    "dialog" | "alertdialog" => hints.add(Hint::Hidden),
                    "banner" => hints.add(Hint::Header),
                    "main" | "article" => hints.add(Hint::Body),
                    _ => {}
                },
                AttributeName::ItemProp if value.contains("articleBody") => hints.add(Hint::Body),
                AttributeName::Hidden => concealed = true,
                AttributeName::AriaHidden if value == "true" => hints.add(Hint::Hidden),
                AttributeName::Style if is_display_none(value) => concealed = true,
                _ => {}
            }
        }
        Description { hints, concealed, signature, stem }
    }

    /// The hints of an inline element; `None` if its attributes hide it.
    pub(super) fn inline(&mut self, element: Element<'a>) -> Option<Hints> {
        let mut hints = Hints::default();
        for (attribute, value) in element.attributes() {
            match attribute {
                AttributeName::Class => hints.0 |= self.classes(value).hints.0,
                AttributeName::Id => hints.0 |= self.vocabulary.hints(value).0,
                AttributeName::Hidden => return None,
                AttributeName::Style if is_display_none(value) => return None,
                _ => {}
            }
        }
        Some(hints)
    }

    fn classes(&mut self, list: &'a str) -> Classes<'a> {
        /// Longer lists are seldom there twice.
        const LONGEST: usize = 400;
        let read = |vocabulary: &Vocabulary| Classes {
            list,
            hints: vocabulary.hints(list),
            folded: folded(list),
            first: folded(list.split_ascii_whitespace().next().unwrap_or("")),
        };
        if list.len() > LONGEST {
            return read(self.vocabulary);
        }
        let classes =
            self.known.entry(hash(list.as_bytes())).or_insert_with(|| read(self.vocabulary));
        if classes.list == list { *classes } else { read(self.vocabulary) }
    }
}

/// A class list as a number: digits count as one, order and case as they are.
fn folded(classes: &str) -> u64 {
    let mut hash = 0;
    let mut was_digit = false;
    for byte in classes.bytes().take(200) {
        let digit = byte.is_ascii_digit();
        if !(digit && was_digit) {
            hash = mix(hash, if digit { u64::from(b'0') } else { u64::from(byte) });
        }
        was_digit = digit;
    }
    hash
}

fn is_display_none(style: &str) -> bool {
    style.find("display").is_some_and(|at| {
        let rest = style[at + "display".len()..].trim_start();
        rest.strip_prefix(':').is_some_and(|value| value.trim_start().starts_with("none"))
    })
}
