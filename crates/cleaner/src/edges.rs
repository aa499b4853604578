//! Rules over what stands before the first paragraph of a text, after the last, and in boxes between:
//! headline and byline once more, closing words about a company or a writer, boxes that a line of
//! furniture opens.
//!
//! Leaves out: the shape of single blocks (`mend`), and what the model learns by itself.

use crate::features::Page;
use crate::metadata::{is_byline, parse_date};
use crate::phrases::Furniture;
use crate::rules::{Decision, drop_block};
use crate::tree::Tag;
use crate::units::is_linked;

/// Applies the rules in their order.
pub(crate) fn edges(page: &Page, decisions: &mut [Decision]) {
    opening(page, decisions);
    boxes(page, decisions);
    article_footer(page, decisions);
    source_lines(page, decisions);
    closing_section(page, decisions);
    closing_links(page, decisions);
    closing_list(page, decisions);
    announcements(page, decisions);
}

/// The characters of the kept blocks in a range.
fn kept_chars(page: &Page, decisions: &[Decision], range: std::ops::Range<usize>) -> f32 {
    range.filter(|&at| decisions[at].kept).map(|at| page.statistics[at].chars).sum()
}

/// Before the first paragraph: the headline once more, bylines and dates, what stands above the
/// headline, and a few doubtful words apart from the text.
fn opening(page: &Page, decisions: &mut [Decision]) {
    const LABEL: f32 = 5.0;
    const DOUBTFUL: f32 = 0.7;
    let tree = &page.tree;
    let tag = |at: usize| tree.elements[tree.blocks[at].element].tag;
    let Some(first) =
        (0..decisions.len()).find(|&at| decisions[at].kept && page.statistics[at].good)
    else {
        return;
    };
    let headline = (0..first).find(|&at| {
        let s = &page.statistics[at];
        matches!(tag(at), Tag::Heading(1..=2)) && s.in_title > 0.8 && s.words >= 3.0
    });
    for at in (0..first).filter(|&at| decisions[at].kept).collect::<Vec<_>>() {
        let s = &page.statistics[at];
        let text = tree.text_of(&tree.blocks[at]);
        let heads = s.in_title > 0.99 && s.words >= 4.0 && !s.ends_sentence;
        let dated = || s.words <= 6.0 && !s.ends_sentence && parse_date(text).is_some();
        let above = |headline: usize| at < headline && !s.ends_sentence;
        if heads {
            drop_block(&mut decisions[at], "headline");
        } else if text.lines().next().is_some_and(is_byline) || dated() {
            drop_block(&mut decisions[at], "byline");
        } else if headline.is_some_and(above) {
            drop_block(&mut decisions[at], "above the headline");
        } else if s.words <= LABEL
            && !s.ends_sentence
            && decisions[at].score < DOUBTFUL
            && !matches!(tag(at), Tag::Heading(_))
            && !decisions[at + 1].kept
        {
            drop_block(&mut decisions[at], "label before the text");
        }
    }
}

/// A box whose first line is furniture by its wording is furniture.
fn boxes(page: &Page, decisions: &mut [Decision]) {
    const SMALL: f32 = 0.35;
    const SMALL_OF_TEASER: f32 = 0.6;
    let all = kept_chars(page, decisions, 0..decisions.len());
    for at in 0..decisions.len() {
        let most = match page.furniture[at] {
            Some(Furniture::Paywall) => SMALL_OF_TEASER,
            Some(Furniture::Related | Furniture::Newsletter | Furniture::Share) => SMALL,
            _ => continue,
        };
        let mut inside = at..at + 1;
        for up in page.tree.up(page.tree.blocks[at].element) {
            let blocks = page.tree.elements[up].blocks.clone();
            if blocks.start != at || kept_chars(page, decisions, blocks.clone()) > most * all {
                break;
            }
            inside = blocks;
        }
        for decision in decisions[inside].iter_mut().filter(|d| d.kept) {
            drop_block(decision, "box of furniture");
        }
    }
}

/// The `footer` of an article tells of its writer, its licence and its subjects.
fn article_footer(page: &Page, decisions: &mut [Decision]) {
    const SMALL: f32 = 0.2;
    let in_footer = |at: usize| {
        for up in page.tree.up(page.tree.blocks[at].element) {
            match page.tree.elements[up].tag {
                Tag::Footer => return true,
                Tag::Quote | Tag::Article => return false,
                _ => {}
            }
        }
        false
    };
    let footer: Vec<usize> =
        (0..decisions.len()).filter(|&at| decisions[at].kept && in_footer(at)).collect();
    let chars: f32 = footer.iter().map(|&at| page.statistics[at].chars).sum();
    if chars < SMALL * kept_chars(page, decisions, 0..decisions.len()) {
        for at in footer {
            drop_block(&mut decisions[at], "footer");
        }
    }
}

/// Where the numbers of a table or a picture come from.
fn source_lines(page: &Page, decisions: &mut [Decision]) {
    const LONGEST: usize = 200;
    const OPENINGS: [&str; 6] = ["Source:", "Sources:", "Quelle:", "Quellen:", "Fuente:", "Fonte:"];
    for (at, decision) in decisions.iter_mut().enumerate().skip(1) {
        let text = page.tree.text_of(&page.tree.blocks[at]);
        if decision.kept
            && text.len() <= LONGEST
            && OPENINGS.iter().any(|opening| text.starts_with(opening))
            && page.layout.above[page.tree.blocks[at - 1].element].tables > 0
        {
            drop_block(decision, "source of a table");
        }
    }
}

