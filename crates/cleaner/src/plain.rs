//! Saved plain text and Markdown into a document.
//!
//! Promises: no word of the article is lost or doubled, furniture goes by whole lines only, time is
//! linear, and cleaning the text of a result once more changes nothing as long as it holds no
//! Markdown marks of its own (code may). Leaves out: guessing headings in plain text, tables and
//! footnotes of Markdown dialects.
//!
//! A text is cut into runs of lines between blank ones; a run whose lines break where the next word
//! would not have fitted is one wrapped paragraph, any other run is a paragraph a line. The first
//! line is the title when it looks like one and running text follows. `front_matter` and `head` read
//! what the text says of itself, `lines` and `markdown` cut the rest into blocks.

mod front_matter;
mod head;
mod lines;
mod markdown;
#[cfg(test)]
mod tests;

use newsmill_article::{Block, BlockKind, Document, Hints};

use crate::metadata::Metadata;
use crate::phrases::furniture;
use crate::score;

/// The document that a plain text is: its title, its paragraphs and the structure that its
/// Markdown marks, without furniture. `hints` fill what the text does not say of itself. `text` and
/// `blocks` of a document without text are empty.
pub fn document(text: &str, hints: &Hints) -> Document {
    let text = lines::normalized(text);
    let mut document = Document::default();
    let lines = front_matter::front_matter(&text, &mut document);
    let lines = lines::without_furniture(&lines);
    let mut parts = if markdown::is_markdown(&lines) {
        markdown::markdown(&lines)
    } else {
        lines::plain(&lines)
    };
    parts.retain(|part| !part.text.is_empty() && furniture(&part.text).is_none());
    if document.title.is_none()
        && parts.len() > 1
        && hints.title.as_ref().is_some_and(|title| score::collapse(title) == parts[0].text)
    {
        document.title = Some(parts.remove(0).text);
    }
    head::head(&mut parts, &mut document);
    trailing_headings(&mut parts);
    for part in parts {
        push(&mut document, &part);
    }
    fill_from(&mut document, hints);
    let language = crate::language::of(document.language.as_deref(), &document.text);
    document.language = language.map(|found| found.value);
    document
}

fn fill_from(document: &mut Document, hints: &Hints) {
    let mut said = Metadata::default();
    said.fill_from(hints);
    let Document { title, authors, published, modified, tags, language, .. } = document;
    *title = title.take().or(said.title.map(|found| found.value));
    *published = published.or(said.published.map(|found| found.value));
    *modified = modified.or(said.modified.map(|found| found.value));
    let declared = said.language.and_then(|found| crate::language::tag(&found.value));
    *language = language.take().or(declared);
    if authors.is_empty() {
        authors.extend(said.authors.into_iter().map(|found| found.value));
    }
    if tags.is_empty() {
        tags.extend(said.tags.into_iter().map(|found| found.value));
    }
}

/// A block before it has a place.
#[derive(Debug)]
struct Part {
    kind: BlockKind,
    text: String,
}

impl Part {
    fn paragraph(text: String) -> Self {
        Self { kind: BlockKind::Paragraph, text }
    }
}

fn push(document: &mut Document, part: &Part) {
    if !document.text.is_empty() {
        document.text.push_str("\n\n");
    }
    let start = match document.blocks.last() {
        Some(last) => last.end + 2,
        None => 0,
    };
    let end = start + part.text.chars().count();
    document.text.push_str(&part.text);
    document.blocks.push(Block { kind: part.kind, start, end });
}

/// A heading that heads nothing.
fn trailing_headings(parts: &mut Vec<Part>) {
    while parts.len() > 1
        && matches!(parts.last(), Some(Part { kind: BlockKind::Heading { .. }, .. }))
    {
        parts.pop();
    }
}
