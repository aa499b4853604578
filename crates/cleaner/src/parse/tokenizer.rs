//! Text into tokens for html5ever's tree builder, as the HTML standard says, without a state for
//! every character.
//!
//! html5ever has a tokenizer of its own. It takes most of the time of parsing, because it is made
//! for input that comes in pieces, keeps every attribute, and cuts text at every line. A page is here
//! whole, so that an end is looked for with `memchr`, and what nobody reads is jumped over.
//! `tests/parse.rs` compares the two on generated pages.
//!
//! Promises: linear time. Leaves out: comments and errors.

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    Doctype, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer as Html5Tokenizer,
};

use super::guard::Guard;
use super::raw::{self, Readers};
use super::tag;
use super::text::{self, Place};

/// Feeds a page to the tree builder.
pub(super) fn run(page: &str, guard: &Guard) {
    // A byte order mark is no text.
    let at = if page.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut tokenizer = Tokenizer { page, bytes: page.as_bytes(), guard, meant: String::new() };
    tokenizer.run(at);
}

struct Tokenizer<'a> {
    page: &'a str,
    bytes: &'a [u8],
    guard: &'a Guard,
    /// A text as it is meant, where it is written otherwise.
    meant: String,
}

impl Tokenizer<'_> {
    fn run(&mut self, mut at: usize) {
        while at < self.bytes.len() {
            let markup = self.markup(at);
            self.text(at, markup);
            match self.token(markup) {
                Some(next) => at = next,
                None => return,
            }
        }
    }

    /// Where the next tag, comment or the like begins, or the page ends.
    fn markup(&self, at: usize) -> usize {
        let opens = |at: &usize| match self.bytes.get(at + 1) {
            Some(b'/') => at + 2 < self.bytes.len(),
            Some(b'!' | b'?') => true,
            next => next.is_some_and(u8::is_ascii_alphabetic),
        };
        let mut open = memchr::memchr_iter(b'<', &self.bytes[at..]).map(|found| at + found);
        open.find(opens).unwrap_or(self.bytes.len())
    }

    /// Reads the tag, comment or the like at `at`; says where what follows it begins. `None` at the
    /// end of the page.
    fn token(&mut self, at: usize) -> Option<usize> {
        match *self.bytes.get(at + 1)? {
            b'/' if self.bytes[at + 2].is_ascii_alphabetic() => {
                let (tag, next) = tag::read(self.page, at + 2, TagKind::EndTag)?;
                self.guard.end_tag(tag);
                Some(next)
            }
            b'!' if self.bytes[at..].starts_with(b"<!--") => {
                let end = self.end_of_comment(at + 4);
                self.empty_comment();
                end
            }
            b'!' if self.is_doctype(at + 2) => self.doctype(at),
            b'!' if self.bytes[at..].starts_with(b"<![CDATA[") && self.guard.is_foreign() => {
                let start = at + "<![CDATA[".len();
                let length = memchr::memmem::find(&self.bytes[start..], b"]]>");
                self.characters(start, length.map_or(self.bytes.len(), |length| start + length));
                Some(start + length? + 3)
            }
            // What looks like markup and is none counts as a comment.
            b'/' if self.bytes[at + 2] == b'>' => Some(at + 3),
            b'/' | b'!' | b'?' => {
                self.empty_comment();
                self.past(at, b'>')
            }
            _ => self.start_tag(at + 1),
        }
    }

    /// Where what follows the next such byte begins.
    fn past(&self, at: usize, byte: u8) -> Option<usize> {
        Some(at + memchr::memchr(byte, &self.bytes[at..])? + 1)
    }

    /// Where what follows the comment begins whose text begins at `at`.
    fn end_of_comment(&self, at: usize) -> Option<usize> {
        let text = &self.bytes[at..];
        if text.starts_with(b">") || text.starts_with(b"->") {
            return self.past(at, b'>');
        }
        memchr::memchr_iter(b'>', text).find_map(|end| {
            let is_end = text[..end].ends_with(b"--") || text[..end].ends_with(b"--!");
            is_end.then_some(at + end + 1)
        })
    }

    /// The tree builder wants to know of a comment, since it parts texts of a table, but not of its
    /// text.
    fn empty_comment(&self) {
        self.guard.other(Token::CommentToken(StrTendril::new()));
    }

    fn is_doctype(&self, at: usize) -> bool {
        let word = self.bytes.get(at..at + "doctype".len());
        word.is_some_and(|word| word.eq_ignore_ascii_case(b"doctype"))
    }

    /// There is one on a page, if any: html5ever reads it.
    fn doctype(&self, at: usize) -> Option<usize> {
        let next = self.past(at, b'>');
        let doctype = Html5Tokenizer::new(DoctypeSink::default(), Default::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(&self.page[at..next.unwrap_or(self.bytes.len())]));
        let _ = doctype.feed(&input);
        doctype.end();
        if let Some(doctype) = doctype.sink.0.take() {
            self.guard.other(Token::DoctypeToken(doctype));
        }
        next
    }

    fn start_tag(&mut self, at: usize) -> Option<usize> {
        let (tag, next) = tag::read(self.page, at, TagKind::StartTag)?;
        let name = tag.name.clone();
        let readers = Readers::of(&tag);
        match self.guard.start_tag(tag) {
            TokenSinkResult::RawData(kind) => self.raw(next, &name, kind, readers),
            TokenSinkResult::Plaintext => {
                self.raw_text(next, self.bytes.len(), Place::Raw);
                None
            }
            TokenSinkResult::Continue
            | TokenSinkResult::Script(_)
            | TokenSinkResult::EncodingIndicator(_) => Some(next),
        }
    }

    /// Reads the text of an element that holds no tags; says where its end tag begins.
    fn raw(&mut self, at: usize, name: &str, kind: RawKind, readers: Readers) -> Option<usize> {
        let end = raw::end(self.bytes, at, name, kind);
        let to = end.unwrap_or(self.bytes.len());
        if end.is_none() || readers.read(&self.page[at..to]) {
            self.raw_text(at, to, if kind == RawKind::Rcdata { Place::Text } else { Place::Raw });
        }
        end
    }

    fn raw_text(&mut self, from: usize, to: usize, place: Place) {
        let text = &self.page[from..to];
        if text::is_plain(text, place) {
            self.emit(text);
        } else {
            self.meant.clear();
            text::push(&mut self.meant, text, place);
            self.emit(&self.meant);
        }
    }

    /// Text between tags. The tree builder wants to know of NUL.
    fn text(&mut self, from: usize, to: usize) {
        self.parts(from, to, Place::Text);
    }

    /// The same without references.
    fn characters(&mut self, from: usize, to: usize) {
        self.parts(from, to, Place::Raw);
    }

    fn parts(&mut self, from: usize, to: usize, place: Place) {
        let mut at = from;
        while let Some(nul) = memchr::memchr(0, &self.bytes[at..to]) {
            self.raw_text(at, at + nul, place);
            self.guard.other(Token::NullCharacterToken);
            at += nul + 1;
        }
        self.raw_text(at, to, place);
    }

    fn emit(&self, text: &str) {
        if !text.is_empty() {
            self.guard.other(Token::CharacterTokens(StrTendril::from(text)));
        }
    }
}

/// Keeps the doctype that it sees.
#[derive(Default)]
struct DoctypeSink(std::cell::RefCell<Option<Doctype>>);

impl TokenSink for DoctypeSink {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        if let Token::DoctypeToken(doctype) = token {
            *self.0.borrow_mut() = Some(doctype);
        }
        TokenSinkResult::Continue
    }
}
