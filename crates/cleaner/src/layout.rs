//! Sums and positions over the element table: what each element holds, which container is the best
//! one, where on the way up each hint is met. Children stand after their parents in the table, so
//! one pass backwards adds up and one pass forwards hands down.

use crate::hash::{HashedMap, mix};
use crate::statistics::Statistics;
use crate::tree::{Tag, Tree};
use crate::vocabulary::HINTS;

/// What an element holds, its descendants included.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) chars: f32,
    pub(crate) link_chars: f32,
    /// Characters of good blocks.
    pub(crate) good: f32,
    pub(crate) blocks: f32,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.chars += other.chars;
        self.link_chars += other.link_chars;
        self.good += other.good;
        self.blocks += other.blocks;
    }

    pub(crate) fn link_density(&self) -> f32 {
        if self.chars > 0.0 { self.link_chars / self.chars } else { 0.0 }
    }
}

/// What is met on the way from an element to the root, itself included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Above {
    /// Levels up to the nearest element with each hint; [`FAR`] where there is none.
    pub(crate) nearest: [u8; HINTS],
    /// Elements with each hint.
    pub(crate) count: [u8; HINTS],
    pub(crate) articles: u8,
    pub(crate) asides: u8,
    pub(crate) navs: u8,
    pub(crate) lists: u8,
    pub(crate) tables: u8,
    pub(crate) figures: u8,
    pub(crate) quotes: u8,
    pub(crate) forms: u8,
    /// Elements that the page hides until something happens.
    pub(crate) concealed: u8,
    /// The nearest list, table or figure element, 0 for none.
    pub(crate) list: usize,
    pub(crate) table: usize,
}

/// A level that stands for "nowhere".
pub(crate) const FAR: u8 = 30;

/// The sums and positions of one page.
pub(crate) struct Layout {
    pub(crate) sums: Vec<Sums>,
    pub(crate) above: Vec<Above>,
    /// Readability's score of each element.
    pub(crate) score: Vec<f32>,
    /// The element with the best score.
    pub(crate) core: usize,
    /// The elements from the core to the root are marked with their level above it.
    pub(crate) over_core: HashedMap<usize>,
    /// The path signature of each element: of itself and four above.
    pub(crate) path: Vec<u64>,
    /// Sums over all elements of the same signature, own text only.
    pub(crate) by_signature: HashedMap<Sums>,
    pub(crate) by_path: HashedMap<Sums>,
    /// Own children by count, and how many of them are `p`.
    pub(crate) children: Vec<u32>,
    /// `article` elements on the page.
    pub(crate) articles: usize,
}

impl Layout {
    pub(crate) fn new(tree: &Tree, statistics: &[Statistics]) -> Self {
        let n = tree.elements.len();
        let mut sums = vec![Sums::default(); n];
        let mut by_signature: HashedMap<Sums> = HashedMap::default();
        let mut by_path: HashedMap<Sums> = HashedMap::default();
        let path: Vec<u64> = (0..n)
            .map(|at| {
                tree.up(at).take(5).fold(0, |hash, up| mix(hash, tree.elements[up].signature))
            })
            .collect();
        for (block, s) in tree.blocks.iter().zip(statistics) {
            let own = Sums {
                chars: s.chars,
                link_chars: s.chars * s.link_density,
                good: if s.good { s.chars } else { 0.0 },
                blocks: 1.0,
            };
            sums[block.element].add(own);
            by_signature.entry(tree.elements[block.element].signature).or_default().add(own);
            by_path.entry(path[block.element]).or_default().add(own);
        }
        let score = readability(tree, statistics, &mut sums);
        let core = (0..n).fold(0, |best, at| if score[at] > score[best] { at } else { best });
        let over_core =
            tree.up(core).enumerate().map(|(level, element)| (element as u64, level)).collect();
        let mut children = vec![0; n];
        for element in &tree.elements[1..] {
            children[element.parent] += 1;
        }
        Self {
            above: above(tree),
            score,
            core,
            over_core,
            path,
            by_signature,
            by_path,
            children,
            articles: tree.elements.iter().filter(|e| e.tag == Tag::Article).count(),
            sums,
        }
    }
}

/// Adds the sums up the tree and scores each element as Readability does: a paragraph gives points
/// to its parent, half of them to its grandparent; the share of link text takes them away.
fn readability(tree: &Tree, statistics: &[Statistics], sums: &mut [Sums]) -> Vec<f32> {
    let mut score = vec![0.0; tree.elements.len()];
    for (block, s) in tree.blocks.iter().zip(statistics) {
        if s.chars < 25.0 && !(s.unspaced && s.chars >= 12.0) {
            continue;
        }
        let points = 1.0 + s.commas + (s.chars / 100.0).min(3.0);
        let element = &tree.elements[block.element];
        // An element that holds nothing but this block is its paragraph.
        let alone = element.blocks.len() == 1 && element.end == block.element + 1;
        let parent = if alone { element.parent } else { block.element };
        score[parent] += points;
        if parent != 0 {
            score[tree.elements[parent].parent] += points / 2.0;
        }
    }
    for at in (1..tree.elements.len()).rev() {
        let own = sums[at];
        sums[tree.elements[at].parent].add(own);
    }
    for (score, sums) in score.iter_mut().zip(sums.iter()) {
        *score *= 1.0 - sums.link_density();
    }
    score
}

fn above(tree: &Tree) -> Vec<Above> {
    let nothing = Above {
        nearest: [FAR; HINTS],
        count: [0; HINTS],
        articles: 0,
        asides: 0,
        navs: 0,
        lists: 0,
        tables: 0,
        figures: 0,
        quotes: 0,
        forms: 0,
        concealed: 0,
        list: 0,
        table: 0,
    };
    let mut all: Vec<Above> = Vec::with_capacity(tree.elements.len());
    for (at, element) in tree.elements.iter().enumerate() {
        let mut above = if at == 0 { nothing } else { all[element.parent] };
        for hint in 0..HINTS {
            if element.hints.0 & (1 << hint) != 0 {
                above.nearest[hint] = 0;
                above.count[hint] = above.count[hint].saturating_add(1);
            } else {
                above.nearest[hint] = (above.nearest[hint] + 1).min(FAR);
            }
        }
        let count = |n: &mut u8| *n = n.saturating_add(1);
        if element.concealed {
            count(&mut above.concealed);
        }
        match element.tag {
            Tag::Article => count(&mut above.articles),
            Tag::Aside => count(&mut above.asides),
            Tag::Nav => count(&mut above.navs),
            Tag::Figure | Tag::FigCaption => count(&mut above.figures),
            Tag::Quote => count(&mut above.quotes),
            Tag::Form | Tag::Button => count(&mut above.forms),
            Tag::List(_) | Tag::Definitions => {
                count(&mut above.lists);
                above.list = at;
            }
            Tag::Table => {
                count(&mut above.tables);
                above.table = at;
            }
            _ => {}
        }
        all.push(above);
    }
    all
}
