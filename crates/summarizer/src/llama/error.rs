//! What can go wrong with a model in this process.

use std::path::PathBuf;

use newsmill_article::{Disposition, Reason};

use crate::llm::AnswerError;

/// Why a model cannot be used, or wrote no summary.
#[derive(Debug, thiserror::Error)]
pub enum LlamaError {
    /// The file is not there or cannot be read.
    #[error("llama.path {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not the file that the configuration means, or the configuration does not say which.
    #[error(
        "{} has SHA-256 {found}, llama.sha256 is {}; \
         set it to the file's own only if this is the model that you mean",
        path.display(),
        if asked.is_empty() { "missing" } else { asked.as_str() }
    )]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// What the configuration says; empty where it says nothing.
        asked: String,
        /// What the file has.
        found: String,
    },
    /// llama.cpp does not take the file, or the model cannot do what is asked of it.
    #[error("the model {} cannot be used: {why}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The model reads less than the configuration asks for.
    #[error("llama.context is {asked}, but {} was trained on {trained} tokens; set at most that", path.display())]
    Context {
        /// The file.
        path: PathBuf,
        /// Tokens that the configuration asks for.
        asked: u32,
        /// Tokens that the model can read.
        trained: u32,
    },
    /// Prompt and answer do not fit the context.
    #[error("{needed} tokens are needed, llama.context is {context}")]
    TooLong {
        /// Tokens of the prompt, and those that may be written.
        needed: usize,
        /// Tokens that there is room for.
        context: usize,
    },
    /// llama.cpp failed over this text.
    #[error("llama.cpp failed: {0}")]
    Failed(String),
    /// The thread that owns the model panicked; the model is not used again.
    #[error("the model panicked: {0}")]
    Panicked(String),
    /// What it wrote is no summary.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl LlamaError {
    /// Whether the configuration means another file, or one that can do more.
    pub fn is_of_configuration(&self) -> bool {
        matches!(self, Self::OtherFile { .. } | Self::Unfit { .. } | Self::Context { .. })
    }

    /// What it means for the article where no other method stands in.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::TooLong { .. } | Self::Answer(_) => Disposition::Reject(Reason::Ungrounded),
            // Wrong for every article.
            _ => Disposition::Fatal,
        }
    }
}
