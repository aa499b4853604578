//! The text of a candidate, within bounds and without the line over the headline.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::super::text::clean;
use super::attributes::tokens;
use crate::html::{AttributeName, Edge, Element, Node, NodeId, Value};

/// The text of a node with spaces collapsed, at most about `most` bytes.
pub(super) fn text(node: Node<'_>, most: usize) -> Option<String> {
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
                    Value::Text(text) if muted.is_none() => {
                        out.push_str(&text[..floor(text, most + 1)]);
                    }
                    Value::Element(element) if muted.is_none() => match element.name() {
                        "script" | "style" | "noscript" | "svg" | "button"
                            if inner.id() != node.id() =>
                        {
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
                    && inner.element().is_some_and(|e| {
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
            "subtitle",
            "sub-title",
            "subheading",
            "sub-heading",
            "titleheader",
        ])
        .expect("fixed patterns")
});

/// A line over or under the headline, set inside of it.
fn is_kicker(element: Element<'_>) -> bool {
    element.attribute(AttributeName::Class).is_some_and(|class| {
        // `label-hidden` and `labels` are something else.
        KICKERS.is_match(class)
            || class.contains("label")
                && tokens(class).any(|t| t == "label" || t.ends_with("-label"))
    })
}

/// The largest cut of `text` of at most `most` bytes.
pub(super) fn floor(text: &str, most: usize) -> usize {
    text.floor_char_boundary(most)
}
