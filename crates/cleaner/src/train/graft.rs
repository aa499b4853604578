//! Pages with pieces put in: more pages to learn from than were collected.
//!
//! Leaves out: what the pieces are, and where they are to go.

use ego_tree::NodeId;
use scraper::Html;
use scraper::node::{Comment, Node};

use crate::hash::hash;
use crate::parse::parse;
use crate::tree::{Tag, Tree};

/// A piece of markup and where it goes.
#[derive(Debug, Clone)]
pub struct Graft {
    /// Behind this block,
    pub block: usize,
    /// and out of so many of the elements around it.
    pub up: usize,
    /// The piece.
    pub html: String,
}

/// Puts pieces into a page. With `rename` classes and ids are replaced by names that say nothing,
/// the same for the same.
pub fn graft(html: &str, grafts: &[Graft], rename: bool) -> String {
    let mut page = parse(html);
    let tree = Tree::new(&page);
    let mut marks: Vec<(NodeId, usize)> = Vec::new();
    for (at, graft) in grafts.iter().enumerate() {
        let Some(block) = tree.blocks.get(graft.block) else { continue };
        let mut up = tree.up(block.element).skip(graft.up);
        let place = up.find(|&element| {
            let parent = tree.elements[tree.elements[element].parent].tag;
            element != 0
                && !matches!(
                    parent,
                    Tag::List(_)
                        | Tag::Definitions
                        | Tag::Table
                        | Tag::Row
                        | Tag::P
                        | Tag::Heading(_)
                        | Tag::Button
                )
                && !matches!(tree.elements[element].tag, Tag::Row | Tag::Cell | Tag::Body)
        });
        if let Some(place) = place {
            marks.push((tree.elements[place].node, at));
        }
    }
    for (node, at) in marks {
        if let Some(mut node) = page.tree.get_mut(node) {
            node.insert_after(Node::Comment(Comment { comment: mark(at).as_str().into() }));
        }
    }
    if rename {
        rename_all(&mut page);
    }
    let mut out = page.html();
    for (at, graft) in grafts.iter().enumerate() {
        out = out.replace(&format!("<!--{}-->", mark(at)), &graft.html);
    }
    out
}

fn mark(at: usize) -> String {
    format!("graft {at}.")
}

fn rename_all(page: &mut Html) {
    for value in page.tree.values_mut() {
        let Node::Element(element) = value else { continue };
        for (name, value) in &mut element.attrs {
            if matches!(&*name.local, "class" | "id") {
                let new: Vec<String> = value
                    .split_ascii_whitespace()
                    .map(|token| format!("x{:07x}", hash(token.as_bytes()) & 0xfff_ffff))
                    .collect();
                *value = new.join(" ").as_str().into();
            }
        }
    }
}
