//! What stands between tokenizer and tree builder, and keeps the work linear.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink as _, TokenSinkResult};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts, TreeSink as _};
use html5ever::{LocalName, local_name};

use super::sink::Sink;
use crate::html::{Html, NodeId};

/// So many formatting elements may be open at once; more are dropped.
const MAX_FORMATTING: usize = 32;

/// Errors name lines, but nobody reads errors.
const LINE: u64 = 1;

/// Stands between tokenizer and tree builder.
pub(super) struct Guard {
    builder: TreeBuilder<NodeId, Sink>,
    /// Start tags that were dropped for their depth and whose end tag is still to come, by name.
    dropped: RefCell<HashMap<LocalName, usize>>,
    /// Formatting elements that are open, with their names.
    formatting: RefCell<Vec<(LocalName, usize)>>,
    /// Set when reopened formatting elements outnumber the tags of the page.
    exhausted: Cell<bool>,
}

impl Guard {
    /// With room for so many nodes and bytes of text.
    pub(super) fn new(nodes: usize, text: usize) -> Self {
        // Without scripts `noscript` holds elements, as for every reader that runs none.
        let options = TreeBuilderOpts { scripting_enabled: false, ..Default::default() };
        Self {
            builder: TreeBuilder::new(Sink::new(nodes, text), options),
            dropped: RefCell::default(),
            formatting: RefCell::default(),
            exhausted: Cell::new(false),
        }
    }

    /// Takes a start tag; says how the tokenizer is to read on.
    pub(super) fn start_tag(&self, tag: Tag) -> TokenSinkResult<NodeId> {
        if !self.exhausted.get() && self.builder.sink.outgrown() {
            self.end_formatting();
        }
        match self.admits(&tag) {
            true => self.builder.process_token(Token::TagToken(tag), LINE),
            false => TokenSinkResult::Continue,
        }
    }

    /// Takes an end tag.
    pub(super) fn end_tag(&self, tag: Tag) {
        if self.admits_end(&tag) {
            let _ = self.builder.process_token(Token::TagToken(tag), LINE);
        }
    }

    /// Takes what is no tag.
    pub(super) fn other(&self, token: Token) {
        let _ = self.builder.process_token(token, LINE);
    }

    /// Whether the next token is inside of SVG or MathML.
    pub(super) fn is_foreign(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }

    /// The page, once all tokens have been taken.
    pub(super) fn finish(self) -> Html {
        let _ = self.builder.process_token(Token::EOFToken, LINE);
        self.builder.end();
        self.builder.sink.finish()
    }

    /// Whether a start tag goes on to the tree builder.
    fn admits(&self, tag: &Tag) -> bool {
        let sink = &self.builder.sink;
        sink.tags.set(sink.tags.get() + 1);
        if is_formatting(&tag.name) {
            let mut formatting = self.formatting.borrow_mut();
            let open: usize = formatting.iter().map(|(_, open)| open).sum();
            if self.exhausted.get() || open >= MAX_FORMATTING {
                return false;
            }
            match formatting.iter_mut().find(|(name, _)| *name == tag.name) {
                Some((_, open)) => *open += 1,
                None => formatting.push((tag.name.clone(), 1)),
            }
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
            && let Some((_, open)) =
                self.formatting.borrow_mut().iter_mut().find(|(name, _)| *name == tag.name)
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
    fn end_formatting(&self) {
        self.exhausted.set(true);
        let open = std::mem::take(&mut *self.formatting.borrow_mut());
        for (name, count) in open {
            for _ in 0..count {
                let tag = Tag {
                    kind: TagKind::EndTag,
                    name: name.clone(),
                    self_closing: false,
                    attrs: Vec::new(),
                    had_duplicate_attributes: false,
                };
                let _ = self.builder.process_token(Token::TagToken(tag), LINE);
            }
        }
    }
}

/// The elements that the standard keeps in its list of active formatting elements, but for `a` and
/// `nobr`, of which the list never holds two.
pub(super) fn is_formatting(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("b")
            | local_name!("big")
            | local_name!("code")
            | local_name!("em")
            | local_name!("font")
            | local_name!("i")
            | local_name!("s")
            | local_name!("small")
            | local_name!("strike")
            | local_name!("strong")
            | local_name!("tt")
            | local_name!("u")
    )
}

/// Elements that the tree builder opens anew after it had to close them.
pub(super) fn is_reopened(name: &LocalName) -> bool {
    is_formatting(name) || matches!(*name, local_name!("a") | local_name!("nobr"))
}

/// Elements without children, and those whose content the tokenizer must read in its own way.
fn is_leaf(name: &LocalName) -> bool {
    matches!(
        *name,
        local_name!("area")
            | local_name!("base")
            | local_name!("br")
            | local_name!("col")
            | local_name!("embed")
            | local_name!("hr")
            | local_name!("img")
            | local_name!("input")
            | local_name!("link")
            | local_name!("meta")
            | local_name!("source")
            | local_name!("track")
            | local_name!("wbr")
            | local_name!("script")
            | local_name!("style")
            | local_name!("title")
            | local_name!("textarea")
            | local_name!("xmp")
            | local_name!("iframe")
            | local_name!("noembed")
            | local_name!("noframes")
            | local_name!("plaintext")
    )
}
