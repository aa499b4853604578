//! Names of writers out of bylines and declarations: several, cleaned, without titles and sites.

use std::sync::LazyLock;

use super::Found;
use super::collect::{ByHow, Collected, Place};
use super::jsonld::JsonLd;
use super::text::{clean, contains_words, folded};

/// Most names of one page.
const MOST: usize = 20;

/// What opens a byline, in lower case; longest first where one opens another.
const OPENINGS: &[&str] = &[
    "show all articles of",
    "all articles by",
    "post author",
    "view all posts by",
    "all posts by",
    "posts by",
    "more by",
    "more from",
    "alle beiträge von",
    "alle artikel von",
    "zeige alle beiträge von",
    "mehr von",
    "blog beitrag von",
    "written by",
    "posted by",
    "published by",
    "reported by",
    "article by",
    "story by",
    "review by",
    "words by",
    "text by",
    "by",
    "authors",
    "author",
    "from",
    "contributed by",
    "geschrieben von",
    "veröffentlicht von",
    "erstellt von",
    "verfasst von",
    "ein beitrag von",
    "ein artikel von",
    "eine analyse von",
    "ein kommentar von",
    "interview von",
    "von",
    "autoren",
    "autorin",
    "autor",
    "text",
    "verfasser",
    "de notre correspondant",
    "de notre correspondante",
    "de notre envoyé spécial",
    "par",
    "publié par",
    "écrit par",
    "rédigé par",
    "auteur",
    "por",
    "escrito por",
    "publicado por",
    "di",
    "scritto da",
    "a cura di",
    "autore",
    "door",
    "geschreven door",
    "przez",
    "af",
    "av",
];

/// Words that join two names.
const JOINERS: &[&str] = &[
    " and ", " und ", " et ", " y ", " en ", " & ", " with ", " mit ", " avec ", " och ", " og ",
    " i ",
];

/// Words that open what follows a name.
const TRAILING: [&str; 10] = [
    "Stand",
    "Hace",
    "Updated",
    "Published",
    "Aktualisiert",
    "Veröffentlicht",
    "Posted",
    "under",
    "Uhr",
    "Publié",
];

/// Names that name nobody.
const NOBODY: &[&str] = &[
    "admin",
    "posted",
    "no author",
    "authors",
    "administrator",
    "webmaster",
    "anonymous",
    "unknown",
    "editor",
    "author",
    "autor",
    "guest",
    "user",
    "root",
    "wordpress",
    "super user",
    "superuser",
    "by",
    "von",
    "staff",
    "none",
    "follow",
    "share",
    "more",
    "home",
];

