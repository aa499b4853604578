//! What stands for the headline.

use super::attributes::{Attributes, has_token, lower, tokens};
use super::text::text;
use super::{Collected, Heading, LONGEST, MOST, Place};
use crate::html::{AttributeName, Node};

impl Collected {
    pub(super) fn heading(
        &mut self,
        node: Node<'_>,
        name: &str,
        with: &Attributes<'_>,
        order: usize,
    ) {
        if self.headings.len() >= MOST {
            return;
        }
        let part = if name == "h1" { inner(node) } else { None };
        let Some(mut text) = text(part.unwrap_or(node), LONGEST) else { return };
        // The mark of a link to the heading itself, and of what was cut off at either end.
        text.truncate(text.trim_end_matches(['¶', '#', ' ', '§', ':', '|']).len());
        let cut = text.len() - text.trim_start_matches([' ', ':', '|', '–', '—', '-']).len();
        text.drain(..cut);
        if text.is_empty() {
            return;
        }
        let level = name.as_bytes()[1] - b'0';
        let marked = has_token(with.itemprop, "headline")
            || tokens(with.class).any(|token| {
                let token = lower(token);
                [
                    "headline",
                    "entry-title",
                    "post-title",
                    "article-title",
                    "post__title",
                    "article__title",
                    "entry__title",
                ]
                .iter()
                .any(|mark| token.contains(mark))
            });
        let hidden = tokens(with.class).any(|token| {
            matches!(
                token,
                "sr-only"
                    | "visually-hidden"
                    | "screen-reader-text"
                    | "text-hide"
                    | "hidden"
                    | "hide"
            )
        });
        self.headings.push(Heading {
            text,
            level,
            marked,
            hidden,
            place: Place::Page,
            node: node.id(),
            order,
        });
    }
}

/// The part of a heading that is called the headline; what stands beside it is a line over it.
fn inner(node: Node<'_>) -> Option<Node<'_>> {
    let is = |inner: &Node<'_>| {
        let class = inner.element().and_then(|e| e.attribute(AttributeName::Class));
        class.is_some_and(|class| class.trim() == "headline")
    };
    node.descendants().skip(1).take(12).find(is)
}
