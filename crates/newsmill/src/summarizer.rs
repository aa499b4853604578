//! The summarizer as the command line speaks of it: its methods by name, and its mistakes in words.

use std::path::Path;

use newsmill_summarizer::{Method, Mistake};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;

/// A method by its name in `pipeline.yaml`.
pub(crate) fn method(name: &str) -> Result<Method, String> {
    let name: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
    Method::deserialize(name).map_err(|error| error.to_string())
}

/// The inverse of [`method`].
pub(crate) fn name_of(method: Method) -> String {
    // A name without a value is written as that name, in quotes.
    serde_json::to_value(method)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A mistake of the summarizer, and what mends it: a missing section needs a file to stand in.
pub(crate) fn in_words(mistake: &Mistake, config: Option<&Path>) -> String {
    let needs_file = mistake.missing && config.is_none();
    let place = if needs_file { ", in a file that --config names" } else { "" };
    format!("{}; {}{place}", mistake.message, mistake.help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_section_asks_for_a_file() {
        let of = |sentences, method| {
            let config = newsmill_summarizer::Config {
                sentences,
                method: vec![method],
                ..newsmill_summarizer::Config::default()
            };
            config.mistake().unwrap()
        };
        let asks = |mistake: &Mistake, config| in_words(mistake, config).contains("--config");
        let section = of(3, Method::Llm);
        assert!(asks(&section, None));
        assert!(!asks(&section, Some(Path::new("p.yaml"))));
        assert!(!asks(&of(0, Method::Extractive), None));
        #[cfg(not(feature = "rust-bert"))]
        assert!(!asks(&of(3, Method::RustBert), None));
    }
}
