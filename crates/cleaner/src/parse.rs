//! HTML text into a tree, at a cost linear in its bytes.
//!
//! html5ever follows the HTML standard, and the standard has corners where the work grows with the
//! square of the input: deep nesting (scope checks walk the stack of open elements), formatting
//! elements that are never closed (each paragraph opens them anew), and tags with very many
//! attributes (each is compared with all before it). A guard between tokenizer and tree
//! builder flattens nesting beyond [`MAX_DEPTH`] and drops what reopens without end; a look at the
//! bytes beforehand cuts monstrous tags. Ordinary pages pass unchanged. Browsers do the same:
//! Blink flattens at 512 levels.

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};
use std::collections::HashMap;

use ego_tree::NodeId;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{
    ElementFlags, NodeOrText, QuirksMode, TreeBuilder, TreeBuilderOpts, TreeSink,
};
use html5ever::{Attribute, LocalName, QualName, TokenizerResult};
use scraper::{Html, HtmlTreeSink};

/// Elements deeper than this become siblings.
pub const MAX_DEPTH: usize = 400;
/// A tag may have about this many attributes; the others are dropped.
pub const MAX_ATTRIBUTES: usize = 256;
/// So many formatting elements may be open at once; more are dropped.
const MAX_FORMATTING: usize = 32;
/// Tags up to this many bytes cannot hold enough attributes to hurt.
const LONG_TAG: usize = 1024;

/// Parses a page. Never fails: what is broken is mended as the HTML standard says.
pub fn parse(text: &str) -> Html {
    let text = without_monstrous_tags(text);
    let sink = CountingSink::new();
    // Without scripts `noscript` holds elements, as for every reader that runs none.
    let builder =
        TreeBuilder::new(sink, TreeBuilderOpts { scripting_enabled: false, ..Default::default() });
    let guard = Guard {
        builder,
        dropped: RefCell::default(),
        formatting: RefCell::default(),
        exhausted: Cell::new(false),
    };
    let tokenizer = Tokenizer::new(guard, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(&*text));
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    tokenizer.sink.builder.sink.finish()
}

/// Stands between tokenizer and tree builder.
struct Guard {
    builder: TreeBuilder<NodeId, CountingSink>,
    /// Start tags that were dropped for their depth and whose end tag is still to come, by name.
    dropped: RefCell<HashMap<LocalName, usize>>,
    /// Formatting elements that are open, by name.
    formatting: RefCell<HashMap<LocalName, usize>>,
    /// Set when reopened formatting elements outnumber the tags of the page.
    exhausted: Cell<bool>,
}

impl Guard {
    /// Whether a start tag goes on to the tree builder.
    fn admits(&self, tag: &Tag) -> bool {
        let sink = &self.builder.sink;
        sink.tags.set(sink.tags.get() + 1);
        if is_formatting(&tag.name) {
            if self.exhausted.get()
                || self.formatting.borrow().values().sum::<usize>() >= MAX_FORMATTING
            {
                return false;
            }
            *self.formatting.borrow_mut().entry(tag.name.clone()).or_insert(0) += 1;
        }
        if is_leaf(&tag.name) || !sink.too_deep() {
            return true;
        }
        *self.dropped.borrow_mut().entry(tag.name.clone()).or_insert(0) += 1;
        false
    }

    /// Whether an end tag goes on to the tree builder.
    fn admits_end(&self, tag: &Tag) -> bool {
        if is_formatting(&tag.name)
            && let Some(open) = self.formatting.borrow_mut().get_mut(&tag.name)
        {
            *open = open.saturating_sub(1);
        }
        let mut dropped = self.dropped.borrow_mut();
        if dropped.is_empty() {
            return true;
        }
        match dropped.get_mut(&tag.name) {
            Some(open) if *open > 0 => {
                *open -= 1;
                false
            }
            _ => true,
        }
    }

    /// Closes every open formatting element for good once they have been reopened so often that
    /// the tree grows faster than the page.
    fn end_formatting(&self, line: u64) {
        self.exhausted.set(true);
        let open: Vec<_> = self.formatting.borrow_mut().drain().collect();
        for (name, count) in open {
            for _ in 0..count {
                let tag = Tag {
                    kind: TagKind::EndTag,
                    name: name.clone(),
                    self_closing: false,
                    attrs: Vec::new(),
                    had_duplicate_attributes: false,
                };
                let _ = self.builder.process_token(Token::TagToken(tag), line);
            }
        }
    }
}

