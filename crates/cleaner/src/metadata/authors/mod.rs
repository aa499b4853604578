//! Names of writers out of bylines and declarations: several, cleaned, without titles and sites.
//!
//! `openings` knows how a byline reads, `names` takes it apart, this file chooses among the sources.

mod names;
mod openings;

use super::Found;
use super::collect::{ByHow, Collected, Place};
use super::jsonld::JsonLd;
use super::site::Sites;
use super::text::{contains_words, folded};

use self::names::{is_agency, names_of};
pub(crate) use self::openings::is_byline;
pub(super) use self::openings::{beside_date, is_full_name, is_opening};

/// Most names of one page.
const MOST: usize = 20;

/// The `meta` elements that name writers, best first.
const METAS: [(&str, &[&str]); 3] = [
    ("meta author", &["author", "article:author_name", "authors"]),
    ("article:author", &["article:author", "og:article:author", "book:author"]),
    (
        "parsely-author",
        &[
            "parsely-author",
            "sailthru.author",
            "byl",
            "dc.creator",
            "dc:creator",
            "dcterms.creator",
            "dc.contributor",
            "dcsext.author",
            "citation_author",
            "bt:author",
            "cxenseparse:author",
            "vr:author",
        ],
    ),
];

/// Words in the names of those who are no persons, folded.
const ORGANIZATIONS: &[&str] = &[
    "gmbh",
    "ag",
    "kg",
    "inc",
    "ltd",
    "llc",
    "corp",
    "sa",
    "verlag",
    "redaktion",
    "online",
    "zeitung",
    "news",
    "magazin",
    "magazine",
    "media",
    "medien",
    "verein",
    "verband",
    "bund",
    "institut",
    "institute",
    "landesanstalt",
    "ministerium",
    "foundation",
    "stiftung",
    "university",
    "universität",
    "agency",
    "agentur",
    "team",
    "staff",
    "newsroom",
    "desk",
    "press",
    "presse",
    "pressestelle",
    "journal",
    "times",
    "post",
    "tv",
    "radio",
    "program",
    "project",
    "department",
    "ministry",
    "council",
    "party",
    "union",
    "club",
];

/// The names in a line; an address, such as "example.org", is none.
pub(crate) fn split(line: &str) -> Vec<String> {
    names_of(line).into_iter().filter(|name| !is_address(name)).collect()
}

/// Where names stand, and which.
struct Signed {
    names: Vec<String>,
    origin: &'static str,
}

/// The writers, by the first source that names a person; else by the first that names anyone, and
/// by the site where it signs itself.
pub(super) fn authors(found: &Collected, ld: &JsonLd, sites: &Sites) -> Vec<Found<String>> {
    // "Mills & Sons" may be one name.
    let names = |text: &str| match sites.names(text) {
        true => vec![text.to_owned()],
        false => names_of(text),
    };
    let from_ld = || Signed {
        names: ld.authors.iter().flat_map(|name| names(name)).collect(),
        origin: PERSONS,
    };
    let persons = std::iter::once_with(from_ld).filter(|_| ld.persons);
    let mut declared =
        persons.chain(declared(found, &names)).filter(|s| !s.names.is_empty()).peekable();

    let (how, byline) = visible(found, sites);
    let byline = Some(Signed { names: byline, origin: "byline" }).filter(|s| !s.names.is_empty());
    // What the markup does not call a byline weighs less than an organization that signs.
    let (marked, unmarked) = if how < ByHow::Link { (byline, None) } else { (None, byline) };
    // A declaration may name the first writer alone.
    let completes = |byline: &mut Signed| {
        declared.peek().is_some_and(|first| completes(&byline.names, &first.names))
    };
    let mut marked = marked;
    let fuller = marked.take_if(completes);
    let organization = std::iter::once_with(|| Signed { origin: ORGANIZATION, ..from_ld() })
        .filter(|s| !ld.persons && !s.names.is_empty());

    let is_person = |name: &String| is_full_name(name) && !is_organization(name);
    let mut own = None;
    let mut first = None;
    for mut signed in
        fuller.into_iter().chain(declared).chain(marked).chain(organization).chain(unmarked)
    {
        let mut site = None;
        signed.names.retain(|name| {
            let is_site = sites.is(name);
            if is_site && site.is_none() {
                site = Some(name.clone());
            }
            !is_site
        });
        if signed.names.is_empty() {
            own = own.or(site.map(|site| Signed { names: vec![site], origin: signed.origin }));
            continue;
        }
        let organization = signed.origin == ORGANIZATION;
        if signed.origin == PERSONS || (!organization && signed.names.iter().any(is_person)) {
            return named(signed.names, signed.origin);
        }
        first = first.or(Some(signed));
        if organization {
            break;
        }
    }
    first.or(own).map(|signed| named(signed.names, signed.origin)).unwrap_or_default()
}