pub(super) fn authors(found: &Collected, ld: &JsonLd, site: Option<&str>) -> Vec<Found<String>> {
    let site = site.map(folded).unwrap_or_default();
    let not_site = |names: Vec<String>| -> Vec<String> {
        names.into_iter().filter(|name| site.is_empty() || folded(name) != site).collect()
    };
    let from_ld = not_site(ld.authors.iter().flat_map(|name| split(name)).collect());
    if ld.persons && !from_ld.is_empty() {
        return named(from_ld, "json-ld author");
    }
    let metas = [
        ("meta author", ["author", "article:author_name", "authors"].as_slice()),
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
    for (origin, names) in metas {
        let names: Vec<String> = found.all_metas(names).flat_map(split).collect();
        let names = not_site(names);
        if !names.is_empty() {
            return named(names, origin);
        }
    }
    // What WordPress plugins show beside a shared link, as pairs of label and value.
    let shown = [("twitter:label1", "twitter:data1"), ("twitter:label2", "twitter:data2")];
    let names = shown.iter().filter(|(label, _)| found.meta(label).is_some_and(is_opening));
    let names = not_site(names.filter_map(|(_, data)| found.meta(data)).flat_map(split).collect());
    if !names.is_empty() {
        return named(names, "twitter:data");
    }
    let (how, names) = visible(found);
    let names = not_site(names);
    // What no markup calls a byline weighs less than an organization that signs.
    if !names.is_empty() && (how != ByHow::Text || from_ld.is_empty()) {
        return named(names, "byline");
    }
    named(from_ld, "json-ld author")
}

/// The bylines of the page that are marked best: nearest to the headline, one kind of mark.
fn visible(found: &Collected) -> (ByHow, Vec<String>) {
    let headline = found.headings.iter().find(|h| h.level == 1).map_or(0, |h| h.order);
    let mut best: Option<(_, Vec<String>)> = None;
    for byline in found.bylines.iter().filter(|b| b.place <= Place::Beside) {
        let names = split(&byline.text);
        if names.is_empty() {
            continue;
        }
        let key = (byline.place == Place::Beside, byline.how, byline.order < headline);
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
    best.map_or((ByHow::Text, Vec::new()), |((_, how, _), names)| (how, names))
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

/// The names in a byline.
pub(crate) fn split(byline: &str) -> Vec<String> {
    let Some(text) = clean(byline) else { return Vec::new() };
    let is_address = |word: &&str| {
        word.contains("://")
            || word.starts_with("www.")
            || (word.contains('@') && word.contains('.'))
    };
    let text: Vec<&str> = text.split(' ').filter(|word| !is_address(word)).collect();
    let text = text.join(" ");
    let text = without_opening(&text);
    // What follows these is a place, an agency, a date or a site.
    let mut end = [
        " | ", " - ", " – ", " — ", " · ", " • ", "|", "•", " @", " under ", " on ", " at ",
        " am ", " um ", " in ", " le ",
    ]
    .iter()
    .filter_map(|mark| text.find(mark))
    .filter(|at| *at > 0)
    .min()
    .unwrap_or(text.len());
    if text.ends_with(')') {
        end = end.min(text.rfind(" (").filter(|at| *at > 0).unwrap_or(end));
    }
    let text = &text[..end];
    let parts: Vec<&str> = text.split([',', ';', '/', '\n', '\u{3001}', '，']).collect();
    let mut names: Vec<String> = Vec::new();
    for part in &parts {
        let part = without_opening(part.trim());
        let part = part.strip_prefix("and ").or(part.strip_prefix("und ")).unwrap_or(part);
        let mut joined = vec![part];
        for joiner in JOINERS.iter().copied() {
            let finer: Vec<&str> = joined.iter().flat_map(|part| part.split(joiner)).collect();
            // "Mac & i" is one name.
            if finer.iter().all(|part| name(without_opening(part)).is_some()) {
                joined = finer;
            }
        }
        let several = parts.len() > 1 || joined.len() > 1;
        for part in joined {
            if let Some(name) = name(without_opening(part))
                && !(several && is_role(&name))
            {
                names.push(name);
            }
        }
    }
    names
}

/// The names that follow a date on the same line: "16.10.2019 - Jane Doe", "16.10.2019 von Jane".
pub(super) fn after_date(text: &str) -> Option<&str> {
    let at = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let rest = text[at..].trim_start_matches(" Uhr").trim_start();
    if is_byline(rest) {
        return Some(rest);
    }
    let rest = rest.strip_prefix(['-', '–', '—', '|', '·', '•', ','])?.trim();
    is_full_name(rest).then_some(rest)
}

/// Whether a text may be the full name of one person: two to four capitalized words.
pub(super) fn is_full_name(text: &str) -> bool {
    let capital = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
    text.len() <= 80
        && (2..=4).contains(&text.split(' ').count())
        && text.split(' ').all(capital)
        && !text.ends_with(['.', '!', '?', ':', ','])
}

/// Whether a text only opens a byline whose name stands in an element of its own: "Written by",
/// "Autor:".
pub(super) fn is_opening(text: &str) -> bool {
    let alone = text.trim_end_matches(|c: char| c == ':' || c.is_whitespace());
    // Other words without a colon, too.
    let needs_colon = ["text", "from", "di", "af", "av", "par", "por", "door"];
    let same = |opening: &&str| {
        opening.len() == alone.len()
            && alone.chars().flat_map(char::to_lowercase).eq(opening.chars())
    };
    alone.len() <= 24
        && openings(alone)
            .find(same)
            .is_some_and(|opening| text.contains(':') || !needs_colon.contains(&opening))
}

/// Whether a text is a byline by its wording: "By", "von" or their kin, then capitalized names.
pub(crate) fn is_byline(text: &str) -> bool {
    let text = text.trim();
    if !openings(text).any(|opening| opens(text, opening)) {
        return false;
    }
    let rest = without_opening(text);
    let mut words = rest.split_whitespace();
    let capital =
        |word: &str| word.chars().next().is_some_and(|c| !c.is_lowercase() && c.is_alphabetic());
    words.clone().count() <= 8
        && words.next().is_some_and(capital)
        && words.filter(|word| !capital(word)).count() <= 1
        && !rest.ends_with(['.', '!', '?', ':', ','])
        && !split(rest).is_empty()
}

/// The text after "By", "Von", "Author:" and their kin.
fn without_opening(text: &str) -> &str {
    let mut text =
        text.trim().trim_start_matches([':', '-', '–', '—', '|', '•', '·', '*', '~']).trim();
    for _ in 0..2 {
        let opening = openings(text).filter(|opening| opens(text, opening)).max_by_key(|o| o.len());
        let Some(opening) = opening else { break };
        text = text[opening.len()..].trim_start_matches([' ', ':', '\u{a0}']);
    }
    text
}

/// The openings whose first byte is that of the text, which nearly no text has. Capitals differ
/// from small letters in no first byte but those of ASCII.
fn openings(text: &str) -> impl Iterator<Item = &'static str> {
    let first = text.as_bytes().first().map_or(0, u8::to_ascii_lowercase);
    BY_FIRST_BYTE[usize::from(first)].iter().copied()
}

static BY_FIRST_BYTE: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| {
    let mut table = vec![Vec::new(); 256];
    for opening in OPENINGS {
        table[usize::from(opening.as_bytes()[0])].push(*opening);
    }
    table
});

fn opens(text: &str, opening: &str) -> bool {
    text.as_bytes().get(opening.len()).is_some_and(|next| matches!(next, b' ' | b':' | 0xc2))
        && text
            .get(..opening.len())
            .is_some_and(|head| head.chars().flat_map(char::to_lowercase).eq(opening.chars()))
        && text[opening.len()..].starts_with([' ', ':', '\u{a0}'])
}

/// A name as it is printed, or nothing where the text is none.
fn name(text: &str) -> Option<String> {
    // A date may follow without a mark.
    let undated = text.find(|c: char| c.is_ascii_digit()).filter(|at| text[..*at].ends_with(' '));
    let text = match undated {
        Some(at) => match text[..at].trim_end().rsplit_once(' ') {
            Some((head, last)) if super::dates::is_month(last) => head,
            _ => &text[..at],
        },
        None => text,
    };
    let text = text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                ',' | ';' | ':' | '|' | '-' | '–' | '—' | '•' | '·' | '*' | '"' | '“' | '”' | '@'
            )
    });
    let lower = text.to_lowercase();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let digits = text.chars().filter(|c| c.is_ascii_digit()).count();
    let words = text.split_whitespace().count();
    // A site that signs with its own address, such as "example.org".
    let is_domain = words == 1
        && text.rsplit_once('.').is_some_and(|(_, end)| {
            (2..=6).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_lowercase())
        });
    let text = TRAILING.iter().fold(text, |text, word| {
        text.strip_suffix(word).filter(|rest| rest.ends_with(' ')).map_or(text, str::trim_end)
    });
    let is_name = letters >= 2
        && text.len() <= 80
        && words <= 6
        && digits * 3 <= letters
        && !is_domain
        && !lower.ends_with(" by")
        && !lower.contains(": ")
        && !NOBODY.contains(&lower.as_str())
        && !text.ends_with(['?', '!'])
        && super::dates::parse(text).is_none();
    is_name.then(|| text.to_owned())
}

/// A job or a rank rather than a name, among several parts.
fn is_role(text: &str) -> bool {
    let lower = text.to_lowercase();
    [
        "editor",
        "reporter",
        "correspondent",
        "writer",
        "staff",
        "redakteur",
        "redakteurin",
        "korrespondent",
        "journalist",
        "journaliste",
        "columnist",
        "contributor",
        "director",
        "producer",
        "professor",
        "manager",
        "chief",
        "freelance",
        "phd",
        "md",
        "jr",
        "dpa",
        "afp",
        "reuters",
        "apa",
    ]
    .iter()
    .any(|role| lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == *role))
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
            ("https://example.org/jane", vec![]),
            ("16 October 2019", vec![]),
            ("admin", vec![]),
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
