//! HTML text into a page, at a cost linear in its bytes.
//!
//! `tokenizer` reads tags and texts, html5ever's tree builder follows the HTML standard with them, and
//! `sink` keeps what it builds. The standard has corners where the work grows with the square of the
//! input: deep nesting (scope checks walk the stack of open elements), formatting elements that are
//! never closed (each paragraph opens them anew), and tags with very many attributes (each is
//! compared with all before it). A guard between tokenizer and tree builder flattens nesting beyond
//! [`MAX_DEPTH`] and drops what reopens without end; tags lose surplus attributes. Ordinary pages
//! pass unchanged. Browsers do the same: Blink flattens at 512 levels.
//!
//! Leaves out what nobody reads: comments, attributes beyond [`crate::html::AttributeName`], and the
//! content of style sheets and of scripts without data.

mod guard;
mod raw;
mod references;
mod sink;
mod tag;
mod text;
mod tokenizer;

use crate::html::Html;

/// Elements deeper than this become siblings.
pub const MAX_DEPTH: usize = 400;
/// A tag may have so many attributes; the others are dropped.
pub const MAX_ATTRIBUTES: usize = 256;
/// What comes after so many bytes is not read.
const MAX_BYTES: usize = 1 << 30;

/// Parses a page. Never fails: what is broken is mended as the HTML standard says.
pub fn parse(page: &str) -> Html {
    let page = &page[..page.floor_char_boundary(MAX_BYTES)];
    // A text and an element for each tag that opens one are about what a page has of nodes.
    let tags = memchr::memchr_iter(b'<', page.as_bytes()).count();
    let guard = guard::Guard::new(tags + 8, page.len() / 4);
    tokenizer::run(page, &guard);
    guard.finish()
}

/// White space in a tag.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}
