//! The numbers that the model sees of a block.
//!
//! One implementation for training and for cleaning. The names in [`NAMES`] are in the order of
//! the numbers; the trained table refers to them by index, so a change here asks for new training
//! (the table carries a hash of the names, and a test compares it).

use crate::hash::HashedMap;
use crate::layout::{FAR, Layout, Sums};
use crate::phrases::{Furniture, furniture};
use crate::statistics::{Statistics, statistics};
use crate::tree::{Tag, Tree};
use crate::vocabulary::{HINTS, Hint};

/// Everything that is known of a page before the model.
pub(crate) struct Page {
    pub(crate) tree: Tree,
    pub(crate) statistics: Vec<Statistics>,
    pub(crate) layout: Layout,
    /// What furniture each short block is by its wording.
    pub(crate) furniture: Vec<Option<Furniture>>,
}

impl Page {
    pub(crate) fn new(tree: Tree) -> Self {
        let statistics = statistics(&tree);
        let layout = Layout::new(&tree, &statistics);
        let furniture = tree.blocks.iter().map(|block| furniture(tree.text_of(block))).collect();
        Self { tree, statistics, layout, furniture }
    }
}

macro_rules! features {
    ($($name:ident),* $(,)?) => {
        /// The names of the features, in order.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// One feature.
        #[expect(non_camel_case_types, dead_code, reason = "the names are the feature's own")]
        #[derive(Clone, Copy)]
        enum F { $($name),* }
    };
}

features! {
    chars, words, link_density, strong, sentences, ends_sentence, upper, capital, digits, stop,
    word_length, lines, copies, in_title, in_description, has_year, has_mark, quoted, appeals,
    appeal_share, credits, credit_share, concealed, furniture, after_furniture, after_related,
    after_comments, is_p, is_div, heading, is_item, is_cell, is_caption, depth, articles, asides, navs,
    tables, figures, quotes, forms, list_blocks, list_links, table_blocks, own_chars, parent_links,
    parent_good, parent_blocks, grand_links, grand_good, parent_children, images, inline_hints, core_up,
    core_inside, core_outside, core_before, core_after, score_parent, score_grand, score_best,
    branch_links, branch_good, branch_chars, branch_blocks, branch_place, up_40, up_60, up_80, sig_good,
    sig_blocks, sig_links, path_good, path_blocks, path_links, place, good_before, good_after,
    after_title, since_heading, since_good, until_good, chars_until_good, prev_chars, prev_links,
    prev_same, prev2_chars, prev2_good, next_chars, next_links, next_same, next2_chars, next_heading,
    page_good, page_chars, page_links, page_blocks, page_core, page_articles, page_good_block,
    page_lists, hint_comment, hint_share, hint_related, hint_nav, hint_side, hint_foot, hint_advert,
    hint_caption, hint_byline, hint_newsletter, hint_hidden, hint_tags, hint_body, hint_title,
    hint_lead, hint_card, hint_bio, hint_consent, hint_gallery, hint_widget, hint_legal, hint_quote,
    hint_header, hint_login, hint_date, hint_product, hint_list, count_comment, count_caption,
    count_tags, count_body, count_lead, count_card, count_gallery, count_widget, count_list, count_side,
}

/// How many features there are.
pub const FEATURES: usize = NAMES.len();

/// The hints whose elements around a block are counted.
const COUNTED: [(F, Hint); 10] = [
    (F::count_comment, Hint::Comment),
    (F::count_caption, Hint::Caption),
    (F::count_tags, Hint::Tags),
    (F::count_body, Hint::Body),
    (F::count_lead, Hint::Lead),
    (F::count_card, Hint::Card),
    (F::count_gallery, Hint::Gallery),
    (F::count_widget, Hint::Widget),
    (F::count_list, Hint::List),
    (F::count_side, Hint::Side),
];

/// The features of one block.
pub type Row = [f32; FEATURES];

/// What the blocks of a page need to know of each other.
struct Order {
    copies: HashedMap<u32>,
    good_before: Vec<f32>,
    last_good: Vec<usize>,
    next_good: Vec<usize>,
    chars_until_good: Vec<f32>,
    last_heading: Vec<usize>,
    last_furniture: [Vec<usize>; 3],
    title: Option<usize>,
}

/// No such block.
const NONE: usize = usize::MAX;

