//! HTML text into a tree, at a cost linear in its bytes.
//!
//! html5ever follows the HTML standard, and the standard has corners where the work grows with the
//! square of the input: deep nesting (scope checks walk the stack of open elements), formatting
//! elements that are never closed (each paragraph opens them anew), and tags with very many
//! attributes (each is compared with all before it). A guard between tokenizer and tree
//! builder flattens nesting beyond [`MAX_DEPTH`] and drops what reopens without end; a look at the
//! bytes beforehand cuts monstrous tags. Ordinary pages pass unchanged. Browsers do the same:
//! Blink flattens at 512 levels.
//!
//! Leaves out what nobody reads: comments, attributes beyond [`crate::html::AttributeName`], and the
//! content of style sheets and of scripts without data.

mod attributes;
mod guard;
mod raw;
mod sink;
mod tags;

use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Tokenizer, TokenizerOpts};
use html5ever::tree_builder::TreeSink;

use self::guard::Guard;
use crate::html::Html;

/// Elements deeper than this become siblings.
pub const MAX_DEPTH: usize = 400;
/// A tag may have about this many attributes; the others are dropped.
pub const MAX_ATTRIBUTES: usize = 256;
/// What comes after so many bytes is not read.
const MAX_BYTES: usize = 1 << 30;

/// Parses a page. Never fails: what is broken is mended as the HTML standard says.
pub fn parse(text: &str) -> Html {
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let (text, nodes) = tags::without_monstrous_tags(text);
    let tokenizer = Tokenizer::new(Guard::new(nodes, text.len() / 4), TokenizerOpts::default());
    let input = BufferQueue::default();
    let feed = |part: &str| {
        input.push_back(StrTendril::from(part));
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    };
    let mut fed = 0;
    for tag in raw::tags(&text) {
        // Inside of raw text that was jumped over, or that ended there.
        if tag.start < fed {
            continue;
        }
        feed(&text[fed..tag.end]);
        fed = tag.end;
        if let Some(raw) = tokenizer.sink.at_raw_text() {
            fed += raw.unread(&text[fed..]);
        }
    }
    feed(&text[fed..]);
    tokenizer.end();
    tokenizer.sink.builder.sink.finish()
}
