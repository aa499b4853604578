//! Pages of our own making: copies of collected pages with pieces that real sites put between and
//! behind the paragraphs of an article, told apart from it by structure more than by words.
//!
//! The pieces are cards of other articles with whole paragraphs, lists of links, captions, lines
//! that point elsewhere, appeals, and closing words about a company or a writer. Their prose comes
//! from other pages of the same fold, the rest is written here. In some copies classes and ids say
//! nothing. A fixed seed: the same corpus gives the same copies.

mod words;

use std::collections::HashSet;

use newsmill_cleaner::score;
use newsmill_cleaner::train::{Graft, TrainingPage, graft};

use self::words::{ABOUT, APPEALS};
use super::corpus::{Example, label};

/// A block of a copy counts as much as this.
pub(crate) const WEIGHT: f32 = 0.25;

/// Numbers that look random (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Copies of the examples: of a page with a whole text `several`, of others one.
pub(crate) fn copies(examples: &[Example], several: usize) -> Vec<Example> {
    let mut dice = Dice(20_191_116);
    let mut copies = Vec::new();
    for (at, example) in examples.iter().enumerate() {
        let kept: Vec<usize> = (0..example.labels.len())
            .filter(|&block| example.labels[block].is_some_and(|(label, _)| label))
            .collect();
        if kept.is_empty() {
            continue;
        }
        let pool = prose(examples, at);
        let n = if example.truth.article_body.is_some() { several } else { 1 };
        for _ in 0..n {
            copies.push(copy(example, &kept, &pool, &mut dice));
        }
    }
    copies
}

/// Paragraphs of other articles of the same fold.
fn prose(examples: &[Example], but: usize) -> Vec<String> {
    let fold = examples[but].fold;
    let others = examples.iter().enumerate().filter(|(at, e)| *at != but && e.fold == fold);
    let mut pool = Vec::new();
    for (_, other) in others {
        for (text, label) in other.page.texts().zip(&other.labels) {
            if label.is_some_and(|(label, _)| label) && (120..900).contains(&text.len()) {
                pool.push(text.replace(['<', '>', '&', '\n'], " "));
            }
        }
    }
    pool
}

fn copy(example: &Example, kept: &[usize], pool: &[String], dice: &mut Dice) -> Example {
    let mut pieces = Pieces { pool, dice, texts: HashSet::new() };
    let mut grafts = Vec::new();
    let (first, last) = (kept[0], kept[kept.len() - 1]);
    let mut put = |block, up, html| grafts.push(Graft { block, up, html });
    if pieces.dice.chance(45) {
        let up = pieces.dice.below(3);
        put(last, up, pieces.about());
    }
    if pieces.dice.chance(65) {
        let up = pieces.dice.below(6);
        put(last, up, pieces.cards());
    }
    if pieces.dice.chance(40) {
        let up = pieces.dice.below(5);
        put(last, up, pieces.links());
    }
    for _ in 0..pieces.dice.below(4) {
        let block = kept[pieces.dice.below(kept.len())];
        put(block, 0, pieces.caption());
    }
    if pieces.dice.chance(30) {
        put(first.saturating_sub(1), 0, pieces.caption());
    }
    for _ in 0..pieces.dice.below(3) {
        let block = kept[pieces.dice.below(kept.len())];
        put(block, 0, pieces.pointer());
    }
    for _ in 0..pieces.dice.below(3) {
        let block = if pieces.dice.chance(50) { last } else { kept[pieces.dice.below(kept.len())] };
        put(block, 0, pieces.appeal());
    }
    let rename = pieces.dice.chance(40);
    let html = graft(&example.html, &grafts, rename);
    let page = TrainingPage::new(&html);
    let (mut labels, _) = label(&example.truth, &page);
    for (text, label) in page.texts().zip(&mut labels) {
        if pieces.texts.contains(&score::collapse(text)) {
            *label = Some((false, 1.0));
        }
        if let Some((_, weight)) = label {
            *weight *= WEIGHT;
        }
    }
    Example {
        corpus: "made",
        truth: example.truth.clone(),
        comments: Vec::new(),
        html: String::new(),
        page,
        labels,
        choices: Vec::new(),
        fold: example.fold,
    }
}

struct Pieces<'a> {
    pool: &'a [String],
    dice: &'a mut Dice,
    /// The text of every block that was put in.
    texts: HashSet<String>,
}

