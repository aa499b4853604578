//! What is decided of each block: the model's word, then a few rules that know the whole page.
//!
//! Each rule mends a mistake that a classifier of single blocks cannot see. They are safety nets:
//! on most pages none of them fires.

use std::collections::HashMap;

use crate::consent;
use crate::edges::edges;
use crate::features::Page;
use crate::hash::{hash, mix};
use crate::mend;
use crate::phrases::Furniture;
use crate::tree::Tag;
use crate::vocabulary::Hint;

/// What became of a block, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decision {
    pub(crate) kept: bool,
    /// The model's probability.
    pub(crate) score: f32,
    /// `model`, or the rule that overruled it.
    pub(crate) rule: &'static str,
}

/// Keep from this probability on.
pub const THRESHOLD: f32 = 0.5;

/// Decides every block of a page from the model's probabilities.
pub(crate) fn decide(page: &Page, probabilities: &[f32]) -> Vec<Decision> {
    let mut decisions: Vec<Decision> = probabilities
        .iter()
        .map(|&score| Decision { kept: score >= THRESHOLD, score, rule: "model" })
        .collect();
    thin(page, &mut decisions);
    mend::code(page, &mut decisions);
    section_headings(page, &mut decisions);
    consent::notices(page, &mut decisions);
    furniture(page, &mut decisions);
    comments(page, &mut decisions);
    nested_articles(page, &mut decisions);
    repeated_lists(page, &mut decisions);
    repeated_text(page, &mut decisions);
    repeated_lines(page, &mut decisions);
    mend::hidden_copies(page, &mut decisions);
    mend::shapes(page, &mut decisions);
    mend::appeals(page, &mut decisions);
    mend::calls(page, &mut decisions);
    mend::pull_quotes(page, &mut decisions);
    edges(page, &mut decisions);
    headings(page, &mut decisions);
    decisions
}

pub(crate) fn drop_block(decision: &mut Decision, rule: &'static str) {
    decision.kept = false;
    decision.rule = rule;
}

/// A page with hardly any text is no page the model has seen many of: doubtful blocks stay, but for
/// what stands in a notice of cookies.
fn thin(page: &Page, decisions: &mut [Decision]) {
    const THIN: f32 = 250.0;
    const DOUBTFUL: f32 = 0.2;
    if kept_chars(page, decisions, |_| true) >= THIN {
        return;
    }
    let asks_consent = |at: usize| {
        page.layout.above[page.tree.blocks[at].element].count[Hint::Consent as usize] > 0
    };
    for (at, decision) in decisions.iter_mut().enumerate() {
        if !decision.kept && decision.score >= DOUBTFUL && !asks_consent(at) {
            decision.kept = true;
            decision.rule = "thin page";
        }
    }
}

/// The characters of the kept blocks that are chosen.
fn kept_chars(page: &Page, decisions: &[Decision], choose: impl Fn(usize) -> bool) -> f32 {
    (0..decisions.len())
        .filter(|&at| decisions[at].kept && choose(at))
        .map(|at| page.statistics[at].chars)
        .sum()
}

/// A heading between kept text belongs to it, and so does one that the model hardly doubts over
/// kept text.
fn section_headings(page: &Page, decisions: &mut [Decision]) {
    const DOUBTFUL: f32 = 0.1;
    const LIKELY: f32 = 0.3;
    const REACH: usize = 3;
    for at in 1..decisions.len().saturating_sub(1) {
        let tag = page.tree.elements[page.tree.blocks[at].element].tag;
        if !matches!(tag, Tag::Heading(2..)) || decisions[at].kept || !decisions[at + 1].kept {
            continue;
        }
        let score = decisions[at].score;
        let between = decisions[at.saturating_sub(REACH)..at].iter().any(|d| d.kept);
        let over =
            decisions.get(at + 2).is_some_and(|d| d.kept) && decisions[..at].iter().any(|d| d.kept);
        if (between && score >= DOUBTFUL) || (over && score >= LIKELY) {
            decisions[at].kept = true;
            decisions[at].rule = "heading of kept text";
        }
    }
}

