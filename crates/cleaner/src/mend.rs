//! Rules over kept blocks that rest on the shape of a block and on what else is kept: copies that
//! the page hides, pull quotes, times of updates, signs between parts, credits under pictures and
//! at the end of agency stories, code between paragraphs.
//!
//! Leaves out: furniture by its wording (`phrases`), and what the model learns by itself.

use std::collections::HashSet;

use crate::features::Page;
use crate::rules::{Decision, drop_block};
use crate::tree::Tag;
use crate::vocabulary::Hint;

/// Code that the model doubts stays where text is kept on both sides of it.
pub(crate) fn code(page: &Page, decisions: &mut [Decision]) {
    const DOUBTFUL: f32 = 0.1;
    const REACH: usize = 2;
    for at in 0..decisions.len() {
        if !page.tree.blocks[at].preformatted
            || decisions[at].kept
            || decisions[at].score < DOUBTFUL
        {
            continue;
        }
        let before = decisions[at.saturating_sub(REACH)..at].iter().any(|d| d.kept);
        let after = decisions.iter().skip(at + 1).take(REACH).any(|d| d.kept);
        if before && after {
            decisions[at].kept = true;
            decisions[at].rule = "code among text";
        }
    }
}

/// A hidden block goes when the page shows the same words.
pub(crate) fn hidden_copies(page: &Page, decisions: &mut [Decision]) {
    let hidden = |at: usize| page.layout.above[page.tree.blocks[at].element].concealed > 0;
    if !(0..decisions.len()).any(|at| decisions[at].kept && hidden(at)) {
        return;
    }
    let shown: HashSet<u64> = (0..decisions.len())
        .filter(|&at| decisions[at].kept && !hidden(at))
        .map(|at| page.statistics[at].hash)
        .collect();
    for (at, decision) in decisions.iter_mut().enumerate() {
        if decision.kept && hidden(at) && shown.contains(&page.statistics[at].hash) {
            drop_block(decision, "hidden copy");
        }
    }
}

/// A short block in a box for quotes that repeats words of a longer one.
pub(crate) fn pull_quotes(page: &Page, decisions: &mut [Decision]) {
    const WORDS: std::ops::RangeInclusive<usize> = 4..=60;
    /// More boxes than this are no pull quotes, and the search stays linear.
    const MOST: usize = 30;
    let boxed = |at: usize| {
        let above = &page.layout.above[page.tree.blocks[at].element];
        above.quotes > 0 || above.asides > 0 || above.nearest[Hint::Quote as usize] <= 2
    };
    let quotes: Vec<usize> = (0..decisions.len())
        .filter(|&at| decisions[at].kept && boxed(at))
        .filter(|&at| WORDS.contains(&(page.statistics[at].words as usize)))
        .collect();
    if quotes.is_empty() || quotes.len() > MOST {
        return;
    }
    let text = |at: usize| page.tree.text_of(&page.tree.blocks[at]);
    let mut running = String::new();
    for at in (0..decisions.len()).filter(|&at| decisions[at].kept && !boxed(at)) {
        running.push_str(&plain_words(text(at)));
        running.push('\n');
    }
    for at in quotes {
        let quote = plain_words(text(at));
        if running.contains(&quote) {
            drop_block(&mut decisions[at], "pull quote");
        }
    }
}

/// The words of a text between single spaces, without marks.
fn plain_words(text: &str) -> String {
    let mut out = String::from(" ");
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        out.push_str(word);
        out.push(' ');
    }
    out
}

/// Lines that say by their shape that they are no text.
pub(crate) fn shapes(page: &Page, decisions: &mut [Decision]) {
    for (at, decision) in decisions.iter_mut().enumerate().filter(|(_, d)| d.kept) {
        let block = &page.tree.blocks[at];
        if block.preformatted {
            continue;
        }
        let text = page.tree.text_of(block);
        let above = &page.layout.above[block.element];
        let tag = page.tree.elements[block.element].tag;
        // A list of terms is what sites make of the data of a user.
        let in_list = above.lists > 0 && tag != Tag::Term;
        if !text.contains(|c: char| c.is_alphanumeric() || c == '_') {
            drop_block(decision, "signs");
        } else if above.tables == 0
            && !in_list
            && text.len() <= 12
            && !text.contains(char::is_alphabetic)
            && text.contains(|c: char| c.is_ascii_digit())
            && !matches!(tag, Tag::Heading(_))
        {
            drop_block(decision, "number");
        } else if above.tables == 0 && above.lists == 0 && is_time(text) {
            drop_block(decision, "time");
        } else if is_short_code(text) || is_machine_value(text) {
            drop_block(decision, "not for readers");
        } else if is_agency_credit(text) {
            drop_block(decision, "agency credit");
        } else if is_picture_credit(text) {
            drop_block(decision, "picture credit");
        } else if tag == Tag::Button && !page.statistics[at].good {
            drop_block(decision, "button");
        }
    }
}

