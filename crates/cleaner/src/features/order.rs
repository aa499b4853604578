//! What stands before and after each block, in the order of the page.

use super::Page;
use crate::hash::HashedMap;
use crate::phrases::Furniture;
use crate::tree::Tag;
use crate::units::is_linked;

/// What the blocks of a page need to know of each other.
pub(super) struct Order {
    pub(super) copies: HashedMap<u32>,
    pub(super) good_before: Vec<f32>,
    pub(super) last_good: Vec<usize>,
    pub(super) next_good: Vec<usize>,
    pub(super) chars_until_good: Vec<f32>,
    pub(super) last_heading: Vec<usize>,
    pub(super) last_furniture: [Vec<usize>; 3],
    /// Blocks since the last block that is the headline of another page.
    pub(super) last_linked: Vec<usize>,
    /// Blocks since the last picture before the block, and until the next after it.
    pub(super) since_picture: Vec<f32>,
    pub(super) until_picture: Vec<f32>,
    pub(super) title: Option<usize>,
}

/// As far as a distance is counted.
const MOST: f32 = 50.0;

/// No such block.
pub(super) const NONE: usize = usize::MAX;

pub(super) fn order(page: &Page) -> Order {
    let Page { tree, statistics, furniture, .. } = page;
    let n = tree.blocks.len();
    let mut order = Order {
        copies: HashedMap::default(),
        good_before: Vec::with_capacity(n),
        last_good: Vec::with_capacity(n),
        next_good: vec![NONE; n],
        chars_until_good: vec![0.0; n],
        last_heading: Vec::with_capacity(n),
        last_furniture: std::array::from_fn(|_| Vec::with_capacity(n)),
        last_linked: Vec::with_capacity(n),
        since_picture: Vec::with_capacity(n),
        until_picture: vec![MOST; n],
        title: None,
    };
    let (mut good, mut last_good, mut heading) = (0.0, NONE, NONE);
    let mut last = [NONE; 3];
    let mut best_title = 0.0;
    let (mut linked, mut pictures, mut since) = (NONE, 0, MOST);
    for (at, (block, s)) in tree.blocks.iter().zip(statistics).enumerate() {
        *order.copies.entry(s.hash).or_insert(0) += 1;
        order.good_before.push(good);
        order.last_good.push(last_good);
        order.last_heading.push(heading);
        for (all, last) in order.last_furniture.iter_mut().zip(last) {
            all.push(last);
        }
        order.last_linked.push(linked);
        if is_linked(s) {
            linked = at;
        }
        since = if block.pictures > pictures { 0.0 } else { (since + 1.0).min(MOST) };
        pictures = block.pictures;
        order.since_picture.push(since);
        if s.good {
            good += s.chars;
            last_good = at;
        }
        if let Tag::Heading(level) = tree.elements[block.element].tag {
            heading = at;
            let likeness = s.in_title * s.words.min(12.0) + if level == 1 { 0.5 } else { 0.0 };
            if s.in_title > 0.6 && s.words >= 2.0 && likeness > best_title {
                best_title = likeness;
                order.title = Some(at);
            }
        }
        match furniture[at] {
            Some(Furniture::Related) => last[1] = at,
            Some(Furniture::Comments | Furniture::ReplyForm) => last[2] = at,
            Some(_) => last[0] = at,
            None => {}
        }
    }
    let (mut next_good, mut chars) = (NONE, 0.0);
    let all = tree.elements[0].pictures.end;
    let mut until = if all > pictures { 0.0 } else { MOST };
    for at in (0..n).rev() {
        order.until_picture[at] = until;
        let before = if at == 0 { 0 } else { tree.blocks[at - 1].pictures };
        until = if tree.blocks[at].pictures > before { 0.0 } else { (until + 1.0).min(MOST) };
        order.next_good[at] = next_good;
        order.chars_until_good[at] = chars;
        chars += statistics[at].chars;
        if statistics[at].good {
            next_good = at;
            chars = 0.0;
        }
    }
    order
}
