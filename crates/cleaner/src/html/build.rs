//! How the parser makes a page.

use html5ever::QualName;

use super::{Attribute, AttributeName, Html, NONE, Node, NodeId, Record, Stored};

impl Html {
    /// An empty page with room for so many nodes and bytes of text.
    pub(crate) fn with_capacity(nodes: usize, text: usize) -> Self {
        let mut html = Self {
            nodes: Vec::with_capacity(nodes),
            attributes: Vec::new(),
            text: String::with_capacity(text),
            names: Vec::new(),
        };
        html.add(Stored::Document);
        html
    }

    /// A name of elements by its number.
    pub(crate) fn qualified_name(&self, number: usize) -> &QualName {
        &self.names[number]
    }

    /// The name of an element.
    ///
    /// # Panics
    ///
    /// If the node is no element.
    pub(crate) fn name_of(&self, node: NodeId) -> &QualName {
        match self.nodes[node.0 as usize].stored {
            Stored::Element { name, .. } => &self.names[name as usize],
            Stored::Document | Stored::Text { .. } => panic!("{node:?} is no element"),
        }
    }

    /// Adds a name and says its number.
    pub(crate) fn add_name(&mut self, name: QualName) -> u32 {
        self.names.push(name);
        number(self.names.len() - 1)
    }

    /// An element that stands nowhere yet, without attributes.
    pub(crate) fn add_element(&mut self, name: u32) -> NodeId {
        let attributes = number(self.attributes.len());
        self.add(Stored::Element { name, attributes, count: 0 })
    }

    /// An element that stands nowhere yet, with the attributes of another.
    pub(crate) fn add_element_like(&mut self, name: u32, other: NodeId) -> NodeId {
        let stored = match self.nodes[other.0 as usize].stored {
            Stored::Element { attributes, count, .. } => {
                Stored::Element { name, attributes, count }
            }
            Stored::Document | Stored::Text { .. } => return self.add_element(name),
        };
        self.add(stored)
    }

    /// Gives an element an attribute that it does not have.
    pub(crate) fn add_attribute(&mut self, node: NodeId, name: AttributeName, value: &str) {
        let Some(element) = Node { html: self, id: node.0 }.element() else { return };
        if element.attribute(name).is_some() || !self.has_room(value.len()) {
            return;
        }
        let Stored::Element { attributes, count, .. } = &mut self.nodes[node.0 as usize].stored
        else {
            return;
        };
        let (from, to) = (*attributes as usize, (*attributes + *count) as usize);
        if to < self.attributes.len() {
            // Others came behind: they move to the end.
            *attributes = number(self.attributes.len());
            self.attributes.extend_from_within(from..to);
        }
        *count += 1;
        let start = number(self.text.len());
        self.text.push_str(value);
        self.attributes.push(Attribute { name, start, length: number(value.len()) });
    }

    /// Puts a node at the end of another. It must stand nowhere.
    pub(crate) fn append(&mut self, parent: NodeId, child: NodeId) {
        let last = self.nodes[parent.0 as usize].last;
        let record = &mut self.nodes[child.0 as usize];
        (record.parent, record.previous, record.next) = (parent.0, last, NONE);
        self.nodes[parent.0 as usize].last = child.0;
        match self.nodes.get_mut(last as usize) {
            Some(last) => last.next = child.0,
            None => self.nodes[parent.0 as usize].first = child.0,
        }
    }

    /// Puts a text at the end of a node, into the text that ends it if one does.
    pub(crate) fn append_text(&mut self, parent: NodeId, text: &str) {
        let last = self.nodes[parent.0 as usize].last;
        if self.is_text(last) {
            self.extend(last, text);
        } else if let Some(node) = self.add_text(text) {
            self.append(parent, node);
        }
    }

    /// Puts a node, which must stand nowhere, before another, if that stands in one.
    pub(crate) fn insert_before(&mut self, sibling: NodeId, node: NodeId) {
        let Record { parent, previous, .. } = self.nodes[sibling.0 as usize];
        if parent == NONE {
            return;
        }
        let record = &mut self.nodes[node.0 as usize];
        (record.parent, record.previous, record.next) = (parent, previous, sibling.0);
        self.nodes[sibling.0 as usize].previous = node.0;
        match self.nodes.get_mut(previous as usize) {
            Some(previous) => previous.next = node.0,
            None => self.nodes[parent as usize].first = node.0,
        }
    }