/// Lines that are furniture by their wording alone.
fn furniture(page: &Page, decisions: &mut [Decision]) {
    for (decision, kind) in decisions.iter_mut().zip(&page.furniture) {
        if !decision.kept {
            continue;
        }
        match kind {
            Some(Furniture::ReplyForm) => drop_block(decision, "reply form"),
            Some(Furniture::Consent) => drop_block(decision, "furniture"),
            Some(_) if decision.score < 0.8 => drop_block(decision, "furniture"),
            _ => {}
        }
    }
}

/// Reader comments go where there is text beside them.
fn comments(page: &Page, decisions: &mut [Decision]) {
    const ENOUGH: f32 = 150.0;
    let is_comment = |at: usize| {
        page.layout.above[page.tree.blocks[at].element].count[Hint::Comment as usize] > 0
    };
    if kept_chars(page, decisions, |at| !is_comment(at)) >= ENOUGH {
        for (at, decision) in decisions.iter_mut().enumerate() {
            if decision.kept && is_comment(at) {
                drop_block(decision, "comment");
            }
        }
    }
}

/// Articles inside an article are cards that tell of others.
fn nested_articles(page: &Page, decisions: &mut [Decision]) {
    const MANY: usize = 4;
    if page.layout.articles < MANY {
        return;
    }
    let is_nested = |at: usize| page.layout.above[page.tree.blocks[at].element].articles >= 2;
    // Some templates wrap the article itself twice.
    let nested = kept_chars(page, decisions, is_nested);
    if nested * 2.0 > kept_chars(page, decisions, |_| true) {
        return;
    }
    for (at, decision) in decisions.iter_mut().enumerate() {
        if decision.kept && is_nested(at) {
            drop_block(decision, "nested article");
        }
    }
}

/// Runs of list items that the page has twice are menus and tickers.
fn repeated_lists(page: &Page, decisions: &mut [Decision]) {
    const RUN: usize = 3;
    let mut copies = crate::hash::HashedMap::<u32>::default();
    for s in &page.statistics {
        *copies.entry(s.hash).or_insert(0) += 1;
    }
    let twice = |at: usize| {
        page.layout.above[page.tree.blocks[at].element].lists > 0
            && copies.get(&page.statistics[at].hash) == Some(&2)
    };
    let mut at = 0;
    while at < decisions.len() {
        let end = (at..decisions.len()).find(|&i| !twice(i)).unwrap_or(decisions.len());
        if end - at >= RUN {
            for decision in decisions[at..end].iter_mut().filter(|d| d.kept) {
                drop_block(decision, "repeated list");
            }
        }
        at = end + 1;
    }
}

/// A paragraph that was there before in another place, nearly word for word. Short repetitions are
/// often meant, and so are those side by side: lines of a recipe, questions of an interview, a refrain.
fn repeated_text(page: &Page, decisions: &mut [Decision]) {
    const LONG: f32 = 25.0;
    const SENTENCES: f32 = 2.0;
    const STOP: f32 = 0.2;
    const SAME: (usize, usize) = (85, 100);
    // Under which element each run of words stood.
    let mut seen: HashMap<u64, u32> = HashMap::new();
    for (at, block) in page.tree.blocks.iter().enumerate() {
        if !decisions[at].kept {
            continue;
        }
        let parent = page.tree.elements[block.element].parent as u32;
        let words: Vec<u64> =
            page.tree.text_of(block).split_whitespace().map(|word| hash(word.as_bytes())).collect();
        let runs: Vec<u64> =
            words.windows(4).map(|run| run.iter().fold(0, |all, &word| mix(all, word))).collect();
        let s = &page.statistics[at];
        // A list of ingredients has hardly any stop words.
        let running = s.sentences >= SENTENCES && (s.unspaced || s.stop > STOP);
        if s.words >= LONG && running && !runs.is_empty() {
            let elsewhere = |run: &&u64| seen.get(*run).is_some_and(|&place| place != parent);
            let known = runs.iter().filter(elsewhere).count();
            if known * SAME.1 >= runs.len() * SAME.0 {
                drop_block(&mut decisions[at], "repeated text");
                continue;
            }
        }
        seen.extend(runs.into_iter().map(|run| (run, parent)));
    }
}