/// Origins in JSON-LD.
const PERSONS: &str = "json-ld author";
const ORGANIZATION: &str = "json-ld organization";

/// What `meta` elements declare, best first.
fn declared(
    found: &Collected,
    names_of: &impl Fn(&str) -> Vec<String>,
) -> impl Iterator<Item = Signed> {
    let metas = METAS.iter().map(move |(origin, metas)| {
        let names = found.all_metas(metas).flat_map(names_of).filter(|name| !is_address(name));
        Signed { names: names.collect(), origin }
    });
    // What WordPress plugins show beside a shared link, as pairs of label and value.
    let shown = move || {
        let shown = [("twitter:label1", "twitter:data1"), ("twitter:label2", "twitter:data2")];
        let names = shown.iter().filter(|(label, _)| found.meta(label).is_some_and(is_opening));
        let names = names.filter_map(|(_, data)| found.meta(data)).flat_map(names_of);
        Signed { names: names.collect(), origin: "twitter:data" }
    };
    metas.chain(std::iter::once_with(shown))
}

/// Whether a name is an address, with which a site may sign.
fn is_address(name: &str) -> bool {
    !name.contains(' ')
        && name.rsplit_once('.').is_some_and(|(_, end)| {
            (2..=6).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_lowercase())
        })
}

/// Whether a byline has every declared name, and one or two other persons or the name in full.
fn completes(byline: &[String], declared: &[String]) -> bool {
    // A first name, and the same with the family's.
    if let ([name], [first]) = (byline, declared) {
        let longer = folded(name).strip_prefix(&folded(first)).is_some_and(|r| r.starts_with(' '));
        return longer && !first.contains(' ') && is_full_name(name);
    }
    let is = |name: &String, other: &String| folded(name) == folded(other);
    let declares = |name: &String| declared.iter().any(|other| is(name, other));
    let is_other = |name: &String| {
        is_full_name(name)
            && !is_organization(name)
            && !declared.iter().any(|other| contains_words(&folded(name), &folded(other)))
    };
    (1..=2).contains(&byline.len().saturating_sub(declared.len()))
        && declared.iter().all(|name| byline.iter().any(|other| is(name, other)))
        && byline.iter().all(|name| declares(name) || is_other(name))
}

/// Whether a name is that of a firm, a society or a desk rather than of a person.
fn is_organization(name: &str) -> bool {
    let folded = folded(name);
    folded.ends_with(" e v") || folded.split(' ').any(|word| ORGANIZATIONS.contains(&word))
}

/// The bylines of the page that are marked best: nearest to the headline, one kind of mark.
fn visible(found: &Collected, sites: &Sites) -> (ByHow, Vec<String>) {
    let headline = found.headings.iter().find(|h| h.level == 1).map_or(0, |h| h.order);
    let mut best: Option<(_, Vec<String>)> = None;
    let is_heading = |order: usize| found.headings.iter().any(|h| h.level == 1 && h.order == order);
    let bylines = found.bylines.iter().filter(|b| b.place <= Place::Beside);
    for byline in bylines.filter(|b| !is_heading(b.order)) {
        let place =
            (byline.place == Place::Beside, byline.how, byline.order < headline, byline.place);
        if best.as_ref().is_some_and(|((nobody, known), _)| !nobody && *known < place) {
            continue;
        }
        let names = names_of(&byline.text);
        // A long list is of subjects or sources.
        let persons = names.iter().filter(|name| is_full_name(name)).count();
        if names.is_empty() || (names.len() > 4 && 2 * persons < names.len()) {
            continue;
        }
        let nobody = names.iter().all(|name| sites.is(name) || is_agency(name));
        let key = (nobody, place);
        match &mut best {
            Some((known, all)) if *known == key => {
                // More of the same mark directly after are the other writers.
                if matches!(byline.how, ByHow::Itemprop | ByHow::Rel | ByHow::Name) {
                    all.extend(names);
                }
            }
            Some((known, _)) if *known <= key => {}
            _ => best = Some((key, names)),
        }
    }
    best.map_or((ByHow::Text, Vec::new()), |((_, (_, how, ..)), names)| (how, names))
}

