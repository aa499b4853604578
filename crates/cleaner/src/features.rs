//! The numbers that the model sees of a block.
//!
//! One implementation for training and for cleaning. The names in [`NAMES`] are in the order of
//! the numbers; the trained table refers to them by index, so a change here asks for new training
//! (the table carries a hash of the names, and a test compares it).

mod around;
mod order;

use self::order::{NONE, Order, order};
use crate::layout::{Layout, Sums};
use crate::phrases::{Furniture, furniture};
use crate::statistics::{Statistics, statistics};
use crate::topic::Topic;
use crate::tree::{Tag, Tree};
use crate::units::Units;
use crate::vocabulary::{HINTS, Hint};

/// Everything that is known of a page before the model.
pub(crate) struct Page {
    pub(crate) tree: Tree,
    pub(crate) statistics: Vec<Statistics>,
    pub(crate) layout: Layout,
    pub(crate) units: Units,
    pub(crate) topic: Topic,
    /// What furniture each short block is by its wording.
    pub(crate) furniture: Vec<Option<Furniture>>,
}

impl Page {
    pub(crate) fn new(tree: Tree) -> Self {
        let (statistics, words) = statistics(&tree);
        let layout = Layout::new(&tree, &statistics);
        let core = &tree.elements[layout.core].blocks;
        let topic = Topic::new(words, |at| statistics[at].good && core.contains(&at));
        let furniture = tree.blocks.iter().map(|block| furniture(tree.text_of(block))).collect();
        let units = Units::new(&tree, &statistics);
        Self { tree, statistics, layout, units, topic, furniture }
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
    word_length, lines, copies, on_topic, topic_words, in_title, in_description, has_year, has_mark, quoted, appeals,
    appeal_share, credits, credit_share, concealed, furniture, after_furniture, after_related,
    after_comments, is_p, is_div, heading, is_item, is_cell, is_caption, depth, articles, asides, navs,
    tables, figures, quotes, forms, list_blocks, list_links, table_blocks, own_chars, parent_links,
    parent_good, parent_blocks, grand_links, grand_good, parent_children, images, inline_hints, core_up,
    core_inside, core_outside, core_before, core_after, score_parent, score_grand, score_best,
    branch_links, branch_good, branch_chars, branch_blocks, branch_place, up_40, up_60, up_80, sig_good,
    sig_blocks, sig_links, path_good, path_blocks, path_links, place, good_before, good_after,
    after_title, since_heading, since_good, until_good, chars_until_good, prev_chars, prev_links,
    prev2_chars, next_chars, next_links, next_same, next2_chars, next_heading,
    page_good, page_chars, page_links, page_blocks, page_core, page_articles, page_good_block,
    page_lists, hint_comment, hint_share, hint_related, hint_nav, hint_side, hint_foot, hint_advert,
    hint_caption, hint_byline, hint_newsletter, hint_hidden, hint_tags, hint_body, hint_title,
    hint_lead, hint_card, hint_bio, hint_consent, hint_gallery, hint_widget, hint_legal, hint_quote,
    hint_header, hint_login, hint_date, hint_product, hint_list, count_comment, count_caption,
    count_body, count_widget, count_list, count_side,
    unit_up, unit_count, unit_blocks, unit_chars, unit_linked, unit_place,     units_linked, units_good, linked_run, since_linked, linked_before, title_up,
    title_good, picture_up, picture_chars, picture_blocks, pictures_in, since_picture, until_picture,
}

/// How many features there are.
pub const FEATURES: usize = NAMES.len();

/// The hints whose elements around a block are counted.
const COUNTED: [(F, Hint); 6] = [
    (F::count_comment, Hint::Comment),
    (F::count_caption, Hint::Caption),
    (F::count_body, Hint::Body),
    (F::count_widget, Hint::Widget),
    (F::count_list, Hint::List),
    (F::count_side, Hint::Side),
];

/// The features of one block.
pub type Row = [f32; FEATURES];

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
    let Page { tree, statistics, layout, topic, furniture, .. } = page;
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
    let (known, rare) = topic.shared(at);
    set(F::on_topic, share(known as f32, rare as f32));
    set(F::topic_words, known.min(30) as f32);
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
    set(F::inline_hints, block.inline_hints.seen().count_ones() as f32);

    around::core(page, at, row);
    around::smallest_with(page, at, row);
    around::unit(page, at, row);
    around::pictures(page, order, at, row);
    around::title(page, order, at, row);
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
    around::neighbours(page, at, row);
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
