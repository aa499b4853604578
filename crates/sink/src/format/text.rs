//! Plain text for reading, 80 columns wide.

use std::io::{self, Write};

use newsmill_article::Record;
use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

use super::byline::byline;
use super::parts::{Item, Part, parts, summary_lines};

const WIDTH: usize = 80;

/// A table that would be wider is set as it is, one row a line.
const WIDEST_TABLE: usize = 120;

pub(super) fn write(out: &mut impl Write, record: &Record, first: bool) -> io::Result<()> {
    if !first {
        writeln!(out, "\n\n{}\n\n", "─".repeat(WIDTH))?;
    }
    if let Some(title) = &record.title {
        let title = wrap(title, "", "");
        let widest = title.lines().map(display_width).max().unwrap_or(0);
        writeln!(out, "{title}\n{}", "═".repeat(widest))?;
    }
    if let Some(byline) = byline(record) {
        writeln!(out, "{}", wrap(&byline, "", ""))?;
    }
    if let Some(url) = record.canonical_url.as_ref().or(record.url.as_ref()) {
        writeln!(out, "{url}")?;
    }
    let summary = summary_lines(record);
    if !summary.is_empty() {
        writeln!(out)?;
        for line in &summary {
            let (first, rest) =
                if summary.len() > 1 { ("  ┃ • ", "  ┃   ") } else { ("  ┃ ", "  ┃ ") };
            writeln!(out, "{}", wrap(line, first, rest))?;
        }
    }
    for part in parts(record) {
        writeln!(out)?;
        match part {
            Part::Paragraph(text) => writeln!(out, "{}", wrap(text, "", ""))?,
            Part::Heading(level, text) => heading(out, level, text)?,
            Part::List(items) => items.iter().try_for_each(|i| writeln!(out, "{}", item(i)))?,
            Part::Quote(quotes) => {
                let quotes: Vec<String> = quotes.iter().map(|q| wrap(q, "  │ ", "  │ ")).collect();
                writeln!(out, "{}", quotes.join("\n  │\n"))?;
            }
            Part::Table(rows) => table(out, &rows)?,
            Part::Code(text) => {
                text.lines()
                    .try_for_each(|line| writeln!(out, "{}", format!("    {line}").trim_end()))?;
            }
        }
    }
    Ok(())
}

fn wrap(text: &str, first: &str, rest: &str) -> String {
    let options = Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

fn heading(out: &mut impl Write, level: u8, text: &str) -> io::Result<()> {
    let text = wrap(text, "", "");
    writeln!(out, "{text}")?;
    if level <= 2 {
        let widest = text.lines().map(display_width).max().unwrap_or(0);
        writeln!(out, "{}", "─".repeat(widest))?;
    }
    Ok(())
}

fn item(item: &Item<'_>) -> String {
    let indent = "  ".repeat(item.depth + 1);
    let mark = match item.number {
        Some(number) => format!("{indent}{number}. "),
        None => format!("{indent}• "),
    };
    let rest = " ".repeat(display_width(&mark));
    wrap(item.text, &mark, &rest)
}

/// Columns as wide as their widest cell, a rule under the first row.
fn table(out: &mut impl Write, rows: &[Vec<&str>]) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| display_width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let total: usize = widths.iter().map(|width| width + 3).sum();
    let multiline = rows.iter().flatten().any(|cell| cell.contains('\n'));
    if total > WIDEST_TABLE || multiline {
        return rows.iter().try_for_each(|row| writeln!(out, "  {}", row.join(" │ ")));
    }
    for (n, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            format!("{cell}{}", " ".repeat(width.saturating_sub(display_width(cell))))
        });
        let line = cells.collect::<Vec<_>>().join(" │ ");
        writeln!(out, "  {}", line.trim_end())?;
        if n == 0 && rows.len() > 1 {
            let rules = widths.iter().map(|width| "─".repeat(*width));
            writeln!(out, "  {}", rules.collect::<Vec<_>>().join("─┼─"))?;
        }
    }
    Ok(())
}
