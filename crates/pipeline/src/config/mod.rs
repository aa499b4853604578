//! What `pipeline.yaml` says and what it means.
//!
//! `file` is as near as possible to what the user typed, `resolve` checks what types cannot
//! (names, paths, bounds that depend on each other), `error` says where something is wrong. Each
//! crate owns the meaning of its own section. Secrets never stand in the file: sections name an
//! environment variable or a file.

mod error;
mod file;
mod memory;
mod resolve;
mod schema;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use error::ConfigError;
pub use file::{Channels, Shutdown};
pub use resolve::Resolved;
pub use schema::schema;

/// Reads, validates and resolves a configuration file.
///
/// # Errors
///
/// The first thing that is wrong, with file, line and column where it has them.
pub fn load(path: &Path) -> Result<Resolved, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::unreadable(path, source))?;
    parse(path, &text)
}

/// The same from a text; `path` is named in errors and is what relative paths start from.
///
/// # Errors
///
/// As [`load`].
pub fn parse(path: &Path, text: &str) -> Result<Resolved, ConfigError> {
    let file = file::read(path, text)?;
    resolve::resolve(path, text, file)
}
