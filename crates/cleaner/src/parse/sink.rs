//! The tree that the parser builds, and how deep it stands.

use std::borrow::Cow;
use std::cell::{Cell, Ref};

use ego_tree::{NodeId, Tree};
use html5ever::tendril::StrTendril;
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, QualName};
use scraper::{Html, HtmlTreeSink, Node};

use super::MAX_DEPTH;

/// [`HtmlTreeSink`] that also knows how deep the tree builder stands.
pub(super) struct CountingSink {
    sink: HtmlTreeSink,
    /// Never less than the number of open elements, but for elements that the tree builder takes
    /// off its stack in the middle; put right by [`Self::too_deep`].
    depth: Cell<usize>,
    /// The element that was put into the tree last.
    last: Cell<Option<NodeId>>,
    /// Elements made.
    elements: Cell<usize>,
    /// Start tags seen.
    pub(super) tags: Cell<usize>,
}

impl CountingSink {
    pub(super) fn new(nodes: usize) -> Self {
        let mut html = Html::new_document();
        html.tree = Tree::with_capacity(Node::Document, nodes);
        Self {
            sink: HtmlTreeSink::new(html),
            depth: Cell::new(0),
            last: Cell::new(None),
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
        let html = self.sink.0.borrow();
        let node = self.last.get().and_then(|last| html.tree.get(last));
        let depth = node.map_or(0, |node| node.ancestors().take(MAX_DEPTH).count());
        self.depth.set(depth);
        depth >= MAX_DEPTH
    }

    /// Whether elements have been made out of nothing.
    pub(super) fn outgrown(&self) -> bool {
        self.elements.get() > 4 * self.tags.get() + 10_000
    }

    fn placed(&self, child: &NodeOrText<NodeId>) {
        if let NodeOrText::AppendNode(id) = child {
            self.depth.set(self.depth.get() + 1);
            self.last.set(Some(*id));
        }
    }
}

impl TreeSink for CountingSink {
    type Handle = NodeId;
    type Output = Html;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Html {
        self.sink.finish()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        self.sink.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        self.sink.elem_name(target)
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        self.elements.set(self.elements.get() + 1);
        self.sink.create_element(name, attrs, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.sink.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.sink.create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.placed(&child);
        self.sink.append(parent, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &NodeId,
        previous: &NodeId,
        child: NodeOrText<NodeId>,
    ) {
        self.placed(&child);
        self.sink.append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public: StrTendril, system: StrTendril) {
        self.sink.append_doctype_to_document(name, public, system);
    }

    fn pop(&self, _: &NodeId) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.sink.get_template_contents(target)
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.sink.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &NodeId, node: NodeOrText<NodeId>) {
        self.placed(&node);
        self.sink.append_before_sibling(sibling, node);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
        self.sink.add_attrs_if_missing(target, attrs);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.sink.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        self.sink.reparent_children(node, new_parent);
    }
}
