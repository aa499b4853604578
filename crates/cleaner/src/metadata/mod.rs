//! What a page says about its article: title, authors, dates and the rest, each with its origin.
//!
//! Promises: one walk over the tree, lists and texts bounded, nothing recursive, no value an empty
//! string. Sources are JSON-LD, OpenGraph, Dublin Core and other `meta` elements, microdata, the
//! markup of WordPress and its kin, and the visible headline, byline and date; for each field the
//! file of its name says which goes first. Leaves out: guessing what the page does not say.
//!
//! `collect` walks, `jsonld` reads the graphs, `title`, `authors`, `when`, `site` and `links` choose.

mod authors;
mod collect;
mod dates;
mod jsonld;
mod links;
mod site;
mod text;
mod title;
mod when;

use newsmill_article::{Hints, Kind, Moment};
use url::Url;

pub(crate) use self::authors::is_byline;
pub(crate) use self::authors::split as split_authors;
use self::collect::Collected;
pub(crate) use self::collect::may_hold_date;
pub(crate) use self::dates::parse as parse_date;
use self::jsonld::JsonLd;
use self::site::Sites;
use crate::html::Html;

/// A value and where on the page it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Where it was found, in the words that `explain` shows: `json-ld headline`, `og:title`, `h1`.
    pub origin: &'static str,
}

/// What a page says about its article. Nothing is ever an empty string.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The headline, without the name of the site.
    pub title: Option<Found<String>>,
    /// Names of the writers, one each.
    pub authors: Vec<Found<String>>,
    /// When it was first published, of the day that readers see on the page. A date without a time
    /// is midnight in UTC.
    pub published: Option<Found<Moment>>,
    /// When it was last changed; never before `published`.
    pub modified: Option<Found<Moment>>,
    /// The name of the site or paper.
    pub site: Option<Found<String>>,
    /// The section.
    pub section: Option<Found<String>>,
    /// Subjects, at most 50.
    pub tags: Vec<Found<String>>,
    /// The lead image.
    pub image: Option<Found<Url>>,
    /// The language that the page declares, in BCP 47 form; see [`crate::language::of`].
    pub language: Option<Found<String>>,
    /// The address that the page names as its own.
    pub canonical_url: Option<Found<Url>>,
    /// A sentence or two about the article.
    pub description: Option<Found<String>>,
    /// What kind of page the markup says it is; `None` where it does not say.
    pub kind: Option<Found<Kind>>,
    /// Whether the publisher marks it as not free to read.
    pub paywalled: Option<Found<bool>>,
    /// The text of the article as JSON-LD repeats it, lines as they came, perhaps with markup.
    pub article_body: Option<Found<String>>,
}

/// Most subjects.
const MOST_TAGS: usize = 50;

/// Reads the metadata of a page in one walk over its tree. `base` is the address of the page,
/// against which relative links resolve; `hints` fill what the page leaves open.
pub fn read(html: &Html, base: Option<&Url>, hints: &Hints) -> Metadata {
    let found = collect::collect(html);
    let ld = jsonld::read(&found.scripts);
    let resolved = match (&found.base, base) {
        (Some(inner), Some(base)) => base.join(inner).ok(),
        (Some(inner), None) => Url::parse(inner).ok(),
        _ => None,
    };
    let site = site::site(&found, &ld);
    let sites =
        Sites::of(site.as_ref().map(|site| site.value.as_str()), base.and_then(Url::host_str));
    let title = title::title(&found, &ld, &sites);
    let headline = title.as_ref().and_then(|title| title.order);
    let when = when::when(&found, &ld, base, html, headline);
    let links = resolved.as_ref().or(base);
    let mut metadata = Metadata {
        title: title.map(|title| title.text),
        authors: authors::authors(&found, &ld, &sites),
        published: when.published,
        modified: when.modified,
        section: section(&found, &ld),
        tags: tags(&found, &ld),
        image: links::image(&found, &ld, links),
        language: language(&found, &ld),
        canonical_url: links::canonical(&found, &ld, links),
        description: description(&found, &ld),
        kind: kind(&found, &ld),
        paywalled: paywalled(&found, &ld),
        article_body: None,
        site,
    };
    if let (None, Some(tag), Some(headline)) = (&metadata.site, &found.title, &metadata.title) {
        metadata.site = site::beside(tag, &headline.value);
    }
    metadata.article_body = ld.body.map(|value| Found { value, origin: "json-ld articleBody" });
    metadata.fill_from(hints);
    metadata
}

impl Metadata {
    /// Fills what is open with what a feed said.
    pub(crate) fn fill_from(&mut self, hints: &Hints) {
        const FEED: &str = "feed";
        let feed = |value: &Option<String>| {
            value.as_deref().and_then(text::clean).map(|value| Found { value, origin: FEED })
        };
        self.title = self.title.take().or_else(|| feed(&hints.title));
        self.language = self.language.take().or_else(|| feed(&hints.language));
        if self.authors.is_empty() {
            let names = hints.authors.iter().flat_map(|name| authors::split(name));
            self.authors = names.map(|value| Found { value, origin: FEED }).collect();
        }
        if self.tags.is_empty() {
            let tags = hints.tags.iter().filter_map(|tag| text::clean(tag)).take(MOST_TAGS);
            self.tags = tags.map(|value| Found { value, origin: FEED }).collect();
        }
        let at = |value: Option<Moment>| value.map(|value| Found { value, origin: FEED });
        self.published = self.published.take().or_else(|| at(hints.published));
        self.modified = self.modified.take().or_else(|| at(hints.updated));
    }
}

