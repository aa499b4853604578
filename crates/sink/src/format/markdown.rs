//! CommonMark for reading, with the tables of GitHub's flavour.
//!
//! What in a text looks like markup is escaped, so that it is read as it was written.

use std::io::{self, Write};

use newsmill_article::Record;

use super::byline::byline;
use super::parts::{Item, Part, parts, summary_lines};

pub(super) fn write(out: &mut impl Write, record: &Record, first: bool) -> io::Result<()> {
    if !first {
        writeln!(out, "\n---\n")?;
    }
    let mut begun = false;
    let mut apart = |out: &mut dyn Write| {
        if std::mem::replace(&mut begun, true) { writeln!(out) } else { Ok(()) }
    };
    if let Some(title) = &record.title {
        apart(out)?;
        writeln!(out, "# {}", heading(title))?;
    }
    if let Some(byline) = byline(record) {
        apart(out)?;
        writeln!(out, "*{}*", one_line(&byline))?;
    }
    if let Some(url) = record.canonical_url.as_ref().or(record.url.as_ref()) {
        apart(out)?;
        writeln!(out, "<{url}>")?;
    }
    let summary = summary_lines(record);
    if !summary.is_empty() {
        apart(out)?;
    }
    for line in &summary {
        let mark = if summary.len() > 1 { "- " } else { "" };
        writeln!(out, "> {mark}{}", one_line(line))?;
    }
    for part in parts(record) {
        apart(out)?;
        match part {
            Part::Paragraph(text) => writeln!(out, "{}", lines(text, ""))?,
            // The title is the only heading of the first level.
            Part::Heading(level, text) => {
                writeln!(out, "{} {}", "#".repeat(usize::from(level.max(2))), heading(text))?;
            }
            Part::List(items) => list(out, &items)?,
            Part::Quote(quotes) => {
                let quotes: Vec<String> =
                    quotes.iter().map(|quote| format!("> {}", lines(quote, "> "))).collect();
                writeln!(out, "{}", quotes.join("\n>\n"))?;
            }
            Part::Table(rows) => table(out, &rows)?,
            Part::Code(text) => {
                let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
                writeln!(out, "{fence}\n{text}\n{fence}")?;
            }
        }
    }
    Ok(())
}

fn list(out: &mut impl Write, items: &[Item<'_>]) -> io::Result<()> {
    // The column at which the text of the last item of each depth begins: a nested item must stand
    // there to belong to it.
    let mut columns: Vec<usize> = Vec::new();
    for item in items {
        columns.truncate(item.depth);
        let column = columns.last().copied().unwrap_or(0);
        let mark = match item.number {
            Some(number) => format!("{number}. "),
            None => "- ".to_owned(),
        };
        let indent = " ".repeat(column);
        let text = column + mark.len();
        writeln!(out, "{indent}{mark}{}", lines(item.text, &" ".repeat(text)))?;
        columns.push(text);
    }
    Ok(())
}

fn table(out: &mut impl Write, rows: &[Vec<&str>]) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    for (n, row) in rows.iter().enumerate() {
        let cells = (0..columns).map(|column| row.get(column).map_or(String::new(), |c| cell(c)));
        writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "))?;
        if n == 0 {
            writeln!(out, "|{}", " --- |".repeat(columns))?;
        }
    }
    Ok(())
}

fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}

/// Escaped, all white space as single spaces.
fn one_line(text: &str) -> String {
    escape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// One line, of which no `#` at the end is taken for the end of the heading's mark.
fn heading(text: &str) -> String {
    let mut line = one_line(text);
    if let Some(head) = line.strip_suffix('#') {
        let backslashes = head.len() - head.trim_end_matches('\\').len();
        if backslashes.is_multiple_of(2) {
            line.insert(head.len(), '\\');
        }
    }
    line
}

/// Escaped, each line break kept; what follows one begins with `rest`.
fn lines(text: &str, rest: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(escape).collect::<Vec<_>>().join(&format!("\\\n{rest}"))
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

/// Escapes what CommonMark would not read as text. A line is given at a time.
fn escape(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len() + 8);
    let opening = opening_mark(line);
    let mut before = ' ';
    let mut characters = line.char_indices().peekable();
    while let Some((byte, c)) = characters.next() {
        let after = characters.peek().map_or(' ', |(_, next)| *next);
        let special = match c {
            '\\' | '`' | '*' | '[' | '~' => true,
            // Within a word it is no emphasis.
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            '<' => after.is_ascii_alphabetic() || matches!(after, '/' | '!' | '?'),
            '&' => after.is_ascii_alphanumeric() || after == '#',
            _ => opening == Some(byte),
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(c);
        before = c;
    }
    escaped
}

/// Where a line has a mark that at its beginning would open a heading, list, quote, rule or table.
fn opening_mark(line: &str) -> Option<usize> {
    let first = line.chars().next()?;
    if matches!(first, '#' | '>' | '+' | '-' | '=' | '|' | ':') {
        return Some(0);
    }
    let digits = line.find(|c: char| !c.is_ascii_digit())?;
    let listed = (1..=9).contains(&digits) && line[digits..].starts_with(['.', ')']);
    listed.then_some(digits)
}
