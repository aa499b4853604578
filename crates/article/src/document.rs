//! The readable part of a page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::Moment;

/// What the cleaner made of a page: text, structure and metadata. Unknown is `None` or empty,
/// never an empty string.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// The headline.
    pub title: Option<String>,
    /// Names of the writers, one each, in the order of the page.
    pub authors: Vec<String>,
    /// When it was first published, at the page's own offset. A date without a time is midnight in
    /// UTC.
    pub published: Option<Moment>,
    /// When it was last changed.
    pub modified: Option<Moment>,
    /// The name of the site or paper.
    pub site: Option<String>,
    /// The section or column that the site files it under.
    pub section: Option<String>,
    /// Subjects.
    pub tags: Vec<String>,
    /// The lead image.
    pub image: Option<Url>,
    /// BCP 47 language of the text.
    pub language: Option<String>,
    /// The address that the page names as its own.
    pub canonical_url: Option<Url>,
    /// What kind of page it is.
    pub kind: Kind,
    /// Whether the publisher marks the text as not free to read; `None` where it says nothing.
    pub paywalled: Option<bool>,
    /// The article, blocks parted by `"\n\n"`, no other control characters but `\n`.
    pub text: String,
    /// The blocks of `text`, in order, covering it but for the separators.
    pub blocks: Vec<Block>,
}

/// What kind of page a text came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A text that stands by itself.
    #[default]
    Article,
    /// A running report in dated updates.
    LiveBlog,
    /// A list of links to texts.
    Index,
    /// A film or broadcast with a few lines.
    Video,
    /// A thread of posts.
    Forum,
    /// Something else that still reads as a text.
    Other,
}

/// One block of a text. Offsets count Unicode code points of the text, `start` inclusive, `end`
/// exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    /// What the block is.
    #[serde(flatten)]
    pub kind: BlockKind,
    /// First code point.
    pub start: usize,
    /// One past the last code point.
    pub end: usize,
}

/// What a block is in the structure of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading; 1 is the highest level.
    Heading {
        /// 1 to 6.
        level: u8,
    },
    /// One item of a list.
    ListItem {
        /// Whether the list is numbered.
        ordered: bool,
        /// Depth of nesting; 1 is the outermost list.
        level: u8,
    },
    /// A quotation.
    Quote,
    /// One row of a table, cells parted by ` | `.
    TableRow,
    /// Code or verse: line breaks count.
    Code,
}
