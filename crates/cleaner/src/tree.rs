//! A parsed page as two flat tables: its block elements and its blocks.
//!
//! A block is a run of inline text between two block boundaries: where a block element begins or
//! ends, at `<hr>`, and at two `<br>` in a row. It is the unit that is kept or dropped; nearly
//! every article is a set of whole blocks (see the crate's README for the measurement). Everything
//! later works on these tables, by index, without the tree.

use std::ops::Range;

use crate::hash::{hash, mix};
use crate::html::{self, AttributeName, Html, Node, NodeId, Value};
use crate::vocabulary::{Hint, Hints, Vocabulary};

/// The tags that features and rendering tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Body,
    Main,
    Article,
    Section,
    Div,
    P,
    Heading(u8),
    List(bool),
    Item,
    Definitions,
    Term,
    Table,
    Row,
    Cell,
    Quote,
    Pre,
    Figure,
    FigCaption,
    Aside,
    Nav,
    Header,
    Footer,
    Form,
    Address,
    Details,
    Button,
    NoScript,
    Center,
    Other,
}

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
        let mut walk = Walk::new();
        let root = html.root();
        walk.tree.elements.push(Element {
            node: root.id(),
            parent: 0,
            depth: 0,
            tag: Tag::Other,
            hints: Hints::default(),
            concealed: false,
            signature: 0,
            stem: 0,
            pictures: 0..0,
            end: 0,
            blocks: 0..0,
        });
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

