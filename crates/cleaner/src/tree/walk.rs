//! The one walk over a page that fills the tables.

use super::describe::Describer;
use super::tags::{Named, Role, Tag};
use super::{Block, Element, Tree};
use crate::html::{self, AttributeName, Html, Node, NodeId, Value};
use crate::vocabulary::{Hint, Hints};

/// Walks over a page once.
pub(super) fn walk(html: &Html) -> Tree {
    let mut walk = Walk::new(html);
    let root = html.root();
    walk.add_element(root.id(), Tag::Other);
    let mut node = root;
    loop {
        if walk.open(node)
            && let Some(child) = node.first_child()
        {
            node = child;
            continue;
        }
        loop {
            walk.close(node);
            if node.id() == root.id() {
                return walk.finish();
            }
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return walk.finish(),
            }
        }
    }
}

/// Where the walk stands.
pub(super) struct Walk<'a> {
    pub(super) tree: Tree,
    /// What the names of the page are, by number.
    names: Vec<Named>,
    describer: Describer<'a>,
    /// The innermost open block element.
    element: usize,
    /// What is to be undone when an inline element closes.
    pub(super) inline: Vec<(NodeId, Inline)>,
    pub(super) links: usize,
    pub(super) strong: usize,
    pub(super) pre: usize,
    /// Where the current block begins in the text.
    pub(super) start: usize,
    pub(super) block: Block,
    pub(super) pending_space: bool,
    pub(super) breaks: usize,
    pub(super) after_link: bool,
    /// Pictures so far.
    pictures: u32,
}

/// What an inline element does to the text inside it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Inline {
    Link,
    Strong,
    Hinted(Hints),
}

impl<'a> Walk<'a> {
    fn new(html: &Html) -> Self {
        Self {
            tree: Tree::default(),
            names: html.names().map(Named::of).collect(),
            describer: Describer::new(),
            element: 0,
            inline: Vec::new(),
            links: 0,
            strong: 0,
            pre: 0,
            start: 0,
            block: Self::empty_block(),
            pending_space: false,
            breaks: 0,
            after_link: false,
            pictures: 0,
        }
    }

    fn empty_block() -> Block {
        Block {
            element: 0,
            text: 0..0,
            link_bytes: 0,
            strong_bytes: 0,
            links: 0,
            inline_hints: Hints::default(),
            images: 0,
            pictures: 0,
            preformatted: false,
        }
    }

    fn finish(mut self) -> Tree {
        self.end_block();
        let (elements, blocks) = (self.tree.elements.len(), self.tree.blocks.len());
        if let Some(root) = self.tree.elements.first_mut() {
            root.end = elements;
            root.blocks = 0..blocks;
            root.pictures.end = self.pictures;
        }
        self.tree
    }

    /// Enters a node; says whether its children are to be seen.
    fn open(&mut self, node: Node<'a>) -> bool {
        match node.value() {
            Value::Text(text) => {
                self.push(text);
                false
            }
            Value::Element(element) => self.open_element(node, element),
            Value::Document => true,
        }
    }

    fn open_element(&mut self, node: Node<'a>, element: html::Element<'a>) -> bool {
        let named = self.names[element.name_number()];
        match named.role {
            Role::Skip => false,
            Role::Title => {
                if self.tree.title.is_empty() {
                    self.tree.title.extend(node.children().filter_map(Node::text));
                }
                false
            }
            Role::Meta => {
                self.meta(element);
                false
            }
            Role::Break => {
                self.line_break();
                false
            }
            Role::Rule => {
                self.end_block();
                false
            }
            Role::Image => {
                self.pictures += 1;
                self.block.images += 1;
                false
            }
            Role::Film => {
                self.pictures += 1;
                false
            }
            Role::Framed => {
                self.pictures += 1;
                self.open_inline(node, element, named.role)
            }
            Role::Block(tag) | Role::Root(tag) => {
                self.open_block(node, element, named, tag);
                true
            }
            Role::Link | Role::Strong | Role::Span | Role::Inline => {
                self.open_inline(node, element, named.role)
            }
        }
    }

    fn open_block(&mut self, node: Node<'a>, element: html::Element<'a>, named: Named, tag: Tag) {
        self.end_block();
        let description = self.describer.block(named, element);
        if tag == Tag::Pre {
            self.pre += 1;
        }
        let element = self.add_element(node.id(), tag);
        if !matches!(named.role, Role::Root(_)) {
            element.hints = description.hints;
        }
        element.concealed = description.concealed;
        element.signature = description.signature;
        element.stem = description.stem;
    }

