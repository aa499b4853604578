//! Boosted decision trees over the features of a block.
//!
//! Gradient boosting with a logistic loss (Friedman 2001), trained by `cargo xtask train-cleaner`
//! and compiled in as [`table::MODEL`]: no file to find, nothing to load. Leaves out: training.

use std::borrow::Cow;

use crate::features::Row;

#[path = "model_table.rs"]
#[expect(clippy::approx_constant, reason = "thresholds fall where they fall")]
pub(crate) mod table;

/// Every so many trees a block that is surely no text is let go: most blocks of a page are, after
/// the first of them.
const STEP: usize = 40;
/// These log odds, or fewer, are sure: the trees left would have to add 4 to keep the block.
const SURE: f32 = -4.0;

/// One question: does the feature exceed the threshold?
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// Which feature.
    pub feature: u8,
    /// Greater goes right; the rest goes left.
    pub threshold: f32,
    /// Where to go on: an index of a node, or `!index` of a leaf.
    pub left: i16,
    /// The same for the other answer.
    pub right: i16,
}

/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The log odds before any tree.
    pub base: f32,
    /// The first node of each tree.
    pub roots: Cow<'static, [i16]>,
    /// The nodes of all trees.
    pub nodes: Cow<'static, [Node]>,
    /// The log odds that each leaf adds.
    pub leaves: Cow<'static, [f32]>,
}

impl Model {
    /// The probability that a block is article text.
    pub fn probability(&self, row: &Row) -> f32 {
        let mut odds = self.base;
        for (tree, &root) in self.roots.iter().enumerate() {
            if tree % STEP == 0 && odds < SURE {
                break;
            }
            let mut at = root;
            // A child stands after its parent, so this ends.
            while at >= 0 {
                let node = &self.nodes[at as usize];
                at = if row[usize::from(node.feature)] > node.threshold {
                    node.right
                } else {
                    node.left
                };
            }
            odds += self.leaves[!at as usize];
        }
        1.0 / (1.0 + (-odds).exp())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn table_belongs_to_these_features() {
        assert_eq!(
            super::table::NAMES_HASH,
            crate::train::names_hash(),
            "features changed: run `cargo xtask train-cleaner`"
        );
    }
}
