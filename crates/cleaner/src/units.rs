//! Units: elements that a page repeats side by side, such as the cards of other articles, the posts
//! of a thread, the sections of a text. And boxes: the smallest element that holds a picture.
//!
//! Units of one group are children of one parent with the same tag and first class. A block belongs
//! to the nearest unit around it that holds more than one block.

use crate::hash::{HashedMap, mix};
use crate::layout::FAR;
use crate::statistics::Statistics;
use crate::tree::{Tag, Tree};

/// Fewer elements side by side are no group.
const LEAST: u32 = 3;

/// What the units of one group have in common.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Group {
    pub(crate) units: u32,
    /// Units that hold a linked headline.
    pub(crate) linked: u32,
    /// Characters of good blocks in them.
    pub(crate) good: f32,
}

/// Where an element stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The nearest unit, 0 for none, and how many levels up it is.
    pub(crate) unit: usize,
    pub(crate) unit_up: u8,
    /// The smallest element with a picture, itself included.
    pub(crate) boxed: usize,
    pub(crate) boxed_up: u8,
}

/// The units and boxes of a page.
pub(crate) struct Units {
    /// By element.
    pub(crate) places: Vec<Place>,
    groups: HashedMap<Group>,
    /// By element: its number among the units of its group.
    pub(crate) number: Vec<u32>,
    /// Before each block: how many linked headlines there are. One more than blocks.
    pub(crate) linked_before: Vec<u32>,
}

/// Whether a block is the headline of another page.
pub(crate) fn is_linked(s: &Statistics) -> bool {
    s.link_density > 0.8 && (s.words >= 3.0 || (s.unspaced && s.chars >= 6.0))
}

impl Units {
    pub(crate) fn new(tree: &Tree, statistics: &[Statistics]) -> Self {
        let mut linked_before = Vec::with_capacity(statistics.len() + 1);
        let mut good_before = Vec::with_capacity(statistics.len() + 1);
        let (mut linked, mut good) = (0, 0.0);
        linked_before.push(0);
        good_before.push(0.0);
        for s in statistics {
            linked += u32::from(is_linked(s));
            good += if s.good { f64::from(s.chars) } else { 0.0 };
            linked_before.push(linked);
            good_before.push(good);
        }
        let mut groups: HashedMap<Group> = HashedMap::default();
        let mut number = Vec::with_capacity(tree.elements.len());
        for element in &tree.elements {
            let group = groups.entry(key(element.parent, element.stem)).or_default();
            number.push(group.units);
            group.units += 1;
            let (from, to) = (element.blocks.start, element.blocks.end);
            group.linked += u32::from(linked_before[to] > linked_before[from]);
            group.good += (good_before[to] - good_before[from]) as f32;
        }
        let mut places: Vec<Place> = Vec::with_capacity(tree.elements.len());
        for (at, element) in tree.elements.iter().enumerate() {
            let above = places.get(element.parent).copied();
            let mut place =
                above.unwrap_or(Place { unit: 0, unit_up: FAR, boxed: 0, boxed_up: FAR });
            place.unit_up = (place.unit_up + 1).min(FAR);
            place.boxed_up = (place.boxed_up + 1).min(FAR);
            let many = groups[&key(element.parent, element.stem)].units >= LEAST;
            if many && element.blocks.len() > 1 && !matches!(element.tag, Tag::Row | Tag::Cell) {
                (place.unit, place.unit_up) = (at, 0);
            }
            if !element.pictures.is_empty() {
                (place.boxed, place.boxed_up) = (at, 0);
            }
            places.push(place);
        }
        Self { places, groups, number, linked_before }
    }

    /// The group of an element.
    pub(crate) fn group(&self, tree: &Tree, element: usize) -> Group {
        let element = &tree.elements[element];
        self.groups.get(&key(element.parent, element.stem)).copied().unwrap_or_default()
    }
}

fn key(parent: usize, stem: u64) -> u64 {
    mix(stem, parent as u64)
}
