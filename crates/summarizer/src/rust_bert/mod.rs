//! Abstractive summaries through rust-bert: BART, T5, Pegasus, LongT5 and ProphetNet from a
//! Hugging Face folder, weights as they are (`model.safetensors` or `pytorch_model.bin`).
//!
//! One `Abstractive` owns one model and belongs to one thread: the models are `Send`, not
//! `Sync`, and generating blocks for seconds. A text longer than the model reads is split at
//! sentence ends and summarized in two steps; nothing is cut off silently. What the model writes
//! is its own: grounding is the caller's next step. Downloading models is not done here.

mod config;
#[cfg(feature = "rust-bert")]
mod folder;
#[cfg(feature = "rust-bert")]
mod method;
#[cfg(feature = "rust-bert")]
mod model;
#[cfg(feature = "rust-bert")]
mod parts;

pub use config::Config;
#[cfg(feature = "rust-bert")]
pub use folder::{Architecture, FolderError, ModelFolder};
#[cfg(feature = "rust-bert")]
pub use method::RustBert;
#[cfg(feature = "rust-bert")]
pub use model::{Abstractive, ModelError};
