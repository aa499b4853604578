//! A parsed page as flat tables: nodes that name each other by number, and all text in one string.
//!
//! Promises: 36 bytes a node, 12 an attribute and every text once; nothing is recursive, a page of any
//! depth is walked and dropped in bounded stack. Leaves out what nobody reads: comments, doctypes,
//! namespaces but for the parser's use, attributes beyond [`AttributeName`].
//!
//! `attributes` says what is read, `walk` has the ways through a page, `build` how the parser makes one.

mod attributes;
mod build;
mod walk;

use std::fmt;

use html5ever::QualName;

pub use self::attributes::AttributeName;
pub use self::walk::{Ancestors, Children, Edge, Traverse};

/// A parsed page.
#[derive(Clone)]
pub struct Html {
    nodes: Vec<Record>,
    attributes: Vec<Attribute>,
    /// Texts and the values of attributes.
    text: String,
    /// The names of elements, each once.
    names: Vec<QualName>,
}

/// The number of a node in its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

/// What stands for no node.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Record {
    parent: u32,
    previous: u32,
    next: u32,
    first: u32,
    last: u32,
    stored: Stored,
}

#[derive(Debug, Clone, Copy)]
enum Stored {
    Document,
    /// Its name and its attributes, by number.
    Element {
        name: u32,
        attributes: u32,
        count: u32,
    },
    /// A part of the text of the page, and how many bytes it may grow to in its place.
    Text {
        start: u32,
        length: u32,
        room: u32,
    },
}

#[derive(Debug, Clone, Copy)]
struct Attribute {
    name: AttributeName,
    start: u32,
    length: u32,
}

/// A node of a page.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    html: &'a Html,
    id: u32,
}

/// What a node is.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// The page.
    Document,
    /// An element.
    Element(Element<'a>),
    /// A text. Seldom do two stand side by side: where the parser moved one.
    Text(&'a str),
}

/// An element of a page.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    html: &'a Html,
    name: u32,
    attributes: &'a [Attribute],
}

impl Html {
    /// The page itself, parent of all.
    pub fn root(&self) -> Node<'_> {
        Node { html: self, id: 0 }
    }

    /// A node of this page.
    ///
    /// # Panics
    ///
    /// When it is used, if the number is of another page.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { html: self, id: id.0 }
    }

    /// The names of elements by number; see [`Element::name_number`].
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &*name.local)
    }

    fn slice(&self, start: u32, length: u32) -> &str {
        &self.text[start as usize..(start + length) as usize]
    }
}

impl<'a> Node<'a> {
    /// Its number.
    pub fn id(self) -> NodeId {
        NodeId(self.id)
    }

    /// What it is.
    pub fn value(self) -> Value<'a> {
        match self.record().stored {
            Stored::Document => Value::Document,
            Stored::Element { name, attributes, count } => {
                let attributes = &self.html.attributes[attributes as usize..][..count as usize];
                Value::Element(Element { html: self.html, name, attributes })
            }
            Stored::Text { start, length, .. } => Value::Text(self.html.slice(start, length)),
        }
    }

    /// The element that it is, if it is one.
    pub fn element(self) -> Option<Element<'a>> {
        match self.value() {
            Value::Element(element) => Some(element),
            _ => None,
        }
    }

    /// The text that it is, if it is one; not that of nodes inside it.
    pub fn text(self) -> Option<&'a str> {
        match self.value() {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is an element of this name.
    pub fn is(self, name: &str) -> bool {
        self.element().is_some_and(|element| element.name() == name)
    }

    fn record(self) -> &'a Record {
        &self.html.nodes[self.id as usize]
    }
}

impl<'a> Element<'a> {
    /// Its tag, in small letters.
    pub fn name(self) -> &'a str {
        &self.html.names[self.name as usize].local
    }

    /// The number of its name in [`Html::names`].
    pub(crate) fn name_number(self) -> usize {
        self.name as usize
    }

    /// Its attributes that anybody reads, in the order of the page.
    pub fn attributes(self) -> impl ExactSizeIterator<Item = (AttributeName, &'a str)> {
        let html = self.html;
        self.attributes.iter().map(|a| (a.name, html.slice(a.start, a.length)))
    }

    /// One attribute.
    pub fn attribute(self, name: AttributeName) -> Option<&'a str> {
        let found = self.attributes.iter().find(|attribute| attribute.name == name)?;
        Some(self.html.slice(found.start, found.length))
    }
}

impl fmt::Debug for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Html")
            .field("nodes", &self.nodes.len())
            .field("text", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(&self.id).field(&self.value()).finish()
    }
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entry(&self.name(), &"").entries(self.attributes()).finish()
    }
}
