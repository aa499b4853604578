//! How a byline reads: "By", "Von" and their kin, and the shape of a name.

use std::sync::LazyLock;

use super::names::names_of;

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
    "vom",
    "eine kolumne von",
    "eine reportage von",
    "ein gastbeitrag von",
    "gastbeitrag von",
    "beitrag von",
    "redaktion",
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
    "责任编辑",
    "作者",
    "记者",
    "記者",
    "af",
    "av",
];

/// The names on the line of a date: "16.10.2019 - Jane Doe", "16.10.2019 von Jane", "Jane Doe | 16.10.2019".
pub(in crate::metadata) fn beside_date(text: &str) -> Option<&str> {
    let before = text.split_once(['|', '·', '•']).map(|(head, _)| head.trim());
    if let Some(name) = before.filter(|name| is_full_name(name)) {
        return Some(name);
    }
    let at = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let rest = text[at..].trim_start_matches(" Uhr").trim_start();
    if is_byline(rest) {
        return Some(rest);
    }
    let rest = rest.strip_prefix(['-', '–', '—', '|', '·', '•', ','])?.trim();
    is_full_name(rest).then_some(rest)
}

/// Whether a text may be the full name of one person: two to five words, capitalized but for such
/// as "de la".
pub(in crate::metadata) fn is_full_name(text: &str) -> bool {
    let capital = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
    let words = text.split(' ').count();
    text.len() <= 80
        && (2..=5).contains(&words)
        && text.split(' ').enumerate().all(|(at, word)| {
            capital(word) && !word.ends_with('-')
                || (at > 0 && at + 1 < words && PARTICLES.contains(&word))
        })
        && (words < 5 || text.split(' ').any(|word| PARTICLES.contains(&word)))
        && !text.ends_with(['.', '!', '?', ':', ','])
}

/// Small words inside of names.
const PARTICLES: [&str; 18] = [
    "de", "la", "del", "da", "di", "do", "dos", "du", "von", "van", "der", "den", "ten", "zu",
    "el", "al", "bin", "v.",
];

/// Whether a text only opens a byline whose name stands in an element of its own: "Written by",
/// "Autor:".
pub(in crate::metadata) fn is_opening(text: &str) -> bool {
    let alone = text.trim_start_matches(['|', '-', '–', ' ']);
    let alone = alone.trim_end_matches(|c: char| c == ':' || c.is_whitespace());
    // Other words without a colon, too.
    let needs_colon = ["redaktion", "vom", "text", "from", "di", "af", "av", "par", "por", "door"];
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
    let text = text.trim_start_matches(['-', '–', '—', '|', ' ']).trim();
    if !is_opened(text) {
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
        && !names_of(rest).is_empty()
}

/// Whether "By", "von" or their kin open a text.
pub(super) fn is_opened(text: &str) -> bool {
    openings(text).any(|opening| opens(text, opening))
}

/// The text after "By", "Von", "Author:" and their kin.
pub(super) fn without_opening(text: &str) -> &str {
    let mut text =
        text.trim().trim_start_matches([':', '-', '–', '—', '|', '•', '·', '*', '~']).trim();
    for _ in 0..2 {
        let opens = |opening: &&str| {
            opens(text, opening)
                // "Redaktion Example" is who signs.
                && (*opening != "redaktion" || text[opening.len()..].trim_start().starts_with(':'))
        };
        let opening = openings(text).filter(opens).max_by_key(|o| o.len());
        let Some(opening) = opening else { break };
        text = text[opening.len()..].trim_start_matches([' ', ':', '：', '\u{a0}']);
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
    text.as_bytes().get(opening.len()).is_some_and(|next| matches!(next, b' ' | b':' | 0xc2 | 0xef))
        && text
            .get(..opening.len())
            .is_some_and(|head| head.chars().flat_map(char::to_lowercase).eq(opening.chars()))
        && text[opening.len()..].starts_with([' ', ':', '：', '\u{a0}'])
}