impl TokenSink for Guard {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<NodeId> {
        let admitted = match &token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                if !self.exhausted.get() && self.builder.sink.outgrown() {
                    self.end_formatting(line);
                }
                self.admits(tag)
            }
            Token::TagToken(tag) => self.admits_end(tag),
            // Nothing reads comments.
            Token::CommentToken(_) => false,
            _ => true,
        };
        if admitted { self.builder.process_token(token, line) } else { TokenSinkResult::Continue }
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// The elements that the standard keeps in its list of active formatting elements, but for `a` and
/// `nobr`, of which the list never holds two.
fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "b" | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

/// Elements without children, and those whose content the tokenizer must read in its own way.
fn is_leaf(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
            | "script"
            | "style"
            | "title"
            | "textarea"
            | "xmp"
            | "iframe"
            | "noembed"
            | "noframes"
            | "plaintext"
    )
}

/// [`HtmlTreeSink`] that also knows how deep the tree builder stands.
struct CountingSink {
    sink: HtmlTreeSink,
    /// Never less than the number of open elements, but for elements that the tree builder takes
    /// off its stack in the middle; put right by [`Self::too_deep`].
    depth: Cell<usize>,
    /// The element that was put into the tree last.
    last: Cell<Option<NodeId>>,
    /// Elements made.
    elements: Cell<usize>,
    /// Start tags seen.
    tags: Cell<usize>,
}

impl CountingSink {
    fn new() -> Self {
        Self {
            sink: HtmlTreeSink::new(Html::new_document()),
            depth: Cell::new(0),
            last: Cell::new(None),
            elements: Cell::new(0),
            tags: Cell::new(0),
        }
    }

    /// Whether the next element would stand too deep. The count drifts upwards by elements that
    /// are never pushed, so a high count is checked against the tree.
    fn too_deep(&self) -> bool {
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
    fn outgrown(&self) -> bool {
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

/// Cuts the surplus attributes out of tags that have more than [`MAX_ATTRIBUTES`]. Looks only at
/// tags longer than [`LONG_TAG`], and not into scripts, styles and comments.
fn without_monstrous_tags(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &bytes[at..]) {
        let start = at + found;
        at = start + 1;
        if bytes[at..].starts_with(b"!--") {
            at = find(bytes, at, b"-->");
        } else if starts_with(bytes, at, b"script") {
            at = find(bytes, at, b"</script");
        } else if starts_with(bytes, at, b"style") {
            at = find(bytes, at, b"</style");
        } else if bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            let near = &bytes[at..bytes.len().min(at + LONG_TAG)];
            match memchr::memchr(b'>', near) {
                Some(end) => at += end + 1,
                None => {
                    let (cut, end) = attributes(bytes, at);
                    if let Some(cut) = cut {
                        out.push_str(&text[kept..cut]);
                        kept = end;
                    }
                    at = end;
                }
            }
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

/// Where the surplus attributes of the tag at `at` begin, if it has any, and where the tag ends
/// (at its `>`).
fn attributes(bytes: &[u8], mut at: usize) -> (Option<usize>, usize) {
    let (mut count, mut cut, mut quote, mut between) = (0, None, None, false);
    // The last byte that is not white space: a quote opens a value only after `=`.
    let mut last = 0;
    while let Some(&byte) = bytes.get(at) {
        match quote {
            Some(open) if byte == open => {
                quote = None;
                between = true;
            }
            Some(_) => {}
            None if byte == b'>' => break,
            None if byte.is_ascii_whitespace() || byte == b'/' => between = true,
            None if matches!(byte, b'"' | b'\'') && last == b'=' => quote = Some(byte),
            None if between && last != b'=' && byte != b'=' => {
                between = false;
                count += 1;
                if count > MAX_ATTRIBUTES && cut.is_none() {
                    // What follows white space or a quote begins a character.
                    cut = Some(at);
                }
            }
            None => between = false,
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
        at += 1;
    }
    (cut, at)
}

fn starts_with(bytes: &[u8], at: usize, name: &[u8]) -> bool {
    bytes.get(at..at + name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// Where `what` is next, in any case of letters, or the end.
fn find(bytes: &[u8], mut at: usize, what: &[u8]) -> usize {
    while let Some(found) = memchr::memchr(what[0], &bytes[at..]) {
        at += found;
        if starts_with(bytes, at, what) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}
