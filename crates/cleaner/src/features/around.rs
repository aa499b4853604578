//! What a block is by the elements and blocks around it.

use super::order::Order;
use super::{F, Page, Row, flag, log, share};
use crate::layout::FAR;
use crate::tree::Tag;

/// Where the block stands to the best container.
pub(super) fn core(page: &Page, at: usize, row: &mut Row) {
    let Page { tree, layout, .. } = page;
    let element = tree.blocks[at].element;
    let mut set = |feature: F, value: f32| row[feature as usize] = value;
    let core = &tree.elements[layout.core];
    let (mut branch, mut levels, mut over) = (element, 0, 0);
    for up in tree.up(element) {
        if let Some(level) = layout.over_core.get(&(up as u64)) {
            over = *level;
            break;
        }
        branch = up;
        levels += 1;
    }
    let inside = over == 0 && core.blocks.contains(&at);
    set(F::core_up, levels as f32);
    set(F::core_inside, flag(inside));
    set(F::core_outside, over as f32);
    set(F::core_before, core.blocks.start.saturating_sub(at).min(50) as f32);
    set(F::core_after, (at + 1).saturating_sub(core.blocks.end).min(50) as f32);
    let best = layout.score[layout.core];
    let parent = tree.elements[element].parent;
    set(F::score_parent, share(layout.score[parent], best));
    set(F::score_grand, share(layout.score[tree.elements[parent].parent], best));
    // Above the core every block has the core's own ancestors in common.
    let strongest =
        tree.up(element).take(levels + 1).map(|up| layout.score[up]).fold(0.0, f32::max);
    set(F::score_best, share(strongest, best));
    let sums = layout.sums[branch];
    set(F::branch_links, sums.link_density());
    set(F::branch_good, share(sums.good, sums.chars));
    set(F::branch_chars, log(sums.chars));
    set(F::branch_blocks, log(sums.blocks));
    let blocks = &tree.elements[branch].blocks;
    set(F::branch_place, share((at - blocks.start) as f32, blocks.len() as f32));
}

/// Levels to the smallest element around the block that holds such a share of the good text.
pub(super) fn smallest_with(page: &Page, at: usize, row: &mut Row) {
    let Page { tree, layout, .. } = page;
    let whole = layout.sums[0].good;
    let wanted = [(F::up_40, 0.4), (F::up_60, 0.6), (F::up_80, 0.8)];
    let mut next = 0;
    for (level, up) in tree.up(tree.blocks[at].element).enumerate() {
        while next < wanted.len() && share(layout.sums[up].good, whole) >= wanted[next].1 {
            row[wanted[next].0 as usize] = level.min(usize::from(FAR)) as f32;
            next += 1;
        }
        if next == wanted.len() {
            return;
        }
    }
    for (feature, _) in &wanted[next..] {
        row[*feature as usize] = f32::from(FAR);
    }
}

pub(super) fn neighbours(page: &Page, at: usize, row: &mut Row) {
    let Page { tree, statistics, .. } = page;
    let mut set = |feature: F, value: f32| row[feature as usize] = value;
    let element = &tree.elements[tree.blocks[at].element];
    let same = |other: usize| {
        let other = &tree.elements[tree.blocks[other].element];
        flag(other.parent == element.parent && other.signature == element.signature)
    };
    let back = |by: usize| at.checked_sub(by);
    let ahead = |by: usize| (at + by < tree.blocks.len()).then_some(at + by);
    if let Some(other) = back(1) {
        set(F::prev_chars, log(statistics[other].chars));
        set(F::prev_links, statistics[other].link_density);
    }
    if let Some(other) = back(2) {
        set(F::prev2_chars, log(statistics[other].chars));
    }
    if let Some(other) = ahead(1) {
        set(F::next_chars, log(statistics[other].chars));
        set(F::next_links, statistics[other].link_density);
        set(F::next_same, same(other));
        let tag = tree.elements[tree.blocks[other].element].tag;
        set(F::next_heading, flag(matches!(tag, Tag::Heading(_))));
    }
    if let Some(other) = ahead(2) {
        set(F::next2_chars, log(statistics[other].chars));
    }
}

/// The unit that the block belongs to, and the units beside it.
pub(super) fn unit(page: &Page, at: usize, row: &mut Row) {
    const MOST: f32 = 20.0;
    let Page { tree, statistics, layout, units, .. } = page;
    let place = units.places[tree.blocks[at].element];
    let mut set = |feature: F, value: f32| row[feature as usize] = value;
    set(F::unit_up, f32::from(place.unit_up));
    if place.unit != 0 {
        let blocks = &tree.elements[place.unit].blocks;
        let sums = layout.sums[place.unit];
        let group = units.group(tree, place.unit);
        set(F::unit_count, log(group.units as f32));
        set(F::unit_blocks, log(blocks.len() as f32));
        set(F::unit_chars, log(sums.chars));
        let linked = units.linked_before[blocks.end] - units.linked_before[blocks.start];
        set(F::unit_linked, (linked as f32).min(MOST));
        set(F::unit_place, (units.number[place.unit] as f32).min(MOST));
        set(F::units_linked, share(group.linked as f32, group.units as f32));
        set(F::units_good, share(group.good, layout.sums[0].good));
    }
    let linked = |other: usize| crate::units::is_linked(&statistics[other]);
    let run = if linked(at) {
        const REACH: usize = 20;
        let back = (0..at).rev().take(REACH).take_while(|&other| linked(other)).count();
        let ahead = (at + 1..tree.blocks.len()).take(REACH).take_while(|&other| linked(other));
        1 + back + ahead.count()
    } else {
        0
    };
    set(F::linked_run, (run as f32).min(MOST));
}

/// Where the pictures are.
pub(super) fn pictures(page: &Page, order: &Order, at: usize, row: &mut Row) {
    const MOST: f32 = 20.0;
    let Page { tree, layout, units, .. } = page;
    let place = units.places[tree.blocks[at].element];
    let mut set = |feature: F, value: f32| row[feature as usize] = value;
    set(F::picture_up, f32::from(place.boxed_up));
    if place.boxed_up < FAR {
        let element = &tree.elements[place.boxed];
        set(F::picture_chars, log(layout.sums[place.boxed].chars));
        set(F::picture_blocks, log(element.blocks.len() as f32));
        set(F::pictures_in, (element.pictures.len() as f32).min(MOST));
    }
    set(F::since_picture, order.since_picture[at]);
    set(F::until_picture, order.until_picture[at]);
}

/// Where the headline is, and the headlines of other pages since.
pub(super) fn title(page: &Page, order: &Order, at: usize, row: &mut Row) {
    const MOST: u32 = 20;
    let Page { tree, layout, units, .. } = page;
    let mut set = |feature: F, value: f32| row[feature as usize] = value;
    set(F::since_linked, super::distance(at, order.last_linked[at]));
    let Some(title) = order.title else {
        set(F::title_up, f32::from(FAR));
        return;
    };
    if title < at {
        let linked = units.linked_before[at] - units.linked_before[title + 1];
        set(F::linked_before, linked.min(MOST) as f32);
    }
    for (level, up) in tree.up(tree.blocks[at].element).enumerate() {
        if tree.elements[up].blocks.contains(&title) {
            set(F::title_up, level.min(usize::from(FAR)) as f32);
            set(F::title_good, share(layout.sums[up].good, layout.sums[0].good));
            break;
        }
    }
}
