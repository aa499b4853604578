//! Pages with pieces put in: more pages to learn from than were collected.
//!
//! Leaves out: what the pieces are, and where they are to go.

use crate::hash::hash;
use crate::html::{AttributeName, Edge, Element, Html, NodeId, Value};
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
    let page = parse(html);
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
    // Without one the parser reads some pages in another way.
    let doctype = html.trim_start().get(..9).filter(|s| s.eq_ignore_ascii_case("<!doctype"));
    let out = doctype.map_or("", |_| "<!DOCTYPE html>").to_owned();
    write(out, &page, rename, |node| {
        marks
            .iter()
            .rev()
            .filter(move |(place, _)| *place == node)
            .map(|(_, at)| grafts[*at].html.as_str())
    })
}

/// Adds a page as HTML, with the pieces that `behind` names for a node behind it.
fn write<'a, I: Iterator<Item = &'a str>>(
    mut out: String,
    page: &Html,
    rename: bool,
    behind: impl Fn(NodeId) -> I,
) -> String {
    for edge in page.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Value::Document => {}
                Value::Element(element) => open(&mut out, element, rename),
                Value::Text(text) => {
                    let raw = node.parent().and_then(|parent| parent.element());
                    match raw.is_some_and(|element| is_raw(element.name())) {
                        true => out.push_str(text),
                        false => out.push_str(&escaped(text)),
                    }
                }
            },
            Edge::Close(node) => {
                if let Some(element) = node.element().filter(|element| !is_void(element.name())) {
                    out.push_str(&format!("</{}>", element.name()));
                }
                out.extend(behind(node.id()));
            }
        }
    }
    out
}

fn open(out: &mut String, element: Element<'_>, rename: bool) {
    out.push('<');
    out.push_str(element.name());
    for (name, value) in element.attributes() {
        let value = match name {
            AttributeName::Class | AttributeName::Id if rename => renamed(value),
            _ => value.to_owned(),
        };
        out.push_str(&format!(" {}=\"{}\"", name.as_str(), escaped(&value)));
    }
    out.push('>');
    if matches!(element.name(), "pre" | "textarea" | "listing") {
        // The first line break in one is not part of its text.
        out.push('\n');
    }
}

fn renamed(names: &str) -> String {
    let token = |token: &str| format!("x{:07x}", hash(token.as_bytes()) & 0xfff_ffff);
    names.split_ascii_whitespace().map(token).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Elements whose text is written as it is.
fn is_raw(name: &str) -> bool {
    matches!(name, "script" | "style" | "xmp" | "iframe" | "noembed" | "noframes" | "plaintext")
}

/// Elements without an end tag.
fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "basefont"
            | "bgsound"
            | "br"
            | "col"
            | "embed"
            | "frame"
            | "hr"
            | "img"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}
