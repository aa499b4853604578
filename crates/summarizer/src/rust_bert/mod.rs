//! What needs rust-bert: abstractive summaries (BART, T5, Pegasus, LongT5 and ProphetNet), and
//! sentence embeddings (BERT). Models come from a Hugging Face folder, weights as they are
//! (`model.safetensors` or `pytorch_model.bin`).
//!
//! One `Abstractive` or `Encoder` owns one model and belongs to one thread: the models are `Send`,
//! not `Sync`, and generating blocks for seconds. A text longer than an abstractive model reads is
//! split at sentence ends and summarized in two steps; nothing is cut off silently. What the model
//! writes is its own: grounding is the caller's next step. Downloading models is not done here.

mod config;
#[cfg(feature = "rust-bert")]
mod encoder;
#[cfg(feature = "rust-bert")]
mod encoder_folder;
#[cfg(feature = "rust-bert")]
mod folder;
mod loaded;
#[cfg(feature = "rust-bert")]
mod method;
#[cfg(feature = "rust-bert")]
mod model;
#[cfg(feature = "rust-bert")]
mod parts;

pub use config::Config;
#[cfg(feature = "rust-bert")]
pub use encoder::{Encoder, LIMIT, MAX_BYTES};
#[cfg(feature = "rust-bert")]
pub use folder::{Architecture, FolderError, ModelFolder};
pub(crate) use loaded::Loaded;
#[cfg(feature = "rust-bert")]
pub use method::RustBert;
#[cfg(feature = "rust-bert")]
pub use model::{Abstractive, ModelError};
