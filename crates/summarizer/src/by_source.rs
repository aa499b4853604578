//! The summarizers of all sources: one for most of them, one for each that is set apart.

use std::collections::HashMap;
use std::sync::Arc;

use crate::llm::Meter;
use crate::rust_bert::Loaded;
use crate::{Config, SummarizeError, Summarizer, build_with};

/// Finds the summarizer of a source. A model in memory is there once for all of them.
pub struct BySource {
    all: Box<dyn Summarizer>,
    own: HashMap<String, Box<dyn Summarizer>>,
}

impl BySource {
    /// Sets all of them up, so that what cannot work shows before the first article.
    ///
    /// # Errors
    ///
    /// When a method that `config` names cannot be set up.
    pub fn new(config: &Config, meter: &Arc<Meter>) -> Result<Self, SummarizeError> {
        let mut loaded = Loaded::default();
        let mut build = |config: Config| build_with(&config, meter, &mut loaded);
        let mut own = HashMap::new();
        for source in config.by_source.keys() {
            own.insert(source.clone(), build(config.for_source(Some(source)))?);
        }
        Ok(Self { all: build(config.for_source(None))?, own })
    }

    /// The summarizer for the articles of `source`.
    pub fn of(&mut self, source: Option<&str>) -> &mut dyn Summarizer {
        let own = source.and_then(|source| self.own.get_mut(source));
        own.unwrap_or(&mut self.all).as_mut()
    }
}
