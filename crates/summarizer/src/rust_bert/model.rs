//! One loaded model: loading, splitting, generating, and keeping its panics to itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rust_bert::RustBertError;
use rust_bert::pipelines::common::ModelResource;
use rust_bert::pipelines::generation_utils::LanguageGenerator;
use rust_bert::pipelines::summarization::{SummarizationConfig, SummarizationOption};
use rust_bert::resources::LocalResource;
use tch::Device;

use super::parts;
use super::{Config, FolderError, ModelFolder};

/// What can go wrong with a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The folder does not hold a model that can be loaded.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A setting that the model's code would panic over.
    #[error("rust_bert.{key} is {value}, but must be {must}")]
    Setting {
        /// The key in `pipeline.yaml`.
        key: &'static str,
        /// What it says.
        value: String,
        /// What would be right.
        must: &'static str,
    },
    /// rust-bert refused.
    #[error("the model {model} failed")]
    Model {
        /// Its folder.
        model: PathBuf,
        /// Why.
        #[source]
        source: RustBertError,
    },
    /// The model's code panicked; the model is not used again.
    #[error("the model {model} panicked: {message}")]
    Panicked {
        /// Its folder.
        model: PathBuf,
        /// What the panic said.
        message: String,
    },
}

/// A loaded model.
pub struct Abstractive {
    folder: ModelFolder,
    model: SummarizationOption,
    max_length: usize,
}

impl Abstractive {
    /// Loads the model that `config` names. Takes seconds and, while it loads, about three times
    /// the memory of the weight file.
    ///
    /// # Errors
    ///
    /// See [`ModelError`]; all of them mean that this model cannot be used.
    pub fn load(config: &Config) -> Result<Self, ModelError> {
        validate(config)?;
        let folder = ModelFolder::open(&crate::models::find(&config.model))?;
        tch::set_num_threads(i32::from(config.threads.max(1)));
        let path = folder.path().to_owned();
        // A broken config.json is a panic in rust-bert, not an error.
        let loaded = guarded(&path, || SummarizationOption::new(settings(config, &folder)))?;
        let model = loaded.map_err(|source| ModelError::Model { model: path.clone(), source })?;
        Ok(Self { folder, model, max_length: usize::from(config.max_length) })
    }

    /// Folder name and architecture, for `summary.model`.
    pub fn name(&self) -> String {
        self.folder.name()
    }

    /// Summarizes a text of any length. Deterministic: beams or greedy, no sampling.
    ///
    /// # Errors
    ///
    /// [`ModelError::Model`] or [`ModelError::Panicked`]. After a panic the model must be dropped.
    pub fn summarize(&self, text: &str) -> Result<String, ModelError> {
        let mut text = text.to_owned();
        // Each round shortens: a part of up to `limit` tokens becomes at most `max_length`. The
        // number of rounds is bounded all the same.
        for _ in 0..4 {
            let parts = parts::split(&text, self.budget(), |part| self.tokens(part));
            match parts.as_slice() {
                [] => return Ok(String::new()),
                [one] => return self.generate(one),
                many => {
                    let summaries: Result<Vec<String>, ModelError> =
                        many.iter().map(|part| self.generate(part)).collect();
                    text = summaries?.join(" ");
                }
            }
        }
        Ok(text)
    }

    /// Token ids that the model writes for one input, the start token first: what the reference
    /// implementation can be compared with.
    ///
    /// # Errors
    ///
    /// As [`Abstractive::summarize`].
    pub fn token_ids(&self, text: &str) -> Result<Vec<i64>, ModelError> {
        let input = [self.prompt(text)];
        self.run(|| {
            let output = match &self.model {
                SummarizationOption::Bart(model) => model.generate_indices(Some(&input), None),
                SummarizationOption::T5(model) => model.generate_indices(Some(&input), None),
                SummarizationOption::LongT5(model) => model.generate_indices(Some(&input), None),
                SummarizationOption::ProphetNet(model) => {
                    model.generate_indices(Some(&input), None)
                }
                SummarizationOption::Pegasus(model) => model.generate_indices(Some(&input), None),
            };
            output.map(|mut sequences| sequences.pop().map(|s| s.indices).unwrap_or_default())
        })
    }

    fn generate(&self, part: &str) -> Result<String, ModelError> {
        let input = [self.prompt(part)];
        let output = self.run(|| self.model.generate(Some(&input)))?;
        Ok(output.into_iter().next().unwrap_or_default().trim().to_owned())
    }

    fn run<T>(&self, work: impl FnOnce() -> Result<T, RustBertError>) -> Result<T, ModelError> {
        // rust-bert's encoder runs outside of no_grad and would keep a graph of 1.4 GB.
        let result = guarded(self.folder.path(), || tch::no_grad(work))?;
        result.map_err(|source| ModelError::Model { model: self.folder.path().to_owned(), source })
    }

    fn prompt(&self, text: &str) -> String {
        format!("{}{text}", self.folder.architecture().prefix())
    }

    /// Tokens that one part may have: what the model reads, less special tokens and prompt.
    fn budget(&self) -> usize {
        let limit = self.folder.limit();
        limit.saturating_sub(8).max(self.max_length.saturating_add(8)).min(limit)
    }

    fn tokens(&self, text: &str) -> usize {
        self.model.get_tokenizer().tokenize(text).len()
    }
}

fn validate(config: &Config) -> Result<(), ModelError> {
    let setting = |key, value: String, must| Err(ModelError::Setting { key, value, must });
    if config.length_penalty.is_nan() || config.length_penalty <= 0.0 {
        return setting("length_penalty", config.length_penalty.to_string(), "more than 0");
    }
    if config.beams == 0 {
        return setting("beams", "0".to_owned(), "at least 1");
    }
    if config.max_length == 0 || config.max_length < config.min_length {
        let value = config.max_length.to_string();
        return setting("max_length", value, "at least 1 and at least min_length");
    }
    Ok(())
}

fn settings(config: &Config, folder: &ModelFolder) -> SummarizationConfig {
    let local = |path: &Path| Box::new(LocalResource::from(path.to_owned()));
    SummarizationConfig {
        model_type: folder.architecture().model_type(),
        model_resource: ModelResource::Torch(local(folder.weights())),
        config_resource: local(folder.config()),
        vocab_resource: local(folder.vocabulary()),
        merges_resource: folder.merges().map(|path| local(path) as _),
        min_length: i64::from(config.min_length),
        max_length: Some(i64::from(config.max_length)),
        do_sample: false,
        early_stopping: true,
        num_beams: i64::from(config.beams),
        temperature: 1.0,
        top_k: 50,
        top_p: 1.0,
        repetition_penalty: 1.0,
        length_penalty: config.length_penalty,
        no_repeat_ngram_size: i64::from(config.no_repeat_ngram),
        num_return_sequences: 1,
        num_beam_groups: None,
        diversity_penalty: None,
        device: Device::Cpu,
        kind: None,
    }
}

/// Runs code that may panic on bad input and gives the panic a name.
pub(super) fn guarded<T>(model: &Path, work: impl FnOnce() -> T) -> Result<T, ModelError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "without a message".to_owned());
        ModelError::Panicked { model: model.to_owned(), message }
    })
}
