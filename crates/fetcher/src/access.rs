//! What one source adds to requests, and which of its entries are wanted.

use globset::{Glob, GlobSet, GlobSetBuilder};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::{Origin, Url};

use crate::{FetchError, SourceConfig};

/// Headers and patterns of a source, ready for use.
#[derive(Debug)]
pub(crate) struct Access {
    /// Where the headers may go; `None` for local sources.
    origin: Option<Origin>,
    headers: HeaderMap,
    matching: Option<GlobSet>,
    exclude: GlobSet,
}

impl Access {
    pub(crate) fn new(source: &SourceConfig) -> Result<Self, FetchError> {
        let wrong = |what: String| FetchError::Config(format!("source `{}`: {what}", source.name));
        let mut headers = HeaderMap::new();
        for (name, value) in &source.headers {
            let header = HeaderName::try_from(name)
                .map_err(|_| wrong(format!("{name:?} is no header name")))?;
            let value = HeaderValue::try_from(value)
                .map_err(|_| wrong(format!("the value of {name} cannot be sent")))?;
            headers.insert(header, value);
        }
        let token = match (&source.token_env, &source.token_file) {
            (None, None) => None,
            (Some(name), None) => Some(
                std::env::var(name).map_err(|_| wrong(format!("token_env: {name} is not set")))?,
            ),
            (None, Some(path)) => Some(
                std::fs::read_to_string(path)
                    .map_err(|error| wrong(format!("token_file: {}: {error}", path.display())))?,
            ),
            (Some(_), Some(_)) => {
                return Err(wrong("token_env and token_file exclude each other".to_owned()));
            }
        };
        if let Some(token) = token {
            let bearer = HeaderValue::try_from(format!("Bearer {}", token.trim()));
            let mut bearer =
                bearer.map_err(|_| wrong("the token cannot be sent in a header".to_owned()))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let globs = |patterns: &[String]| {
            let mut set = GlobSetBuilder::new();
            for pattern in patterns {
                set.add(Glob::new(pattern).map_err(|error| wrong(error.to_string()))?);
            }
            set.build().map_err(|error| wrong(error.to_string()))
        };
        Ok(Self {
            origin: source.kind()?.url().map(Url::origin),
            headers,
            matching: (!source.matching.is_empty()).then(|| globs(&source.matching)).transpose()?,
            exclude: globs(&source.exclude)?,
        })
    }

    /// The source's headers, where `url` is on the host that they are for.
    pub(crate) fn headers_for(&self, url: &Url) -> Option<&HeaderMap> {
        (self.origin.as_ref() == Some(&url.origin())).then_some(&self.headers)
    }

    /// Whether an entry with this URL or path is wanted.
    pub(crate) fn wants(&self, place: &str) -> bool {
        self.matching.as_ref().is_none_or(|set| set.is_match(place))
            && !self.exclude.is_match(place)
    }
}
