//! What stands for a byline: marked by an attribute, a class or an address, or opened by "By".

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::super::text::clean;
use super::attributes::{has_token, lower, parts};
use super::text::text;
use super::{ByHow, Byline, Collected, LONGEST, MOST, Place};
use crate::html::{AttributeName, Node};

impl Collected {
    pub(super) fn text_byline(&mut self, node: Node<'_>, text: &str, order: usize) {
        if self.bylines.len() < MOST {
            self.bylines.push(Byline {
                text: text.to_owned(),
                how: ByHow::Text,
                place: Place::Page,
                node: node.id(),
                order,
            });
        }
    }

    pub(super) fn byline(&mut self, node: Node<'_>, how: ByHow, order: usize) {
        if self.bylines.len() >= MOST {
            return;
        }
        if let Some(text) = byline_text(node) {
            self.bylines.push(Byline { text, how, place: Place::Page, node: node.id(), order });
        }
    }
}

static FOLDERS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a few short fixed patterns always build")]
    AhoCorasick::new([
        "/author/",
        "/authors/",
        "/autor/",
        "/autoren/",
        "/autores/",
        "/auteur/",
        "/auteurs/",
        "/autori/",
        "/writers/",
        "/journalist/",
        "/reporter/",
        "?author=", // of writers
        "/reporters/",
        "/columnists/",
        "/journalistes/",
        "/redaktion/",
        "/profil/",
        "/profile/",
        "/user/",
        "/users/",
        "/members/",
        "/people/",
    ])
    .expect("fixed patterns")
});
/// Patterns below this of [`FOLDERS`] are of writers, the others of anyone.
const WRITERS: usize = 12;

/// Whether a link leads to a page about a writer: by its folder, or, where the folder is of anyone,
/// by the name that it shows and the address ends in: `/user/jane-doe` for "Jane Doe", not
/// `/user/register` for "Join us".
pub(super) fn leads_to_writer(href: &str, node: Node<'_>) -> bool {
    let Some(folder) = FOLDERS.find(href) else { return false };
    let rest = href[folder.end()..].trim_end_matches('/');
    if folder.pattern().as_usize() < WRITERS {
        return rest.len() > 1;
    }
    let letters = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let name = text(node, 80).map(|name| letters(&name)).unwrap_or_default();
    name.len() >= 3 && letters(rest).starts_with(&name)
}

/// 2 for a class that holds the name alone, 1 for one that holds a byline.
pub(super) fn byline_token(token: &str) -> Option<u8> {
    let token = lower(token);
    let mut words = parts(&token);
    let named = words.any(|part| {
        matches!(
            part,
            "author"
                | "authors"
                | "byline"
                | "autor"
                | "autoren"
                | "auteur"
                | "autores"
                | "autore"
                | "writer"
                | "verfasser"
                | "authorname"
                | "username"
                | "wrote"
                | "authorbold"
        )
    });
    if !named {
        return None;
    }
    let about = [
        "avatar",
        "bio",
        "box",
        "image",
        "img",
        "desc",
        "social",
        "comment",
        "count",
        "archive",
        "photo",
        "icon",
        "page",
        "list",
        "related",
        "title",
        "role",
        "job",
        "authority",
        "authorized",
        "follow",
        "position",
        "thumb",
        "pic",
        "widget",
        "card",
    ];
    if about.iter().any(|word| token.contains(word)) {
        return None;
    }
    Some(if token.contains("name") { 2 } else { 1 })
}

/// A byline: the part that is marked as the name, or the whole.
fn byline_text(node: Node<'_>) -> Option<String> {
    fn content(node: Node<'_>) -> Option<&str> {
        node.element()?.attribute(AttributeName::Content)
    }
    if let Some(content) = content(node) {
        return clean(content);
    }
    for inner in node.descendants().skip(1).take(40) {
        let Some(element) = inner.element() else { continue };
        if element.attribute(AttributeName::ItemProp).is_some_and(|value| has_token(value, "name"))
        {
            return content(inner).and_then(clean).or_else(|| text(inner, 200));
        }
    }
    // A byline that is long holds more than names.
    text(node, LONGEST).filter(|text| text.len() <= 200)
}
