//! Summaries by a language model in this process: any GGUF file of an instruction-tuned model,
//! through llama.cpp on the processor.
//!
//! The model *fuses*: it rewrites the article's best sentences, as the extract ranks them. Unless
//! told otherwise it may only write words of the article and a closed list of function words:
//! every token that would make another is left out before the likeliest one is taken. What it
//! wrote is then checked and grounded as an answer of method llm is.
//!
//! Promises: no file is loaded but the one of the given SHA-256; the article is data (its control
//! tokens are text to the model); the same text gives the same answer; a prompt that does not fit
//! the model's context is an error, nothing is cut off; one thread owns a model, and all that ask
//! for the same file share it. Leaves out: other processors, sampling, models without a chat
//! template, reasoning models, texts without spaces between words under `copy_only`. A failed
//! assertion within llama.cpp ends the process; a panic on this side is an error.

mod config;
#[cfg(feature = "llama")]
mod error;
#[cfg(feature = "llama")]
mod method;
#[cfg(feature = "llama")]
mod model;
#[cfg(feature = "llama")]
mod owner;
// Also without the feature, for its tests: they need no model.
#[cfg(any(feature = "llama", test))]
mod words;

pub use config::Config;
#[cfg(feature = "llama")]
pub use error::LlamaError;
#[cfg(feature = "llama")]
pub use method::Llama;

/// What a model may write under `copy_only` although the article lacks it.
#[cfg(feature = "llama")]
pub const FUNCTION_WORDS: &[&str] = words::FUNCTION;
