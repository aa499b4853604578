//! Notices that ask for consent to cookies, told by their words and by where they stand.
//!
//! Promises: what stands in one container with most of the other text is never taken for a notice
//! unless its class or id says so, nor is anything on a page whose own title speaks of cookies.
//! Leaves out: lines that are a notice by themselves (`phrases`).

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::features::Page;
use crate::rules::{Decision, drop_block};
use crate::tree::{Element, Tag, Tree};
use crate::vocabulary::Hint;

/// What every such notice is about, by the beginnings of words.
const COOKIES: [&str; 11] = [
    "cookie",
    "ciastecz",
    "eväste",
    "informasjonskaps",
    "süti",
    "çerez",
    "куки",
    "クッキー",
    "쿠키",
    "עוגיות",
    "ملفات تعريف الارتباط",
];

/// What it says of them, by the beginnings of words, in the languages of Europe and some others.
const BESIDE: &str = "
    accept, advertis, agree, analytic, browser, categor, choices, consent, functional, necessary, personali,
    preferences, privacy, reject, settings, third part, tracking, website, visitors, personal data,
    akzeptier, ablehnen, anonym, datenschutz, einstellungen, einwillig, personenbezogen, speicher, verwende,
    webseite, zustimm,
    accepte, paramétr, refuse, consentement, navigateur, vie privée,
    aceptar, consentimiento, navegador, preferencias, privacidad, sitio web, datos personales,
    accett, consenso, navigazione, preferenze, sito web,
    aceita, consentimento, preferências, privacidade,
    toestemming, voorkeuren, instellingen,
    zgod, przegląd, ustawie, prywatno,
    samtyck, samtykk, inställning, indstilling, innstilling, webbplats, nettsted, hjemmeside,
    hyväksy, asetuks, verkkosivu,
    souhlas, nastaven, prohlíže, súhlas,
    hozzájárul, elfogad, beállítás, adatvédel,
    kabul, tercih, gizlilik, tarayıcı,
    consimțământ, confidențialitate,
    соглас, согла, сайт, браузер, конфиденциальн,
    同意, ウェブサイト, プライバシー, ブラウザ,
    동의, 개인정보, 웹사이트,
    הסכמ, פרטיות,
    موافق, الخصوصية, الموقع,
";

/// [`COOKIES`] without their first letters, which alone are capitals at the beginning of a sentence.
static ANYWHERE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let tails = COOKIES.iter().map(|word| {
        let mut letters = word.chars();
        letters.next();
        letters.as_str()
    });
    #[expect(clippy::expect_used, reason = "a few short fixed patterns always build")]
    AhoCorasick::new(tails.chain(["COOKIE"])).expect("fixed patterns")
});

/// A notice speaks of cookies this often, in bytes; a story does once.
const SPAN: usize = 500;

/// What `explain` says of what stands in such a notice.
pub(crate) const RULE: &str = "asks for consent";

/// How many of [`BESIDE`] a text has that speaks of cookies; a notice has two, and more are not
/// counted.
fn beside(text: &str) -> usize {
    // Most texts have no such word, and need no copy in lower case.
    if !ANYWHERE.is_match(text) {
        return 0;
    }
    let text = text.to_lowercase();
    let mentions: usize = COOKIES.iter().map(|word| text.matches(word).count()).sum();
    if mentions * SPAN < text.len() {
        return 0;
    }
    let beside = BESIDE.split(',').map(str::trim).filter(|word| !word.is_empty());
    beside.filter(|word| text.contains(word)).take(2).count()
}

/// Drops the boxes that ask for consent.
pub(crate) fn notices(page: &Page, decisions: &mut [Decision]) {
    /// A box is a notice when this share of its kept text speaks of cookies; less is enough for
    /// one that is named as such.
    const ASKS: f32 = 0.4;
    const NAMED_ASKS: f32 = 0.1;
    let tree = &page.tree;
    let speaking: Vec<(usize, usize)> = (0..decisions.len())
        .filter(|&at| decisions[at].kept)
        .map(|at| (at, beside(tree.text_of(&tree.blocks[at]))))
        .filter(|&(_, words)| words > 0)
        .collect();
    let titled = || {
        let title = tree.title.to_lowercase();
        COOKIES.iter().any(|word| title.contains(word))
    };
    if !speaking.iter().any(|&(_, words)| words >= 2) || titled() {
        return;
    }
    let kept = Kept::new(page, decisions, &speaking);
    let Some(text) = kept.container(tree) else {
        return drop_all(decisions);
    };
    let mut done = 0;
    for (at, words) in speaking {
        if at < done || words < 2 {
            continue;
        }
        // Neither the container of the text nor what is around it.
        let around = tree.up(tree.blocks[at].element).take_while(|&up| {
            let blocks = &tree.elements[up].blocks;
            blocks.start > text.start || blocks.end < text.end
        });
        let notice = around.filter(|&up| {
            let Element { blocks, hints, tag, .. } = &tree.elements[up];
            let named = hints.has(Hint::Consent) || hints.has(Hint::ConsentBox);
            let outside = blocks.end <= text.start || blocks.start >= text.end;
            let (kept, speaking) = kept.within(blocks);
            (named && *tag != Tag::Article && speaking >= NAMED_ASKS * kept)
                || (outside && speaking >= ASKS * kept)
        });
        if let Some(notice) = notice.last() {
            let blocks = tree.elements[notice].blocks.clone();
            done = blocks.end;
            drop_all(&mut decisions[blocks]);
        }
    }
}

