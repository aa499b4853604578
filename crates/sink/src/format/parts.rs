//! The blocks of a record as they are set: items that know their number, rows gathered in tables.

use newsmill_article::{BlockKind, Record};

/// Something that stands between blank lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Paragraph(&'a str),
    Heading(u8, &'a str),
    List(Vec<Item<'a>>),
    Quote(Vec<&'a str>),
    Table(Vec<Vec<&'a str>>),
    Code(&'a str),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item<'a> {
    /// Nesting, from 0.
    pub(super) depth: usize,
    /// Its number in an ordered list, from 1.
    pub(super) number: Option<usize>,
    pub(super) text: &'a str,
}

/// Deeper lists are set at this depth.
const DEEPEST: usize = 6;

/// The parts of a record, in order. Blocks that do not fit the text are cut to it; a record without
/// blocks is parted at its blank lines.
pub(super) fn parts(record: &Record) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    // How many numbered items each depth of the current list has had.
    let mut counts = [0; DEEPEST + 1];
    for (kind, text) in blocks(record) {
        match kind {
            BlockKind::Paragraph => parts.push(Part::Paragraph(text)),
            BlockKind::Heading { level } => parts.push(Part::Heading(level.clamp(1, 6), text)),
            BlockKind::Code => parts.push(Part::Code(text)),
            BlockKind::Quote => match parts.last_mut() {
                Some(Part::Quote(quotes)) => quotes.push(text),
                _ => parts.push(Part::Quote(vec![text])),
            },
            BlockKind::TableRow => {
                let row = text.split(" | ").map(str::trim).collect();
                match parts.last_mut() {
                    Some(Part::Table(rows)) => rows.push(row),
                    _ => parts.push(Part::Table(vec![row])),
                }
            }
            BlockKind::ListItem { ordered, level } => {
                let depth = usize::from(level.saturating_sub(1)).min(DEEPEST);
                if !matches!(parts.last(), Some(Part::List(_))) {
                    counts = [0; DEEPEST + 1];
                    parts.push(Part::List(Vec::new()));
                }
                counts[depth + 1..].fill(0);
                // A list of the other kind at the same depth begins anew.
                counts[depth] = if ordered { counts[depth] + 1 } else { 0 };
                let number = ordered.then_some(counts[depth]);
                if let Some(Part::List(items)) = parts.last_mut() {
                    items.push(Item { depth, number, text });
                }
            }
        }
    }
    parts
}

/// Kinds and texts. Offsets count code points and rise, so one walk over the text finds them all.
fn blocks(record: &Record) -> Vec<(BlockKind, &str)> {
    let text = record.text.as_str();
    if record.blocks.is_empty() {
        let paragraphs = text.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
        return paragraphs.map(|text| (BlockKind::Paragraph, text)).collect();
    }
    let mut places = text.char_indices().map(|(byte, _)| byte).enumerate().peekable();
    let mut byte_of = |character: usize| {
        while let Some((n, byte)) = places.peek() {
            if *n >= character {
                return *byte;
            }
            places.next();
        }
        text.len()
    };
    let slices = record.blocks.iter().map(|block| {
        let start = byte_of(block.start);
        let end = byte_of(block.end).max(start);
        (block.kind, text[start..end].trim_matches('\n'))
    });
    slices.filter(|(_, text)| !text.is_empty()).collect()
}

/// The sentences of a summary that is a list, one each; otherwise the whole of it.
pub(super) fn summary_lines(record: &Record) -> Vec<&str> {
    record.summary.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}
