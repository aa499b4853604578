//! What the tree builder builds: a page, and how deep it stands.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::tendril::StrTendril;
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, QualName};

use super::MAX_DEPTH;
use super::guard::is_reopened;
use crate::hash::{HashedMap, hash, mix};
use crate::html::{AttributeName, Html, NodeId};

/// So many elements are known when they are opened again: somewhat more than can be open at once.
const MOST_REOPENED: usize = 48;

/// Makes a page and knows how deep the tree builder stands.
pub(super) struct Sink {
    html: RefCell<Html>,
    /// The numbers of names.
    names: RefCell<HashedMap<u32>>,
    document: NodeId,
    /// Never less than the number of open elements, but for elements that the tree builder takes
    /// off its stack in the middle; put right by [`Self::too_deep`].
    depth: Cell<usize>,
    /// The element that was put into the tree last.
    last: Cell<Option<NodeId>>,
    /// The last elements that may be opened again, with their attributes and those as a number.
    reopened: RefCell<Vec<(u64, Vec<Attribute>, NodeId)>>,
    /// Elements made.
    elements: Cell<usize>,
    /// Start tags seen.
    pub(super) tags: Cell<usize>,
}

impl Sink {
    /// With room for so many nodes and bytes of text.
    pub(super) fn new(nodes: usize, text: usize) -> Self {
        let html = Html::with_capacity(nodes, text);
        Self {
            document: html.root().id(),
            html: RefCell::new(html),
            names: RefCell::default(),
            depth: Cell::new(0),
            last: Cell::new(None),
            reopened: RefCell::default(),
            elements: Cell::new(0),
            tags: Cell::new(0),
        }
    }

    /// Whether the next element would stand too deep. The count drifts upwards by elements that
    /// are never pushed, so a high count is checked against the tree.
    pub(super) fn too_deep(&self) -> bool {
        if self.depth.get() < MAX_DEPTH {
            return false;
        }
        let html = self.html.borrow();
        let last = self.last.get().map(|last| html.node(last));
        let depth = last.map_or(0, |node| node.ancestors().take(MAX_DEPTH).count());
        self.depth.set(depth);
        depth >= MAX_DEPTH
    }

    /// Whether elements have been made out of nothing.
    pub(super) fn outgrown(&self) -> bool {
        self.elements.get() > 4 * self.tags.get() + 10_000
    }

    fn placed(&self, child: &NodeOrText<NodeId>) {
        if let NodeOrText::AppendNode(id) = child
            && *id != self.document
        {
            self.depth.set(self.depth.get() + 1);
            self.last.set(Some(*id));
        }
    }

    /// Makes an element that may have been there before. Then it shares its attributes, so that
    /// a page cannot have the same value stored for each of its paragraphs.
    fn reopen(&self, html: &mut Html, name: u32, attributes: Vec<Attribute>) -> NodeId {
        let key = attributes.iter().fold(0, |key, Attribute { name, value }| {
            // A long value that is the same is so in the same place, which it keeps to itself as long
            // as it is kept here.
            let value = match value.len() {
                0..=8 => hash(value.as_bytes()),
                _ => value.as_ptr().addr() as u64,
            };
            mix(mix(key, name.local.unsafe_data()), value)
        });
        let mut reopened = self.reopened.borrow_mut();
        if let Some(at) = reopened.iter().rposition(|(known, ..)| *known == key) {
            let known = reopened.remove(at);
            let node = html.add_element_like(name, known.2);
            reopened.push(known);
            return node;
        }
        let node = html.add_element(name);
        add_attributes(html, node, &attributes);
        if reopened.len() >= MOST_REOPENED {
            reopened.remove(0);
        }
        reopened.push((key, attributes, node));
        node
    }

    /// The number of a name.
    fn number(&self, html: &mut Html, name: QualName) -> u32 {
        let mut names = self.names.borrow_mut();
        // Equal names have equal data as long as one of them is kept, and the page keeps it.
        let mut key = mix(name.ns.unsafe_data(), name.local.unsafe_data());
        loop {
            match names.get(&key) {
                Some(&number) if *html.qualified_name(number as usize) == name => return number,
                Some(_) => key = key.wrapping_add(1),
                None => break,
            }
        }
        let number = html.add_name(name);
        names.insert(key, number);
        number
    }
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Html;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Html {
        self.html.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        self.document
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        Ref::map(self.html.borrow(), |html| html.name_of(*target))
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, _: ElementFlags) -> NodeId {
        self.elements.set(self.elements.get() + 1);
        let mut html = self.html.borrow_mut();
        let reopened = !attrs.is_empty() && is_reopened(&name.local);
        let name = self.number(&mut html, name);
        if reopened {
            return self.reopen(&mut html, name, attrs);
        }
        let node = html.add_element(name);
        add_attributes(&mut html, node, &attrs);
        node
    }

    /// Nobody reads comments: the page itself stands for one, and is put nowhere.
    fn create_comment(&self, _: StrTendril) -> NodeId {
        self.document
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> NodeId {
        self.document
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.placed(&child);
        let mut html = self.html.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) if node == self.document => {}
            NodeOrText::AppendNode(node) => html.append(*parent, node),
            NodeOrText::AppendText(text) => html.append_text(*parent, &text),
        }
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeId,
        previous: &NodeId,
        child: NodeOrText<NodeId>,
    ) {
        let stands = self.html.borrow().node(*element).parent().is_some();
        match stands {
            true => self.append_before_sibling(element, child),
            false => self.append(previous, child),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn pop(&self, _: &NodeId) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// A template holds its contents itself: nothing here asks for what is inside of one.
    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        *target
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        self.placed(&child);
        let mut html = self.html.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) if node == self.document => {}
            NodeOrText::AppendNode(node) => {
                html.detach(node);
                html.insert_before(*sibling, node);
            }
            NodeOrText::AppendText(text) => html.insert_text_before(*sibling, &text),
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
        add_attributes(&mut self.html.borrow_mut(), *target, &attrs);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.html.borrow_mut().detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        self.html.borrow_mut().move_children(*node, *new_parent);
    }
}

fn add_attributes(html: &mut Html, node: NodeId, attributes: &[Attribute]) {
    for attribute in attributes {
        if let Some(name) = AttributeName::of(&attribute.name.local) {
            html.add_attribute(node, name, &attribute.value);
        }
    }
}
