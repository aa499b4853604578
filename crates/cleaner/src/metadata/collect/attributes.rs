//! The attributes of an element that metadata is read from, and the tokens in their values.

use std::borrow::Cow;

use scraper::node::Element;

#[derive(Default)]
pub(super) struct Attributes<'a> {
    pub(super) class: &'a str,
    pub(super) id: &'a str,
    pub(super) itemprop: &'a str,
    pub(super) rel: &'a str,
    pub(super) datetime: Option<&'a str>,
    pub(super) content: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) property: Option<&'a str>,
    pub(super) equiv: Option<&'a str>,
    pub(super) href: Option<&'a str>,
    pub(super) kind: &'a str,
    pub(super) language: Option<&'a str>,
    pub(super) title: Option<&'a str>,
    pub(super) pubdate: bool,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(element: &'a Element) -> Self {
        let mut found = Self::default();
        for (key, value) in element.attrs() {
            match key {
                "class" => found.class = value,
                "id" => found.id = value,
                "itemprop" => found.itemprop = value,
                "rel" => found.rel = value,
                "datetime" => found.datetime = Some(value),
                "content" => found.content = Some(value),
                "name" => found.name = Some(value),
                "property" => found.property = Some(value),
                "http-equiv" => found.equiv = Some(value),
                "href" => found.href = Some(value),
                "type" => found.kind = value,
                "lang" | "xml:lang" => found.language = Some(value),
                "title" => found.title = Some(value),
                "pubdate" => found.pubdate = true,
                "amp" | "⚡" => found.kind = "amp",
                _ => {}
            }
        }
        found
    }
}

/// The parts of a token in kebab, snake or camel case.
pub(super) fn parts(token: &str) -> impl Iterator<Item = &str> {
    token.split(['-', '_', ':', '/'])
}

/// A name in small letters, which it nearly always is in already.
pub(super) fn lower(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

pub(super) fn tokens(names: &str) -> impl Iterator<Item = &str> {
    names.split_ascii_whitespace().take(32)
}

pub(in crate::metadata) fn has_token(list: &str, token: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(token))
}
