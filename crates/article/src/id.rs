//! Names that cannot be mixed up: of articles, of their revisions, of sources.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use url::Url;

/// Which article: the first 128 bits of SHA-256 over its canonical URL, or over its text where no
/// address is known. Written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArticleId(u128);

/// Which wording of an article: the first 64 bits of SHA-256 over its title and cleaned text.
/// Written as 16 lower-case hexadecimal digits. `(ArticleId, Revision)` is the delivery key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl ArticleId {
    /// The id of the article that lives at `canonical`.
    pub fn of_url(canonical: &Url) -> Self {
        Self::of(b"url\0", canonical.as_str())
    }

    /// The id of an article without an address: local files that name none.
    pub fn of_text(text: &str) -> Self {
        Self::of(b"text\0", text)
    }

    /// The number itself, for compact storage.
    pub fn to_bits(self) -> u128 {
        self.0
    }

    /// The inverse of [`ArticleId::to_bits`].
    pub fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    fn of(domain: &[u8], value: &str) -> Self {
        Self(u128::from_be_bytes(digest(&[domain, value.as_bytes()])))
    }
}

impl Revision {
    /// The revision with this title and text.
    pub fn of(title: Option<&str>, text: &str) -> Self {
        let title = title.unwrap_or("");
        Self(u64::from_be_bytes(digest(&[title.as_bytes(), b"\0", text.as_bytes()])))
    }

    /// The number itself, for compact storage.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// The inverse of [`Revision::to_bits`].
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

fn digest<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let full = hash.finalize();
    let mut first = [0; N];
    first.copy_from_slice(&full[..N]);
    first
}

/// A string that is not the hexadecimal form of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {digits} lower-case hexadecimal digits")]
pub struct ParseIdError {
    text: String,
    digits: usize,
}

fn hex_digits(text: &str, digits: usize) -> Result<&str, ParseIdError> {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() == digits && text.bytes().all(hex) {
        Ok(text)
    } else {
        Err(ParseIdError { text: text.to_owned(), digits })
    }
}

macro_rules! hexadecimal {
    ($name:ident, $int:ty, $digits:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $digits, "x}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let text = hex_digits(text, $digits)?;
                match <$int>::from_str_radix(text, 16) {
                    Ok(bits) => Ok(Self(bits)),
                    Err(_) => Err(ParseIdError { text: text.to_owned(), digits: $digits }),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "pattern": concat!("^[0-9a-f]{", $digits, "}$"),
                })
            }
        }
    };
}

hexadecimal!(ArticleId, u128, 32);
hexadecimal!(Revision, u64, 16);

/// The name that a source has in `pipeline.yaml`; never empty.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SourceName(String);

impl SourceName {
    /// Wraps a name as it stands in the configuration.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_written() {
        let url = Url::parse("https://example.org/a?b=1").unwrap();
        let id = ArticleId::of_url(&url);
        assert_eq!(id.to_string().len(), 32);
        assert_eq!(id.to_string().parse(), Ok(id));
        let revision = Revision::of(Some("Title"), "Text");
        assert_eq!(revision.to_string().parse(), Ok(revision));
        assert!("xyz".parse::<ArticleId>().is_err());
        assert!("ABCDEF0123456789".parse::<Revision>().is_err());
    }

    #[test]
    fn an_address_and_a_text_never_share_an_id() {
        let url = Url::parse("https://example.org/").unwrap();
        assert_ne!(ArticleId::of_url(&url), ArticleId::of_text("https://example.org/"));
    }

    #[test]
    fn a_revision_tells_title_from_text() {
        assert_ne!(Revision::of(Some("a"), "b"), Revision::of(None, "ab"));
        assert_ne!(Revision::of(Some("a"), "b"), Revision::of(Some("A"), "b"));
    }
}
