//! A parsed page as two flat tables: its block elements and its blocks.
//!
//! A block is a run of inline text between two block boundaries: where a block element begins or
//! ends, at `<hr>`, and at two `<br>` in a row. It is the unit that is kept or dropped; nearly
//! every article is a set of whole blocks (see the crate's README for the measurement). Everything
//! later works on these tables, by index, without the page.
//!
//! `walk` fills the tables, `tags` says what each element is to it, `describe` reads attributes, and
//! `words` puts texts together.

mod describe;
mod tags;
mod walk;
mod words;

use std::ops::Range;

pub(crate) use self::tags::Tag;
pub(crate) use self::words::{is_invisible, is_space};
use crate::html::{Html, NodeId};
use crate::vocabulary::Hints;

/// A block element.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    /// Its node in the tree.
    pub(crate) node: NodeId,
    /// The block element around it, by index; its own for the first.
    pub(crate) parent: usize,
    /// How many block elements are around it.
    pub(crate) depth: usize,
    pub(crate) tag: Tag,
    /// From its class and id.
    pub(crate) hints: Hints,
    /// Whether its own attributes hide it (`hidden`, `display: none`).
    pub(crate) concealed: bool,
    /// Of its tag and classes, digits folded.
    pub(crate) signature: u64,
    /// Of its tag and first class: what the items of one list share, whatever else each is.
    pub(crate) stem: u64,
    /// Pictures that end before it, and up to its end.
    pub(crate) pictures: Range<u32>,
    /// One past the last element inside it.
    pub(crate) end: usize,
    /// The blocks inside it.
    pub(crate) blocks: Range<usize>,
}

/// A run of text.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The innermost block element around it, by index.
    pub(crate) element: usize,
    /// Its place in [`Tree::text`].
    pub(crate) text: Range<usize>,
    /// Bytes of it inside links.
    pub(crate) link_bytes: usize,
    /// Bytes of it in bold or emphasis.
    pub(crate) strong_bytes: usize,
    /// Links that begin in it.
    pub(crate) links: usize,
    /// Hints of the inline elements that it lies in or begins with.
    pub(crate) inline_hints: Hints,
    /// Images in it.
    pub(crate) images: usize,
    /// Pictures of the page up to its end.
    pub(crate) pictures: u32,
    /// Whether line breaks and runs of spaces count.
    pub(crate) preformatted: bool,
}

/// The tables of one page.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) elements: Vec<Element>,
    pub(crate) blocks: Vec<Block>,
    /// The text of all blocks, one after the other.
    pub(crate) text: String,
    /// `<title>` and the headline for other sites.
    pub(crate) title: String,
    /// The description for search engines.
    pub(crate) description: String,
    /// Whether the page calls itself an article (`og:type`).
    pub(crate) says_article: bool,
}

impl Tree {
    /// Walks over a page once.
    pub(crate) fn new(html: &Html) -> Self {
        walk::walk(html)
    }

    /// The text of a block.
    pub(crate) fn text_of(&self, block: &Block) -> &str {
        &self.text[block.text.clone()]
    }

    /// The indices of an element and all around it, innermost first.
    pub(crate) fn up(&self, element: usize) -> impl Iterator<Item = usize> {
        let mut next = Some(element);
        std::iter::from_fn(move || {
            let at = next?;
            next = (at != 0).then(|| self.elements[at].parent);
            Some(at)
        })
    }
}
