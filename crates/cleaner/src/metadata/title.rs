//! The headline of a page, without the name of the site.
//!
//! A page says its headline several times. The best is the visible heading that the `title` element
//! or OpenGraph repeats: both then mean the article. Where no heading agrees, what was written for
//! the article alone goes before `title`, from which the site's name is cut.

use super::Found;
use super::collect::{Collected, Heading, Place};
use super::jsonld::JsonLd;
use super::text::{contains_words, folded};

/// What may part a headline from the name of a site or section.
const SEPARATORS: [&str; 12] =
    [" | ", " - ", " – ", " — ", " · ", " :: ", " » ", " « ", " / ", " • ", " \\ ", " > "];

pub(super) fn title(found: &Collected, ld: &JsonLd, site: Option<&str>) -> Option<Found<String>> {
    let og = found.meta("og:title");
    let declared = [
        ("json-ld headline", ld.headline.as_deref()),
        ("og:title", og),
        ("twitter:title", found.meta("twitter:title")),
        ("dc.title", found.first_meta(&["dc.title", "dcterms.title", "dc:title"])),
        (
            "parsely-title",
            found.first_meta(&["parsely-title", "sailthru.title", "headline", "title"]),
        ),
    ];
    let site_folded = site.map(folded).unwrap_or_default();
    let tag = found.title.as_deref().map(folded).unwrap_or_default();
    let others: Vec<String> = declared.iter().filter_map(|(_, t)| t.map(folded)).collect();
    let agreed = |heading: &&Heading| {
        let text = folded(&heading.text);
        text != site_folded
            && heading.text.len() < 390
            && (contains_words(&tag, &text)
                || others.iter().any(|other| contains_words(other, &text)))
    };
    let heading = best(found.headings.iter().filter(|h| h.level == 1).filter(agreed), &tag)
        .filter(|h| !is_only_site(h, &tag, &others))
        .or_else(|| {
            let lower = found.headings.iter().filter(|h| h.level == 2 || h.marked);
            best(lower.filter(agreed).filter(|h| h.place != Place::Furniture), &tag)
                .filter(|h| h.text.len() >= 12 || h.marked)
                .filter(|h| !is_only_site(h, &tag, &others))
        });
    if let Some(heading) = heading {
        return Some(Found { value: heading.text.clone(), origin: origin(heading) });
    }
    let h1: Vec<&Heading> = found
        .headings
        .iter()
        .filter(|h| h.level == 1 && h.place != Place::Furniture && h.text.len() < 390)
        .filter(|h| folded(&h.text) != site_folded)
        .collect();
    if let [only] = h1.as_slice()
        && (only.marked || only.place == Place::Article)
        && only.text.len() >= 12
    {
        return Some(Found { value: only.text.clone(), origin: "h1" });
    }
    for (origin, text) in declared {
        if let Some(text) = text
            && folded(text) != site_folded
        {
            return Some(Found { value: without_site(text, site), origin });
        }
    }
    if let Some(tag) = found.title.as_deref() {
        return Some(Found { value: cut_title(tag, site), origin: "title" });
    }
    h1.first().map(|h| Found { value: h.text.clone(), origin: "h1" })
}

fn origin(heading: &Heading) -> &'static str {
    match heading.level {
        1 => "h1",
        2 => "h2",
        _ => "h3",
    }
}

/// The longest heading; a page may repeat a part of it.
fn best<'a>(headings: impl Iterator<Item = &'a Heading>, _tag: &str) -> Option<&'a Heading> {
    headings.fold(None, |best: Option<&Heading>, next| match best {
        Some(best) if best.text.len() >= next.text.len() => Some(best),
        _ => Some(next),
    })
}

/// The heading stands at the end of `title`, after something longer: it is the name of the site.
fn is_only_site(heading: &Heading, tag: &str, others: &[String]) -> bool {
    let text = folded(&heading.text);
    let ends = |whole: &str| {
        whole.len() > text.len() && whole.ends_with(&text) && !whole.starts_with(&text)
    };
    ends(tag)
        && text.len() * 2 < tag.len()
        && !others.iter().any(|other| *other == text || other.starts_with(&text))
}

/// Cuts the site's name, where it is known, off either end of a declared title.
fn without_site(title: &str, site: Option<&str>) -> String {
    let Some(site) = site.map(folded).filter(|site| !site.is_empty()) else {
        return title.to_owned();
    };
    for separator in SEPARATORS {
        if let Some((head, tail)) = title.rsplit_once(separator)
            && !head.trim().is_empty()
            && folded(tail) == site
        {
            return head.trim().to_owned();
        }
        if let Some((head, tail)) = title.split_once(separator)
            && !tail.trim().is_empty()
            && folded(head) == site
        {
            return tail.trim().to_owned();
        }
    }
    title.to_owned()
}

/// Cuts what is not the headline off the `title` element: the site's name where it is known, else
/// the last part when it is the shorter.
fn cut_title(tag: &str, site: Option<&str>) -> String {
    let known = without_site(tag, site);
    if known != tag {
        return known;
    }
    let cut = SEPARATORS
        .iter()
        .filter_map(|separator| tag.rfind(separator).map(|at| (at, separator.len())))
        .max();
    if let Some((at, length)) = cut {
        let (head, tail) = (tag[..at].trim(), tag[at + length..].trim());
        let words = |text: &str| text.split_whitespace().count();
        if words(head) >= 3 && words(tail) <= 5 && words(head) >= words(tail) {
            return head.to_owned();
        }
        let (head, tail) =
            match SEPARATORS.iter().filter_map(|s| tag.find(s).map(|at| (at, s.len()))).min() {
                Some((at, length)) => (tag[..at].trim(), tag[at + length..].trim()),
                None => return tag.to_owned(),
            };
        if words(tail) >= 3 && words(head) <= 3 && words(tail) > 2 * words(head) {
            return tail.to_owned();
        }
    }
    tag.to_owned()
}
