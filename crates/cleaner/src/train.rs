//! What the trainer of the model needs to see of a page. Not for use by others.

mod graft;

pub use self::graft::{Graft, graft};
use crate::features::{self, Page};
pub use crate::features::{FEATURES, NAMES, Row};
pub use crate::model::{Model, Node};
pub use crate::rules::THRESHOLD;
use crate::rules::decide;
use crate::tree::Tree;

/// A page on its way through the cleaner, with the features of its blocks.
pub struct TrainingPage {
    page: Page,
    /// The features of each block.
    pub rows: Vec<Row>,
}

impl TrainingPage {
    /// Parses a page and fills the features.
    pub fn new(html: &str) -> Self {
        let page = Page::new(Tree::new(&crate::parse::parse(html)));
        let mut rows = Vec::new();
        features::each_row(&page, |row| rows.push(*row));
        Self { page, rows }
    }

    /// The text of each block.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.page.tree.blocks.iter().map(|block| self.page.tree.text_of(block))
    }

    /// What rules decide of each block, and which.
    pub fn decisions(&self, probabilities: &[f32]) -> Vec<(bool, &'static str)> {
        decide(&self.page, probabilities).iter().map(|d| (d.kept, d.rule)).collect()
    }

    /// The text that the cleaner makes of these probabilities.
    pub fn text(&self, probabilities: &[f32]) -> String {
        let decisions = decide(&self.page, probabilities);
        let kept = (0..decisions.len()).filter(|&at| decisions[at].kept);
        crate::render::render(&self.page, kept).0
    }
}

/// The model that is compiled in.
pub fn model() -> &'static Model {
    &crate::model::table::MODEL
}

/// A hash of the features' names in order: which features a table belongs to.
pub fn names_hash() -> u64 {
    NAMES.iter().fold(0, |all, name| crate::hash::mix(all, crate::hash::hash(name.as_bytes())))
}
