//! Where the saved pages lie. What must come of each, `newsmill test` compares itself.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `tests/pages`.
#[derive(Debug)]
pub struct Case {
    /// The page: the one file in the folder whose name begins with `page.`.
    pub page: PathBuf,
    /// Whether no record must come of it.
    pub rejected: bool,
}

/// Every case, by name.
///
/// # Errors
///
/// Names the folder that has no page, or no `expected.json`.
pub fn all() -> Result<Vec<Case>, String> {
    let root = root();
    let mut folders: Vec<PathBuf> = fs::read_dir(&root)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|error| format!("{}: {error}", root.display()))?;
    folders.sort();
    folders.iter().map(|folder| load(folder)).collect()
}

/// `tests/pages`.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pages")
}

fn load(folder: &Path) -> Result<Case, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    let expected = fs::read_to_string(folder.join("expected.json")).map_err(|e| failed(&e))?;
    let expected: serde_json::Value = serde_json::from_str(&expected).map_err(|e| failed(&e))?;
    let rejected = expected.get("rejected").is_some();
    let mut files = fs::read_dir(folder).map_err(|error| failed(&error))?.flatten();
    let page = files.find(|file| file.file_name().to_string_lossy().starts_with("page."));
    let page = page.ok_or_else(|| failed(&"no page"))?.path();
    Ok(Case { page, rejected })
}
