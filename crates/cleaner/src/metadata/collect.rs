//! The one walk over the tree that gathers everything metadata can be read from.
//!
//! Bounds: every list and every text has a most; what comes after it is not gathered. Ancestors are
//! looked at for candidates only. `attributes` reads an element once, `bylines`, `dates` and
//! `headings` say what is a candidate, `places` where it stands, `text` what it reads.

mod attributes;
mod bylines;
mod dates;
mod headings;
mod places;
mod text;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

pub(super) use self::attributes::has_token;
use self::attributes::{Attributes, tokens};
pub(crate) use self::dates::may_hold_date;
use self::text::{floor, text};
use super::jsonld::MOST_SCRIPTS;
use super::text::clean;
use crate::html::{Edge, Element, Html, Node, NodeId, Value};

/// Most candidates of one kind.
const MOST: usize = 64;
/// Most `meta` elements.
const MOST_METAS: usize = 400;
/// Most bytes of a heading or a byline.
const LONGEST: usize = 400;
/// A passage of the text has at least so many bytes in one piece; a button or a line of a menu has
/// fewer.
const PROSE: usize = 100;
/// How many nodes may part "By" from the name.
const NEAR: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) language: Option<String>,
    /// Name in lower case, and content.
    pub(super) metas: Vec<(String, String)>,
    pub(super) canonical: Option<String>,
    pub(super) amp: bool,
    pub(super) base: Option<String>,
    pub(super) title: Option<String>,
    pub(super) headings: Vec<Heading>,
    pub(super) scripts: Vec<String>,
    /// Scripts that are not JSON-LD; some hold the data of the page.
    data: Vec<NodeId>,
    pub(super) bylines: Vec<Byline>,
    pub(super) dates: Vec<DateText>,
    pub(super) tags: Vec<String>,
    pub(super) section: Option<String>,
    pub(super) free: Option<bool>,
    /// Where the first passage of text begins that is longer than a headline.
    pub(super) prose: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Heading {
    pub(super) text: String,
    /// 1 to 3.
    pub(super) level: u8,
    /// The markup says that it is the headline of an article.
    pub(super) marked: bool,
    /// For screen readers alone.
    pub(super) hidden: bool,
    pub(super) place: Place,
    node: NodeId,
    pub(super) order: usize,
}

#[derive(Debug)]
pub(super) struct Byline {
    pub(super) text: String,
    pub(super) how: ByHow,
    pub(super) place: Place,
    node: NodeId,
    pub(super) order: usize,
}

/// What marks a byline, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ByHow {
    Itemprop,
    Rel,
    Name,
    Class,
    Link,
    Text,
}

#[derive(Debug)]
pub(super) struct DateText {
    pub(super) text: String,
    pub(super) how: DateHow,
    pub(super) place: Place,
    node: NodeId,
    pub(super) order: usize,
}

/// What marks a date, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DateHow {
    Published,
    Modified,
    Time,
    Class,
    Text,
}

/// Where on the page something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Article,
    Page,
    /// A sidebar of the element that also holds the headline.
    Beside,
    /// Comments, sidebars, footers, lists of other texts.
    Furniture,
}

static HINTS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a few short fixed patterns always build")]
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "author",
            "byline",
            "autor",
            "auteur",
            "writer",
            "verfasser",
            "username",
            "wrote", // of bylines
            "date",
            "publish",
            "posted",
            "time",
            "datum",
            "fecha",
            "data",
            "pubdat",
        ])
        .expect("fixed patterns")
});
/// Patterns below this of [`HINTS`] are of bylines, the others of dates.
const BYLINE_HINTS: usize = 8;

pub(super) fn collect(html: &Html) -> Collected {
    let mut found = Collected::default();
    let mut order = 0;
    let mut loose = 0;
    // Where a text ended that opens a byline, until the next text.
    let mut opened: Option<usize> = None;
    // Text inside these is no text of the page.
    let mut muted: Option<NodeId> = None;
    for edge in html.root().traverse() {
        match edge {
            Edge::Open(node) => {
                order += 1;
                match node.value() {
                    Value::Element(element) => {
                        if muted.is_none()
                            && matches!(
                                element.name(),
                                "script" | "style" | "noscript" | "template" | "svg"
                            )
                        {
                            muted = Some(node.id());
                        }
                        found.element(node, element, order);
                    }
                    Value::Text(text) if muted.is_none() => {
                        // Most of the text between elements is line breaks and ASCII spaces.
                        let text = text.trim_ascii_start().trim_start();
                        if !text.is_empty() {
                            if found.prose.is_none() && text.len() >= PROSE {
                                found.prose = Some(order);
                            }
                            let after = opened.take().is_some_and(|at| order - at <= NEAR);
                            if after && super::authors::is_full_name(text.trim_end()) {
                                found.text_byline(node, text.trim_end(), order);
                            }
                            if super::authors::is_opening(text) {
                                opened = Some(order);
                            }
                        }
                        found.loose_text(node, text, &mut loose, order);
                    }
                    _ => {}
                }
            }
            Edge::Close(node) => {
                if muted == Some(node.id()) {
                    muted = None;
                }
            }
        }
    }
    found.places(html);
    found
}

