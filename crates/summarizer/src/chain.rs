//! Methods that stand in for each other.

use newsmill_article::{Document, Summary};

use crate::{SummarizeError, Summarizer};

/// Asks its methods in order until one makes a summary. The summary says why an earlier one did
/// not.
pub(crate) struct Chain {
    methods: Vec<(&'static str, Box<dyn Summarizer>)>,
}

impl Chain {
    /// Of at least one method, each with the name that `method` has in the configuration.
    pub(crate) fn new(methods: Vec<(&'static str, Box<dyn Summarizer>)>) -> Self {
        Self { methods }
    }
}

impl Summarizer for Chain {
    fn version(&self) -> String {
        self.methods.iter().map(|(_, m)| m.version()).collect::<Vec<_>>().join(",")
    }

    fn summarize(&mut self, document: &Document) -> Result<Summary, SummarizeError> {
        let mut reasons: Vec<String> = Vec::new();
        let last = self.methods.len().saturating_sub(1);
        for (number, (name, method)) in self.methods.iter_mut().enumerate() {
            match method.summarize(document) {
                Ok(mut summary) => {
                    if !reasons.is_empty() {
                        summary.fallback = Some(reasons.join("; "));
                    }
                    return Ok(summary);
                }
                // No method finds sentences where there are none, and a refusal that the
                // configuration asks for is not to be got round.
                Err(error @ (SummarizeError::NoSentence | SummarizeError::Ungrounded(_))) => {
                    return Err(error);
                }
                Err(error) if number == last => return Err(error),
                Err(error) => reasons.push(format!("{name}: {error}")),
            }
        }
        Err(SummarizeError::Config("method: name at least one".to_owned()))
    }
}
