//! What the folder of a sentence encoder holds, and whether it is one that can be run.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::folder::{FolderError, WEIGHTS, first_of};

/// The files and settings of one encoder, in the layout of sentence-transformers.
#[derive(Debug, Clone)]
pub(super) struct EncoderFolder {
    pub(super) config: PathBuf,
    pub(super) weights: PathBuf,
    pub(super) vocabulary: PathBuf,
    pub(super) lower_case: bool,
    pub(super) strip_accents: Option<bool>,
    /// Tokens that it reads of a sentence.
    pub(super) limit: usize,
}

/// The part of `config.json` that is read here.
#[derive(Debug, Deserialize)]
struct ModelConfig {
    model_type: String,
    max_position_embeddings: usize,
}

/// Of `tokenizer_config.json`; without it, BERT's own.
#[derive(Debug, Default, Deserialize)]
struct TokenizerConfig {
    do_lower_case: Option<bool>,
    strip_accents: Option<bool>,
}

/// Of `sentence_bert_config.json`.
#[derive(Debug, Default, Deserialize)]
struct Limits {
    max_seq_length: Option<usize>,
}

/// A line of `modules.json`: what comes after what.
#[derive(Debug, Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
}

/// Of `1_Pooling/config.json`.
#[derive(Debug, Default, Deserialize)]
struct Pooling {
    pooling_mode_mean_tokens: Option<bool>,
}

impl EncoderFolder {
    /// Looks at a folder without loading the weights.
    ///
    /// # Errors
    ///
    /// [`FolderError`] names the file that is missing or wrong.
    pub(super) fn open(path: &Path) -> Result<Self, FolderError> {
        let config = path.join("config.json");
        let model: ModelConfig = read(&config)?;
        if model.model_type != "bert" {
            return Err(FolderError::Architecture {
                path: path.to_owned(),
                found: model.model_type,
                known: "bert",
            });
        }
        let modules: Vec<Module> = read_or_default(&path.join("modules.json"))?;
        for module in modules {
            let kind = module.kind.rsplit('.').next().unwrap_or_default();
            if !matches!(kind, "Transformer" | "Pooling" | "Normalize") {
                return Err(FolderError::Encoder { path: path.to_owned(), found: module.kind });
            }
        }
        let pooling: Pooling = read_or_default(&path.join("1_Pooling/config.json"))?;
        if pooling.pooling_mode_mean_tokens == Some(false) {
            let found = "a pooling that is not the mean".to_owned();
            return Err(FolderError::Encoder { path: path.to_owned(), found });
        }
        let tokenizer: TokenizerConfig = read_or_default(&path.join("tokenizer_config.json"))?;
        let limits: Limits = read_or_default(&path.join("sentence_bert_config.json"))?;
        let stated = limits.max_seq_length.unwrap_or(usize::MAX);
        Ok(Self {
            config,
            weights: first_of(path, WEIGHTS)?,
            vocabulary: first_of(path, &["vocab.txt"])?,
            lower_case: tokenizer.do_lower_case.unwrap_or(true),
            strip_accents: tokenizer.strip_accents,
            limit: stated.min(model.max_position_embeddings),
        })
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, FolderError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| FolderError::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|source| FolderError::Config { path: path.to_owned(), source })
}

fn read_or_default<T: DeserializeOwned + Default>(path: &Path) -> Result<T, FolderError> {
    if path.exists() { read(path) } else { Ok(T::default()) }
}