/// A doubtful line that stands in the text three times or more is the label of pictures or buttons,
/// unless such lines are most of the text. A refrain or a line of a recipe is hardly ever doubtful.
fn repeated_lines(page: &Page, decisions: &mut [Decision]) {
    const OFTEN: usize = 3;
    const SURE: f32 = 0.8;
    let mut copies = crate::hash::HashedMap::<(usize, f32)>::default();
    for (s, decision) in page.statistics.iter().zip(&*decisions).filter(|(_, d)| d.kept) {
        let (count, highest) = copies.entry(s.hash).or_default();
        *count += 1;
        *highest = highest.max(decision.score);
    }
    let is_label = |at: usize| {
        let of = copies.get(&page.statistics[at].hash);
        of.is_some_and(|&(count, highest)| count >= OFTEN && highest < SURE)
    };
    let all = kept_chars(page, decisions, |_| true);
    if kept_chars(page, decisions, is_label) * 2.0 > all {
        return;
    }
    for (at, decision) in decisions.iter_mut().enumerate() {
        if decision.kept && is_label(at) {
            drop_block(decision, "repeated line");
        }
    }
}

/// A heading over nothing goes.
fn headings(page: &Page, decisions: &mut [Decision]) {
    let mut next_kept: Option<usize> = None;
    for at in (0..decisions.len()).rev() {
        let tag = page.tree.elements[page.tree.blocks[at].element].tag;
        if decisions[at].kept && matches!(tag, Tag::Heading(_)) && next_kept.is_none() {
            drop_block(&mut decisions[at], "heading over nothing");
        }
        if decisions[at].kept {
            next_kept = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn a_thin_page_keeps_what_is_doubtful_but_no_notice_of_cookies() {
        let html = "<article><p>A first line.</p><p>A second line.</p></article>\
                    <div class='cookie-law'><p>This site uses little helpers.</p></div>";
        let page = Page::new(Tree::new(&crate::parse::parse(html)));
        let kept: Vec<bool> = decide(&page, &[0.9, 0.3, 0.3]).iter().map(|d| d.kept).collect();
        assert_eq!(kept, [true, true, false]);
    }

    #[test]
    fn a_doubtful_line_goes_where_it_stands_three_times_and_a_refrain_stays() {
        let text = "The river rose by two metres in the night. It took the wheel and half of the dam with it. \
                    Nobody was hurt, the owner said, but the mill will not grind before the spring of next year. \
                    The town wants to help with the costs of a new dam, which are not known yet.";
        let line = "<p>Hide caption</p>";
        let html = format!(
            "<p>{text}</p>{line}<p>Then came the rain.</p>{line}<p>Then came the frost.</p>{line}<p>Then came the spring.</p>"
        );
        let page = Page::new(Tree::new(&crate::parse::parse(&html)));
        let lines = |p: [f32; 3]| {
            let [a, b, c] = p;
            let decisions = decide(&page, &[0.95, a, 0.95, b, 0.95, c, 0.95]);
            [1, 3, 5].map(|at| decisions[at].kept)
        };
        assert_eq!(lines([0.6, 0.6, 0.6]), [false; 3]);
        assert_eq!(lines([0.6, 0.6, 0.3]), [true, true, false], "twice");
        assert_eq!(lines([0.6, 0.9, 0.6]), [true; 3], "surely text");
    }
}
