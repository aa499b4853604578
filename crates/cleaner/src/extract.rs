//! The text of an HTML page: tables, model, rules, and what is done when they find nothing.

use newsmill_article::{Block, BlockKind, Document, Kind, Reason};

use crate::CleanError;
use crate::consent;
use crate::features::{self, Page};
use crate::judge;
use crate::language;
use crate::metadata::{Found, Metadata};
use crate::model::table::MODEL;
use crate::render::render;
use crate::rules::{Decision, decide};
use crate::tree::{Tree, is_invisible, is_space};

/// Fewer characters than this are a thin result, for which other sources are asked.
const THIN: usize = 250;

/// What was found on a page, with the reasons.
pub(crate) struct Extraction {
    pub(crate) page: Page,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) kind: Option<Kind>,
    /// Why the page has no article of its own.
    pub(crate) refusal: Option<&'static str>,
}

/// Reads the text of a page; `scripts` gives what the page's scripts would write, for its title.
///
/// # Errors
///
/// [`Reason::NotAnArticle`] for a page that is a list of links or a front page, or has no text of its
/// own.
pub(crate) fn extract(
    tree: Tree,
    metadata: &Metadata,
    scripts: impl FnOnce(&str) -> Option<(String, Vec<Block>)>,
) -> Result<Extraction, CleanError> {
    let extraction = read(tree, metadata, scripts);
    match extraction.refusal {
        Some(_) => Err(CleanError(Reason::NotAnArticle)),
        None => Ok(extraction),
    }
}

/// The same without a judgement.
pub(crate) fn read(
    tree: Tree,
    metadata: &Metadata,
    scripts: impl FnOnce(&str) -> Option<(String, Vec<Block>)>,
) -> Extraction {
    let page = Page::new(tree);
    let mut probabilities = Vec::with_capacity(page.tree.blocks.len());
    features::each_row(&page, |row| probabilities.push(MODEL.probability(row)));
    let mut decisions = decide(&page, &probabilities);
    if !decisions.iter().any(|decision| decision.kept) {
        best_container(&page, &mut decisions);
    }
    let kind = metadata.kind.as_ref().map(|kind| kind.value);
    let mut refusal = judge::no_article(&page, &decisions, kind);
    let kept = (0..decisions.len()).filter(|&at| decisions[at].kept);
    let (mut text, mut blocks) = render(&page, kept);
    if text.len() < THIN {
        // A front page or a list of links has texts of others in its scripts.
        let scripts = (refusal.is_none() || text.is_empty()).then_some(scripts);
        if let Some((found, rule)) = elsewhere(&page.tree, metadata, 2 * text.len(), scripts) {
            (text, blocks) = found;
            for decision in &mut decisions {
                *decision = Decision { kept: false, rule, ..*decision };
            }
            refusal = None;
        }
    }
    Extraction { page, decisions, text, blocks, kind, refusal }
}

/// A text that the page has elsewhere, of more bytes than that, and the rule that says where.
fn elsewhere(
    tree: &Tree,
    metadata: &Metadata,
    least: usize,
    scripts: Option<impl FnOnce(&str) -> Option<(String, Vec<Block>)>>,
) -> Option<((String, Vec<Block>), &'static str)> {
    if let Some(body) = metadata.article_body.as_ref().filter(|body| body.value.len() > least) {
        return Some((paragraphs(&body.value), "json-ld text instead"));
    }
    let title = metadata.title.as_ref().map_or("", |title| &title.value);
    let (text, blocks) = scripts?(&format!("{title} {}", tree.title))?;
    (text.len() > least).then_some(((text, blocks), "script text instead"))
}

/// Where the model finds no text at all: the good blocks of the best container.
fn best_container(page: &Page, decisions: &mut [Decision]) {
    let core = page.tree.elements[page.layout.core].blocks.clone();
    for at in core {
        if page.statistics[at].good && decisions[at].rule != consent::RULE {
            decisions[at].kept = true;
            decisions[at].rule = "best container";
        }
    }
}

/// A text without markup, a paragraph a line.
fn paragraphs(text: &str) -> (String, Vec<Block>) {
    let (mut out, mut blocks, mut length) = (String::new(), Vec::new(), 0);
    let seen = text.replace(|c| !is_space(c) && is_invisible(c), "");
    for line in seen.lines().map(crate::score::collapse).filter(|line| !line.is_empty()) {
        if !out.is_empty() {
            out.push_str("\n\n");
            length += 2;
        }
        let start = length;
        length += line.chars().count();
        out.push_str(&line);
        blocks.push(Block { kind: BlockKind::Paragraph, start, end: length });
    }
    (out, blocks)
}

/// Joins text and metadata.
pub(crate) fn document(metadata: Metadata, extraction: Extraction) -> Document {
    let declared = metadata.language.as_ref().map(|language| language.value.as_str());
    let language = language::of(declared, &extraction.text).map(|found| found.value);
    Document {
        title: value(metadata.title),
        authors: metadata.authors.into_iter().map(|author| author.value).collect(),
        published: value(metadata.published),
        modified: value(metadata.modified),
        site: value(metadata.site),
        section: value(metadata.section),
        tags: metadata.tags.into_iter().map(|tag| tag.value).collect(),
        image: value(metadata.image),
        language,
        canonical_url: value(metadata.canonical_url),
        kind: extraction.kind.unwrap_or_default(),
        paywalled: value(metadata.paywalled),
        text: extraction.text,
        blocks: extraction.blocks,
    }
}

fn value<T>(found: Option<Found<T>>) -> Option<T> {
    found.map(|found| found.value)
}
