//! The names in a byline: several, without titles, places, dates and what else stands on its line.

use super::super::dates;
use super::super::text::clean;
use super::openings::{is_full_name, is_opened, without_opening};

/// Words that join two names.
const JOINERS: &[&str] = &[
    " and ", " und ", " et ", " y ", " en ", " & ", " with ", " mit ", " avec ", " och ", " og ",
    " i ",
];

/// Words that open what follows a name.
const TRAILING: &[&str] = &[
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
    "Follow",
    "Share",
    "Shares",
    "im Gespräch",
];

/// Words in which no name ends: a name follows, or a date.
const ENDINGS: [&str; 8] = ["by", "am", "on", "von", "the", "por", "par", "le"];

/// Names that name nobody.
const NOBODY: &[&str] = &[
    "admin",
    "user admin",
    "site admin",
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
    // What a button says.
    "login",
    "log in",
    "sign in",
    "sign up",
    "signup",
    "register",
    "subscribe",
    "search",
    "delete",
    "edit",
    "reply",
    "print",
    "menu",
    "close",
    "anmelden",
    "einloggen",
    "registrieren",
    "abonnieren",
    "suche",
    "drucken",
    "löschen",
    "connexion",
    "inscription",
    "entrar",
    "iniciar sesión",
    "registrarse",
];

/// The part of a line between marks that is opened as a byline: "10 December · by Jane Doe · Food".
fn signed(line: &str) -> &str {
    if !line.starts_with(|c: char| c.is_ascii_digit()) && !line.contains(MARKS) {
        return line;
    }
    let mut parts = line.split(MARKS).map(|part| part.trim_matches([' ', '-', '–', '—', '/']));
    parts
        .clone()
        .find(|part| is_opened(part))
        .or_else(|| parts.find(|part| !part.is_empty() && dates::parse(part).is_none()))
        .unwrap_or(line)
}

/// What parts a name from what else stands on its line, and is in no name.
const MARKS: [char; 5] = ['|', '·', '•', '»', '∙'];

/// The names in a byline.
pub(super) fn names_of(byline: &str) -> Vec<String> {
    let Some(text) = clean(byline) else { return Vec::new() };
    let is_address = |word: &&str| {
        word.contains("://")
            || word.starts_with("www.")
            || (word.contains('.') && ["@", "[at]", "(at)"].iter().any(|at| word.contains(at)))
    };
    let text: Vec<&str> = text.split(' ').filter(|word| !is_address(word)).collect();
    let text = text.join(" ");
    let text = without_opening(signed(&text));
    // What follows these is a place, an agency, a date or a site.
    let mut end = [
        " | ",
        " - ",
        " – ",
        " — ",
        " · ",
        " • ",
        "|",
        "•",
        " @",
        " under ",
        " on ",
        " at ",
        " am ",
        " um ",
        " in ",
        " le ",
        " edited by ",
        " Edited by ",
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
    let mut parts: Vec<&str> = text.split([',', ';', '\n', '\u{3001}', '，']).collect();
    // "rek/dpa" is one signature.
    if text.split('/').all(|part| part.contains(' ')) {
        parts = parts.iter().flat_map(|part| part.split('/')).collect();
    }
    let mut names: Vec<String> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let part = without_opening(part.trim());
        let dated = parts.get(at + 1).is_some_and(|next| opens_with_date(next.trim_start()));
        let part = part
            .rsplit_once(' ')
            .filter(|(_, day)| dated && is_weekday(day))
            .map_or(part, |(head, _)| head);
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

/// `23 August 2019`, `Aug. 23`; a writer may be called June.
fn opens_with_date(text: &str) -> bool {
    let digit = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let mut words = text.split(' ');
    let first = words.next().unwrap_or(text);
    digit(first) || (dates::is_month(first) && words.next().is_some_and(digit))
}

/// A name as it is printed, or nothing where the text is none.
fn name(text: &str) -> Option<String> {
    // A date may follow without a mark.
    let undated = text.find(|c: char| c.is_ascii_digit()).filter(|at| text[..*at].ends_with(' '));
    let text = match undated {
        Some(at) => match text[..at].trim_end().rsplit_once(' ') {
            Some((head, last)) if dates::is_month(last) || is_weekday(last) => head,
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
    // The name of a user may have as many digits as a year.
    let is_handle =
        words == 1 && letters >= 1 && digits <= 4 && text.chars().all(char::is_alphanumeric);
    let text = TRAILING.iter().fold(text, |text, word| {
        text.strip_suffix(word).filter(|rest| rest.ends_with(' ')).map_or(text, str::trim_end)
    });
    let text = without_job(text);
    let is_name = (letters >= 2 || is_handle)
        && text.len() <= 80
        && words <= 8
        && (digits * 3 <= letters || is_handle)
        && !(words == 1 && dates::is_month(text))
        && !ENDINGS
            .iter()
            .any(|word| lower.strip_suffix(word).is_some_and(|head| head.ends_with(' ')))
        && !lower.contains(": ")
        && !NOBODY.contains(&lower.as_str())
        && !text.ends_with(['?', '!'])
        && dates::parse(text).is_none();
    is_name.then(|| text.to_owned())
}

/// Whether a word is the short name of a day of the week, which stands before a date.
fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 14] =
        ["mo", "di", "mi", "do", "fr", "sa", "so", "mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    DAYS.contains(&word.trim_end_matches(['.', ',']).to_lowercase().as_str())
}

/// A name without the job before it: "Online-Redakteurin Jane Doe".
fn without_job(text: &str) -> &str {
    let Some((job, name)) = text.split_once(' ').filter(|(_, name)| is_full_name(name)) else {
        return text;
    };
    let job = job.to_lowercase();
    if JOBS.iter().any(|end| job.ends_with(end)) { name } else { text }
}

/// Ends of words for those who write.
const JOBS: &[&str] = &[
    "redakteur",
    "redakteurin",
    "reporter",
    "reporterin",
    "korrespondent",
    "korrespondentin",
    "experte",
    "expertin",
    "autor",
    "autorin",
    "correspondent",
    "journalist",
    "journalistin",
    "journaliste",
    "editor",
    "redactor",
    "redactora",
];

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
    ]
    .iter()
    .chain(AGENCIES)
    .any(|role| lower.split(|c: char| !c.is_alphanumeric()).any(|word| word == *role))
}

/// Whether a name is that of a news agency.
pub(super) fn is_agency(name: &str) -> bool {
    AGENCIES.contains(&name.to_lowercase().as_str())
}

const AGENCIES: &[&str] = &[
    "dpa", "afp", "reuters", "apa", "sda", "epd", "kna", "sid", "efe", "ansa", "ap", "upi", "tass",
    "xinhua",
];