impl Pieces<'_> {
    /// Notes a text as one that is none of the article's.
    fn text(&mut self, text: &str) -> String {
        self.texts.insert(score::collapse(text));
        text.to_owned()
    }

    fn paragraph(&mut self) -> String {
        let text = match self.pool {
            [] => "The council meets again in the spring, and nobody expects a vote before then.",
            pool => pool[self.dice.below(pool.len())].as_str(),
        };
        let text = text.to_owned();
        self.text(&text)
    }

    /// The first words of a paragraph.
    fn title(&mut self) -> String {
        let paragraph = match self.pool {
            [] => String::new(),
            pool => pool[self.dice.below(pool.len())].clone(),
        };
        let n = 4 + self.dice.below(7);
        let words: Vec<&str> = paragraph.split_whitespace().take(n).collect();
        let title = words.join(" ");
        let title = title.trim_end_matches([',', '.', ';', ':']).to_owned();
        self.text(&title)
    }

    fn sentence(&mut self) -> String {
        let paragraph = match self.pool {
            [] => String::from("The mill at dawn."),
            pool => pool[self.dice.below(pool.len())].clone(),
        };
        let end = paragraph.find(". ").map_or(paragraph.len(), |at| at + 1);
        paragraph[..end].to_owned()
    }

    fn name(&mut self) -> String {
        let first = self.dice.one(&[
            "Anna", "Jonas", "Marta", "Li", "Samuel", "Ines", "Pavel", "Rosa", "Tom", "Aisha",
        ]);
        let last = self.dice.one(&[
            "Weber",
            "Okafor",
            "Lindqvist",
            "Moreau",
            "Santos",
            "Kowalski",
            "Hart",
            "Rossi",
            "Chen",
        ]);
        format!("{first} {last}")
    }

    /// A class attribute: telling, general or opaque, or none.
    fn class(&mut self, telling: &[&str]) -> String {
        let general = ["block", "wrap", "row", "col-8", "inner", "c", "module", "section", "post"];
        match self.dice.below(4) {
            0 => String::new(),
            1 => format!(" class=\"{}\"", self.dice.one(telling)),
            2 => format!(" class=\"{}\"", self.dice.one(&general)),
            _ => format!(" class=\"s{:06x}\"", self.dice.next() & 0xff_ffff),
        }
    }

    /// Other articles, each with a linked headline and some of its prose.
    fn cards(&mut self) -> String {
        let outer = self.class(&["related-posts", "more-stories", "feed", "posts", "blog-list"]);
        let class = self.class(&["card", "post", "entry", "teaser", "story", "hentry", "item"]);
        let tag = self.dice.one(&["div", "article", "li", "section", "div"]);
        let head = self.dice.one(&["h2", "h3", "h4", "div", "p", "h3"]);
        let (picture, dated, more) =
            (self.dice.chance(50), self.dice.chance(40), self.dice.chance(40));
        let whole_linked = self.dice.chance(15);
        let paragraphs = 1 + self.dice.below(3) * self.dice.below(2);
        let mut out = format!("<div{outer}>");
        if self.dice.chance(45) {
            let label = self.dice.one(&[
                "More stories",
                "Latest",
                "Weitere Beiträge",
                "Más noticias",
                "À la une",
                "News",
                "From the blog",
                "Veja também",
                "Altre notizie",
                "Keep reading",
            ]);
            let label = self.text(label);
            out += &format!("<h3>{label}</h3>");
        }
        if tag == "li" {
            out += "<ul>";
        }
        for at in 0..3 + self.dice.below(8) {
            let title = self.title();
            out += &format!("<{tag}{class}>");
            if picture {
                out += &format!("<a href=\"/a/{at}\"><img src=\"/i/{at}.jpg\"></a>");
            }
            if whole_linked {
                out += &format!("<{head}>{title}</{head}>");
            } else {
                out += &format!("<{head}><a href=\"/a/{at}\">{title}</a></{head}>");
            }
            if dated {
                let day = 1 + self.dice.below(28);
                let line = format!("{day}.11.2019 | {}", self.name());
                let line = self.text(&line);
                out += &format!("<div>{line}</div>");
            }
            for _ in 0..paragraphs {
                let text = self.paragraph();
                out += &if whole_linked {
                    format!("<p><a href=\"/a/{at}\">{text}</a></p>")
                } else {
                    format!("<p>{text}</p>")
                };
            }
            if more {
                let label =
                    self.dice.one(&["Read more", "Weiterlesen", "Leer más", "Lire la suite"]);
                let label = self.text(label);
                out += &format!("<div><a href=\"/a/{at}\">{label}</a></div>");
            }
            out += &format!("</{tag}>");
        }
        if tag == "li" {
            out += "</ul>";
        }
        out + "</div>"
    }

    /// A list of headlines.
    fn links(&mut self) -> String {
        let outer = self.class(&["related", "most-read", "links", "see-also"]);
        let mut out = format!("<div{outer}>");
        let label = self.dice.one(&[
            "Most read",
            "Related",
            "More from this section",
            "Mehr zum Thema",
            "Lo más leído",
            "Sur le même sujet",
            "More great stories",
            "",
        ]);
        if !label.is_empty() {
            let label = self.text(label);
            let head = self.dice.one(&["h2", "h3", "h4", "p", "div"]);
            out += &format!("<{head}>{label}</{head}>");
        }
        let list = self.dice.chance(70);
        out += if list { "<ul>" } else { "" };
        let open = self.dice.one(&["", "", "", "• ", "👁 "]);
        for at in 0..3 + self.dice.below(7) {
            let title = self.title();
            let line = format!("{open}{title}");
            self.text(&line);
            let tag = if list { "li" } else { "p" };
            out += &format!("<{tag}>{open}<a href=\"/l/{at}\">{title}</a></{tag}>");
        }
        out += if list { "</ul>" } else { "" };
        out + "</div>"
    }

    /// A picture and what it shows.
    fn caption(&mut self) -> String {
        let mut text = self.sentence();
        match self.dice.below(4) {
            0 => text += &format!(" ({}/Agency)", self.name()),
            1 => text += &format!(" | {}", self.name()),
            _ => {}
        }
        let text = self.text(&text);
        let class = self.class(&["image", "photo", "media", "wp-caption", "picture"]);
        let inner = self.class(&["caption", "legend", "credit", "description"]);
        let img = "<img src=\"/p.jpg\">";
        match self.dice.below(7) {
            0 => format!("<figure{class}>{img}<figcaption{inner}>{text}</figcaption></figure>"),
            1 => format!("<div{class}>{img}<p{inner}>{text}</p></div>"),
            2 => format!("<div{class}><div>{img}</div><div{inner}>{text}</div></div>"),
            3 => format!("<div{class}><a href=\"/p\">{img}</a><span{inner}>{text}</span></div>"),
            4 => format!("<p>{img}<br><em>{text}</em></p>"),
            5 => format!("<p>{img}</p><p{inner}><small>{text}</small></p>"),
            _ => format!(
                "<div{class}><div><div>{img}</div></div><div><div{inner}>{text}</div></div></div>"
            ),
        }
    }

    /// A line inside the text that points to another text.
    fn pointer(&mut self) -> String {
        let title = self.title();
        let label = self.dice.one(&[
            "Read also:",
            "Read more:",
            "Lesen Sie auch:",
            "Lee también:",
            "Lire aussi :",
            "See also:",
            "Leggi anche:",
            "Leia também:",
            "Related:",
            "Mehr dazu:",
        ]);
        let line = format!("{label} {title}");
        self.text(&line);
        match self.dice.below(5) {
            0 => format!("<p><strong>{label}</strong> <a href=\"/x\">{title}</a></p>"),
            1 => format!("<p><a href=\"/x\"><strong>{title}</strong></a></p>"),
            2 => {
                let class = self.class(&["inline-related", "readmore", "box"]);
                let label = self.text(label);
                format!("<div{class}><div>{label}</div><div><a href=\"/x\">{title}</a></div></div>")
            }
            3 => format!("<h3><a href=\"/x\">{line}</a></h3>"),
            _ => format!("<blockquote><p>{label} <a href=\"/x\">{title}</a></p></blockquote>"),
        }
    }

    /// Words that ask the reader for something.
    fn appeal(&mut self) -> String {
        let text = self.dice.one(&APPEALS);
        let text = self.text(text);
        let class = self.class(&["newsletter", "promo", "support", "cta", "donate"]);
        match self.dice.below(5) {
            0 | 1 => format!("<p>{text}</p>"),
            2 => format!("<p><em>{text}</em></p>"),
            3 => format!("<div{class}><p>{text}</p></div>"),
            _ => format!("<p><a href=\"/join\">{text}</a></p>"),
        }
    }

    /// Who sent the news, or who wrote it.
    fn about(&mut self) -> String {
        let name = self.name();
        let company = self.dice.one(&["Northgate", "Solvia", "Helix Grid", "Brunnen AG", "Aurora"]);
        let (label, text) = ABOUT[self.dice.below(ABOUT.len())];
        let fill = |text: &str| text.replace("{name}", &name).replace("{company}", company);
        let (label, text) = (fill(label), fill(text));
        let text = self.text(&text);
        let class = self.class(&["about", "bio", "author-box", "boilerplate", "author"]);
        if label.is_empty() {
            return match self.dice.below(3) {
                0 => format!("<p><em>{text}</em></p>"),
                1 => format!("<div{class}><img src=\"/a.jpg\"><p>{text}</p></div>"),
                _ => format!("<div{class}>{text}</div>"),
            };
        }
        let label = self.text(&label);
        match self.dice.below(4) {
            0 => format!("<p><strong>{label}</strong></p><p>{text}</p>"),
            1 => format!("<h3>{label}</h3><p>{text}</p>"),
            2 => {
                let both = format!("{label} {text}");
                self.text(&both);
                format!("<p><strong>{label}</strong> {text}</p>")
            }
            _ => format!("<div{class}><h4>{label}</h4><div>{text}</div></div>"),
        }
    }
}
