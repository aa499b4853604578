//! The attributes of an element that metadata is read from, and the tokens in their values.

use std::borrow::Cow;

use crate::html::{AttributeName, Element};

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
    pub(super) fn of(element: Element<'a>) -> Self {
        let mut found = Self::default();
        for (key, value) in element.attributes() {
            match key {
                AttributeName::Class => found.class = value,
                AttributeName::Id => found.id = value,
                AttributeName::ItemProp => found.itemprop = value,
                AttributeName::Rel => found.rel = value,
                AttributeName::DateTime => found.datetime = Some(value),
                AttributeName::Content => found.content = Some(value),
                AttributeName::Name => found.name = Some(value),
                AttributeName::Property => found.property = Some(value),
                AttributeName::HttpEquiv => found.equiv = Some(value),
                AttributeName::Href => found.href = Some(value),
                AttributeName::Type => found.kind = value,
                AttributeName::Lang => found.language = found.language.or(Some(value)),
                AttributeName::XmlLang => found.language = Some(value),
                AttributeName::Title => found.title = Some(value),
                AttributeName::PubDate => found.pubdate = true,
                AttributeName::Amp => found.kind = "amp",
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