fn order(page: &Page) -> Order {
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
        title: None,
    };
    let (mut good, mut last_good, mut heading) = (0.0, NONE, NONE);
    let mut last = [NONE; 3];
    let mut best_title = 0.0;
    for (at, (block, s)) in tree.blocks.iter().zip(statistics).enumerate() {
        *order.copies.entry(s.hash).or_insert(0) += 1;
        order.good_before.push(good);
        order.last_good.push(last_good);
        order.last_heading.push(heading);
        for (all, last) in order.last_furniture.iter_mut().zip(last) {
            all.push(last);
        }
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
    for at in (0..n).rev() {
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

/// Shows the features of every block, in order; one row at a time, since a broad page has very many
/// blocks.
pub(crate) fn each_row(page: &Page, mut see: impl FnMut(&Row)) {
    let order = order(page);
    let whole = page.layout.sums[0];
    let good_blocks = page.statistics.iter().filter(|s| s.good).count().max(1) as f32;
    let in_lists: f32 = page
        .tree
        .blocks
        .iter()
        .zip(&page.statistics)
        .filter(|(b, _)| page.layout.above[b.element].lists > 0)
        .map(|(_, s)| s.chars)
        .sum();
    let shared = Shared { whole, good_blocks, in_lists };
    let mut row = [0.0; FEATURES];
    for at in 0..page.tree.blocks.len() {
        row.fill(0.0);
        fill(page, &order, &shared, at, &mut row);
        see(&row);
    }
}

struct Shared {
    whole: Sums,
    good_blocks: f32,
    in_lists: f32,
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn log(value: f32) -> f32 {
    (1.0 + value).ln()
}

fn flag(value: bool) -> f32 {
    f32::from(u8::from(value))
}

/// Blocks from one to another, where there is another; at most 50.
fn distance(from: usize, to: usize) -> f32 {
    if from == NONE || to == NONE { 60.0 } else { from.abs_diff(to).min(50) as f32 }
}

fn fill(page: &Page, order: &Order, shared: &Shared, at: usize, row: &mut Row) {
    let Page { tree, statistics, layout, furniture } = page;
    let block = &tree.blocks[at];
    let s = &statistics[at];
    let text = tree.text_of(block);
    let element = &tree.elements[block.element];
    let whole = shared.whole;
    let above = &layout.above[block.element];
    let mut set = |feature: F, value: f32| row[feature as usize] = value;

    set(F::chars, log(s.chars));
    set(F::words, s.words.min(300.0));
    set(F::link_density, s.link_density);
    set(F::strong, s.strong);
    set(F::sentences, s.sentences.min(30.0));
    set(F::ends_sentence, flag(s.ends_sentence));
    set(F::upper, s.upper);
    set(F::capital, s.capital);
    set(F::digits, s.digits);
    set(F::stop, s.stop);
    set(F::word_length, share(s.chars, s.words).min(30.0));
    set(F::lines, (text.bytes().filter(|&b| b == b'\n').count() as f32).min(20.0));
    set(F::copies, order.copies.get(&s.hash).copied().unwrap_or(1).min(10) as f32);
    set(F::in_title, s.in_title);
    set(F::in_description, s.in_description);
    set(F::has_year, flag(has_year(text)));
    set(F::has_mark, marks(text));
    set(F::quoted, flag(text.starts_with(['"', '“', '„', '«', '»', '‘', '「'])));

    set(F::appeals, s.appeals.min(10.0));
    set(F::appeal_share, share(s.appeals, s.words));
    set(F::credits, s.credits.min(10.0));
    set(F::credit_share, share(s.credits, s.words));
    set(F::concealed, f32::from(above.concealed));

    let kind = furniture[at];
    set(F::furniture, flag(kind.is_some()));
    set(F::after_furniture, distance(at, order.last_furniture[0][at]));
    set(F::after_related, distance(at, order.last_furniture[1][at]));
    set(F::after_comments, distance(at, order.last_furniture[2][at]));

    set(F::is_p, flag(element.tag == Tag::P));
    set(F::is_div, flag(matches!(element.tag, Tag::Div | Tag::Section | Tag::Other)));
    set(F::heading, if let Tag::Heading(level) = element.tag { f32::from(level) } else { 0.0 });
    set(F::is_item, flag(element.tag == Tag::Item));
    set(F::is_cell, flag(element.tag == Tag::Cell));
    set(F::is_caption, flag(element.tag == Tag::FigCaption));

    set(F::depth, element.depth as f32);
    set(F::articles, f32::from(above.articles));
    set(F::asides, f32::from(above.asides));
    set(F::navs, f32::from(above.navs));
    set(F::tables, f32::from(above.tables));
    set(F::figures, f32::from(above.figures));
    set(F::quotes, f32::from(above.quotes));
    set(F::forms, f32::from(above.forms));
    if above.list != 0 {
        let list = layout.sums[above.list];
        set(F::list_blocks, log(list.blocks));
        set(F::list_links, list.link_density());
    }
    if above.table != 0 {
        let table = layout.sums[above.table];
        set(F::table_blocks, log(table.blocks));
    }

    let parent = element.parent;
    let grand = tree.elements[parent].parent;
    let own_sums = layout.sums[block.element];
    set(F::own_chars, log(own_sums.chars));
    set(F::parent_links, layout.sums[parent].link_density());
    set(F::parent_good, share(layout.sums[parent].good, whole.good));
    set(F::parent_blocks, log(layout.sums[parent].blocks));
    set(F::grand_links, layout.sums[grand].link_density());
    set(F::grand_good, share(layout.sums[grand].good, whole.good));
    set(F::parent_children, log(layout.children[parent] as f32));
    set(F::images, (block.images as f32).min(5.0));
    set(F::inline_hints, block.inline_hints.0.count_ones() as f32);

    core(page, at, row);
    smallest_with(page, at, row);
    let mut set = |feature: F, value: f32| row[feature as usize] = value;

    let by_signature = layout.by_signature.get(&element.signature).copied().unwrap_or_default();
    set(F::sig_good, share(by_signature.good, whole.good));
    set(F::sig_blocks, log(by_signature.blocks));
    set(F::sig_links, by_signature.link_density());
    let by_path = layout.by_path.get(&layout.path[block.element]).copied().unwrap_or_default();
    set(F::path_good, share(by_path.good, whole.good));
    set(F::path_blocks, log(by_path.blocks));
    set(F::path_links, by_path.link_density());

    let n = tree.blocks.len();
    set(F::place, at as f32 / n as f32);
    set(F::good_before, share(order.good_before[at], whole.good));
    let own_good = if s.good { s.chars } else { 0.0 };
    set(F::good_after, share(whole.good - order.good_before[at] - own_good, whole.good));
    let after_title =
        order.title.map_or(60.0, |title| (at as f32 - title as f32).clamp(-50.0, 50.0));
    set(F::after_title, after_title);
    set(F::since_heading, distance(at, order.last_heading[at]));
    set(F::since_good, distance(at, order.last_good[at]));
    set(F::until_good, distance(at, order.next_good[at]));
    set(F::chars_until_good, log(order.chars_until_good[at]));
    neighbours(page, at, row);
    let mut set = |feature: F, value: f32| row[feature as usize] = value;

    set(F::page_good, log(whole.good));
    set(F::page_chars, log(whole.chars));
    set(F::page_links, whole.link_density());
    set(F::page_blocks, log(whole.blocks));
    set(F::page_core, share(layout.sums[layout.core].good, whole.good));
    set(F::page_articles, (layout.articles as f32).min(30.0));
    set(F::page_good_block, log(whole.good / shared.good_blocks));
    set(F::page_lists, share(shared.in_lists, whole.chars));

    for hint in 0..HINTS {
        let inline = block.inline_hints.0 & (1 << hint) != 0;
        row[F::hint_comment as usize + hint] =
            f32::from(if inline { 0 } else { above.nearest[hint] });
    }
    for (feature, hint) in COUNTED {
        let inline = block.inline_hints.has(hint);
        row[feature as usize] = f32::from(above.count[hint as usize]) + flag(inline);
    }
}

/// Where the block stands to the best container.
fn core(page: &Page, at: usize, row: &mut Row) {
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
fn smallest_with(page: &Page, at: usize, row: &mut Row) {
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

fn neighbours(page: &Page, at: usize, row: &mut Row) {
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
        set(F::prev_same, same(other));
    }
    if let Some(other) = back(2) {
        set(F::prev2_chars, log(statistics[other].chars));
        set(F::prev2_good, flag(statistics[other].good));
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

/// Whether four digits in a row look like a year of the web.
fn has_year(text: &str) -> bool {
    text.len() < 200
        && text.as_bytes().windows(4).any(|w| {
            matches!(w, [b'1', b'9', b'9', _] | [b'2', b'0', b'0'..=b'3', _])
                && w[3].is_ascii_digit()
        })
}

/// Signs that running text seldom has, each its own number: `©`, `|`, `»` or `›`, `@`, `#`, `•`.
fn marks(text: &str) -> f32 {
    let mut best = 0;
    for c in text.chars().take(200) {
        best = best.max(match c {
            '©' => 6,
            '|' => 5,
            '»' | '›' | '→' | '▶' | '►' => 4,
            '@' => 3,
            '#' => 2,
            '•' | '·' => 1,
            _ => 0,
        });
    }
    best as f32
}
