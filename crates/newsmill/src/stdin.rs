//! Standard input: one page, or JSON Lines with a page or an address on each line.
//!
//! It is JSON Lines when its first line is a JSON object with `url`, `html` or `text`. Lines are
//! read one by one; a whole page is read to one byte past its bound and no further.

use std::io::{BufRead, BufReader, Read};

use newsmill_article::{Location, Reason};
use newsmill_pipeline::intake::Given;

use crate::inputs::{entry, one, refused};

/// Escapes make a JSON string at most six times as long as what it says; the rest is for the
/// other members.
fn line_bound(max_page: u64) -> u64 {
    max_page.saturating_mul(6).saturating_add(64 << 10)
}

/// What `input` holds. `max_page` bounds one page, in bytes.
pub(crate) fn read(
    input: impl Read + Send + 'static,
    max_page: u64,
) -> Box<dyn Iterator<Item = Given> + Send> {
    let mut input = BufReader::new(input);
    let mut first = Vec::new();
    let begun = (&mut input).take(line_bound(max_page)).read_until(b'\n', &mut first);
    if let Err(error) = begun {
        return one(refused("-".to_owned(), Reason::Unreadable, error.to_string()));
    }
    if let Some(given) = page_of_line(&first, 1) {
        let rest = Lines { input, number: 1, max_page, broken: false };
        return Box::new(std::iter::once(given).chain(rest));
    }
    let mut bytes = first;
    let left = (max_page + 1).saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    if let Err(error) = input.take(left).read_to_end(&mut bytes) {
        return one(refused("-".to_owned(), Reason::Unreadable, error.to_string()));
    }
    let location =
        Location::Inline { url: None, content_type: None, fetched: None, bytes: bytes.into() };
    one(Given::Entry(entry("-".to_owned(), location)))
}

struct Lines<R> {
    input: BufReader<R>,
    number: usize,
    max_page: u64,
    /// Reading failed; there is no more.
    broken: bool,
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Given;

    fn next(&mut self) -> Option<Given> {
        while !self.broken {
            self.number += 1;
            let label = format!("line {}", self.number);
            let mut line = Vec::new();
            let bound = line_bound(self.max_page);
            match (&mut self.input).take(bound).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) if line.iter().all(u8::is_ascii_whitespace) => continue,
                Ok(read) if u64::try_from(read) == Ok(bound) && !line.ends_with(b"\n") => {
                    let skipped = self.input.skip_until(b'\n');
                    let reason = Reason::TooLarge { limit: self.max_page };
                    let cause =
                        skipped.err().map_or("too long a line".to_owned(), |e| e.to_string());
                    return Some(refused(label, reason, cause));
                }
                Ok(_) => {
                    return Some(page_of_line(&line, self.number).unwrap_or_else(|| {
                        let cause = "not a JSON object with `url`, `html` or `text`".to_owned();
                        refused(label, Reason::Unreadable, cause)
                    }));
                }
                Err(error) => {
                    self.broken = true;
                    return Some(refused(label, Reason::Unreadable, error.to_string()));
                }
            }
        }
        None
    }
}

fn page_of_line(line: &[u8], number: usize) -> Option<Given> {
    let line = std::str::from_utf8(line).ok()?;
    newsmill_fetcher::json_line(line, number).ok().map(Given::Entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str, max_page: u64) -> Vec<Given> {
        read(std::io::Cursor::new(text.to_owned()), max_page).collect()
    }

    fn label(given: &Given) -> String {
        match given {
            Given::Entry(entry) => entry.input.clone(),
            Given::Refused { input, reason, .. } => format!("{input} {}", reason.code()),
        }
    }

    #[test]
    fn anything_else_is_one_page() {
        for text in ["<html>\n<p>a</p>\n", "{ not json }\nat all", "{\"a\": 1}\n", ""] {
            let all = read_all(text, 1000);
            let [Given::Entry(entry)] = &all[..] else { panic!("{all:?}") };
            let Location::Inline { bytes, .. } = &entry.location else { panic!("{entry:?}") };
            assert_eq!(bytes, text);
        }
    }

    #[test]
    fn a_page_is_read_to_one_byte_past_its_bound() {
        let all = read_all(&"x\n".repeat(1000), 100);
        let [Given::Entry(entry)] = &all[..] else { panic!("{all:?}") };
        let Location::Inline { bytes, .. } = &entry.location else { panic!("{entry:?}") };
        assert_eq!(bytes.len(), 101);
    }

    #[test]
    fn json_lines_are_pages_texts_and_addresses() {
        let long = format!("{{\"text\": \"{}\"}}", "y".repeat(100_000));
        let text = format!(
            "{}\n{}\n\n{}\n{long}\nnonsense\n{}",
            r#"{"url": "https://example.org/1", "html": "<p>1</p>"}"#,
            r#"{"text": "two", "title": "Two"}"#,
            r#"{"url": "https://example.org/3"}"#,
            r#"{"html": "six"}"#,
        );
        let all = read_all(&text, 100);
        let labels: Vec<_> = all.iter().map(label).collect();
        assert_eq!(
            labels,
            [
                "https://example.org/1",
                "line 2",
                "https://example.org/3",
                "line 5 too_large",
                "line 6 unreadable",
                "line 7"
            ]
        );
    }
}
