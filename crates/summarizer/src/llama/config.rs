//! What may be tuned of the `llama` method: `summarizer.llama` in `pipeline.yaml`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Mistake;

/// The model that this process runs itself. `summarizer.llama` in `pipeline.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The GGUF file of an instruction-tuned model. Required.
    pub path: PathBuf,
    /// The SHA-256 of that file, 64 hexadecimal digits; any other file is refused. Required.
    pub sha256: String,
    /// How many of the article's sentences the model rewrites, the best ones; 0 to 60. Default 4;
    /// 0 gives it the whole article.
    pub sentences: usize,
    /// Whether it may write nothing but words of the article and function words. Default true.
    pub copy_only: bool,
    /// At most this many tokens are written; 16 to 1024. Default 160.
    pub max_tokens: u32,
    /// Tokens of prompt and answer together; 256 to 131072, and no more than the model was
    /// trained on. Memory grows with it. An article that needs more is not cut: it goes to the
    /// next method. Default 2048.
    pub context: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            sha256: String::new(),
            sentences: 4,
            copy_only: true,
            max_tokens: 160,
            context: 2048,
        }
    }
}

impl Config {
    /// Whether `other` can be answered by the model that is loaded for this one.
    #[cfg(feature = "llama")]
    pub(super) fn is_same_model(&self, other: &Self) -> bool {
        self.path == other.path
            && self.sha256.eq_ignore_ascii_case(&other.sha256)
            && self.context == other.context
    }

    /// What cannot work, as far as it shows without reading the file. A missing hash shows when
    /// the file is read, with the right one.
    pub(crate) fn mistake(&self) -> Option<Mistake> {
        let mistake = |key, message: String, help| Some(Mistake::new(key, message, help));
        if self.path.as_os_str().is_empty() {
            let help = "it names the GGUF file of an instruction-tuned model";
            return mistake("llama", "`path` is missing".to_owned(), help);
        }
        let hex = self.sha256.bytes().all(|b| b.is_ascii_hexdigit());
        if !self.sha256.is_empty() && (self.sha256.len() != 64 || !hex) {
            let message = format!("{:?} is not a SHA-256", self.sha256);
            return mistake("sha256", message, "it is 64 hexadecimal digits; sha256sum prints it");
        }
        if self.sentences > crate::extractive::CONSIDERED {
            let message = "`sentences` must be at most 60".to_owned();
            return mistake("llama", message, "4 is the default, 0 means the whole article");
        }
        if !(16..=1024).contains(&self.max_tokens) {
            let message = "`max_tokens` must be 16 to 1024".to_owned();
            return mistake("max_tokens", message, "160 is the default");
        }
        if !(256..=131_072).contains(&self.context) {
            let message = "`context` must be 256 to 131072".to_owned();
            return mistake("context", message, "2048 is the default");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Config {
        Config { path: "model.gguf".into(), sha256: "0aF".repeat(21) + "0", ..Config::default() }
    }

    #[test]
    fn each_bound_has_its_mistake() {
        assert_eq!(good().mistake(), None);
        // Its hash is named when the file is read.
        assert_eq!(Config { sha256: String::new(), ..good() }.mistake(), None);
        for (config, key) in [
            (Config { path: PathBuf::new(), ..good() }, "llama"),
            (Config { sha256: "0".repeat(63), ..good() }, "sha256"),
            (Config { sha256: "g".repeat(64), ..good() }, "sha256"),
            (Config { sentences: 61, ..good() }, "llama"),
            (Config { max_tokens: 15, ..good() }, "max_tokens"),
            (Config { max_tokens: 1025, ..good() }, "max_tokens"),
            (Config { context: 255, ..good() }, "context"),
            (Config { context: 131_073, ..good() }, "context"),
        ] {
            assert_eq!(config.mistake().map(|m| m.key), Some(key), "{config:?}");
        }
    }

    #[test]
    #[cfg(not(feature = "llama"))]
    fn without_the_feature_the_method_says_how_to_build_it() {
        use crate::Method;
        let config = crate::Config {
            method: vec![Method::Llama],
            llama: Some(good()),
            ..crate::Config::default()
        };
        let mistake = config.mistake().map(|m| (m.key, m.help));
        let help = "build with `cargo build --release --features llama`";
        assert_eq!(mistake, Some(("method", help)));
        let error = crate::build(&config, &std::sync::Arc::default()).err().unwrap();
        assert!(error.to_string().contains("--features llama"), "{error}");
    }
}
