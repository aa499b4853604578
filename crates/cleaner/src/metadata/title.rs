//! The headline of a page, without the name of the site.
//!
//! A page says its headline several times. The best is the visible heading that the `title` element
//! or OpenGraph repeats: both then mean the article, and one that is all of a declaration before one
//! that is a part. A page with one `h1` that nothing repeats means that. Else what was written for
//! the article alone goes before `title`, from which the site's name is cut; and before a `title` of
//! several parts, the heading in front of the text.

use super::Found;
use super::collect::{Collected, Heading, Place};
use super::jsonld::JsonLd;
use super::site::Sites;
use super::text::{contains_words, folded};

/// What may part a headline from the name of a site or section.
pub(super) const SEPARATORS: [&str; 12] =
    [" | ", " - ", " – ", " — ", " · ", " :: ", " » ", " « ", " / ", " • ", " \\ ", " > "];

/// The headline, and where the heading stands that it was read from.
pub(super) struct Title {
    pub(super) text: Found<String>,
    pub(super) order: Option<usize>,
}

pub(super) fn title(found: &Collected, ld: &JsonLd, sites: &Sites) -> Option<Title> {
    let of = |value, origin, heading: Option<&Heading>| {
        Some(Title { text: Found { value, origin }, order: heading.map(|h| h.order) })
    };
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
    let tag = found.title.as_deref().map(folded).unwrap_or_default();
    let others: Vec<String> = declared.iter().filter_map(|(_, t)| t.map(folded)).collect();
    let parts = found.title.as_deref().map(parts).unwrap_or_default();
    let agreed = |heading: &&Heading| {
        let text = folded(&heading.text);
        // A single word stands in many a title by chance: a section, a kind of text.
        let telling = text.contains(' ') || parts.contains(&text) || others.contains(&text);
        !sites.is_name(&text)
            && heading.text.len() < 390
            && (telling || heading.text.len() > 24)
            && (contains_words(&tag, &text)
                || (heading.level == 1 && is_reordered(&text, &tag))
                || others.iter().any(|other| contains_words(other, &text)))
    };
    let agreeing: Vec<&Heading> =
        found.headings.iter().filter(|h| h.level <= 2 || h.marked).filter(agreed).collect();
    let lower = || {
        let lower = agreeing.iter().copied().filter(|h| h.level == 2 || h.marked);
        longest(lower.filter(|h| h.place != Place::Furniture))
            .filter(|h| h.text.len() >= 12 || h.marked)
            .filter(|h| !is_site(h, &parts, &others))
    };
    // How well a heading agrees: with all that a source says, or with a part of it.
    let exact = |heading: &Heading| {
        let text = folded(&heading.text);
        if others.contains(&text) {
            2
        } else {
            u8::from(tag == text || parts.first() == Some(&text))
        }
    };
    let better = |h1: &Heading, h2: &Heading| {
        let is_aside = h1.place == Place::Furniture || (exact(h1) < 2 && h1.order < h2.order);
        names_site(h1, h2, &parts, &others) || (exact(h2) == 2 && is_aside)
    };
    // A site may have its name as the first `h1` and mark the headline.
    let h1s = || agreeing.iter().copied().filter(|h| h.level == 1);
    let heading = longest(h1s().filter(|h| h.marked && exact(h) > 0))
        .or_else(|| longest(h1s()))
        .filter(|h| !is_site(h, &parts, &others))
        .map(|h1| lower().filter(|h2| better(h1, h2)).unwrap_or(h1))
        .or_else(lower);
    if let Some(heading) = heading {
        let text = before_site(&heading.text, &parts).unwrap_or(&heading.text);
        return of(sites.cut(text), origin(heading), Some(heading));
    }
    let h1: Vec<&Heading> = found
        .headings
        .iter()
        .filter(|h| h.level == 1 && h.place != Place::Furniture && h.text.len() < 390)
        .filter(|h| !sites.names(&h.text))
        .collect();
    // Where one is marked or stands in the article, the others are of the page around it.
    let inner = || h1.iter().filter(|h| h.marked || h.place == Place::Article);
    let alone = match inner().count() {
        1 => inner().copied().collect(),
        _ => h1.clone(),
    };
    if let [only] = alone.as_slice()
        && (only.marked || only.place == Place::Article)
        && (only.text.len() >= 12 || (only.marked && only.text.contains(' ')))
    {
        let repeated =
            parts.iter().take(1).chain(&others).find_map(|text| ending(&only.text, text));
        return of(repeated.unwrap_or(&only.text).to_owned(), "h1 alone", Some(only));
    }
    for (origin, text) in declared {
        if let Some(text) = text
            && !sites.is_name(&folded(text))
        {
            return of(sites.cut(text), origin, None);
        }
    }
    if let Some(heading) = opening(found, sites).filter(|_| parts.len() > 1) {
        return of(heading.text.clone(), "h2 before the text", Some(heading));
    }
    if let Some(tag) = found.title.as_deref() {
        return of(cut_title(tag, sites), "title", None);
    }
    h1.first().and_then(|h| of(h.text.clone(), "h1", Some(h)))
}