fn section(found: &Collected, ld: &JsonLd) -> Option<Found<String>> {
    let named = [
        ("article:section", found.meta("article:section")),
        ("json-ld articleSection", ld.section.as_deref()),
        ("itemprop articleSection", found.section.as_deref()),
        (
            "meta section",
            found.first_meta(&[
                "itemprop:articlesection",
                "parsely-section",
                "sailthru.section",
                "section",
                "cxenseparse:recs:section",
                "dc.subject.section",
            ]),
        ),
    ];
    named.into_iter().find_map(|(origin, name)| {
        let value = name.filter(|name| name.len() <= 100)?.to_owned();
        Some(Found { value, origin })
    })
}

fn tags(found: &Collected, ld: &JsonLd) -> Vec<Found<String>> {
    let several: Vec<String> = found
        .all_metas(&["article:tag", "og:article:tag", "og:video:tag"])
        .flat_map(jsonld::split_tags)
        .collect();
    let keywords = || {
        let keywords = found.first_meta(&[
            "parsely-tags",
            "news_keywords",
            "sailthru.tags",
            "keywords",
            "itemprop:keywords",
            "dc.subject",
        ]);
        keywords.map(jsonld::split_tags).unwrap_or_default()
    };
    let (origin, names) = if !several.is_empty() {
        ("article:tag", several)
    } else if !ld.tags.is_empty() {
        ("json-ld keywords", ld.tags.clone())
    } else if !found.tags.is_empty() {
        ("rel tag", found.tags.clone())
    } else {
        ("meta keywords", keywords())
    };
    let mut out: Vec<Found<String>> = Vec::new();
    for value in names {
        let known = out.iter().any(|tag| tag.value.to_lowercase() == value.to_lowercase());
        if !known && value.len() <= 100 && out.len() < MOST_TAGS {
            out.push(Found { value, origin });
        }
    }
    out
}

fn language(found: &Collected, ld: &JsonLd) -> Option<Found<String>> {
    let named = [
        ("html lang", found.language.as_deref()),
        (
            "content-language",
            found.first_meta(&[
                "content-language",
                "language",
                "dc.language",
                "dcterms.language",
                "dc:language",
                "itemprop:inlanguage",
            ]),
        ),
        ("json-ld inLanguage", ld.language.as_deref()),
        ("og:locale", found.meta("og:locale")),
    ];
    named.into_iter().find_map(|(origin, tag)| {
        let value = crate::language::tag(tag?)?;
        Some(Found { value, origin })
    })
}

fn description(found: &Collected, ld: &JsonLd) -> Option<Found<String>> {
    let named = [
        ("og:description", found.meta("og:description")),
        ("meta description", found.meta("description")),
        ("json-ld description", ld.description.as_deref()),
        ("twitter:description", found.meta("twitter:description")),
        (
            "dc.description",
            found.first_meta(&["dc.description", "dcterms.description", "dc:description"]),
        ),
    ];
    named.into_iter().find_map(|(origin, text)| Some(Found { value: text?.to_owned(), origin }))
}

fn kind(found: &Collected, ld: &JsonLd) -> Option<Found<Kind>> {
    if let Some(value) = ld.kind {
        return Some(Found { value, origin: "json-ld @type" });
    }
    let value = match found.meta("og:type")?.to_ascii_lowercase().as_str() {
        "article" | "blog" | "news" => Kind::Article,
        kind if kind.starts_with("video") => Kind::Video,
        _ => return None,
    };
    Some(Found { value, origin: "og:type" })
}

fn paywalled(found: &Collected, ld: &JsonLd) -> Option<Found<bool>> {
    if let Some(free) = ld.free {
        return Some(Found { value: !free, origin: "json-ld isAccessibleForFree" });
    }
    if let Some(free) = found.free {
        return Some(Found { value: !free, origin: "itemprop isAccessibleForFree" });
    }
    let value = match found.meta("article:content_tier")?.to_ascii_lowercase().as_str() {
        "free" => false,
        "locked" => true,
        // Metered text is free to some.
        _ => return None,
    };
    Some(Found { value, origin: "article:content_tier" })
}

impl Collected {
    /// The first `meta` of this name.
    fn meta(&self, name: &str) -> Option<&str> {
        self.metas.iter().find(|(known, _)| known == name).map(|(_, content)| content.as_str())
    }

    /// The first `meta` of the first name that there is.
    fn first_meta(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.meta(name))
    }

    /// Every `meta` of these names, in the order of the names.
    fn all_metas(&self, names: &[&str]) -> impl Iterator<Item = &str> {
        names.iter().flat_map(|name| {
            self.metas
                .iter()
                .filter(move |(known, _)| known == name)
                .map(|(_, content)| content.as_str())
        })
    }
}
