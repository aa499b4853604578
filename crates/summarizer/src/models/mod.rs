//! Models that are not built in: which there are, where they lie, how they get there whole.
//!
//! Promises: no file is taken whose size or SHA-256 is not the manifest's; what was fetched before
//! a break is not fetched again; nothing is written outside of the model's folder. Leaves out:
//! finding models, converting weights, and deciding whether a licence fits.

mod pull;

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

pub use pull::{Origin, PullError, holds, pull};

/// The models that newsmill knows, from `models/manifest.toml`.
const MANIFEST: &str = include_str!("../../../../models/manifest.toml");

/// Why a manifest is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or other keys.
    #[error("the manifest cannot be read")]
    Toml(#[from] toml::de::Error),
    /// A name or path that would lead out of its folder, or a hash that is none.
    #[error("the manifest's model {model:?}: {what}")]
    Model {
        /// Its name.
        model: String,
        /// What is wrong.
        what: String,
    },
}

/// A list of models.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// In the order of the file.
    #[serde(rename = "model", default)]
    pub models: Vec<Model>,
}

/// A model: a folder of files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name, and the name of its folder.
    pub name: String,
    /// What it does: `summarization`, `embeddings`.
    pub task: String,
    /// SPDX, as its publisher states it.
    pub licence: String,
    /// Where its files lie; ends with a slash.
    pub url: String,
    /// What it is made of.
    pub files: Vec<File>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Under the model's folder and under its URL, parted by slashes.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// Of the whole file, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// The one that is built in.
    ///
    /// # Errors
    ///
    /// None in a released build: a test reads it.
    pub fn built_in() -> Result<Self, ManifestError> {
        Self::parse(MANIFEST)
    }

    /// Reads a manifest and holds its names and paths to where they belong.
    ///
    /// # Errors
    ///
    /// [`ManifestError`] says what is wrong with which model.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        for model in &manifest.models {
            let wrong = |what: String| ManifestError::Model { model: model.name.clone(), what };
            if !is_inside(&model.name) || model.name.contains(['/', '\\']) {
                return Err(wrong("the name is not that of a folder".to_owned()));
            }
            if !model.url.ends_with('/') {
                return Err(wrong("the url must end with a slash".to_owned()));
            }
            for file in &model.files {
                if !is_inside(&file.path) || file.path.contains('\\') {
                    return Err(wrong(format!("{:?} leads out of its folder", file.path)));
                }
                let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if file.sha256.len() != 64 || !file.sha256.bytes().all(hex) {
                    return Err(wrong(format!("{}: sha256 is not 64 hex digits", file.path)));
                }
            }
        }
        Ok(manifest)
    }

    /// The model of this name.
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }
}

impl Model {
    /// Bytes of all files.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

fn is_inside(path: &str) -> bool {
    let normal = |part: Component<'_>| matches!(part, Component::Normal(_));
    !path.is_empty() && Path::new(path).components().all(normal)
}

/// Where models are kept: `$NEWSMILL_MODELS`, else `newsmill/models` in the user's data folder
/// (XDG Base Directory Specification), else `models` here.
pub fn folder() -> PathBuf {
    folder_by(|name| std::env::var_os(name))
}

fn folder_by(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = path("NEWSMILL_MODELS") {
        return folder;
    }
    // The specification has relative paths ignored.
    let data = path("XDG_DATA_HOME").filter(|data| data.is_absolute());
    match data.or_else(|| path("HOME").map(|home| home.join(".local/share"))) {
        Some(data) => data.join("newsmill/models"),
        None => PathBuf::from("models"),
    }
}

/// The folder of the model that a configuration names: a path as it stands; a bare name under
/// `models/` here where that has it, else under [`folder`].
pub fn find(model: &Path) -> PathBuf {
    if model.components().count() != 1 || model.is_dir() {
        return model.to_owned();
    }
    let here = Path::new("models").join(model);
    if here.is_dir() { here } else { folder().join(model) }
}

#[cfg(test)]
mod tests;
