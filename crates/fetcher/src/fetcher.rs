//! The fetcher: one for the whole mill.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use newsmill_article::{Entry, Location, Page, SourceName};
use reqwest::header::HeaderMap;
use url::Url;

use crate::access::Access;
use crate::archive::Archive;
use crate::follow::Wanted;
use crate::guard::{Guard, Lookup, system_lookup};
use crate::host::Hosts;
use crate::http::Http;
use crate::websub::Subscriptions;
use crate::{Config, Cursor, FetchError, Poll, SourceConfig};
use crate::{consent, file, poll, robots, sniff};

/// Reads entries and looks at sources. Cheap to clone; all clones share connections, the state of
/// every host and the archive.
#[derive(Debug, Clone)]
pub struct Fetcher {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) guard: Guard,
    pub(crate) http: Http,
    pub(crate) hosts: Arc<Hosts>,
    /// Our product token, as robots.txt names it.
    pub(crate) token: String,
    pub(crate) sources: HashMap<SourceName, Access>,
    pub(crate) archive: Option<Arc<Archive>>,
    pub(crate) pushes: Subscriptions,
}

impl Fetcher {
    /// A fetcher for these sources. Fails with [`FetchError::Config`] where something cannot work:
    /// a token that is not there, a pattern that is none, an archive that cannot be written.
    pub fn new(config: &Config, sources: &[SourceConfig]) -> Result<Self, FetchError> {
        Self::with_lookup(config, sources, system_lookup())
    }

    /// A fetcher with other settings that goes on with what this one knows of every host: whose
    /// turn it is, who asked to be left alone, robots.txt. It begins anew where the settings for
    /// hosts are others; the two must then not be used at once.
    pub fn renewed(&self, config: &Config, sources: &[SourceConfig]) -> Result<Self, FetchError> {
        let mut renewed = Self::new(config, sources)?;
        if let Some(inner) = Arc::get_mut(&mut renewed.inner)
            && config.host == self.inner.config.host
        {
            inner.hosts = self.inner.hosts.clone();
        }
        Ok(renewed)
    }

    pub(crate) fn with_lookup(
        config: &Config,
        sources: &[SourceConfig],
        lookup: Lookup,
    ) -> Result<Self, FetchError> {
        let guard = Guard::new(&config.allow_private, config.max_url.bytes());
        let access = |source: &SourceConfig| Ok((source.name.clone(), Access::new(source)?));
        let archive = config.archive.as_ref();
        let archive = archive.map(|archive| Archive::new(archive, config.full_user_agent()));
        Ok(Self {
            inner: Arc::new(Inner {
                http: Http::new(config, &guard, lookup)?,
                hosts: Arc::new(Hosts::new(&config.host)),
                token: robots::own_token(&config.user_agent),
                sources: sources.iter().map(access).collect::<Result<_, FetchError>>()?,
                archive: archive.transpose()?.map(Arc::new),
                pushes: Subscriptions::default(),
                guard,
                config: config.clone(),
            }),
        })
    }

    #[cfg(test)]
    pub(crate) fn with_web(
        config: &Config,
        sources: &[SourceConfig],
        web: crate::http::WebFn,
    ) -> Self {
        let fetcher = Self::new(config, sources).unwrap();
        let mut inner = Arc::into_inner(fetcher.inner).unwrap();
        inner.http.set_web(web);
        Self { inner: Arc::new(inner) }
    }

    /// Where [`Fetcher::answer_hubs`] is to listen; `None` where hubs are not used.
    pub fn listens_at(&self) -> Option<std::net::SocketAddr> {
        self.inner.config.websub.as_ref().map(|websub| websub.listen)
    }

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
        let access = entry.source.as_ref().and_then(|name| self.inner.sources.get(name));
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

    /// Looks at a source once. Never fails as a call: see [`Poll::failure`]. A source that has
    /// stopped for good is not asked again.
    ///
    /// Dropping the future loses nothing: the cursor that was given still stands.
    pub async fn poll(&self, source: &SourceConfig, cursor: &Cursor, now: Timestamp) -> Poll {
        if cursor.stopped {
            return poll::stopped(cursor);
        }
        let begun = tokio::time::Instant::now();
        let look = self.look(source, cursor).await;
        // It may have waited for its turn, and an answer is fresh from when it came.
        let now = now.checked_add(begun.elapsed()).unwrap_or(now);
        let hub = look.as_ref().ok().and_then(|look| look.hub.clone());
        let most = self.inner.config.entries_per_feed;
        let mut poll = poll::conclude(source, cursor, look, most, now);
        if poll.failure.is_none()
            && let Err(error) = self.keep_subscribed(source, &mut poll.cursor, hub, now).await
        {
            poll.warnings.push(format!("the hub: {error}"));
        }
        poll
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
