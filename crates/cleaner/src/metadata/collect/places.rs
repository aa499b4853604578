//! Where on the page a candidate stands, by its ancestors.

use std::collections::{HashMap, HashSet};

use super::super::text::{contains_words, folded};
use super::attributes::{lower, parts, tokens};
use super::{Collected, Heading, Place};
use crate::html::{AttributeName, Element, Html, Node, NodeId};

/// How many ancestors tell where an element stands.
const ANCESTORS: usize = 24;

impl Collected {
    /// Says of every candidate where it stands. What also holds the headline is no furniture,
    /// whatever its class says.
    pub(super) fn places(&mut self, html: &Html) {
        let tag = self.title.as_deref().map(folded).unwrap_or_default();
        let headlines = || self.headings.iter().filter(|h| h.level == 1 || h.marked);
        let ancestors = |h: &Heading| html.node(h.node).ancestors().map(Node::id);
        let mut around: HashSet<NodeId> = headlines()
            .filter(|h| contains_words(&tag, &folded(&h.text)))
            .take(4)
            .flat_map(ancestors)
            .collect();
        // Where `title` repeats none of them, the only one is the headline.
        let mut first = self.headings.iter().filter(|h| h.level == 1);
        if around.is_empty()
            && let (Some(only), None) = (first.next(), first.next())
        {
            around.extend(ancestors(only));
        }
        // Candidates stand close together and share their ancestors.
        let mut known = HashMap::new();
        let mut place = |id: NodeId| place(html.node(id), &around, &mut known);
        for heading in &mut self.headings {
            heading.place = place(heading.node);
        }
        for byline in &mut self.bylines {
            byline.place = place(byline.node);
        }
        for date in &mut self.dates {
            date.place = place(date.node);
        }
    }
}

fn place(node: Node<'_>, around: &HashSet<NodeId>, known: &mut HashMap<NodeId, Marks>) -> Place {
    let mut place = Place::Page;
    let (mut aside, mut foot) = (false, false);
    for ancestor in std::iter::once(node).chain(node.ancestors()).take(ANCESTORS) {
        let Some(element) = ancestor.element() else { continue };
        let name = element.name();
        let in_article = matches!(name, "article" | "main");
        if around.contains(&ancestor.id()) && name != "body" {
            if foot && name != "article" {
                return Place::Furniture;
            }
            return match aside {
                false => Place::Article,
                true if in_article || place == Place::Article => Place::Beside,
                true => Place::Furniture,
            };
        }
        if name == "body" {
            break;
        }
        if in_article {
            place = Place::Article;
        }
        if name == "nav" {
            return Place::Furniture;
        }
        // The foot of an article holds its byline.
        foot = name == "footer" || (foot && name != "article");
        aside |= name == "aside";
        let marks = known.entry(ancestor.id()).or_insert_with(|| Marks::of(element));
        if marks.furniture {
            return Place::Furniture;
        }
        aside |= marks.aside;
    }
    if aside || foot { Place::Furniture } else { place }
}

/// What classes and ids say of the place of an element.
#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    furniture: bool,
    aside: bool,
}

impl Marks {
    fn of(element: Element<'_>) -> Self {
        let mut marks = Self::default();
        for (key, value) in element.attributes() {
            if !matches!(key, AttributeName::Class | AttributeName::Id) {
                continue;
            }
            for token in tokens(value).filter(|token| token.len() <= 40) {
                let token = lower(token);
                marks.furniture |= is_furniture_token(&token);
                marks.aside |=
                    parts(&token).any(|part| matches!(part, "sidebar" | "widget" | "aside"));
            }
        }
        marks
    }
}

fn is_furniture_token(token: &str) -> bool {
    let of_article =
        ["post-footer", "entry-footer", "article-footer", "post__footer", "entry__footer"];
    if of_article.iter().any(|foot| token.starts_with(foot)) {
        return false;
    }
    parts(token).any(|part| {
        matches!(
            part,
            "comment"
                | "comments"
                | "commentlist"
                | "respond"
                | "related"
                | "footer"
                | "breadcrumb"
                | "breadcrumbs"
                | "recommended"
                | "recommendations"
                | "teaser"
                | "teasers"
                | "nav"
                | "menu"
                | "popular"
                | "trending"
                | "kommentare"
                | "kommentar"
                | "carousel"
                | "slider"
                | "disqus"
        )
    })
}