    /// Adds an element that says nothing, inside of the current one, and makes it the current one.
    fn add_element(&mut self, node: NodeId, tag: Tag) -> &mut Element {
        let parent = self.element;
        let blocks = self.tree.blocks.len();
        self.element = self.tree.elements.len();
        self.tree.elements.push(Element {
            node,
            parent,
            depth: self.tree.elements.get(parent).map_or(0, |parent| parent.depth + 1),
            tag,
            hints: Hints::default(),
            concealed: false,
            signature: 0,
            stem: 0,
            pictures: self.pictures..self.pictures,
            end: 0,
            blocks: blocks..blocks,
        });
        &mut self.tree.elements[self.element]
    }

    fn open_inline(&mut self, node: Node<'a>, element: html::Element<'a>, role: Role) -> bool {
        let Some(hints) = self.describer.inline(element) else { return false };
        if hints.has(Hint::Hidden) && role == Role::Span {
            return false;
        }
        let inline = match role {
            Role::Link => {
                self.links += 1;
                if self.after_link && !self.pending_space {
                    // Links that touch are buttons side by side, parted by style alone.
                    self.pending_space = true;
                }
                self.block.links += 1;
                Some(Inline::Link)
            }
            Role::Strong => {
                self.strong += 1;
                Some(Inline::Strong)
            }
            _ => None,
        };
        if let Some(inline) = inline {
            self.inline.push((node.id(), inline));
        }
        if hints != Hints::default() {
            if self.tree.text.len() == self.start {
                self.block.inline_hints.0 |= hints.0;
            }
            if inline.is_none() {
                self.inline.push((node.id(), Inline::Hinted(hints)));
            }
        }
        true
    }

    fn close(&mut self, node: Node<'a>) {
        if node.element().is_none() {
            return;
        }
        if let Some((id, inline)) = self.inline.last()
            && *id == node.id()
        {
            match inline {
                Inline::Link => {
                    self.links -= 1;
                    self.after_link = self.tree.text.len() > self.start;
                }
                Inline::Strong => self.strong -= 1,
                Inline::Hinted(_) => {}
            }
            self.inline.pop();
        } else if self.tree.elements[self.element].node == node.id() {
            self.end_block();
            let elements = self.tree.elements.len();
            let blocks = self.tree.blocks.len();
            let element = &mut self.tree.elements[self.element];
            element.end = elements;
            element.blocks.end = blocks;
            element.pictures.end = self.pictures;
            if element.tag == Tag::Pre {
                self.pre -= 1;
            }
            self.element = element.parent;
        }
    }

    fn meta(&mut self, element: html::Element<'a>) {
        let key = element
            .attribute(AttributeName::Property)
            .or_else(|| element.attribute(AttributeName::Name));
        let Some(content) = element.attribute(AttributeName::Content) else { return };
        match key {
            Some("description" | "og:description") if self.tree.description.is_empty() => {
                self.tree.description = content.to_owned();
            }
            Some("og:title") => {
                self.tree.title.push(' ');
                self.tree.title.push_str(content);
            }
            Some("og:type") => self.tree.says_article |= content.eq_ignore_ascii_case("article"),
            _ => {}
        }
    }

    pub(super) fn line_break(&mut self) {
        self.breaks += 1;
        self.pending_space = false;
        if self.breaks >= 2 && self.pre == 0 {
            self.end_block();
        }
    }

    /// Ends the current block.
    fn end_block(&mut self) {
        let start = self.start;
        self.breaks = 0;
        self.pending_space = false;
        self.after_link = false;
        if self.tree.text.len() > start {
            let mut from = start;
            if self.block.preformatted {
                // Blank lines around code are no part of it; the first line keeps its indent.
                let code = &self.tree.text[start..];
                let trimmed = code.trim_end().len();
                let first = trimmed - code[..trimmed].trim_start().len();
                let lead = code[..first].rfind('\n').map_or(0, |at| at + 1);
                self.tree.text.truncate(start + trimmed);
                from = start + lead;
            }
            let to = self.tree.text.len();
            if self.tree.text[from..to].contains(|c: char| !c.is_whitespace()) {
                self.block.text = from..to;
                self.block.pictures = self.pictures;
                self.block.element = self.element;
                self.tree.blocks.push(self.block.clone());
            } else {
                self.tree.text.truncate(start);
            }
        }
        self.block = Self::empty_block();
        self.start = self.tree.text.len();
    }
}
