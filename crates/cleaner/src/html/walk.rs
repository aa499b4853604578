//! Ways through a page.

use super::{Html, NONE, Node};

/// A step of [`Node::traverse`].
#[derive(Debug, Clone, Copy)]
pub enum Edge<'a> {
    /// A node begins.
    Open(Node<'a>),
    /// All inside of a node has been seen.
    Close(Node<'a>),
}

impl Html {
    /// Every node that the page holds, in its order.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.root().descendants()
    }
}

impl<'a> Node<'a> {
    /// What it stands in.
    pub fn parent(self) -> Option<Self> {
        self.linked(self.record().parent)
    }

    /// The first inside it.
    pub fn first_child(self) -> Option<Self> {
        self.linked(self.record().first)
    }

    /// The next beside it.
    pub fn next_sibling(self) -> Option<Self> {
        self.linked(self.record().next)
    }

    /// Those directly inside it.
    pub fn children(self) -> Children<'a> {
        Children(self.first_child())
    }

    /// Those around it, innermost first.
    pub fn ancestors(self) -> Ancestors<'a> {
        Ancestors(self.parent())
    }

    /// Beginnings and ends of it and all inside it, in the order of the page.
    pub fn traverse(self) -> Traverse<'a> {
        Traverse { root: self, next: Some(Edge::Open(self)) }
    }

    /// It and all inside it, in the order of the page.
    pub fn descendants(self) -> impl Iterator<Item = Self> {
        self.traverse().filter_map(|edge| match edge {
            Edge::Open(node) => Some(node),
            Edge::Close(_) => None,
        })
    }

    fn linked(self, id: u32) -> Option<Self> {
        (id != NONE).then_some(Self { html: self.html, id })
    }
}

/// See [`Node::children`].
#[derive(Debug, Clone)]
pub struct Children<'a>(Option<Node<'a>>);

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let node = self.0?;
        self.0 = node.next_sibling();
        Some(node)
    }
}

/// See [`Node::ancestors`].
#[derive(Debug, Clone)]
pub struct Ancestors<'a>(Option<Node<'a>>);

impl<'a> Iterator for Ancestors<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let node = self.0?;
        self.0 = node.parent();
        Some(node)
    }
}

/// See [`Node::traverse`].
#[derive(Debug, Clone)]
pub struct Traverse<'a> {
    root: Node<'a>,
    next: Option<Edge<'a>>,
}

impl<'a> Iterator for Traverse<'a> {
    type Item = Edge<'a>;

    fn next(&mut self) -> Option<Edge<'a>> {
        let edge = self.next?;
        self.next = match edge {
            Edge::Open(node) => Some(node.first_child().map_or(Edge::Close(node), Edge::Open)),
            Edge::Close(node) if node.id == self.root.id => None,
            Edge::Close(node) => match node.next_sibling() {
                Some(next) => Some(Edge::Open(next)),
                None => node.parent().map(Edge::Close),
            },
        };
        Some(edge)
    }
}