fn named(names: Vec<String>, origin: &'static str) -> Vec<Found<String>> {
    let mut out: Vec<Found<String>> = Vec::new();
    for name in names {
        let known = |known: &Found<String>| contains_words(&folded(&name), &folded(&known.value));
        if out.len() < MOST && !out.iter().any(known) {
            out.push(Found { value: name, origin });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bylines_are_taken_apart() {
        for (byline, want) in [
            ("By Jane Doe", vec!["Jane Doe"]),
            ("by  Jane Doe and John Q. Public", vec!["Jane Doe", "John Q. Public"]),
            ("By JANE DOE, JOHN PUBLIC and ANN LEE", vec!["JANE DOE", "JOHN PUBLIC", "ANN LEE"]),
            ("Von Anna Müller und Jörg Weiß", vec!["Anna Müller", "Jörg Weiß"]),
            ("Autor: Max Muster", vec!["Max Muster"]),
            ("Par Élodie Dupont et Jean Petit", vec!["Élodie Dupont", "Jean Petit"]),
            ("Escrito por María José Núñez", vec!["María José Núñez"]),
            ("di Carlo Rossi", vec!["Carlo Rossi"]),
            ("Door Piet de Vries", vec!["Piet de Vries"]),
            ("By Jane Doe, Staff Writer", vec!["Jane Doe"]),
            ("Jane Doe | The Daily Example", vec!["Jane Doe"]),
            ("Jane Doe (jane@example.org)", vec!["Jane Doe"]),
            ("山田 太郎、鈴木 花子", vec!["山田 太郎", "鈴木 花子"]),
            ("10 December 2019 · by Jane Doe · in Food", vec!["Jane Doe"]),
            ("Jane Doe Fri, 18 October 2019", vec!["Jane Doe"]),
            ("By Jane Doe Fri., Aug. 23, 2019", vec!["Jane Doe"]),
            ("Yu So, June Lee", vec!["Yu So", "June Lee"]),
            ("User Admin", vec![]),
            ("Beitrag von r23 » 21.01.2009, 05:42", vec!["r23"]),
            ("Online-Redakteurin Jane Doe", vec!["Jane Doe"]),
            ("Jane Doe im Gespräch, Ann Lee", vec!["Jane Doe", "Ann Lee"]),
            ("- Redaktion: Jane Doe (Sprecherin)", vec!["Jane Doe"]),
            ("Redaktion Example", vec!["Redaktion Example"]),
            ("jd/dpa", vec!["jd/dpa"]),
            ("JANE DOE / ANN LEE", vec!["JANE DOE", "ANN LEE"]),
            ("作者：王小明", vec!["王小明"]),
            ("Publiziert am", vec![]),
            ("December", vec![]),
            ("https://example.org/jane", vec![]),
            ("16 October 2019", vec![]),
            ("admin", vec![]),
            ("example.org", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(split(byline), want, "{byline}");
        }
    }

    #[test]
    fn an_opening_alone_announces_a_name() {
        for text in ["By", "Written by:", "Autor:\n", "von", "Text: ", "Publié par"] {
            assert!(is_opening(text), "{text}");
        }
        for text in ["text", "from", "Byron", "By the sea", ":", "", "by ©"] {
            assert!(!is_opening(text), "{text}");
        }
        assert!(is_full_name("Jane Doe") && is_full_name("J.R. Stone"));
        assert!(is_full_name("José de la Cruz") && !is_full_name("de la Cruz"));
        assert!(
            !is_full_name("Jane") && !is_full_name("Jane Doe:") && !is_full_name("Jane says no")
        );
    }

    proptest! {
        #[test]
        fn any_byline_is_split(text in "\\PC{0,120}") {
            for name in split(&text) {
                prop_assert!(!name.trim().is_empty() && name.len() <= 80);
            }
        }
    }
}
