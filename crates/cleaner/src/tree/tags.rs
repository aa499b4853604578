//! What each element is to the walk, by its name.

use crate::hash::hash;

/// The tags that features and rendering tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    Body,
    Main,
    Article,
    Section,
    Div,
    P,
    Heading(u8),
    List(bool),
    Item,
    Definitions,
    Term,
    Table,
    Row,
    Cell,
    Quote,
    Pre,
    Figure,
    FigCaption,
    Aside,
    Nav,
    Header,
    Footer,
    Form,
    Address,
    Details,
    Button,
    NoScript,
    Center,
    Other,
}

/// What the walk does at an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing in it is text of the page.
    Skip,
    Title,
    Meta,
    Break,
    Rule,
    Image,
    /// A film: a picture without text.
    Film,
    /// Like a picture, but what is in it is seen.
    Framed,
    Block(Tag),
    /// A block whose classes are flags of the whole page.
    Root(Tag),
    Link,
    Strong,
    Span,
    Inline,
}

/// What is known of an element by its name alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) role: Role,
    /// Of the name.
    pub(super) hash: u64,
}

impl Named {
    pub(super) fn of(name: &str) -> Self {
        Self { role: role(name), hash: hash(name.as_bytes()) }
    }
}

fn role(name: &str) -> Role {
    match name {
        "script" | "style" | "template" | "svg" | "select" | "textarea" | "object" | "iframe"
        | "datalist" | "canvas" | "audio" | "map" | "math" | "input" => Role::Skip,
        "title" => Role::Title,
        "meta" => Role::Meta,
        "br" => Role::Break,
        "hr" => Role::Rule,
        "img" | "picture" => Role::Image,
        "video" => Role::Film,
        "amp-img" | "amp-video" => Role::Framed,
        "body" => Role::Root(Tag::Body),
        "html" => Role::Root(Tag::Other),
        "a" => Role::Link,
        "b" | "strong" | "em" | "i" => Role::Strong,
        "span" => Role::Span,
        _ => block_tag(name).map_or(Role::Inline, Role::Block),
    }
}

fn block_tag(name: &str) -> Option<Tag> {
    Some(match name {
        "div" => Tag::Div,
        "p" => Tag::P,
        "li" => Tag::Item,
        "ul" | "menu" | "dir" => Tag::List(false),
        "ol" => Tag::List(true),
        "td" | "th" => Tag::Cell,
        "tr" => Tag::Row,
        "table" => Tag::Table,
        "section" => Tag::Section,
        "article" => Tag::Article,
        "h1" => Tag::Heading(1),
        "h2" => Tag::Heading(2),
        "h3" => Tag::Heading(3),
        "h4" => Tag::Heading(4),
        "h5" => Tag::Heading(5),
        "h6" => Tag::Heading(6),
        "blockquote" => Tag::Quote,
        "pre" | "listing" | "xmp" => Tag::Pre,
        "figure" => Tag::Figure,
        "figcaption" | "caption" => Tag::FigCaption,
        "aside" => Tag::Aside,
        "nav" => Tag::Nav,
        "header" => Tag::Header,
        "footer" => Tag::Footer,
        "form" => Tag::Form,
        "main" => Tag::Main,
        "dl" => Tag::Definitions,
        "dt" | "dd" => Tag::Term,
        "address" => Tag::Address,
        "details" | "summary" => Tag::Details,
        "button" => Tag::Button,
        "noscript" => Tag::NoScript,
        "center" => Tag::Center,
        "head" | "tbody" | "thead" | "tfoot" | "fieldset" | "legend" | "dialog" | "hgroup"
        | "optgroup" | "option" | "frameset" | "noframes" | "search" => Tag::Other,
        _ => return None,
    })
}
