//! The text of a candidate, within bounds and without the line over the headline.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::Node;
use scraper::node::Element;

use super::super::text::clean;

/// The text of a node with spaces collapsed, at most about `most` bytes.
pub(super) fn text(node: NodeRef<'_, Node>, most: usize) -> Option<String> {
    let mut out = String::new();
    let mut nodes = 0;
    let mut muted: Option<NodeId> = None;
    for edge in node.traverse() {
        match edge {
            Edge::Open(inner) => {
                nodes += 1;
                if nodes > 200 || out.len() > most {
                    break;
                }
                match inner.value() {
                    Node::Text(text) if muted.is_none() => {
                        out.push_str(&text[..floor(text, most + 1)]);
                    }
                    Node::Element(element) if muted.is_none() => match element.name() {
                        "script" | "style" | "noscript" | "svg" if inner.id() != node.id() => {
                            muted = Some(inner.id());
                        }
                        _ if is_kicker(element) && inner.id() != node.id() => {
                            muted = Some(inner.id());
                        }
                        "a" | "b" | "i" | "em" | "strong" | "font" | "sup" | "sub" | "wbr" => {}
                        _ => out.push(' '),
                    },
                    _ => {}
                }
            }
            Edge::Close(inner) => {
                if muted == Some(inner.id()) {
                    muted = None;
                } else if muted.is_none()
                    && inner.value().as_element().is_some_and(|e| {
                        !matches!(
                            e.name(),
                            "a" | "b" | "i" | "em" | "strong" | "font" | "sup" | "sub" | "wbr"
                        )
                    })
                {
                    out.push(' ');
                }
            }
        }
    }
    clean(&out)
}

static KICKERS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a few short fixed patterns always build")]
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "kicker",
            "overline",
            "topline",
            "dachzeile",
            "flytitle",
            "fly-title",
            "spitzmarke",
            "roofline",
            "pretitle",
            "pre-title",
            "eyebrow",
            "overhead",
            "subheadline",
            "sub-headline",
            "supertitle",
            "antetitulo",
            "label",
        ])
        .expect("fixed patterns")
});

/// A line over the headline, set inside of it.
fn is_kicker(element: &Element) -> bool {
    element.attrs().any(|(key, value)| key == "class" && KICKERS.is_match(value))
}

/// The largest cut of `text` of at most `most` bytes.
pub(super) fn floor(text: &str, most: usize) -> usize {
    text.floor_char_boundary(most)
}
