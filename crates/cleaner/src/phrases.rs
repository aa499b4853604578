//! Lines that are furniture of a web page by their wording alone, in many languages.
//!
//! Promises: the answer depends on the one line only, costs time linear in it, and running text
//! that merely quotes a phrase ("he clicked “Leave a Reply”") is never furniture. Leaves out: where
//! the line stands; what else is on the page is the caller's to weigh.
//!
//! The phrases stand in `phrases.txt`: what WordPress, its translations and common themes, plugins
//! and news sites put round an article.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// What a line of furniture belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Furniture {
    /// The form under an article that invites a comment.
    ReplyForm,
    /// Headings and notices of a comment section.
    Comments,
    /// Buttons and labels for sharing.
    Share,
    /// Headings over links to other texts, and lines that point to one.
    Related,
    /// Calls to take a newsletter.
    Newsletter,
    /// Notices about cookies, consent and rights.
    Consent,
    /// Notices that the rest costs money.
    Paywall,
    /// Labels of advertisements.
    Advertisement,
}

const KINDS: [(&str, Furniture); 8] = [
    ("reply_form", Furniture::ReplyForm),
    ("comments", Furniture::Comments),
    ("share", Furniture::Share),
    ("related", Furniture::Related),
    ("newsletter", Furniture::Newsletter),
    ("consent", Furniture::Consent),
    ("paywall", Furniture::Paywall),
    ("advertisement", Furniture::Advertisement),
];

/// A longer line is never furniture, in bytes.
const LONGEST_LINE: usize = 700;
/// A longer line is never furniture for how it opens, in bytes.
const LONGEST_OPENED_LINE: usize = 300;
/// The share of a line's letters that phrases must cover.
const COVERED: (usize, usize) = (4, 5);

/// Whether the whole line is part of a reply form ("Leave a Reply", "Required fields are
/// marked *"). A sentence that only quotes such words is not.
pub fn reply_form(line: &str) -> bool {
    furniture(line) == Some(Furniture::ReplyForm)
}

/// What furniture the whole line is, if any.
pub fn furniture(line: &str) -> Option<Furniture> {
    let line = line.trim();
    if line.is_empty() || line.len() > LONGEST_LINE {
        return None;
    }
    let reading = TABLE.read(line);
    if reading.opened.is_some() {
        return reading.opened;
    }
    let enough = reading.covered * COVERED.1 >= reading.letters * COVERED.0;
    if enough { reading.kind } else { None }
}

/// Whether a line only has words that belong to a form: "Name *", "Website". They say nothing by
/// themselves; after a line of a reply form they are the rest of it.
pub(crate) fn form_field(line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.len() > 80 {
        return false;
    }
    let reading = TABLE.read(line);
    reading.letters > 0 && reading.beside == reading.letters
}

/// How a phrase makes a line furniture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It covers letters.
    Whole,
    /// It opens the line.
    Opens,
    /// It opens the line before a colon, bar or arrow.
    OpensBeforeColon,
    /// It opens the line after a number.
    OpensAfterNumber,
    /// It covers letters where another phrase is there.
    Beside,
}

struct Table {
    automaton: AhoCorasick,
    phrases: Vec<Phrase>,
}

struct Phrase {
    kind: Furniture,
    /// A phrase can have several roles: it opens lines, and it covers a line by itself.
    roles: Vec<Role>,
}

struct Reading {
    letters: usize,
    covered: usize,
    beside: usize,
    kind: Option<Furniture>,
    opened: Option<Furniture>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(include_str!("phrases.txt")));

