//! What is said to the model: rules from a versioned file, and the article as data.

use newsmill_article::Document;
use sha2::{Digest, Sha256};

use crate::Config;

/// The rules, and their version: the name of the file without its ending.
const RULES: &str = include_str!("../../../../models/prompts/summarize-1.md");
pub(super) const VERSION: &str = "summarize-1";

/// What models read as control and not as text; longest first where one begins another.
const CONTROL: &[&str] = &[
    "<<SYS>>",
    "<</SYS>>",
    "[INST]",
    "[/INST]",
    "<s>",
    "</s>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "<pad>",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "<think>",
    "</think>",
];

/// A prompt for one document.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    pub(super) system: String,
    pub(super) user: String,
}

impl Prompt {
    pub(super) fn new(document: &Document, config: &Config) -> Self {
        let data = defused(&document.text);
        // The mark depends on the text, so that no text can hold its own closing mark.
        let digest = Sha256::digest(data.as_bytes());
        let mark: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
        let (open, close) = (format!("<article-{mark}>"), format!("</article-{mark}>"));
        let language = document
            .language
            .as_deref()
            .filter(|l| l.len() <= 35 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        let language = language.map_or_else(
            || "the article's language".to_owned(),
            |tag| format!("the article's language ({tag})"),
        );
        let system = RULES
            .replace("{sentences}", &config.sentences.to_string())
            .replace("{max_words}", &config.max_words.to_string())
            .replace("{language}", &language)
            .replace("{open}", &open)
            .replace("{close}", &close);
        let title = document.title.as_deref().map(|t| defused(t) + "\n\n").unwrap_or_default();
        Self { system, user: format!("{open}\n{title}{data}\n{close}") }
    }

    /// About how many tokens the prompt is: too many rather than too few. A token is some four
    /// bytes of English and three of scripts with longer letters.
    pub(super) fn tokens(&self) -> u64 {
        (self.system.len() as u64 + self.user.len() as u64) / 3 + 16
    }
}

/// `text` without control tokens and control characters. Words are left as they are: an order in
/// an article is part of the article.
pub(crate) fn defused(text: &str) -> String {
    let mut clean: String =
        text.chars().filter(|c| *c == '\n' || !(c.is_control() || is_format(*c))).collect();
    // Taking one token out can put another together, so until there is none; each round shortens.
    loop {
        let before = clean.len();
        for token in CONTROL {
            if clean.contains(token) {
                clean = clean.replace(token, "");
            }
        }
        clean = without_bars(&clean);
        if clean.len() == before {
            return clean;
        }
    }
}

/// Invisible marks that can hide words from people and show them to a model.
fn is_format(c: char) -> bool {
    matches!(c as u32, 0xE0000..=0xE007F | 0x200B | 0x2060..=0x2064 | 0xFEFF | 0x202A..=0x202E | 0x2066..=0x2069)
}

/// Without "<|im_start|>" and its kin.
fn without_bars(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("<|") {
        clean.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        // A name in bars is short and has no space; other bars are text, but lose the bracket.
        match inner.find("|>") {
            Some(end) if end <= 40 && !inner[..end].contains(char::is_whitespace) => {
                rest = &inner[end + 2..];
            }
            _ => rest = inner,
        }
    }
    clean.push_str(rest);
    clean
}
