//! Entries into pages, wherever their bytes are.

use jiff::Timestamp;
use newsmill_article::{Entry, Location, Page};
use reqwest::header::HeaderMap;
use url::Url;

use crate::fetcher::Fetcher;
use crate::follow::Wanted;
use crate::{FetchError, consent, file, sniff};

impl Fetcher {
    /// Reads one entry, wherever its bytes are.
    ///
    /// Waits for the host's turn, at most `host.max_wait`. Dropping the future gives the turn up
    /// and loses nothing else.
    pub async fn page(&self, entry: Entry) -> Result<Page, FetchError> {
        let Location::Url(url) = &entry.location else {
            let (fetcher, place) = (self.clone(), entry.input.clone());
            let read = tokio::task::spawn_blocking(move || fetcher.read(entry)).await;
            return read
                .map_err(|ended| FetchError::Unreadable { place, why: ended.to_string() })?;
        };
        let (url, content_type, bytes) = self.web_page(url, &entry).await?;
        page(entry, url, content_type, bytes, None)
    }

    /// Reads one entry whose bytes are at hand, in a file or in the entry itself, on the calling
    /// thread.
    ///
    /// # Errors
    ///
    /// [`FetchError::BadUrl`] for an entry of the web, which only [`Fetcher::page`] reads; the bounds
    /// of size, and what cannot be read.
    pub fn read(&self, entry: Entry) -> Result<Page, FetchError> {
        let max = self.inner.config.max_page.0;
        match &entry.location {
            Location::File(path) => {
                let (bytes, content_type) = file::read(path, max)?;
                page(entry, None, content_type, bytes, None)
            }
            Location::Inline { bytes, .. } if bytes.len() as u64 > max => {
                let place = entry.input.clone();
                Err(FetchError::TooLarge { place, what: "the content", limit: max })
            }
            Location::Inline { url, content_type, fetched, bytes } => {
                let (url, content_type, fetched) = (url.clone(), content_type.clone(), *fetched);
                let bytes = bytes.clone();
                page(entry, url, content_type, bytes, fetched)
            }
            Location::Url(url) => {
                let url = url.to_string();
                Err(FetchError::BadUrl { url, why: "it is not at hand: it has to be fetched" })
            }
        }
    }

    async fn web_page(
        &self,
        url: &Url,
        entry: &Entry,
    ) -> Result<(Option<Url>, Option<String>, bytes::Bytes), FetchError> {
        let config = &self.inner.config;
        let max = config.max_page.0;
        let wanted = |url: &Url, headers: &HeaderMap| {
            consent::check(url, headers, &self.inner.token, config.noindex, config.ai_opt_out)?;
            only_text(url, headers)
        };
        let access = entry.source.as_ref().and_then(|source| self.access(source));
        let wanted =
            Wanted { headers: HeaderMap::new(), access, max, entry: Some(entry), accept: &wanted };
        let followed = self.follow(url, &wanted).await?;
        let answer = followed.answer;
        let bytes = answer.content(max)?;
        if let Some(kind) = sniff::binary(&bytes) {
            let place = answer.url.to_string();
            return Err(FetchError::NotHtml { place, content_type: kind.to_owned() });
        }
        let token = &self.inner.token;
        consent::check_html(&answer.url, &bytes, token, config.noindex, config.ai_opt_out)?;
        let content_type = answer.content_type().map(str::to_owned);
        Ok((Some(answer.url), content_type, bytes))
    }
}

fn page(
    entry: Entry,
    url: Option<Url>,
    content_type: Option<String>,
    bytes: bytes::Bytes,
    fetched: Option<Timestamp>,
) -> Result<Page, FetchError> {
    if bytes.is_empty() {
        return Err(FetchError::Empty { place: entry.input });
    }
    let fetched = fetched.unwrap_or_else(Timestamp::now);
    Ok(Page { entry, url, content_type, bytes, fetched })
}

fn only_text(url: &Url, headers: &HeaderMap) -> Result<(), FetchError> {
    let content_type = headers.get(reqwest::header::CONTENT_TYPE);
    match content_type.and_then(|value| value.to_str().ok()) {
        Some(content_type) if !sniff::is_text(content_type) => Err(FetchError::NotHtml {
            place: url.to_string(),
            content_type: content_type.to_owned(),
        }),
        _ => Ok(()),
    }
}
