//! The one walk over the tree that gathers everything metadata can be read from.
//!
//! Bounds: every list and every text has a most; what comes after it is not gathered. Ancestors are
//! looked at for candidates only.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::node::Element;
use scraper::{Html, Node};

use super::jsonld::MOST_SCRIPTS;
use super::text::{clean, contains_words, folded};

/// Most candidates of one kind.
const MOST: usize = 64;
/// Most `meta` elements.
const MOST_METAS: usize = 400;
/// Most bytes of a heading or a byline.
const LONGEST: usize = 400;
/// Most bytes of a script that is searched for a date.
const LONGEST_DATA: usize = 1 << 20;
/// How many nodes may part "By" from the name.
const NEAR: usize = 8;
/// How many ancestors tell where an element stands.
const ANCESTORS: usize = 24;

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
}

#[derive(Debug)]
pub(super) struct Heading {
    pub(super) text: String,
    /// 1 to 3.
    pub(super) level: u8,
    /// The markup says that it is the headline of an article.
    pub(super) marked: bool,
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
            "verfasser", // of bylines
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
const BYLINE_HINTS: usize = 6;

static DATA_KEYS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a few short fixed patterns always build")]
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "datePublished",
            "publishedAt",
            "published_at",
            "publishedDate",
            "published_date",
            "publishDate",
            "publish_date",
            "publicationDate",
            "publication_date",
            "publishedTime",
            "firstPublished",
        ])
        .expect("fixed patterns")
});

