//! What a Hugging Face model folder holds, and whether it is all there.

use std::path::{Path, PathBuf};

use rust_bert::pipelines::common::ModelType;
use serde::Deserialize;

/// The families that can summarize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// BART and DistilBART.
    Bart,
    /// T5 and FLAN-T5.
    T5,
    /// LongT5.
    LongT5,
    /// Pegasus.
    Pegasus,
    /// ProphetNet.
    ProphetNet,
}

/// What is missing or wrong in a folder.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no `config.json`, or it cannot be read.
    #[error("{} cannot be read; a model folder has config.json, weights and tokenizer files", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// `config.json` is not what it should be.
    #[error("{} is not the configuration of a model", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Where it is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A model of a family that does not do what it is asked for.
    #[error("{} is a model of type {found:?}; known here: {known}", path.display())]
    Architecture {
        /// The folder.
        path: PathBuf,
        /// Its `model_type`.
        found: String,
        /// What it could be.
        known: &'static str,
    },
    /// A sentence encoder of another make.
    #[error("{} has {found}; an encoder here is BERT, the mean over its tokens, and length 1", path.display())]
    Encoder {
        /// The folder.
        path: PathBuf,
        /// What it has.
        found: String,
    },
    /// None of the files that could serve is there.
    #[error("{} has none of {}", path.display(), names.join(", "))]
    Missing {
        /// The folder.
        path: PathBuf,
        /// Any of them would do.
        names: &'static [&'static str],
    },
}

/// The files of one model.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    path: PathBuf,
    architecture: Architecture,
    limit: usize,
    config: PathBuf,
    weights: PathBuf,
    vocabulary: PathBuf,
    merges: Option<PathBuf>,
}

/// The part of `config.json` that is read here.
#[derive(Debug, Deserialize)]
struct ModelConfig {
    model_type: String,
    max_position_embeddings: Option<usize>,
    n_positions: Option<usize>,
}

pub(super) const WEIGHTS: &[&str] = &["model.safetensors", "pytorch_model.bin", "rust_model.ot"];

impl ModelFolder {
    /// Looks at a folder without loading the weights.
    ///
    /// # Errors
    ///
    /// [`FolderError`] names the file that is missing or wrong.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let config = path.join("config.json");
        let text = std::fs::read_to_string(&config)
            .map_err(|source| FolderError::Unreadable { path: config.clone(), source })?;
        let parsed: ModelConfig = serde_json::from_str(&text)
            .map_err(|source| FolderError::Config { path: config.clone(), source })?;
        let architecture =
            Architecture::named(&parsed.model_type).ok_or_else(|| FolderError::Architecture {
                path: path.to_owned(),
                found: parsed.model_type.clone(),
                known: "bart, t5, longt5, pegasus, prophetnet",
            })?;
        let limit = architecture.limit(&parsed);
        Ok(Self {
            architecture,
            limit,
            weights: first_of(path, WEIGHTS)?,
            vocabulary: first_of(path, architecture.vocabularies())?,
            merges: match architecture {
                Architecture::Bart => Some(first_of(path, &["merges.txt"])?),
                _ => None,
            },
            config,
            path: path.to_owned(),
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The family.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Tokens that the model reads at once.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// `config.json`.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The weight file.
    pub fn weights(&self) -> &Path {
        &self.weights
    }

    /// The vocabulary of the tokenizer.
    pub fn vocabulary(&self) -> &Path {
        &self.vocabulary
    }

    /// The merges of a byte-pair tokenizer.
    pub fn merges(&self) -> Option<&Path> {
        self.merges.as_deref()
    }

    /// The last part of the path.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

impl Architecture {
    fn named(model_type: &str) -> Option<Self> {
        match model_type {
            "bart" => Some(Self::Bart),
            "t5" | "mt5" => Some(Self::T5),
            "longt5" => Some(Self::LongT5),
            "pegasus" => Some(Self::Pegasus),
            "prophetnet" => Some(Self::ProphetNet),
            _ => None,
        }
    }

    pub(crate) fn model_type(self) -> ModelType {
        match self {
            Self::Bart => ModelType::Bart,
            Self::T5 => ModelType::T5,
            Self::LongT5 => ModelType::LongT5,
            Self::Pegasus => ModelType::Pegasus,
            Self::ProphetNet => ModelType::ProphetNet,
        }
    }

    /// T5 was trained with the task's name before the text (Raffel et al. 2020).
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::T5 => "summarize: ",
            _ => "",
        }
    }

    fn vocabularies(self) -> &'static [&'static str] {
        match self {
            Self::Bart => &["vocab.json"],
            Self::T5 | Self::LongT5 | Self::Pegasus => &["spiece.model", "tokenizer.model"],
            Self::ProphetNet => &["prophetnet.tokenizer", "vocab.txt"],
        }
    }

    /// T5 has relative positions and was trained on 512 tokens; LongT5 on 4,096 and more.
    fn limit(self, config: &ModelConfig) -> usize {
        let stated = config.max_position_embeddings.or(config.n_positions);
        let usual = match self {
            Self::Bart => 1024,
            Self::T5 | Self::Pegasus | Self::ProphetNet => 512,
            Self::LongT5 => 4096,
        };
        stated.unwrap_or(usual).clamp(16, 16_384)
    }
}

pub(super) fn first_of(
    path: &Path,
    names: &'static [&'static str],
) -> Result<PathBuf, FolderError> {
    names
        .iter()
        .map(|name| path.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| FolderError::Missing { path: path.to_owned(), names })
}