impl Collected {
    fn element(&mut self, node: Node<'_>, element: Element<'_>, order: usize) {
        let name = element.name();
        if element.attributes().len() == 0 && !matches!(name, "h1" | "h2" | "h3" | "title" | "time")
        {
            return;
        }
        let with = Attributes::of(element);
        match name {
            "html" => {
                self.language = self.language.take().or(with.language.and_then(clean));
                self.amp = with.kind == "amp";
            }
            "body" if self.language.is_none() => self.language = with.language.and_then(clean),
            "base" => self.base = self.base.take().or(with.href.map(str::to_owned)),
            "title" if self.title.is_none() && !in_svg(node) => self.title = text(node, 1000),
            "meta" => self.meta_element(&with),
            "link" if has_token(with.rel, "canonical") && self.canonical.is_none() => {
                self.canonical = with.href.and_then(clean);
            }
            "script" => self.script(node, &with),
            "h1" | "h2" | "h3" => self.heading(node, name, &with, order),
            "time" => self.time(node, &with, order),
            _ => {}
        }
        if matches!(
            name,
            "html" | "body" | "script" | "style" | "head" | "form" | "input" | "title"
        ) {
            return;
        }
        self.itemprop(node, &with, order);
        if name == "a" {
            if has_token(with.rel, "author") {
                self.byline(node, ByHow::Rel, order);
            } else if with.href.is_some_and(|href| bylines::leads_to_writer(href, node)) {
                self.byline(node, ByHow::Link, order);
            }
            if has_token(with.rel, "tag")
                && self.tags.len() < MOST
                && let Some(tag) = text(node, 100)
            {
                self.tags.push(tag);
            }
        }
        self.classes(node, name, &with, order);
    }

    fn script(&mut self, node: Node<'_>, with: &Attributes<'_>) {
        let kind = with.kind.trim().to_ascii_lowercase();
        if kind.starts_with("application/ld+json") && self.scripts.len() < MOST_SCRIPTS {
            self.scripts.push(node.children().filter_map(Node::text).collect());
        } else if self.data.len() < MOST_SCRIPTS {
            self.data.push(node.id());
        }
    }

    fn meta_element(&mut self, with: &Attributes<'_>) {
        let Some(content) = with.content.filter(|_| self.metas.len() < MOST_METAS) else { return };
        let names = [with.property, with.name, with.equiv];
        let itemprop = Some(with.itemprop).filter(|name| !name.is_empty());
        let itemprop = itemprop.map(|name| format!("itemprop:{name}"));
        let Some(content) = clean(&content[..floor(content, 5000)]) else { return };
        for names in names.into_iter().flatten().chain(itemprop.as_deref()) {
            // `property="dc:title og:title"` names two.
            for name in names.split_ascii_whitespace() {
                self.metas.push((name.to_ascii_lowercase(), content.clone()));
            }
        }
    }

    fn itemprop(&mut self, node: Node<'_>, with: &Attributes<'_>, order: usize) {
        // RDFa names the same properties, perhaps with a prefix.
        let rdfa = with.property.unwrap_or("").split_ascii_whitespace();
        let rdfa = rdfa.map(|name| name.rsplit(':').next().unwrap_or(name));
        let rdfa = rdfa.filter(|name| name.starts_with("date"));
        for property in with.itemprop.split_ascii_whitespace().chain(rdfa) {
            let value =
                || with.content.or(with.datetime).and_then(clean).or_else(|| text(node, 120));
            match property {
                "author" | "creator" => self.byline(node, ByHow::Itemprop, order),
                "datePublished" | "dateCreated" => {
                    if let Some(at) = value() {
                        self.date(node, &at, DateHow::Published, order);
                    }
                }
                "dateModified" => {
                    if let Some(at) = value() {
                        self.date(node, &at, DateHow::Modified, order);
                    }
                }
                "articleSection" => self.section = self.section.take().or_else(value),
                "isAccessibleForFree" => {
                    self.free = value().and_then(|v| v.to_ascii_lowercase().parse().ok());
                }
                _ => {}
            }
        }
    }

    /// Bylines and dates that only a class or an id marks.
    fn classes(&mut self, node: Node<'_>, name: &str, with: &Attributes<'_>, order: usize) {
        for names in [with.class, with.id].into_iter().filter(|names| !names.is_empty()) {
            let Some(hint) = HINTS.find(names) else { continue };
            if hint.pattern().as_usize() >= BYLINE_HINTS || HINTS.find_iter(names).count() > 1 {
                self.dated_class(node, name, names, with, order);
            }
            let mut best = None;
            for token in tokens(names) {
                best = best.max(bylines::byline_token(token));
            }
            match best {
                Some(2) => self.byline(node, ByHow::Name, order),
                Some(_) => self.byline(node, ByHow::Class, order),
                None => {}
            }
        }
    }
}

fn in_svg(node: Node<'_>) -> bool {
    node.ancestors().take(4).any(|a| a.is("svg"))
}
