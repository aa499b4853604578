//! Title, bylines and dates that stand above the running text.

use newsmill_article::{BlockKind, Document};

use super::Part;
use crate::metadata::{parse_date, split_authors};

/// A longer line is no title, in characters.
const LONGEST_TITLE: usize = 200;

/// Takes title, bylines and dates off the head.
///
/// A title is taken only when running text follows it; then what remains does not begin with a line
/// that looks like one, and cleaning it again takes nothing more.
pub(super) fn head(parts: &mut Vec<Part>, document: &mut Document) {
    names(parts, 0, document);
    if let Some(Part { kind: BlockKind::Heading { level: 1 }, .. }) = parts.first()
        && parts.len() > 1
    {
        let title = parts.remove(0).text;
        document.title.get_or_insert(title);
        names(parts, 0, document);
        return;
    }
    if parts.first().is_some_and(looks_like_title) && parts.len() > 1 {
        names(parts, 1, document);
        let same = document.title.as_ref().is_none_or(|title| *title == parts[0].text);
        if same && parts.get(1).is_some_and(|next| !looks_like_title(next)) {
            document.title = Some(parts.remove(0).text);
        } else if same {
            // Which of several short lines is the title is not sure enough to take it away.
            document.title = Some(parts[0].text.clone());
        }
    }
}

fn looks_like_title(part: &Part) -> bool {
    let text = part.text.as_str();
    let length = text.chars().count();
    let end = text.trim_end_matches(['"', '\'', '”', '’', '»', ')']).chars().next_back();
    let is_sentence = matches!(end, Some('.' | ',' | ';' | ':' | '。' | '、' | '，' | '؛'));
    let is_abbreviation = text.rsplit(' ').next().is_some_and(|word| word.matches('.').count() > 1);
    matches!(part.kind, BlockKind::Paragraph | BlockKind::Heading { .. })
        && (2..=LONGEST_TITLE).contains(&length)
        && text.split_whitespace().count() <= 30
        && (!is_sentence || is_abbreviation)
        && text.chars().any(char::is_alphabetic)
}

/// Takes bylines and dates that stand at `at` and directly after.
fn names(parts: &mut Vec<Part>, at: usize, document: &mut Document) {
    let mut end = at;
    while let Some(part) = parts.get(end) {
        if let Some(names) = byline(&part.text) {
            if document.authors.is_empty() {
                document.authors = names;
            }
        } else if let Some(date) = dateline(&part.text) {
            document.published.get_or_insert(date);
        } else {
            break;
        }
        end += 1;
    }
    parts.drain(at.min(end)..end);
}

/// The names in "By Jane Doe and John Public", where the line is nothing else.
fn byline(text: &str) -> Option<Vec<String>> {
    const OPENINGS: [&str; 16] = [
        "by ",
        "written by ",
        "posted by ",
        "author: ",
        "von ",
        "autor: ",
        "autorin: ",
        "par ",
        "auteur : ",
        "por ",
        "autor/a: ",
        "di ",
        "autore: ",
        "door ",
        "auteur: ",
        "text: ",
    ];
    let opening = OPENINGS
        .iter()
        .find(|o| text.get(..o.len()).is_some_and(|head| head.to_lowercase() == **o))?;
    let rest = &text[opening.len()..];
    let capital =
        |word: &str| word.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_lowercase());
    let words: Vec<&str> = rest.split_whitespace().collect();
    let small = words.iter().filter(|word| !capital(word)).count();
    let is_sentence = rest.ends_with(['.', '!', '?', ':']) && !rest.ends_with("r.");
    if words.is_empty()
        || words.len() > 14
        || small > words.len() / 2
        || !capital(words[0])
        || is_sentence
    {
        return None;
    }
    let names = split_authors(rest);
    (!names.is_empty()).then_some(names)
}

/// The date of a line that is nothing but a date, perhaps after "Published".
fn dateline(text: &str) -> Option<newsmill_article::Moment> {
    if text.len() > 80 || text.split_whitespace().count() > 9 {
        return None;
    }
    let lower = text.to_lowercase();
    const OPENINGS: [&str; 14] = [
        "published",
        "posted",
        "updated",
        "last updated",
        "date",
        "veröffentlicht",
        "stand",
        "aktualisiert",
        "datum",
        "publié",
        "mis à jour",
        "publicado",
        "pubblicato",
        "gepubliceerd",
    ];
    let opened = OPENINGS.iter().any(|opening| lower.starts_with(opening));
    let date = parse_date(text)?;
    // Nothing but the date: what is left has few letters.
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    (opened || letters <= 22 && !text.ends_with(['!', '?'])).then_some(date.at)
}