impl Table {
    fn parse(source: &str) -> Self {
        let mut kind = Furniture::ReplyForm;
        let mut patterns: Vec<String> = Vec::new();
        let mut phrases: Vec<Phrase> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for line in source.lines() {
            if line.is_empty() || line.starts_with("# ") {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                if let Some((_, named)) = KINDS.iter().find(|(known, _)| *known == name) {
                    kind = *named;
                }
                continue;
            }
            let (role, phrase) = match line.as_bytes()[0] {
                b'~' => (Role::Opens, &line[1..]),
                b':' => (Role::OpensBeforeColon, &line[1..]),
                b'#' => (Role::OpensAfterNumber, &line[1..]),
                b'?' => (Role::Beside, &line[1..]),
                _ => (Role::Whole, line),
            };
            let pattern = Letters::of(phrase).text;
            let at = *known.entry(pattern.clone()).or_insert_with(|| {
                patterns.push(pattern);
                phrases.push(Phrase { kind, roles: Vec::new() });
                phrases.len() - 1
            });
            // "comment" is a field of the form and a label of its own elsewhere: the label wins.
            if role == Role::Whole && !phrases[at].roles.contains(&Role::Whole) {
                phrases[at].kind = kind;
            }
            phrases[at].roles.push(role);
        }
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest);
        #[expect(
            clippy::expect_used,
            reason = "only too many or too long patterns fail, and the table is fixed"
        )]
        let automaton = builder.build(&patterns).expect("the phrase table builds");
        Self { automaton, phrases }
    }

    fn read(&self, line: &str) -> Reading {
        let letters = Letters::of(line);
        let text = letters.text.as_str();
        let mut reading = Reading { letters: 0, covered: 0, beside: 0, kind: None, opened: None };
        reading.letters = alphabetic(text);
        let opening =
            text.len() - text.trim_start_matches(|c: char| c.is_numeric() || c == ' ').len();
        let mut best = 0;
        for found in self.automaton.find_iter(text) {
            if !(is_boundary(text, found.start()) && is_boundary(text, found.end())) {
                continue;
            }
            let phrase = &self.phrases[found.pattern().as_usize()];
            let size = alphabetic(&text[found.range()]);
            reading.covered += size;
            if phrase.roles.contains(&Role::Beside) {
                reading.beside += size;
            }
            if phrase.roles.contains(&Role::Whole) && size > best {
                best = size;
                reading.kind = Some(phrase.kind);
            }
            if found.start() <= opening && line.len() <= LONGEST_OPENED_LINE {
                let opens = phrase.roles.iter().any(|role| match role {
                    Role::Whole | Role::Beside => false,
                    Role::Opens => true,
                    Role::OpensAfterNumber => opening > 0,
                    Role::OpensBeforeColon => letters.colon_after(line, found.end()),
                });
                if opens {
                    reading.opened = Some(phrase.kind);
                }
            }
        }
        if reading.covered == reading.beside && reading.kind.is_none() {
            reading.covered = 0;
        }
        reading
    }
}

fn alphabetic(text: &str) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(u8::is_ascii_alphabetic).count();
    }
    text.chars().filter(|c| c.is_alphabetic()).count()
}

/// The letters and digits of a line in lower case, one space for every run of anything else.
struct Letters {
    text: String,
}

impl Letters {
    fn of(line: &str) -> Self {
        let mut text = String::with_capacity(line.len() + 1);
        let mut gap = false;
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            if run > 0 {
                if gap && !text.is_empty() {
                    text.push(' ');
                }
                gap = false;
                text.push_str(&rest[..run]);
                rest = &rest[run..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            if !c.is_alphanumeric() {
                // Combining marks belong to the letter before them.
                gap |= !matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}');
                continue;
            }
            if gap && !text.is_empty() {
                text.push(' ');
            }
            gap = false;
            text.extend(c.to_lowercase());
        }
        text.make_ascii_lowercase();
        Self { text }
    }

    /// Whether the punctuation after the letters that end at `end` has a colon, bar or arrow. The
    /// place in `line` is found by counting letters.
    fn colon_after(&self, line: &str, end: usize) -> bool {
        let count = self.text[..end].chars().filter(|c| *c != ' ').count();
        let mut seen = 0;
        for c in line.chars() {
            if c.is_alphanumeric() {
                if seen >= count {
                    return false;
                }
                seen += c.to_lowercase().count();
            } else if seen >= count && matches!(c, ':' | '：' | '|' | '>' | '»' | '→' | '›' | '►')
            {
                return true;
            }
        }
        false
    }
}

/// Whether a phrase may begin or end here: at a space, or in a script that writes none.
fn is_boundary(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    match (before, after) {
        (Some(a), Some(b)) => {
            a == ' '
                || b == ' '
                || is_unspaced(a)
                || is_unspaced(b)
                || a.is_numeric() != b.is_numeric()
        }
        _ => true,
    }
}

fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_forms_are_known_in_many_languages() {
        for line in [
            "Leave a Reply",
            "Leave a Reply Cancel reply",
            "Leave a Reply to Jane Q. Public Cancel reply",
            "Your email address will not be published. Required fields are marked *",
            "Your email address will not be published. Required fields are marked * Comment * Name * Email * Website",
            "Save my name, email, and website in this browser for the next time I comment.",
            "This site uses Akismet to reduce spam. Learn how your comment data is processed.",
            "Fill in your details below or click an icon to log in: Email (required) (Address never made public) Name (required) Website",
            "Deine E-Mail-Adresse wird nicht veröffentlicht. Erforderliche Felder sind mit * markiert",
            "Schreibe einen Kommentar Antwort abbrechen",
            "Votre adresse e-mail ne sera pas publiée. Les champs obligatoires sont indiqués avec *",
            "Tu dirección de correo electrónico no será publicada. Los campos obligatorios están marcados con *",
            "O seu endereço de e-mail não será publicado. Campos obrigatórios são marcados com *",
            "Il tuo indirizzo email non sarà pubblicato. I campi obbligatori sono contrassegnati *",
            "Je e-mailadres wordt niet gepubliceerd. Vereiste velden zijn gemarkeerd met *",
            "Twój adres e-mail nie zostanie opublikowany. Wymagane pola są oznaczone *",
            "Ваш адрес email не будет опубликован. Обязательные поля помечены *",
            "メールアドレスが公開されることはありません。 ※ が付いている欄は必須項目です",
            "您的邮箱地址不会被公开。 必填项已用 * 标注",
            "האימייל לא יוצג באתר. שדות החובה מסומנים *",
        ] {
            assert!(reply_form(line), "{line}");
        }
    }

    #[test]
    fn sentences_that_quote_a_phrase_survive() {
        for line in [
            "The box said “Leave a Reply”, and thousands did before noon.",
            "“Your email address will not be published,” the notice promised; a week later it was.",
            "Share prices fell after the company said it would print more.",
            "Related companies in the region have reported similar losses.",
            "Comments by the minister drew sharp criticism from the opposition.",
            "Subscribe to the theory that markets are efficient and you will be poor.",
            "Teilen macht reich, sagte der Pfarrer am Sonntag.",
            "Response to the flood was slow.",
            "Werbung wirkt, wenn sie ehrlich ist.",
            "Advertising revenue rose by 3 percent.",
            "J’aime le vin rouge et la mer.",
        ] {
            assert_eq!(furniture(line), None, "{line}");
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        for (line, kind) in [
            ("3 thoughts on “A Walk in the Snow”", Furniture::Comments),
            ("12 Comments", Furniture::Comments),
            ("Click to share on Twitter (Opens in new window)", Furniture::Share),
            ("Share this: Twitter Facebook", Furniture::Share),
            ("Lesen Sie auch: Der Kanzler und sein Hund", Furniture::Related),
            ("READ MORE: Ten dead in mine", Furniture::Related),
            ("Das könnte Sie auch interessieren", Furniture::Related),
            ("Sign up for our newsletter", Furniture::Newsletter),
            ("We use cookies to improve your experience. Accept all", Furniture::Consent),
            ("Subscribe to continue reading", Furniture::Paywall),
            ("Advertisement", Furniture::Advertisement),
        ] {
            assert_eq!(furniture(line), Some(kind), "{line}");
        }
    }

    #[test]
    fn fields_count_only_after_a_form() {
        assert!(form_field("Name *") && form_field("E-Mail *") && form_field("Website"));
        assert!(!form_field("Name the animals") && !form_field("*"));
        assert_eq!(furniture("Name *"), None);
    }

    #[test]
    fn the_phrases_that_the_scorer_calls_leaks_are_furniture() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/tools/score_extraction.py");
        let Ok(scorer) = std::fs::read_to_string(path) else {
            println!("skipped: no {path}");
            return;
        };
        let (_, table) = scorer.split_once("LEAK_PHRASES = {").unwrap();
        let (table, _) = table.split_once("\n}").unwrap();
        let phrases: Vec<&str> = table
            .lines()
            .filter(|line| line.starts_with("        "))
            .flat_map(|line| line.split('"').skip(1).step_by(2))
            .collect();
        assert!(phrases.len() > 60, "{}", phrases.len());
        for phrase in phrases {
            assert!(furniture(phrase).is_some(), "{phrase}");
        }
    }

    #[test]
    fn every_listed_phrase_is_furniture_by_itself() {
        let mut listed = 0;
        for line in include_str!("phrases.txt").lines() {
            if line.is_empty() || line.starts_with(['#', '[', '~', ':', '?']) {
                continue;
            }
            assert!(furniture(line).is_some(), "{line}");
            listed += 1;
        }
        assert!(listed > 1000, "{listed}");
    }
}
