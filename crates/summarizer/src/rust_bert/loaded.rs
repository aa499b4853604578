//! Models in memory: each once, however many summarizers of a thread use it.

#[cfg(feature = "rust-bert")]
use std::sync::{Arc, Mutex};

#[cfg(feature = "rust-bert")]
use super::{Abstractive, RustBert};
use crate::{Config, SummarizeError, Summarizer};

/// The models of one configuration, loaded when they are first asked for. Which models these are
/// is the same for all sources.
#[derive(Default)]
pub(crate) struct Loaded {
    #[cfg(feature = "rust-bert")]
    abstractive: Option<Arc<Mutex<Abstractive>>>,
}

#[cfg(feature = "rust-bert")]
impl Loaded {
    /// Method rust-bert.
    pub(crate) fn rust_bert(
        &mut self,
        config: &Config,
    ) -> Result<Box<dyn Summarizer>, SummarizeError> {
        let Some(settings) = &config.rust_bert else {
            let message = "method rust-bert needs `rust_bert: { model: FOLDER }`";
            return Err(SummarizeError::Config(message.to_owned()));
        };
        let model = match &self.abstractive {
            Some(model) => Arc::clone(model),
            None => {
                let loaded = Abstractive::load(settings).map_err(super::method::failed)?;
                Arc::clone(self.abstractive.insert(Arc::new(Mutex::new(loaded))))
            }
        };
        Ok(Box::new(RustBert::new(config, model)))
    }
}

#[cfg(not(feature = "rust-bert"))]
impl Loaded {
    /// Method rust-bert: refused.
    pub(crate) fn rust_bert(&mut self, _: &Config) -> Result<Box<dyn Summarizer>, SummarizeError> {
        let message = "method rust-bert: this newsmill is built without it; build with \
                       `cargo build --release --features rust-bert`";
        Err(SummarizeError::Config(message.to_owned()))
    }
}
