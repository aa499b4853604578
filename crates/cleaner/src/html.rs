//! A parsed page as flat tables: nodes that name each other by number, and all text in one string.
//!
//! Promises: 36 bytes a node, 12 an attribute and every text once; nothing is recursive, a page of any
//! depth is walked and dropped in bounded stack. Leaves out what nobody reads: comments, doctypes,
//! namespaces but for the parser's use, attributes beyond [`AttributeName`].
//!
//! `walk` has the ways through a page, `build` how the parser makes one.

mod build;
mod walk;

use std::fmt;

use html5ever::{LocalName, QualName, local_name};

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

/// The attributes that anybody reads; the parser forgets the others, which are most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the attribute of its name")]
pub enum AttributeName {
    /// `amp` or `⚡`.
    Amp,
    AriaHidden,
    Class,
    Content,
    DateTime,
    Hidden,
    Href,
    HttpEquiv,
    Id,
    ItemProp,
    Lang,
    Name,
    Property,
    PubDate,
    Rel,
    Role,
    Style,
    Title,
    Type,
    /// `xml:lang`.
    XmlLang,
}

impl AttributeName {
    /// The attribute of this name, if it is read.
    pub(crate) fn of(name: &LocalName) -> Option<Self> {
        Some(match *name {
            local_name!("aria-hidden") => Self::AriaHidden,
            local_name!("class") => Self::Class,
            local_name!("content") => Self::Content,
            local_name!("datetime") => Self::DateTime,
            local_name!("hidden") => Self::Hidden,
            local_name!("href") => Self::Href,
            local_name!("http-equiv") => Self::HttpEquiv,
            local_name!("id") => Self::Id,
            local_name!("itemprop") => Self::ItemProp,
            local_name!("lang") => Self::Lang,
            local_name!("name") => Self::Name,
            local_name!("property") => Self::Property,
            local_name!("rel") => Self::Rel,
            local_name!("role") => Self::Role,
            local_name!("style") => Self::Style,
            local_name!("title") => Self::Title,
            local_name!("type") => Self::Type,
            local_name!("xml:lang") => Self::XmlLang,
            _ => match &**name {
                "pubdate" => Self::PubDate,
                "amp" | "⚡" => Self::Amp,
                _ => return None,
            },
        })
    }
}

impl AttributeName {
    /// The name as pages write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amp => "amp",
            Self::AriaHidden => "aria-hidden",
            Self::Class => "class",
            Self::Content => "content",
            Self::DateTime => "datetime",
            Self::Hidden => "hidden",
            Self::Href => "href",
            Self::HttpEquiv => "http-equiv",
            Self::Id => "id",
            Self::ItemProp => "itemprop",
            Self::Lang => "lang",
            Self::Name => "name",
            Self::Property => "property",
            Self::PubDate => "pubdate",
            Self::Rel => "rel",
            Self::Role => "role",
            Self::Style => "style",
            Self::Title => "title",
            Self::Type => "type",
            Self::XmlLang => "xml:lang",
        }
    }
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
