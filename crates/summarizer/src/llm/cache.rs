//! Answers that were paid for once: by text, prompt and model.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::prompt::Prompt;

/// Answers kept in memory; beyond that it begins anew.
const MOST: usize = 4096;
/// A file larger than this is not an answer of ours.
const MAX_FILE: u64 = 1 << 16;

/// Sentences by key. Failures to read or write a file are misses, never errors: the answer can be
/// asked for again.
#[derive(Debug, Default)]
pub(super) struct Cache {
    memory: HashMap<String, Vec<String>>,
    folder: Option<PathBuf>,
}

impl Cache {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { memory: HashMap::new(), folder }
    }

    /// The key of what `model` would answer to `prompt` (which holds text, bounds and rules).
    pub(super) fn key(model: &str, prompt: &Prompt) -> String {
        let mut hash = Sha256::new();
        for part in [super::prompt::VERSION, model, &prompt.system, &prompt.user] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }

    pub(super) fn get(&mut self, key: &str) -> Option<Vec<String>> {
        if let Some(sentences) = self.memory.get(key) {
            return Some(sentences.clone());
        }
        let path = self.path(key)?;
        if fs::metadata(&path).ok()?.len() > MAX_FILE {
            return None;
        }
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    pub(super) fn put(&mut self, key: &str, sentences: &[String]) {
        if self.memory.len() >= MOST {
            self.memory.clear();
        }
        self.memory.insert(key.to_owned(), sentences.to_vec());
        let (Some(path), Ok(json)) = (self.path(key), serde_json::to_vec(sentences)) else {
            return;
        };
        // Beside it and then in place: a reader sees a whole answer or none.
        let partial = path.with_extension(format!("{}.part", std::process::id()));
        let folder = path.parent().map(fs::create_dir_all);
        if matches!(folder, Some(Ok(())))
            && fs::write(&partial, json).is_ok()
            && fs::rename(&partial, &path).is_err()
        {
            let _ = fs::remove_file(&partial);
        }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(&key[..2]).join(format!("{key}.json")))
    }
}
