//! Whether a page has an article of its own: what the kept blocks are all together.

use newsmill_article::Kind;

use crate::features::Page;
use crate::phrases::Furniture;
use crate::rules::Decision;
use crate::topic::title_words;
use crate::tree::Tag;
use crate::vocabulary::Hint;

/// Why a page is no article, in words for `explain`; `kind` is what its markup says of it.
pub(crate) fn no_article(
    page: &Page,
    decisions: &[Decision],
    kind: Option<Kind>,
) -> Option<&'static str> {
    if !decisions.iter().any(|decision| decision.kept) {
        return Some("no block reads as running text");
    }
    // A page that calls itself an article may show it as cards: a gallery, a list of tips. So does
    // a forum with its posts.
    if !page.tree.says_article && kind != Some(Kind::Forum) && is_index(page, decisions) {
        return Some("a list of links to other texts");
    }
    let declared = page.tree.says_article || kind.is_some_and(|kind| kind != Kind::Index);
    if !declared && is_in_doubt(page, decisions) {
        if kind == Some(Kind::Index) {
            return Some("an index by its own word, with little text");
        }
        if !is_on_title(page, decisions) {
            return Some("a front page: little text, and none of it on its title");
        }
    }
    if is_consent_wall(page, decisions) {
        return Some("nothing but a question for consent");
    }
    None
}

/// A list of cards: most of the kept text stands in small elements that each have one heading that
/// is a link.
fn is_index(page: &Page, decisions: &[Decision]) -> bool {
    const CARDS: usize = 5;
    const CARD_CHARS: f32 = 1000.0;
    const MOST: f32 = 0.75;
    const FEW_CHARS: f32 = 600.0;
    let tree = &page.tree;
    // Linked headings before each block, so that those in any element are a difference.
    let mut before = vec![0_usize];
    for (block, s) in tree.blocks.iter().zip(&page.statistics) {
        let heading = matches!(tree.elements[block.element].tag, Tag::Heading(_));
        before.push(
            before.last().copied().unwrap_or(0) + usize::from(heading && s.link_density > 0.8),
        );
    }
    let headings = |element: usize| {
        let blocks = &tree.elements[element].blocks;
        before[blocks.end] - before[blocks.start]
    };
    let (mut cards, mut in_cards, mut all) = (std::collections::HashSet::new(), 0.0, 0.0);
    for (at, block) in tree.blocks.iter().enumerate().filter(|(at, _)| decisions[*at].kept) {
        all += page.statistics[at].chars;
        let Some(card) = tree.up(block.element).find(|&up| headings(up) > 0) else { continue };
        if headings(card) == 1 && page.layout.sums[card].chars < CARD_CHARS {
            cards.insert(card);
            in_cards += page.statistics[at].chars;
        }
    }
    // Of teasers the model may keep only one or two; the page still is made of cards.
    let of_cards = cards.len() >= CARDS || (all < FEW_CHARS && headings(0) >= CARDS);
    of_cards && in_cards >= all * MOST
}

/// Less than half of the page is kept, and that is in doubt.
fn is_in_doubt(page: &Page, decisions: &[Decision]) -> bool {
    const DOUBT: f32 = 0.8;
    const HALF: f32 = 0.5;
    let (mut kept, mut sure) = (0.0, 0.0);
    for (decision, s) in decisions.iter().zip(&page.statistics).filter(|(d, _)| d.kept) {
        kept += s.chars;
        sure += s.chars * decision.score;
    }
    sure < kept * DOUBT && kept < page.layout.sums[0].chars * HALF
}

/// Whether the kept text has a word of the page's title, or the title has none to look for.
fn is_on_title(page: &Page, decisions: &[Decision]) -> bool {
    let title = title_words(&page.tree.title);
    let on_title = |at: usize| {
        let text = page.tree.text_of(&page.tree.blocks[at]).to_lowercase();
        title.iter().any(|word| text.contains(word))
    };
    title.is_empty() || (0..decisions.len()).any(|at| decisions[at].kept && on_title(at))
}

/// A short text about cookies or in a box that asks for consent.
fn is_consent_wall(page: &Page, decisions: &[Decision]) -> bool {
    const SHORT: f32 = 1500.0;
    let (mut consent, mut all) = (0.0, 0.0);
    for (at, block) in page.tree.blocks.iter().enumerate().filter(|(at, _)| decisions[*at].kept) {
        let chars = page.statistics[at].chars;
        all += chars;
        let boxed = page.layout.above[block.element].count[Hint::Consent as usize] > 0
            && page.layout.above[block.element].articles == 0;
        if boxed || page.furniture[at] == Some(Furniture::Consent) {
            consent += chars;
        }
    }
    // Running text behind the box, kept or not, makes it a page with a box.
    all < SHORT && consent > all * 0.6 && page.layout.sums[0].good <= all * 1.2
}
