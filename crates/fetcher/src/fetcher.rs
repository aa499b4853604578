//! The fetcher: one for the whole mill. Here is what all of its work shares; [`crate::follow`] makes
//! requests, [`crate::page`] reads entries, [`crate::look`] looks at sources, and [`crate::websub`]
//! subscribes to them.

use std::collections::HashMap;
use std::sync::Arc;

use newsmill_article::SourceName;

use crate::access::Access;
use crate::archive::Archive;
use crate::feed::FeedLimits;
use crate::guard::{Guard, Lookup, system_lookup};
use crate::host::Hosts;
use crate::http::Http;
use crate::subscription::Subscriptions;
use crate::{Config, FetchError, SourceConfig, robots};

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

    /// What is allowed and asked of a source by its settings.
    pub(crate) fn access(&self, source: &SourceName) -> Option<&Access> {
        self.inner.sources.get(source)
    }

    pub(crate) fn feed_limits(&self) -> FeedLimits {
        let config = &self.inner.config;
        FeedLimits { entries: config.entries_per_feed, depth: config.xml_depth }
    }
}