/// Nothing but a time of day: `14.05 GMT`, `Updated at 9:30 am`.
fn is_time(text: &str) -> bool {
    if text.len() > 40 {
        return false;
    }
    let mut times = 0;
    for word in text.split_whitespace() {
        let word = word.trim_matches(['.', ',', '(', ')']);
        let parts: Vec<&str> = word.split([':', '.', 'h']).collect();
        let clock = matches!(parts[..], [hour, minute]
            if (1..=2).contains(&hour.len())
                && minute.len() >= 2
                && hour.bytes().all(|b| b.is_ascii_digit())
                && minute.bytes().take(2).all(|b| b.is_ascii_digit())
                && matches!(minute[2..].to_ascii_lowercase().as_str(), "" | "am" | "pm"));
        let zone = (2..=4).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_uppercase());
        let beside = ["updated", "at", "am", "pm", "uhr", "a.m", "p.m"];
        if clock {
            times += 1;
        } else if !zone && !beside.contains(&word.to_ascii_lowercase().as_str()) {
            return false;
        }
    }
    times == 1
}

/// `Reporting by …; Editing by …`, as agencies end their stories.
fn is_agency_credit(text: &str) -> bool {
    const OPENINGS: [&str; 5] = [
        "reporting by ",
        "additional reporting by ",
        "writing by ",
        "editing by ",
        "reporting and writing by ",
    ];
    let text = text.trim_start_matches(['(', '[', ' ']);
    text.len() <= 400
        && OPENINGS.iter().any(|opening| {
            text.get(..opening.len()).is_some_and(|start| start.eq_ignore_ascii_case(opening))
                && text[opening.len()..].starts_with(char::is_uppercase)
        })
}

/// Ends with who took the picture: `(Photo by …)`, `… Foto: …`.
fn is_picture_credit(text: &str) -> bool {
    credited_in_brackets(text) || credited_at_the_end(text)
}

/// `The weir at dawn. Photo: Ann Lee`, or only that.
fn credited_at_the_end(text: &str) -> bool {
    const CREDITS: [&str; 22] = [
        "photo",
        "photos",
        "foto",
        "fotos",
        "bild",
        "bilder",
        "image",
        "images",
        "picture",
        "pictures",
        "photo credit",
        "photo credits",
        "image credit",
        "image credits",
        "crédit photo",
        "crédits photo",
        "fotografie",
        "фото",
        "צילום",
        "写真",
        "사진",
        "图片",
    ];
    const LONGEST: usize = 300;
    const NAME: usize = 60;
    if text.len() > LONGEST {
        return false;
    }
    let Some((before, name)) = text.rsplit_once([':', '：']) else { return false };
    let (before, name) = (before.trim_end(), name.trim());
    // A camera has "Photo: 12 MP", and a sentence goes on.
    let named = name.starts_with(char::is_alphabetic)
        && name.contains(|c: char| c.is_alphabetic() && !c.is_lowercase());
    let whole = !name.trim_end_matches('.').contains([';', '!', '?']) && !name.contains(". ");
    let before = before.to_lowercase();
    // "The bigger picture: …" is a sentence; a credit stands behind one, or alone.
    let credit = CREDITS.iter().filter_map(|credit| before.strip_suffix(credit)).any(|caption| {
        let behind = caption.trim_end_matches(' ');
        behind.is_empty()
            || behind.ends_with(['.', '!', '?', '"', '”', ')', '-', '–', '—', '|', '\n'])
    });
    credit && named && whole && name.len() <= NAME
}

/// `The weir at dawn. (Photo by Ann Lee)`
fn credited_in_brackets(text: &str) -> bool {
    const ENDINGS: [&str; 9] = [
        "(photo by ",
        "(photo: ",
        "(photo courtesy of ",
        "(photo credit: ",
        "(image: ",
        "(image credit: ",
        "(foto: ",
        "(ap photo/",
        "(file photo",
    ];
    if text.len() > 500 || !text.ends_with([')', '.']) {
        return false;
    }
    let Some(open) = text.rfind('(') else { return false };
    let last = &text[open..];
    ENDINGS.iter().any(|ending| {
        last.get(..ending.len()).is_some_and(|start| start.eq_ignore_ascii_case(ending))
    })
}

/// A moment or the address of a picture as machines write them.
fn is_machine_value(text: &str) -> bool {
    let moment = text.len() >= 19
        && text.is_ascii()
        && text.as_bytes()[10] == b'T'
        && text.bytes().all(|b| b.is_ascii_digit() || b"-:+.TZ".contains(&b));
    let picture = text.starts_with("http")
        && !text.contains(char::is_whitespace)
        && [".png", ".jpg", ".jpeg", ".webp"].iter().any(|end| text.ends_with(end));
    moment || picture
}

/// A short code that the site's software should have replaced: `[button link="…"]…[/button]`.
fn is_short_code(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return false;
    };
    let name = inner.bytes().take_while(|b| b.is_ascii_lowercase() || *b == b'_').count();
    name >= 2 && inner[name..].starts_with(' ') && inner.contains('=')
}