pub(super) fn collect(html: &Html) -> Collected {
    let mut found = Collected::default();
    let mut order = 0;
    let mut loose = 0;
    // Where a text ended that opens a byline, until the next text.
    let mut opened: Option<usize> = None;
    // Text inside these is no text of the page.
    let mut muted: Option<NodeId> = None;
    for edge in html.tree.root().traverse() {
        match edge {
            Edge::Open(node) => {
                order += 1;
                match node.value() {
                    Node::Element(element) => {
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
                    Node::Text(text) if muted.is_none() => {
                        // Most of the text between elements is line breaks and ASCII spaces.
                        let text = text.trim_ascii_start().trim_start();
                        if !text.is_empty() {
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

#[derive(Default)]
struct Attributes<'a> {
    class: &'a str,
    id: &'a str,
    itemprop: &'a str,
    rel: &'a str,
    datetime: Option<&'a str>,
    content: Option<&'a str>,
    name: Option<&'a str>,
    property: Option<&'a str>,
    equiv: Option<&'a str>,
    href: Option<&'a str>,
    kind: &'a str,
    language: Option<&'a str>,
    title: Option<&'a str>,
    pubdate: bool,
}

impl<'a> Attributes<'a> {
    fn of(element: &'a Element) -> Self {
        let mut found = Self::default();
        for (key, value) in element.attrs() {
            match key {
                "class" => found.class = value,
                "id" => found.id = value,
                "itemprop" => found.itemprop = value,
                "rel" => found.rel = value,
                "datetime" => found.datetime = Some(value),
                "content" => found.content = Some(value),
                "name" => found.name = Some(value),
                "property" => found.property = Some(value),
                "http-equiv" => found.equiv = Some(value),
                "href" => found.href = Some(value),
                "type" => found.kind = value,
                "lang" | "xml:lang" => found.language = Some(value),
                "title" => found.title = Some(value),
                "pubdate" => found.pubdate = true,
                "amp" | "⚡" => found.kind = "amp",
                _ => {}
            }
        }
        found
    }
}

impl Collected {
    fn element(&mut self, node: NodeRef<'_, Node>, element: &Element, order: usize) {
        let name = element.name();
        if element.attrs.is_empty() && !matches!(name, "h1" | "h2" | "h3" | "title" | "time") {
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
            } else if with.href.is_some_and(leads_to_author) {
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

    fn script(&mut self, node: NodeRef<'_, Node>, with: &Attributes<'_>) {
        let kind = with.kind.trim().to_ascii_lowercase();
        if kind.starts_with("application/ld+json") && self.scripts.len() < MOST_SCRIPTS {
            let texts = node.children().filter_map(|child| child.value().as_text());
            self.scripts.push(texts.map(|text| &*text.text).collect());
        } else if self.data.len() < MOST_SCRIPTS {
            self.data.push(node.id());
        }
    }

    /// The first date of publication in the data that scripts hold, for pages that say it nowhere
    /// else.
    pub(super) fn date_in_data(&self, html: &Html) -> Option<String> {
        let texts = self.data.iter().filter_map(|id| html.tree.get(*id)).flat_map(|node| {
            node.children().filter_map(|child| child.value().as_text().map(|text| &*text.text))
        });
        texts.filter(|text| text.len() <= LONGEST_DATA).find_map(|text| {
            DATA_KEYS.find_iter(text).take(8).find_map(|key| {
                let rest = &text[key.end()..];
                let rest = &rest[..floor(rest, 48)];
                // `"key":"2019-10-16T…`, perhaps with the quotes escaped.
                let digits = rest.find(|c: char| c.is_ascii_digit())?;
                let between = &rest[..digits];
                let is_value =
                    between.chars().all(|c| matches!(c, '"' | '\'' | '\\' | ':' | '=' | ' '))
                        && between.contains([':', '=']);
                let end = rest[digits..].find(['"', '\'', '\\', ',', '}'])?;
                is_value.then(|| rest[digits..digits + end].to_owned())
            })
        })
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

    fn heading(
        &mut self,
        node: NodeRef<'_, Node>,
        name: &str,
        with: &Attributes<'_>,
        order: usize,
    ) {
        if self.headings.len() >= MOST {
            return;
        }
        let Some(mut text) = text(node, LONGEST) else { return };
        // The mark of a link to the heading itself.
        text.truncate(text.trim_end_matches(['¶', '#', ' ', '§']).len());
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
        self.headings.push(Heading {
            text,
            level,
            marked,
            place: Place::Page,
            node: node.id(),
            order,
        });
    }

    fn time(&mut self, node: NodeRef<'_, Node>, with: &Attributes<'_>, order: usize) {
        let classes = with.class.to_ascii_lowercase();
        let how = if with.pubdate || classes.contains("published") {
            DateHow::Published
        } else if classes.contains("updated") || classes.contains("modified") {
            DateHow::Modified
        } else {
            DateHow::Time
        };
        if let Some(at) = with.datetime.and_then(clean) {
            self.date(node, &at, how, order);
        } else if let Some(at) = text(node, 120) {
            self.date(node, &at, how, order);
        }
    }

    fn itemprop(&mut self, node: NodeRef<'_, Node>, with: &Attributes<'_>, order: usize) {
        for property in with.itemprop.split_ascii_whitespace() {
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
    fn classes(
        &mut self,
        node: NodeRef<'_, Node>,
        name: &str,
        with: &Attributes<'_>,
        order: usize,
    ) {
        for names in [with.class, with.id].into_iter().filter(|names| !names.is_empty()) {
            let Some(hint) = HINTS.find(names) else { continue };
            if hint.pattern().as_usize() >= BYLINE_HINTS || HINTS.find_iter(names).count() > 1 {
                self.dated_class(node, name, names, with, order);
            }
            let mut best = None;
            for token in tokens(names) {
                best = best.max(byline_token(token));
            }
            match best {
                Some(2) => self.byline(node, ByHow::Name, order),
                Some(_) => self.byline(node, ByHow::Class, order),
                None => {}
            }
        }
    }

    fn dated_class(
        &mut self,
        node: NodeRef<'_, Node>,
        name: &str,
        names: &str,
        with: &Attributes<'_>,
        order: usize,
    ) {
        // A `time` inside says it better and comes by itself.
        if name == "time"
            || node.children().any(|c| c.value().as_element().is_some_and(|e| e.name() == "time"))
        {
            return;
        }
        let marks = tokens(names).any(|token| {
            parts(token).any(|part| {
                matches!(
                    part.to_ascii_lowercase().as_str(),
                    "date"
                        | "dates"
                        | "datum"
                        | "fecha"
                        | "published"
                        | "pubdate"
                        | "publish"
                        | "posted"
                        | "time"
                        | "timestamp"
                        | "datetime"
                        | "dateline"
                        | "data"
                        | "updated"
                        | "dato"
                        | "publication"
                        | "articledate"
                        | "postdate"
                        | "entrydate"
                        | "postmetadata"
                        | "meta"
                )
            })
        });
        if !marks {
            return;
        }
        let how = match names.to_ascii_lowercase() {
            n if n.contains("updated") || n.contains("modified") => DateHow::Modified,
            n if n.contains("published") => DateHow::Published,
            _ => DateHow::Class,
        };
        let from_title =
            with.title.filter(|t| t.len() > 7 && t.bytes().any(|b| b.is_ascii_digit()));
        if let Some(at) =
            from_title.and_then(clean).filter(|t| super::dates::parse(t, false).is_some())
        {
            self.date(node, &at, how, order);
        } else if let Some(at) = text(node, 160) {
            self.date(node, &at, how, order);
        }
    }

    /// Dates and bylines that nothing marks: a short text that is one, or a text that a date opens.
    fn loose_text(&mut self, node: NodeRef<'_, Node>, text: &str, loose: &mut usize, order: usize) {
        if text.len() < 6 || *loose >= MOST {
            return;
        }
        let opening =
            &text[..floor(text, if text.as_bytes()[0].is_ascii_digit() { 90 } else { 0 })];
        let short = if text.len() <= 90 { text.trim_end() } else { opening };
        if short.bytes().filter(u8::is_ascii_digit).count() >= 3 {
            let starts = &short[..floor(short, if text.len() <= 90 { 90 } else { 22 })];
            if super::dates::parse(starts, false).is_some() {
                *loose += 1;
                self.date(node, starts, DateHow::Text, order);
                if let Some(names) = super::authors::after_date(short) {
                    self.text_byline(node, names, order);
                }
            }
        } else if (6..=90).contains(&text.len()) && super::authors::is_byline(short) {
            self.text_byline(node, short, order);
        }
    }

    fn text_byline(&mut self, node: NodeRef<'_, Node>, text: &str, order: usize) {
        if self.bylines.len() < MOST {
            self.bylines.push(Byline {
                text: text.to_owned(),
                how: ByHow::Text,
                place: Place::Page,
                node: node.id(),
                order,
            });
        }
    }

    fn byline(&mut self, node: NodeRef<'_, Node>, how: ByHow, order: usize) {
        if self.bylines.len() >= MOST {
            return;
        }
        if let Some(text) = byline_text(node) {
            self.bylines.push(Byline { text, how, place: Place::Page, node: node.id(), order });
        }
    }

    fn date(&mut self, node: NodeRef<'_, Node>, at: &str, how: DateHow, order: usize) {
        if self.dates.len() < 2 * MOST && at.bytes().any(|b| b.is_ascii_digit()) {
            self.dates.push(DateText {
                text: at.to_owned(),
                how,
                place: Place::Page,
                node: node.id(),
                order,
            });
        }
    }
}

static AUTHOR_FOLDERS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a few short fixed patterns always build")]
    AhoCorasick::new([
        "/author/",
        "/authors/",
        "/autor/",
        "/autoren/",
        "/autores/",
        "/auteur/",
        "/auteurs/",
        "/autori/",
        "/writers/",
        "/journalist/",
        "/reporter/",
        "?author=",
    ])
    .expect("fixed patterns")
});

/// Whether an address is of a page about a writer.
fn leads_to_author(href: &str) -> bool {
    let folder = AUTHOR_FOLDERS.find(href);
    folder.is_some_and(|folder| href[folder.end()..].trim_end_matches('/').len() > 1)
}

/// 2 for a class that holds the name alone, 1 for one that holds a byline.
fn byline_token(token: &str) -> Option<u8> {
    let token = lower(token);
    let mut words = parts(&token);
    let named = words.any(|part| {
        matches!(
            part,
            "author"
                | "authors"
                | "byline"
                | "autor"
                | "autoren"
                | "auteur"
                | "autores"
                | "autore"
                | "writer"
                | "verfasser"
                | "authorname"
                | "username"
        )
    });
    if !named {
        return None;
    }
    let about = [
        "avatar",
        "bio",
        "box",
        "image",
        "img",
        "desc",
        "social",
        "comment",
        "count",
        "archive",
        "photo",
        "icon",
        "page",
        "list",
        "related",
        "title",
        "role",
        "job",
        "authority",
        "authorized",
        "follow",
        "position",
        "thumb",
        "pic",
        "widget",
        "card",
    ];
    if about.iter().any(|word| token.contains(word)) {
        return None;
    }
    Some(if token.contains("name") { 2 } else { 1 })
}

/// The parts of a token in kebab, snake or camel case.
fn parts(token: &str) -> impl Iterator<Item = &str> {
    token.split(['-', '_', ':', '/'])
}

/// A name in small letters, which it nearly always is in already.
fn lower(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

fn tokens(names: &str) -> impl Iterator<Item = &str> {
    names.split_ascii_whitespace().take(32)
}

pub(super) fn has_token(list: &str, token: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(token))
}

fn in_svg(node: NodeRef<'_, Node>) -> bool {
    node.ancestors().take(4).any(|a| a.value().as_element().is_some_and(|e| e.name() == "svg"))
}

impl Collected {
    /// Says of every candidate where it stands. What also holds the headline is no furniture,
    /// whatever its class says.
    fn places(&mut self, html: &Html) {
        let tag = self.title.as_deref().map(folded).unwrap_or_default();
        let headlines = self.headings.iter().filter(|h| h.level == 1 || h.marked);
        let around: HashSet<NodeId> = headlines
            .filter(|h| contains_words(&tag, &folded(&h.text)))
            .take(4)
            .filter_map(|h| html.tree.get(h.node))
            .flat_map(|node| node.ancestors().map(|a| a.id()))
            .collect();
        let place = |id: NodeId| html.tree.get(id).map_or(Place::Page, |node| place(node, &around));
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

fn place(node: NodeRef<'_, Node>, around: &HashSet<NodeId>) -> Place {
    let mut place = Place::Page;
    let mut aside = false;
    for ancestor in std::iter::once(node).chain(node.ancestors()).take(ANCESTORS) {
        let Some(element) = ancestor.value().as_element() else { continue };
        let name = element.name();
        let in_article = matches!(name, "article" | "main");
        if around.contains(&ancestor.id()) && name != "body" {
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
        if name == "nav" || (name == "footer" && place != Place::Article) {
            return Place::Furniture;
        }
        aside |= name == "aside";
        for (key, value) in element.attrs() {
            if !matches!(key, "class" | "id") {
                continue;
            }
            for token in tokens(value) {
                if token.len() <= 40 {
                    let token = lower(token);
                    if is_furniture_token(&token) {
                        return Place::Furniture;
                    }
                    aside |=
                        parts(&token).any(|part| matches!(part, "sidebar" | "widget" | "aside"));
                }
            }
        }
    }
    if aside { Place::Furniture } else { place }
}

fn is_furniture_token(token: &str) -> bool {
    // The foot of an article holds its byline.
    if ["post-footer", "entry-footer", "article-footer", "post__footer", "entry__footer"]
        .contains(&token)
    {
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

/// A byline: the part that is marked as the name, or the whole.
fn byline_text(node: NodeRef<'_, Node>) -> Option<String> {
    let element = node.value().as_element();
    let content = element.and_then(|e| e.attrs().find(|(key, _)| *key == "content"));
    if let Some((_, content)) = content {
        return clean(content);
    }
    for inner in node.descendants().skip(1).take(40) {
        let Some(element) = inner.value().as_element() else { continue };
        if element.attrs().any(|(key, value)| key == "itemprop" && has_token(value, "name")) {
            let content = element.attrs().find(|(key, _)| *key == "content");
            return content.and_then(|(_, value)| clean(value)).or_else(|| text(inner, 200));
        }
    }
    // A byline that is long holds more than names.
    text(node, LONGEST).filter(|text| text.len() <= 200)
}

/// The text of a node with spaces collapsed, at most about `most` bytes.
fn text(node: NodeRef<'_, Node>, most: usize) -> Option<String> {
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
fn floor(text: &str, most: usize) -> usize {
    text.floor_char_boundary(most)
}