struct Walk {
    tree: Tree,
    vocabulary: &'static Vocabulary,
    /// The innermost open block element.
    element: usize,
    /// What is to be undone when an inline element closes.
    inline: Vec<(NodeId, Inline)>,
    links: usize,
    strong: usize,
    pre: usize,
    /// Where the current block begins in the text.
    start: usize,
    block: Block,
    pending_space: bool,
    breaks: usize,
    after_link: bool,
    /// Pictures so far.
    pictures: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inline {
    Link,
    Strong,
    Hinted(Hints),
}

impl Walk {
    fn new() -> Self {
        Self {
            tree: Tree::default(),
            vocabulary: Vocabulary::get(),
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
    fn open(&mut self, node: Node<'_>) -> bool {
        match node.value() {
            Value::Text(text) => {
                self.push(text);
                false
            }
            Value::Element(element) => self.open_element(node, element),
            Value::Document => true,
        }
    }

    fn open_element(&mut self, node: Node<'_>, element: html::Element<'_>) -> bool {
        let name = element.name();
        if is_picture(name) {
            self.pictures += 1;
        }
        match name {
            "script" | "style" | "template" | "svg" | "select" | "textarea" | "object"
            | "iframe" | "datalist" | "canvas" | "audio" | "video" | "map" | "math" | "input" => {
                return false;
            }
            "title" => {
                if self.tree.title.is_empty() {
                    self.tree.title.extend(node.children().filter_map(Node::text));
                }
                return false;
            }
            "meta" => {
                self.meta(element);
                return false;
            }
            "br" => {
                self.line_break();
                return false;
            }
            "hr" => {
                self.end_block();
                return false;
            }
            "img" | "picture" => {
                self.block.images += 1;
                return false;
            }
            _ => {}
        }
        if let Some(tag) = block_tag(name) {
            self.end_block();
            let (hints, concealed, signature, stem) = self.describe(name, element);
            let parent = self.element;
            self.element = self.tree.elements.len();
            if tag == Tag::Pre {
                self.pre += 1;
            }
            self.tree.elements.push(Element {
                node: node.id(),
                parent,
                depth: self.tree.elements[parent].depth + 1,
                tag,
                hints,
                concealed,
                signature,
                stem,
                pictures: self.pictures..self.pictures,
                end: 0,
                blocks: self.tree.blocks.len()..self.tree.blocks.len(),
            });
            return true;
        }
        let mut hints = Hints::default();
        for (attribute, value) in element.attributes() {
            match attribute {
                AttributeName::Class | AttributeName::Id => {
                    hints.0 |= self.vocabulary.hints(value).0
                }
                AttributeName::Style if is_display_none(value) => return false,
                AttributeName::Hidden => return false,
                _ => {}
            }
        }
        if hints.has(Hint::Hidden) && name == "span" {
            return false;
        }
        let inline = match name {
            "a" => {
                self.links += 1;
                if self.after_link && !self.pending_space {
                    // Links that touch are buttons side by side, parted by style alone.
                    self.pending_space = true;
                }
                self.block.links += 1;
                Some(Inline::Link)
            }
            "b" | "strong" | "em" | "i" => {
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

    fn close(&mut self, node: Node<'_>) {
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

    fn describe(&self, name: &str, element: html::Element<'_>) -> (Hints, bool, u64, u64) {
        let mut hints = Hints::default();
        let mut concealed = false;
        let mut signature = hash(name.as_bytes());
        let mut stem = signature;
        for (attribute, value) in element.attributes() {
            match attribute {
                AttributeName::Class => {
                    hints.0 |= self.vocabulary.hints(value).0;
                    signature = mix(signature, folded(value));
                    stem = mix(stem, folded(value.split_ascii_whitespace().next().unwrap_or("")));
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
        if matches!(name, "body" | "html") {
            // Classes of the whole page are flags of its template.
            hints = Hints::default();
        }
        (hints, concealed, signature, stem)
    }

    fn meta(&mut self, element: html::Element<'_>) {
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

    /// Adds text, white space collapsed.
    fn push(&mut self, text: &str) {
        if self.pre > 0 {
            self.push_preformatted(text);
            return;
        }
        if self.links > 0 && matches!(text.trim(), "#" | "¶" | "🔗") {
            // The anchor of a heading.
            return;
        }
        if text.starts_with(is_space) {
            self.pending_space = true;
        }
        for word in text.split(is_space) {
            if word.is_empty() {
                continue;
            }
            self.push_word(word);
            self.pending_space = true;
        }
        if !text.ends_with(is_space) {
            self.pending_space = false;
        }
    }

    fn push_word(&mut self, word: &str) {
        let before = self.tree.text.len();
        let at_start = before == self.start;
        if self.breaks > 0 {
            if !at_start {
                self.tree.text.push('\n');
            }
            self.breaks = 0;
        } else if self.pending_space && !at_start {
            self.tree.text.push(' ');
        }
        self.pending_space = false;
        self.after_link = false;
        let from = self.tree.text.len();
        if word.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.tree.text.push_str(word);
        } else {
            self.tree.text.extend(word.chars().filter(|&c| !is_invisible(c)));
        }
        let to = self.tree.text.len();
        if to == from {
            // Nothing but invisible characters.
            self.tree.text.truncate(before);
            return;
        }
        if at_start {
            for (_, inline) in &self.inline {
                if let Inline::Hinted(hints) = inline {
                    self.block.inline_hints.0 |= hints.0;
                }
            }
        }
        if self.links > 0 {
            self.block.link_bytes += to - before;
        }
        if self.strong > 0 {
            self.block.strong_bytes += to - before;
        }
    }

    fn push_preformatted(&mut self, text: &str) {
        self.block.preformatted = true;
        let before = self.tree.text.len();
        for _ in 0..std::mem::take(&mut self.breaks) {
            self.tree.text.push('\n');
        }
        for c in text.chars() {
            match c {
                '\n' => self.tree.text.push('\n'),
                '\t' => self.tree.text.push_str("    "),
                '\u{a0}' => self.tree.text.push(' '),
                _ if is_invisible(c) => {}
                _ => self.tree.text.push(c),
            }
        }
        let added = self.tree.text.len() - before;
        if self.links > 0 {
            self.block.link_bytes += added;
        }
        if self.strong > 0 {
            self.block.strong_bytes += added;
        }
    }

    fn line_break(&mut self) {
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

fn block_tag(name: &str) -> Option<Tag> {
    Some(match name {
        "div" => Tag::Div,
        "p" => Tag::P,
        "li" => Tag::Item,
        "ul" | "menu" | "dir" => Tag::List(false),
        "ol" => Tag::List(true),
        "td" | "th" => Tag::Cell,
        "tr" => Tag::Row,
        "table" => Tag::Table,
        "section" => Tag::Section,
        "article" => Tag::Article,
        "h1" => Tag::Heading(1),
        "h2" => Tag::Heading(2),
        "h3" => Tag::Heading(3),
        "h4" => Tag::Heading(4),
        "h5" => Tag::Heading(5),
        "h6" => Tag::Heading(6),
        "blockquote" => Tag::Quote,
        "pre" | "listing" | "xmp" => Tag::Pre,
        "figure" => Tag::Figure,
        "figcaption" | "caption" => Tag::FigCaption,
        "aside" => Tag::Aside,
        "nav" => Tag::Nav,
        "header" => Tag::Header,
        "footer" => Tag::Footer,
        "form" => Tag::Form,
        "main" => Tag::Main,
        "body" => Tag::Body,
        "dl" => Tag::Definitions,
        "dt" | "dd" => Tag::Term,
        "address" => Tag::Address,
        "details" | "summary" => Tag::Details,
        "button" => Tag::Button,
        "noscript" => Tag::NoScript,
        "center" => Tag::Center,
        "html" | "head" | "tbody" | "thead" | "tfoot" | "fieldset" | "legend" | "dialog"
        | "hgroup" | "optgroup" | "option" | "frameset" | "noframes" | "search" => Tag::Other,
        _ => return None,
    })
}

/// Whether an element shows a picture or a film.
fn is_picture(name: &str) -> bool {
    // `picture` holds its `img`, but the walk does not go into it.
    matches!(name, "img" | "picture" | "video" | "amp-img" | "amp-video")
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

/// White space, and the separators that count as such.
fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// Characters that are not to be seen: controls, soft hyphens, zero-width spaces.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{2060}' | '\u{fffc}')
}
