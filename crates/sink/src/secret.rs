//! Words that must not be read over anybody's shoulder.

use std::fmt;
use std::path::PathBuf;

use crate::SinkError;

/// A password, a key, or an address that contains one. `Debug` and `Display` show nothing of it;
/// only [`Secret::expose`] does.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes over a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself. The name makes every use easy to find.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Reads the secret that the keys `{key}_env` and `{key}_file` of the configuration name, of
    /// which one may be set; `None` when neither is. White space around it is cut off.
    ///
    /// # Errors
    ///
    /// [`SinkError::Secret`] when both are set, and when the variable or file is absent, empty or
    /// not UTF-8.
    pub fn from_env_or_file(
        key: &'static str,
        env: Option<&String>,
        file: Option<&PathBuf>,
    ) -> Result<Option<Self>, SinkError> {
        let wrong = |reason: String| SinkError::Secret { key, reason };
        let (secret, origin) = match (env, file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(wrong(format!("set {key}_env or {key}_file, not both")));
            }
            (Some(name), None) => match std::env::var(name) {
                Ok(secret) => (secret, format!("the environment variable {name}")),
                Err(std::env::VarError::NotPresent) => {
                    return Err(wrong(format!("the environment variable {name} is not set")));
                }
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(wrong(format!("the environment variable {name} is not UTF-8")));
                }
            },
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(secret) => (secret, format!("the file {}", path.display())),
                Err(error) => {
                    return Err(wrong(format!("{} cannot be read: {error}", path.display())));
                }
            },
        };
        match secret.trim() {
            "" => Err(wrong(format!("{origin} is empty"))),
            secret => Ok(Some(Self::new(secret))),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