/// Boxes that ask to subscribe or to give, inside a text that is kept without them.
pub(crate) fn appeals(page: &Page, decisions: &mut [Decision]) {
    const SURE: f32 = 0.9;
    const NEAR: u8 = 1;
    const FEW: f32 = 0.2;
    let boxed = |at: usize| {
        let above = &page.layout.above[page.tree.blocks[at].element];
        above.nearest[Hint::Newsletter as usize] <= NEAR
    };
    let chars = |choose: &dyn Fn(usize) -> bool| -> f32 {
        (0..decisions.len())
            .filter(|&at| decisions[at].kept && choose(at))
            .map(|at| page.statistics[at].chars)
            .sum()
    };
    if chars(&boxed) > FEW * chars(&|_| true) {
        return;
    }
    for (at, decision) in decisions.iter_mut().enumerate() {
        if decision.kept && decision.score < SURE && boxed(at) {
            drop_block(decision, "appeal");
        }
    }
}

/// A short paragraph between others that asks the reader to subscribe, to give or to follow.
pub(crate) fn calls(page: &Page, decisions: &mut [Decision]) {
    const WORDS: f32 = 45.0;
    const SURE: f32 = 0.98;
    const BOX: usize = 5;
    const SMALL: f32 = 0.1;
    const CALLS: [&str; 34] = [
        "please support",
        "please consider a ",
        "please consider donating",
        "please consider supporting",
        "consider supporting",
        "sign up for our",
        "sign up to our",
        "subscribe to our",
        "support our work",
        "support our journalism",
        "follow us on",
        "like us on facebook",
        "download our app",
        "download our free app",
        "join our newsletter",
        "unterstützen sie uns",
        "unterstütze uns",
        "folgen sie uns",
        "folge uns auf",
        "jetzt abonnieren",
        "unseren newsletter",
        "suscríbete",
        "síguenos",
        "nuestro boletín",
        "nuestro canal de",
        "abonnez-vous",
        "inscrivez-vous à",
        "suivez-nous",
        "iscriviti alla",
        "seguici su",
        "inscreva-se",
        "siga-nos",
        "zapisz się do newslettera",
        "meld je aan voor",
    ];
    let chars = |decisions: &[Decision], range: std::ops::Range<usize>| -> f32 {
        range.filter(|&at| decisions[at].kept).map(|at| page.statistics[at].chars).sum()
    };
    let all = chars(decisions, 0..decisions.len());
    for at in 0..decisions.len() {
        let decision = &mut decisions[at];
        let s = &page.statistics[at];
        if !decision.kept || decision.score >= SURE || s.words > WORDS {
            continue;
        }
        let text = page.tree.text_of(&page.tree.blocks[at]).to_lowercase();
        // Who is quoted may ask for what he likes.
        if text.contains(['"', '“', '«', '„']) || !CALLS.iter().any(|call| text.contains(call))
        {
            continue;
        }
        drop_block(decision, "call");
        // What stands in a small box with it belongs to it.
        let parent = page.tree.elements[page.tree.blocks[at].element].parent;
        let inside = page.tree.elements[parent].blocks.clone();
        if inside.len() <= BOX && chars(decisions, inside.clone()) <= SMALL * all {
            for decision in decisions[inside].iter_mut().filter(|d| d.kept) {
                drop_block(decision, "call");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_agency_credit, is_machine_value, is_picture_credit, is_short_code, is_time};

    #[test]
    fn times_of_updates_are_told_from_sentences() {
        for time in ["14.05 GMT", "Updated at 14.12 GMT", "9:30 am", "9:30pm", "18.30 Uhr"] {
            assert!(is_time(time), "{time}");
        }
        for text in ["14.05", "It was 14.05", "3.5", "NASA", "Updated", "1.50 EUR 2.50 EUR"] {
            assert_eq!(is_time(text), text == "14.05", "{text}");
        }
    }

    #[test]
    fn credits_are_told_from_sentences() {
        assert!(is_machine_value("2019-11-19T08:57:40+01:00"));
        assert!(is_machine_value("https://cdn.example/a/logo.png"));
        assert!(!is_machine_value("2019-11-19 was a Tuesday") && !is_machine_value("a.png"));
        assert!(is_short_code("[button link=\"/a\"] Send us your review[/button]"));
        assert!(!is_short_code("[I came as = soon as I could]"));
        assert!(is_agency_credit("(Reporting by Ann Lee in Rome; Editing by Bo Ek)"));
        assert!(!is_agency_credit("Reporting by children is rare."));
        assert!(is_picture_credit("The weir at dawn. (Photo by Ann Lee, The Post)"));
        assert!(!is_picture_credit("A sentence with a note (see the photo by Ann Lee)."));
        for credit in [
            "The weir at dawn. Photo: Ann Lee",
            "Crédit photo : KB / Blog",
            "photo: iStock",
            "צילום: דנה לוין",
        ] {
            assert!(is_picture_credit(credit), "{credit}");
        }
        for text in [
            "Photo: 12 MP",
            "He took one photo: it was sharp.",
            "The picture: One man. He waits",
            "Then there is the bigger picture: Europe must act.",
            "Telephoto: Canon",
        ] {
            assert!(!is_picture_credit(text), "{text}");
        }
    }
}