    /// Puts a text before a node that stands in another, into the text that is there if one is.
    pub(crate) fn insert_text_before(&mut self, sibling: NodeId, text: &str) {
        let Record { parent, previous, .. } = self.nodes[sibling.0 as usize];
        if parent == NONE {
            return;
        }
        if self.is_text(previous) {
            self.extend(previous, text);
        } else if let Some(node) = self.add_text(text) {
            self.insert_before(sibling, node);
        }
    }

    /// Takes a node with all inside it out of the one that it stands in.
    pub(crate) fn detach(&mut self, node: NodeId) {
        let Record { parent, previous, next, .. } = self.nodes[node.0 as usize];
        if parent == NONE {
            return;
        }
        match self.nodes.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => self.nodes[parent as usize].first = next,
        }
        match self.nodes.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => self.nodes[parent as usize].last = previous,
        }
        let record = &mut self.nodes[node.0 as usize];
        (record.parent, record.previous, record.next) = (NONE, NONE, NONE);
    }

    /// Moves all inside of one node to the end of another.
    pub(crate) fn move_children(&mut self, from: NodeId, to: NodeId) {
        let Record { first, last, .. } = self.nodes[from.0 as usize];
        if first == NONE {
            return;
        }
        let record = &mut self.nodes[from.0 as usize];
        (record.first, record.last) = (NONE, NONE);
        let mut child = first;
        while let Some(record) = self.nodes.get_mut(child as usize) {
            record.parent = to.0;
            child = record.next;
        }
        let before = std::mem::replace(&mut self.nodes[to.0 as usize].last, last);
        self.nodes[first as usize].previous = before;
        match self.nodes.get_mut(before as usize) {
            Some(before) => before.next = first,
            None => self.nodes[to.0 as usize].first = first,
        }
    }

    fn add(&mut self, stored: Stored) -> NodeId {
        let nowhere =
            Record { parent: NONE, previous: NONE, next: NONE, first: NONE, last: NONE, stored };
        self.nodes.push(nowhere);
        NodeId(number(self.nodes.len() - 1))
    }

    fn add_text(&mut self, text: &str) -> Option<NodeId> {
        if !self.has_room(text.len()) {
            return None;
        }
        let (start, length) = (number(self.text.len()), number(text.len()));
        self.text.push_str(text);
        Some(self.add(Stored::Text { start, length, room: length }))
    }

    fn is_text(&self, node: u32) -> bool {
        let record = self.nodes.get(node as usize);
        record.is_some_and(|record| matches!(record.stored, Stored::Text { .. }))
    }

    /// Adds to a text: in its place if nothing came behind it, else where there is room. Room
    /// doubles, so that each byte is copied once or twice on the whole.
    fn extend(&mut self, node: u32, more: &str) {
        let Stored::Text { start, length, room } = &mut self.nodes[node as usize].stored else {
            return;
        };
        let (from, to) = (*start as usize, (*start + *length) as usize);
        let whole = *length as usize + more.len();
        if to == self.text.len() {
            if !fits(self.text.len() + more.len()) {
                return;
            }
            self.text.push_str(more);
            *room = number(whole);
        } else if whole <= *room as usize {
            self.text.replace_range(to..to + more.len(), more);
        } else {
            if !fits(self.text.len() + 2 * whole) {
                return;
            }
            *start = number(self.text.len());
            *room = number(2 * whole);
            self.text.extend_from_within(from..to);
            self.text.push_str(more);
            self.text.extend(std::iter::repeat_n(' ', whole));
        }
        *length = number(whole);
    }

    fn has_room(&self, bytes: usize) -> bool {
        fits(self.text.len() + bytes)
    }
}

/// Whether so many bytes can be numbered. What does not fit is left out.
fn fits(bytes: usize) -> bool {
    bytes < NONE as usize
}

/// A number of the tables. Texts are kept under the bound by [`fits`]; nodes, names and attributes are
/// fewer than bytes of the page, which `parse` bounds.
fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(NONE)
}