fn drop_all(decisions: &mut [Decision]) {
    for decision in decisions.iter_mut().filter(|d| d.kept) {
        drop_block(decision, RULE);
    }
}

/// Characters that are kept, and those of them that speak of cookies, before each block: what an
/// element has of them is a difference.
struct Kept {
    before: Vec<(f32, f32)>,
}

impl Kept {
    fn new(page: &Page, decisions: &[Decision], speaking: &[(usize, usize)]) -> Self {
        let (mut kept, mut spoken) = (0.0, 0.0);
        let mut before = vec![(kept, spoken)];
        let mut next = speaking.iter().map(|&(at, _)| at).peekable();
        for (at, decision) in decisions.iter().enumerate() {
            let chars = if decision.kept { page.statistics[at].chars } else { 0.0 };
            kept += chars;
            if next.next_if_eq(&at).is_some() {
                spoken += chars;
            }
            before.push((kept, spoken));
        }
        Self { before }
    }

    fn within(&self, blocks: &Range<usize>) -> (f32, f32) {
        let (from, to) = (self.before[blocks.start], self.before[blocks.end]);
        (to.0 - from.0, to.1 - from.1)
    }

    /// The blocks of the innermost element with most of what does not speak of cookies.
    fn container(&self, tree: &Tree) -> Option<Range<usize>> {
        const MOST: f32 = 0.6;
        let other = |blocks: &Range<usize>| {
            let (kept, speaking) = self.within(blocks);
            kept - speaking
        };
        let all = other(&(0..self.before.len() - 1));
        if all <= 0.0 {
            return None;
        }
        // Elements stand in the order of the page: the last that holds enough is the innermost. One
        // that is a paragraph itself stands in its container.
        let holds = |&at: &usize| other(&tree.elements[at].blocks) >= MOST * all;
        let innermost = (0..tree.elements.len()).rev().find(holds)?;
        let one = tree.elements[innermost].blocks.len() == 1;
        let container = if one { tree.elements[innermost].parent } else { innermost };
        Some(tree.elements[container].blocks.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::decide;

    const STORY: &str = "<h1>The mill</h1><p>The river rose by two metres in the night and took the \
        wheel of the old mill with it, as it had done in the flood of the year before.</p><p>Nobody \
        was hurt, the owner said, but the mill will not grind before the spring of next year.</p>";
    const ASKING: &str = "<p>Some of the cookies here are those of third parties, which measure how \
        this website is read.</p>";
    const MORE: &str =
        "<p>You may change your mind at any time; your reading does not depend on it.</p>";

    fn kept(html: &str) -> Vec<bool> {
        let page = Page::new(Tree::new(&crate::parse::parse(html)));
        let sure = vec![0.95; page.tree.blocks.len()];
        decide(&page, &sure).iter().map(|d| d.kept).collect()
    }

    #[test]
    fn a_notice_beside_the_text_goes_whole() {
        let html = format!("<div>{STORY}</div><div>{ASKING}{MORE}</div>");
        assert_eq!(kept(&html), [true, true, true, false, false]);
    }

    #[test]
    fn a_notice_in_the_text_goes_where_its_box_has_the_name() {
        let html = |class| format!("<div>{STORY}<div class='{class}'>{ASKING}{MORE}</div></div>");
        assert_eq!(kept(&html("iubenda-content")), [true, true, true, false, false]);
        assert_eq!(kept(&html("part")), [true; 5]);
    }

    #[test]
    fn a_text_on_cookies_stays() {
        let html = format!("<div>{STORY}{ASKING}</div>");
        assert_eq!(kept(&html), [true; 4], "a sentence of the story");
        let html = format!("<title>What cookies do</title><div>{ASKING}{MORE}</div>");
        assert_eq!(kept(&html), [true; 2], "the title names them");
    }

    #[test]
    fn a_page_that_only_asks_has_no_text() {
        assert_eq!(
            kept(&format!("<title>The Gazette</title><div>{ASKING}{ASKING}</div>")),
            [false; 2]
        );
    }

    #[test]
    fn one_word_beside_the_cookies_is_no_notice() {
        let asks = |text: &str| beside(text) >= 2;
        assert!(asks("Wir verwenden Cookies auf unserer Webseite."));
        assert!(!asks("Mix the dough, form cookies and put them on the sheet."));
        assert!(!asks("We accept that the website is slow."));
        assert!(asks("Этот сайт использует куки. Продолжая, вы соглашаетесь с этим."));
        assert!(asks(
            "Ta strona używa ciasteczek; zgodę można wycofać w ustawieniach przeglądarki."
        ));
        assert!(asks("Tämä verkkosivusto käyttää evästeitä. Hyväksy kaikki tai muuta asetuksia."));
        assert!(asks("当サイトではクッキーを使用します。同意する ブラウザの設定"));
    }
}
