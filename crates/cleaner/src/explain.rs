//! Why a page came out as it did: every block with its score and the rule that decided, every
//! value of the metadata with its origin, and the text that was made of them.
//!
//! The same code path as [`crate::clean`], which throws away what is shown here. For people: the
//! serialized form is not promised to stay.

mod html;

use newsmill_article::{Block, Reason};
use serde::Serialize;
use url::Url;

use crate::extract::{self, Extraction};
use crate::html::{AttributeName, Html};
use crate::metadata::{Found, Metadata};
use crate::tree::{Tag, Tree};
use crate::{CleanError, Config, Input, decode, language, metadata, parse, plain, scripted};

/// What the cleaner thought of one page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Explanation {
    /// The address of the page, where known.
    pub url: Option<String>,
    /// The encoding it was read in, and what named that encoding.
    pub encoding: Option<String>,
    /// `accepted`, or the stable word of the [`newsmill_article::Reason`] for the refusal.
    pub verdict: String,
    /// The verdict as a sentence for people.
    pub because: String,
    /// The metadata, in the order of the record.
    pub metadata: Vec<ExplainedValue>,
    /// The blocks of the page, in order; none for plain text.
    pub blocks: Vec<ExplainedBlock>,
    /// The final text; of a refused page, what there would have been.
    pub text: String,
    /// The structure of `text`.
    pub structure: Vec<Block>,
}

/// One value of the metadata.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedValue {
    /// The field of the record: `title`, `authors`, `published`, …
    pub field: &'static str,
    /// The value.
    pub value: String,
    /// Where on the page it was found.
    pub origin: &'static str,
}

/// One block of the page.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedBlock {
    /// Its text.
    pub text: String,
    /// Whether it is part of the final text.
    pub kept: bool,
    /// The probability of the model that it is article text, 0 to 1.
    pub score: f32,
    /// What decided: `model`, or the name of the rule that overruled it.
    pub rule: &'static str,
    /// The elements around it, outermost first: `body > main > article > p`.
    pub path: String,
}

/// Explains one page. Never fails: what [`crate::clean`] refuses is explained too.
pub fn explain(config: &Config, input: &Input<'_>) -> Explanation {
    let mut explanation = Explanation { url: input.url.map(Url::to_string), ..Default::default() };
    let decoded = match decode::decode(input.bytes, input.content_type) {
        Ok(decoded) => decoded,
        Err(error) => {
            explanation.judge(Err(error));
            return explanation;
        }
    };
    explanation.encoding = Some(format!("{} ({})", decoded.encoding.name(), decoded.origin));
    if !decode::is_html(&decoded.text, input.content_type, input.url.map(Url::as_str)) {
        let document = plain::document(&decoded.text, input.hints);
        explanation.judge(crate::enough(config, crate::word_count(&document.text)));
        explanation.text = document.text;
        explanation.structure = document.blocks;
        return explanation;
    }
    let html = parse::parse(&decoded.text);
    let metadata = metadata::read(&html, input.url, input.hints);
    let extraction =
        extract::read(Tree::new(&html), &metadata, |title| scripted::text(&decoded.text, title));
    match extraction.refusal {
        Some(refusal) => {
            explanation.judge(Err(CleanError(Reason::NotAnArticle)));
            explanation.because = format!("{}: {refusal}", explanation.because);
        }
        None => explanation.judge(crate::enough(config, crate::word_count(&extraction.text))),
    }
    explanation.metadata = values(&metadata, &extraction.text);
    explanation.blocks = blocks(&html, &extraction);
    explanation.text = extraction.text;
    explanation.structure = extraction.blocks;
    explanation
}

impl Explanation {
    /// Writes down what became of the page: the words of its text, or why there is none.
    fn judge(&mut self, outcome: Result<usize, CleanError>) {
        (self.verdict, self.because) = match outcome {
            Ok(words) => ("accepted".to_owned(), format!("an article of {words} words")),
            Err(CleanError(reason)) => (reason.code().to_owned(), reason.to_string()),
        };
    }

    /// One self-contained HTML page: the blocks beside the final text. Needs neither network nor
    /// script.
    pub fn to_html(&self) -> String {
        html::page(self)
    }
}

fn values(metadata: &Metadata, text: &str) -> Vec<ExplainedValue> {
    fn one<T>(
        field: &'static str,
        found: Option<&Found<T>>,
        show: impl Fn(&T) -> String,
    ) -> Option<ExplainedValue> {
        found.map(|found| ExplainedValue { field, value: show(&found.value), origin: found.origin })
    }
    let declared = metadata.language.as_ref().map(|language| language.value.as_str());
    let language = language::of(declared, text);
    [one("title", metadata.title.as_ref(), String::clone)]
        .into_iter()
        .chain(metadata.authors.iter().map(|author| one("authors", Some(author), String::clone)))
        .chain([
            one("published", metadata.published.as_ref(), ToString::to_string),
            one("modified", metadata.modified.as_ref(), ToString::to_string),
            one("site", metadata.site.as_ref(), String::clone),
            one("section", metadata.section.as_ref(), String::clone),
        ])
        .chain(metadata.tags.iter().map(|tag| one("tags", Some(tag), String::clone)))
        .chain([
            one("image", metadata.image.as_ref(), ToString::to_string),
            one("language", language.as_ref(), String::clone),
            one("canonical_url", metadata.canonical_url.as_ref(), ToString::to_string),
            one("kind", metadata.kind.as_ref(), |kind| format!("{kind:?}").to_lowercase()),
            one("paywalled", metadata.paywalled.as_ref(), ToString::to_string),
        ])
        .flatten()
        .collect()
}

fn blocks(html: &Html, extraction: &Extraction) -> Vec<ExplainedBlock> {
    let tree = &extraction.page.tree;
    tree.blocks
        .iter()
        .zip(&extraction.decisions)
        .map(|(block, decision)| ExplainedBlock {
            text: tree.text_of(block).to_owned(),
            kept: decision.kept,
            score: decision.score,
            rule: decision.rule,
            path: path(html, tree, block.element),
        })
        .collect()
}

/// The innermost elements around a block; deeper pages are cut on the outside.
fn path(html: &Html, tree: &Tree, element: usize) -> String {
    const LONGEST: usize = 8;
    let mut names: Vec<String> = tree
        .up(element)
        .take(LONGEST)
        .take_while(|&up| up != 0 && tree.elements[up].tag != Tag::Body)
        .filter_map(|up| {
            let element = html.node(tree.elements[up].node).element()?;
            let mut name = element.name().to_owned();
            if let Some(id) = element.attribute(AttributeName::Id).filter(|id| id.len() < 30) {
                name.push('#');
                name.push_str(id);
            }
            let classes = element.attribute(AttributeName::Class).unwrap_or("");
            let classes = classes.split_ascii_whitespace();
            for class in classes.filter(|class| class.len() < 30).take(2) {
                name.push('.');
                name.push_str(class);
            }
            Some(name)
        })
        .collect();
    names.reverse();
    names.join(" > ")
}