fn origin(heading: &Heading) -> &'static str {
    match heading.level {
        1 => "h1",
        2 => "h2",
        _ => "h3",
    }
}

/// Whether `whole` has all words of a text of five words at least, in whatever order; both folded.
fn is_reordered(text: &str, whole: &str) -> bool {
    let words = || text.split(' ');
    words().count() >= 5 && words().all(|word| whole.split(' ').any(|other| other == word))
}

/// The first heading of the second level that stands before the text and not beside it. Where
/// nothing was declared and no heading repeats `title`, one of several parts often names a site and
/// a section of it.
fn opening<'a>(found: &'a Collected, sites: &Sites) -> Option<&'a Heading> {
    let prose = found.prose?;
    let is_headline = |h: &&Heading| {
        h.level == 2
            && h.order < prose
            && !h.hidden
            && h.place != Place::Furniture
            && (12..390).contains(&h.text.len())
            && h.text.contains(' ')
            && !sites.names(&h.text)
    };
    found.headings.iter().find(is_headline)
}

/// The longest heading; a page may repeat a part of it.
fn longest<'a>(headings: impl Iterator<Item = &'a Heading>) -> Option<&'a Heading> {
    headings.fold(None, |best: Option<&Heading>, next| match best {
        Some(best) if best.text.len() >= next.text.len() => Some(best),
        _ => Some(next),
    })
}

/// The parts of a `title` between separators, folded.
fn parts(title: &str) -> Vec<String> {
    let mut parts = vec![title];
    for separator in SEPARATORS.into_iter().chain([" : "]) {
        parts = parts.iter().flat_map(|part| part.split(separator)).collect();
    }
    parts.into_iter().map(folded).filter(|part| !part.is_empty()).collect()
}

/// The end of a heading that is `text` (folded) once more, of four words at least: before it stands
/// a line over the headline or the name of the section. What a colon ends belongs to the headline.
fn ending<'a>(heading: &'a str, text: &str) -> Option<&'a str> {
    if text.split(' ').count() < 4 {
        return None;
    }
    heading
        .match_indices(' ')
        .map(|(at, _)| heading.split_at(at + 1))
        .filter(|(before, _)| !before.trim_end().ends_with(':') || before.ends_with(" : "))
        .map(|(_, rest)| rest)
        // A mark that stands alone belongs to what is before it.
        .filter(|rest| rest.starts_with(|c: char| !matches!(c, '|' | '-' | '–' | '—' | ':')))
        .take(40)
        .find(|rest| folded(rest) == text)
}

