//! Kept blocks into the text of a document and its structure.
//!
//! Blocks are parted by `"\n\n"`, which stands nowhere inside a block. Lists and headings carry no
//! marks in the text; what a block is stands in its [`BlockKind`].

use newsmill_article::{Block, BlockKind};

use crate::features::Page;
use crate::tree::Tag;

/// A cell with more bytes than this is no datum: its table is for layout.
const LONGEST_CELL: usize = 400;

/// The text of the kept blocks and its structure.
pub(crate) fn render(page: &Page, kept: impl Iterator<Item = usize>) -> (String, Vec<Block>) {
    let mut out = Out::default();
    let mut row = None;
    let mut cell = None;
    for at in kept {
        let text = page.tree.text_of(&page.tree.blocks[at]);
        let this_row = data_row(page, at);
        if let Some((element, this_cell)) = this_row
            && row == Some(element)
        {
            out.extend(if cell == Some(this_cell) { " " } else { " | " }, text);
        } else {
            let kind = if this_row.is_some() { BlockKind::TableRow } else { kind(page, at) };
            out.begin(kind, text);
        }
        row = this_row.map(|(row, _)| row);
        cell = this_row.map(|(_, cell)| cell);
    }
    out.finish()
}

#[derive(Default)]
struct Out {
    text: String,
    /// Code points of `text`.
    length: usize,
    blocks: Vec<Block>,
}

impl Out {
    fn begin(&mut self, kind: BlockKind, text: &str) {
        if !self.blocks.is_empty() {
            self.text.push_str("\n\n");
            self.length += 2;
        }
        self.blocks.push(Block { kind, start: self.length, end: self.length });
        self.push(text, kind == BlockKind::Code);
    }

    fn extend(&mut self, separator: &str, text: &str) {
        self.push(separator, false);
        self.push(text, false);
    }

    fn push(&mut self, text: &str, code: bool) {
        if code {
            // Blank lines would part the block.
            for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
                if self.blocks.last().is_some_and(|block| block.start < self.length) {
                    self.text.push('\n');
                    self.length += 1;
                }
                self.text.push_str(line);
                self.length += line.chars().count();
                self.end();
            }
        } else {
            self.text.push_str(text);
            self.length += text.chars().count();
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(block) = self.blocks.last_mut() {
            block.end = self.length;
        }
    }

    fn finish(self) -> (String, Vec<Block>) {
        (self.text, self.blocks)
    }
}

/// The row and cell that a block is a datum of, if its table holds data: rows of several cells,
/// each short.
fn data_row(page: &Page, at: usize) -> Option<(usize, usize)> {
    let tree = &page.tree;
    let cell = tree.up(tree.blocks[at].element).find(|&up| tree.elements[up].tag == Tag::Cell)?;
    let row = tree.up(cell).find(|&up| tree.elements[up].tag == Tag::Row)?;
    let mut cells = 0;
    let mut last = None;
    let mut bytes = 0;
    // A row of very many blocks is no row of data; looking at the first few keeps this linear.
    let blocks = tree.elements[row].blocks.clone();
    if blocks.len() > 40 {
        return None;
    }
    for other in blocks {
        let block = &tree.blocks[other];
        let in_cell = tree.up(block.element).find(|&up| tree.elements[up].tag == Tag::Cell)?;
        if last != Some(in_cell) {
            cells += 1;
            bytes = 0;
        }
        last = Some(in_cell);
        bytes += block.text.len();
        if bytes > LONGEST_CELL {
            return None;
        }
    }
    (cells >= 2).then_some((row, cell))
}

fn kind(page: &Page, at: usize) -> BlockKind {
    let tree = &page.tree;
    let block = &tree.blocks[at];
    if block.preformatted {
        return BlockKind::Code;
    }
    let mut level = 0;
    let mut ordered = None;
    let mut first_of_item = None;
    let mut quote = false;
    for up in tree.up(block.element) {
        let element = &tree.elements[up];
        match element.tag {
            Tag::Heading(level) => return BlockKind::Heading { level },
            Tag::Item if first_of_item.is_none() => {
                first_of_item = Some(element.blocks.start == at);
            }
            Tag::List(numbered) => {
                ordered.get_or_insert(numbered);
                level += 1;
            }
            Tag::Quote => quote = true,
            // What is around an article or a cell says nothing of the text in it.
            Tag::Article | Tag::Main | Tag::Cell => break,
            _ => {}
        }
    }
    match (first_of_item, ordered) {
        (Some(true), Some(ordered)) => BlockKind::ListItem { ordered, level: level.clamp(1, 20) },
        _ if quote => BlockKind::Quote,
        _ => BlockKind::Paragraph,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    fn kinds(html: &str) -> Vec<BlockKind> {
        let page = Page::new(Tree::new(&crate::parse::parse(html)));
        let kept: Vec<usize> = (0..page.tree.blocks.len()).collect();
        render(&page, kept.into_iter()).1.into_iter().map(|block| block.kind).collect()
    }

    #[test]
    fn a_cell_of_many_paragraphs_is_layout() {
        let menu = "<td>Local<p>Sports</td>";
        let paragraphs =
            "<p>At six the keeper climbed the stairs and switched nothing on.".repeat(9);
        let html = format!("<table><tr>{menu}<td>{paragraphs}</td></tr></table>");
        assert_eq!(kinds(&html), [BlockKind::Paragraph; 11]);
        let data = "<table><tr><td>Orrin</td><td>1,204<p>up</td></tr></table>";
        assert_eq!(kinds(data), [BlockKind::TableRow]);
    }
}