/// Press releases end with words about the company and whom to ask, columns with the writer's.
fn closing_section(page: &Page, decisions: &mut [Decision]) {
    const SHORT: f32 = 0.3;
    const BEFORE: f32 = 300.0;
    let (mut after, all) = (0.0, kept_chars(page, decisions, 0..decisions.len()));
    let mut from = None;
    for at in (0..decisions.len()).rev().filter(|&at| decisions[at].kept) {
        let s = &page.statistics[at];
        after += s.chars;
        if after > SHORT * all || all - after < BEFORE {
            break;
        }
        let text = page.tree.text_of(&page.tree.blocks[at]);
        let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
        if (!rest.is_empty() || !s.ends_sentence) && opens_closing(line) {
            from = Some(at);
        }
    }
    if let Some(from) = from {
        for decision in decisions[from..].iter_mut().filter(|d| d.kept) {
            drop_block(decision, "closing section");
        }
    }
}

/// A line of a few words over closing words: "About the Author", "Media contact:".
fn opens_closing(line: &str) -> bool {
    const WORDS: usize = 7;
    const ALONE: [&str; 24] = [
        "media contact",
        "media contacts",
        "press contact",
        "press contacts",
        "contact",
        "contacts",
        "contact information",
        "about us",
        "notes to editors",
        "note to editors",
        "pressekontakt",
        "medienkontakt",
        "kontakt",
        "ansprechpartner",
        "über uns",
        "contact presse",
        "contacts presse",
        "contacto",
        "contacto de prensa",
        "contato",
        "sobre nós",
        "contatti",
        "contatti stampa",
        "kontakt dla mediów",
    ];
    /// Before a name.
    const OPENS: [&str; 16] = [
        "about the ",
        "about ",
        "über den autor",
        "über die autor",
        "über das unternehmen",
        "über die ",
        "über ",
        "à propos de ",
        "à propos du ",
        "acerca de ",
        "sobre el autor",
        "sobre la autora",
        "sobre o ",
        "sobre a ",
        "informazioni su ",
        "l'autore",
    ];
    let line = line.trim().trim_end_matches([':', ' ']);
    let lower = line.to_lowercase();
    if line.split_whitespace().count() > WORDS || line.ends_with(['?', '!', '.']) {
        return false;
    }
    ALONE.contains(&lower.as_str())
        || OPENS.iter().any(|opening| {
            // A name, or the thing itself, ends the line with a capital.
            lower.starts_with(opening)
                && line.split_whitespace().skip(1).any(|word| word.starts_with(char::is_uppercase))
        })
        || ["about the author", "about the authors", "about the writer"].contains(&lower.as_str())
}

/// Links behind the last paragraph lead to other texts: many in a row, or few that are doubtful.
fn closing_links(page: &Page, decisions: &mut [Decision]) {
    const ROW: usize = 3;
    const DOUBTFUL: f32 = 0.7;
    let kept = |at: &usize| decisions[*at].kept;
    let Some(last) = (0..decisions.len()).rev().filter(kept).find(|&at| page.statistics[at].good)
    else {
        return;
    };
    let linked: Vec<usize> = (last + 1..decisions.len())
        .filter(kept)
        .filter(|&at| is_linked(&page.statistics[at]))
        .collect();
    let many = linked.len() >= ROW;
    for at in linked {
        if many || decisions[at].score < DOUBTFUL {
            drop_block(&mut decisions[at], "closing links");
        }
    }
}

/// A list behind all other text whose items all have links, under a line that is no text.
fn closing_list(page: &Page, decisions: &mut [Decision]) {
    const ITEMS: usize = 3;
    const LINE: f32 = 8.0;
    let list_of = |at: usize| page.layout.above[page.tree.blocks[at].element].list;
    let Some(last) = (0..decisions.len()).rev().find(|&at| decisions[at].kept) else { return };
    let list = list_of(last);
    let items = page.tree.elements[list].blocks.clone();
    if list == 0 || items.start == 0 {
        return;
    }
    let title = items.start - 1;
    if decisions[title].kept || page.statistics[title].words > LINE {
        return;
    }
    let kept: Vec<usize> = items.filter(|&at| decisions[at].kept).collect();
    if kept.len() >= ITEMS && kept.iter().all(|&at| page.tree.blocks[at].links > 0) {
        for at in kept {
            drop_block(&mut decisions[at], "closing list");
        }
    }
}

/// What ends with a colon announces something; at the end of a text nothing follows.
fn announcements(page: &Page, decisions: &mut [Decision]) {
    const WORDS: f32 = 4.0;
    while let Some(last) = (0..decisions.len()).rev().find(|&at| decisions[at].kept) {
        let text = page.tree.text_of(&page.tree.blocks[last]);
        if !text.ends_with([':', '：']) || page.statistics[last].words > WORDS {
            return;
        }
        drop_block(&mut decisions[last], "announces nothing");
    }
}

#[cfg(test)]
mod tests {
    use super::opens_closing;

    #[test]
    fn closing_lines_are_told_from_headings() {
        for line in
            ["About the Author", "About Solvia AG", "Media contact:", "Über Solvia", "Kontakt:"]
        {
            assert!(opens_closing(line), "{line}");
        }
        for line in ["About last night", "About 30 people came", "Contact with reality", "Why?"] {
            assert!(!opens_closing(line), "{line}");
        }
    }
}