/// The beginning of a heading that is all of the first part of `title`, of four words at least, where
/// the rest of the heading is all of a later part, and no mark between them: the link to the front
/// page, set inside of the heading.
fn before_site<'a>(heading: &'a str, parts: &[String]) -> Option<&'a str> {
    let (first, later) = parts.split_first()?;
    if first.split(' ').count() < 4 {
        return None;
    }
    let is_mark = |c: char| matches!(c, '|' | '-' | '–' | '—' | ':' | '/' | '»' | '·' | '•' | '>');
    let mut cuts = heading.match_indices(' ').map(|(at, _)| heading.split_at(at)).take(60);
    let (text, rest) = cuts.find(|(text, _)| folded(text) == *first)?;
    let is_site = !text.ends_with(is_mark)
        && !rest.trim_start().starts_with(is_mark)
        && later.contains(&folded(rest));
    is_site.then_some(text)
}

/// The heading is the name of the site: a later part of `title`, after something longer that is
/// the headline.
fn is_site(heading: &Heading, parts: &[String], others: &[String]) -> bool {
    let text = folded(&heading.text);
    let Some((first, later)) = parts.split_first() else { return false };
    let words = first.split(' ').count();
    first.len() > text.len()
        && words >= 3
        && later.contains(&text)
        && !others.iter().any(|other| other.starts_with(&text))
}

/// Of two headings that `title` repeats, the first names the site: a blog whose every page has the
/// blog's name as its `h1`. A longer first heading is the headline, the second its standfirst.
fn names_site(h1: &Heading, h2: &Heading, parts: &[String], others: &[String]) -> bool {
    const NAME: usize = 3;
    let (h1, h2) = (folded(&h1.text), folded(&h2.text));
    if others.contains(&h1) {
        return false;
    }
    match parts.split_first() {
        Some((first, later)) => {
            (*first == h1
                && h1.split(' ').count() <= NAME
                && h2.len() > h1.len()
                && !contains_words(&h2, &h1))
                || (*first == h2 && later.contains(&h1))
        }
        None => false,
    }
}

/// Cuts what is not the headline off the `title` element: the site's name where it is known, else
/// the last part when it is the shorter.
fn cut_title(tag: &str, sites: &Sites) -> String {
    let known = sites.cut(tag);
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
    without_spaces(tag).unwrap_or(tag).to_owned()
}

/// Cuts the site's name off a title in a script without spaces, such as `标题_站名`.
fn without_spaces(tag: &str) -> Option<&str> {
    let is_ideograph = |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
    let (head, tail) = tag.rsplit_once(['-', '_', '|', '—', '｜', '－'])?;
    let head = head.trim_end_matches(['-', '_', '|', '—', ' ']);
    let letters = |text: &str| text.chars().filter(|c| is_ideograph(*c)).count();
    (letters(head) >= 6 && letters(tail) >= 2 && letters(tail) * 2 <= letters(head)).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_ends_in_the_headline() {
        for (heading, text, want) in [
            ("Local News | Ten dead in mine", "Ten dead in mine", Some("Ten dead in mine")),
            ("Energy Who pays, and when?", "Who pays, and when", Some("Who pays, and when?")),
            ("“Void”: Ten dead in mine", "Ten dead in mine", None),
            ("Ten dead in mine", "Ten dead in mine", None),
            ("Local News | Ten dead in mine", "mine", None),
            ("Ten dead in mine shaft", "Ten dead in mine", None),
        ] {
            assert_eq!(ending(heading, &folded(text)), want, "{heading}");
        }
    }

    #[test]
    fn sites_go_where_no_space_parts_them() {
        for (tag, want) in [
            ("经济增长超过市场预期-新华网", "经济增长超过市场预期"),
            ("经济增长超过市场预期_新闻_站名", "经济增长超过市场预期_新闻"),
            ("新闻-经济增长超过市场预期", "新闻-经济增长超过市场预期"),
            ("一-二", "一-二"),
            ("A well-known title", "A well-known title"),
        ] {
            assert_eq!(cut_title(tag, &Sites::of(None, None)), want, "{tag}");
        }
    }
}
