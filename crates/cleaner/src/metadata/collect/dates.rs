//! What stands for a date: marked by an element, a class or a script, or a text that is one.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::super::text::clean;
use super::super::{authors, dates};
use super::attributes::{Attributes, parts, tokens};
use super::text::{floor, text};
use super::{Collected, DateHow, DateText, MOST, Place};
use crate::html::{Html, Node};

/// Most bytes of a script that is searched for a date.
const LONGEST_DATA: usize = 1 << 20;

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

/// Whether a script may hold a date of publication; quick, since scripts are long.
pub(crate) fn may_hold_date(script: &str) -> bool {
    // What all keys have in common.
    let common = |part: &[u8]| memchr::memmem::find(script.as_bytes(), part).is_some();
    (common(b"ubli") || common(b"UBLI")) && DATA_KEYS.is_match(script)
}

impl Collected {
    /// The first date of publication in the data that scripts hold, for pages that say it nowhere
    /// else.
    pub(in crate::metadata) fn date_in_data(&self, html: &Html) -> Option<String> {
        let scripts = self.data.iter().map(|id| html.node(*id));
        let texts = scripts.flat_map(|node| node.children().filter_map(Node::text));
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

    pub(super) fn time(&mut self, node: Node<'_>, with: &Attributes<'_>, order: usize) {
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

    pub(super) fn dated_class(
        &mut self,
        node: Node<'_>,
        name: &str,
        names: &str,
        with: &Attributes<'_>,
        order: usize,
    ) {
        // A `time` inside says it better and comes by itself.
        if name == "time" || node.children().any(|child| child.is("time")) {
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
        let from_title = with.title.filter(|t| t.len() > 7 && dates::has_digit(t));
        if let Some(at) = from_title.and_then(clean).filter(|t| dates::parse(t).is_some()) {
            self.date(node, &at, how, order);
        } else if let Some(at) = text(node, 160) {
            self.date(node, &at, how, order);
        }
    }

    /// Dates and bylines that nothing marks: a short text that is one, or a text that a date opens.
    pub(super) fn loose_text(
        &mut self,
        node: Node<'_>,
        text: &str,
        loose: &mut usize,
        order: usize,
    ) {
        if text.len() < 6 || *loose >= MOST {
            return;
        }
        let opening =
            &text[..floor(text, if text.as_bytes()[0].is_ascii_digit() { 90 } else { 0 })];
        let short = if text.len() <= 90 { text.trim_end() } else { opening };
        // A day and a time have fourteen digits at most.
        if (3..=14).contains(&dates::digits(short)) {
            let starts = &short[..floor(short, if text.len() <= 90 { 90 } else { 22 })];
            if dates::parse(starts).is_some()
                && let Some(how) = labelled(starts)
            {
                *loose += 1;
                self.date(node, starts, how, order);
                if let Some(names) = authors::beside_date(short) {
                    self.text_byline(node, names, order);
                }
            }
        } else if (6..=90).contains(&text.len()) && authors::is_byline(short) {
            self.text_byline(node, short, order);
        }
    }

    pub(super) fn date(&mut self, node: Node<'_>, at: &str, how: DateHow, order: usize) {
        if self.dates.len() < 2 * MOST && dates::has_digit(at) {
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

/// What a line with a date says of it; `None` for a sentence that mentions one.
fn labelled(line: &str) -> Option<DateHow> {
    let words = line.split_whitespace().filter(|word| word.starts_with(char::is_alphabetic));
    if CHANGED.is_match(line) {
        return Some(DateHow::Modified);
    }
    if PUBLISHED.is_match(line) {
        return Some(DateHow::Class);
    }
    (words.count() <= MOST_WORDS).then_some(DateHow::Text)
}

/// Most words beside the numbers in a line that is a date: a weekday, a month, a place, "um … Uhr".
const MOST_WORDS: usize = 8;

static CHANGED: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a few short fixed patterns always build")]
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "updated",
            "modified",
            "last edited",
            "aktualisiert",
            "änderung",
            "geändert",
            "bearbeitet",
            "mis à jour",
            "mise à jour",
            "modifié",
            "actualizado",
            "actualizada",
            "atualizado",
            "aggiornato",
            "bijgewerkt",
            "uppdaterad",
            "opdateret",
            "oppdatert",
            "zaktualizowano",
            "обновлено",
            "更新",
        ])
        .expect("fixed patterns")
});

static PUBLISHED: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a few short fixed patterns always build")]
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([
            "published",
            "posted on",
            "erschienen",
            "veröffentlicht",
            "publiziert",
            "publié",
            "publicado",
            "publicada",
            "pubblicato",
            "gepubliceerd",
            "publicerad",
            "publiceret",
            "publisert",
            "opublikowano",
            "опубликовано",
            "发布",
        ])
        .expect("fixed patterns")
});
