//! Looks at sources of each kind.

use bytes::Bytes;
use jiff::Timestamp;
use newsmill_article::{Entry, Hints, Location, Moment};
use reqwest::header::HeaderMap;
use url::Url;

use crate::access::Access;
use crate::feed::{self, FeedError};
use crate::fetcher::Fetcher;
use crate::follow::Wanted;
use crate::http::{Answer, undecodable};
use crate::poll::{self, Cursor, Listed, Look, Poll, entry};
use crate::sitemap::{self, Sitemap};
use crate::warc::Rules;
use crate::{FetchError, SourceConfig, SourceKind, decode, index, local, subscription, text};

/// Sitemaps of one index that are read at one look.
const SITEMAPS_PER_LOOK: usize = 20;

impl Fetcher {
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

    async fn look(&self, source: &SourceConfig, cursor: &Cursor) -> Result<Look, FetchError> {
        match source.kind()? {
            SourceKind::Feed(url) => self.look_at_feed(source, url, cursor).await,
            SourceKind::Sitemap(url) => self.look_at_sitemap(source, url, cursor).await,
            SourceKind::Index(url) => self.look_at_index(source, url, cursor).await,
            SourceKind::Folder(path) => {
                let (source, path) = (source.clone(), path.to_owned());
                self.blocking(move |fetcher| {
                    local::folder(&source, &path, fetcher.access(&source.name))
                })
                .await
            }
            SourceKind::Warc(path) => {
                let (source, path, cursor) = (source.clone(), path.to_owned(), cursor.clone());
                let rules = Rules::new(&self.inner.config).languages(&source.languages);
                self.blocking(move |fetcher| {
                    local::warc_files(&source, &path, &cursor, &rules, fetcher.access(&source.name))
                })
                .await
            }
        }
    }

    /// What a feed that was saved lists of a source, as a look at it would find it: with its hints,
    /// and without what the source's patterns leave out.
    pub fn listed_in(
        &self,
        source: &SourceConfig,
        bytes: &[u8],
        content_type: Option<&str>,
    ) -> Result<Vec<Entry>, FetchError> {
        let parsed = feed::parse(bytes, content_type, source.feed.as_ref(), self.feed_limits());
        let feed = parsed.map_err(|error| FetchError::NotASource {
            place: source.name.to_string(),
            why: error.to_string(),
        })?;
        let mut look = Look::default();
        look.take_feed(feed, &source.name, self.access(&source.name));
        Ok(look.entries.into_iter().map(|listed| listed.entry).collect())
    }

    async fn blocking(
        &self,
        work: impl FnOnce(&Self) -> Result<Look, FetchError> + Send + 'static,
    ) -> Result<Look, FetchError> {
        let fetcher = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&fetcher)).await;
        done.map_err(|error| {
            FetchError::Config(format!("a look at a local source ended early: {error}"))
        })?
    }

    /// Asks for a source's own URL. The content is `None` where it has not changed.
    async fn ask(
        &self,
        source: &SourceConfig,
        url: &Url,
        headers: HeaderMap,
    ) -> Result<(Look, Answer, Option<Bytes>), FetchError> {
        let max = self.inner.config.max_feed.0;
        let access = self.access(&source.name);
        let wanted = Wanted { headers, access, max, entry: None, accept: &|_, _| Ok(()) };
        let followed = self.follow(url, &wanted).await?;
        let look = Look::of(&followed);
        let answer = followed.answer;
        if look.not_modified {
            return Ok((look, answer, None));
        }
        let mut content = answer.content(max)?;
        if decode::is_gzip(&content) {
            let unpacked = decode::gunzip(&content, max);
            content = unpacked.map_err(|error| undecodable(answer.url.to_string(), error))?;
        }
        Ok((look, answer, Some(content)))
    }

    async fn look_at_feed(
        &self,
        source: &SourceConfig,
        url: &Url,
        cursor: &Cursor,
    ) -> Result<Look, FetchError> {
        let url = cursor.moved_to.as_ref().unwrap_or(url);
        let (mut look, answer, content) = self.ask(source, url, cursor.conditions()).await?;
        if let Some(content) = content {
            let parsed =
                feed::parse(&content, answer.content_type(), Some(&answer.url), self.feed_limits());
            let feed = parsed.map_err(|error| not_a_source(&answer.url, error))?;
            let named = feed.hub.as_deref().map(|hub| (hub, feed.own_link.as_deref()));
            look.hub = subscription::announced(&answer.headers, named, &answer.url);
            look.take_feed(feed, &source.name, self.access(&source.name));
        }
        Ok(look)
    }

    async fn look_at_sitemap(
        &self,
        source: &SourceConfig,
        url: &Url,
        cursor: &Cursor,
    ) -> Result<Look, FetchError> {
        let url = cursor.moved_to.as_ref().unwrap_or(url);
        let (mut look, answer, content) = self.ask(source, url, cursor.conditions()).await?;
        let Some(content) = content else { return Ok(look) };
        let parse = |answer: &Answer, content: &Bytes| {
            let parsed = sitemap::parse(
                content,
                answer.content_type(),
                Some(&answer.url),
                self.feed_limits(),
            );
            parsed.map_err(|error| not_a_source(&answer.url, error))
        };
        let read = parse(&answer, &content)?;
        if !read.index {
            look.take_sitemap(read, source, self.access(&source.name));
            return Ok(look);
        }
        // The index itself may stay the same while its sitemaps change.
        (look.etag, look.last_modified) = (None, None);
        let mut parts = read.entries;
        parts.sort_by_key(|part| std::cmp::Reverse(part.lastmod.map(Moment::at)));
        parts.retain(|part| !is_old(part.lastmod.map(Moment::at), cursor.last_success));
        if parts.len() > SITEMAPS_PER_LOOK {
            look.warnings.push(format!(
                "only the {SITEMAPS_PER_LOOK} newest of {} sitemaps are read",
                parts.len()
            ));
        }
        for part in parts.into_iter().take(SITEMAPS_PER_LOOK) {
            let read = match Url::parse(&part.loc) {
                Ok(url) => self.ask(source, &url, HeaderMap::new()).await,
                Err(_) => continue,
            };
            let read =
                read.and_then(|(_, answer, content)| parse(&answer, &content.unwrap_or_default()));
            match read {
                Ok(read) if read.index => look
                    .warnings
                    .push(format!("{}: an index within an index is not read", part.loc)),
                Ok(read) => look.take_sitemap(read, source, self.access(&source.name)),
                Err(error) => look.warnings.push(error.to_string()),
            }
        }
        Ok(look)
    }

    async fn look_at_index(
        &self,
        source: &SourceConfig,
        url: &Url,
        cursor: &Cursor,
    ) -> Result<Look, FetchError> {
        let url = cursor.moved_to.as_ref().unwrap_or(url);
        let (mut look, answer, content) = self.ask(source, url, cursor.conditions()).await?;
        let Some(content) = content else { return Ok(look) };
        let (html, _) = text::decode(&content, answer.content_type());
        let access = self.access(&source.name);
        let chosen = !source.matching.is_empty();
        let most = self.inner.config.links_per_page;
        let mut links = index::links(&html, &answer.url);
        links.retain(|link| {
            (chosen || index::is_article(link))
                && access.is_none_or(|access| access.wants(link.url.as_str()))
        });
        if links.is_empty() {
            look.warnings.push(format!(
                "{}: no link looks like an article; `match` patterns may help",
                answer.url
            ));
        }
        if links.len() > most {
            look.warnings
                .push(format!("{} links beyond fetcher.links_per_page", links.len() - most));
        }
        for link in links.into_iter().take(most) {
            let input = link.url.to_string();
            // A link's words are no headline: they may be cut, or be those of a picture.
            let entry =
                entry(&source.name, input.clone(), Location::Url(link.url), Hints::default());
            look.entries.push(Listed::new(entry, &input, &[]));
        }
        Ok(look)
    }

    /// The feeds that a page names, or the URL itself where it is a feed.
    pub async fn discover(&self, url: &Url) -> Result<Vec<Url>, FetchError> {
        let max = self.inner.config.max_feed.0;
        let wanted = Wanted {
            headers: HeaderMap::new(),
            access: None,
            max,
            entry: None,
            accept: &|_, _| Ok(()),
        };
        let answer = self.follow(url, &wanted).await?.answer;
        let content = answer.content(max)?;
        match feed::parse(&content, answer.content_type(), Some(&answer.url), self.feed_limits()) {
            Ok(_) => Ok(vec![answer.url]),
            Err(_) => {
                let (html, _) = text::decode(&content, answer.content_type());
                Ok(crate::html::feeds(&html, Some(&answer.url)))
            }
        }
    }
}

impl Look {
    /// The entries of a sitemap.
    fn take_sitemap(&mut self, sitemap: Sitemap, source: &SourceConfig, access: Option<&Access>) {
        if sitemap.dropped > 0 {
            self.warnings
                .push(format!("{} older entries beyond fetcher.entries_per_feed", sitemap.dropped));
        }
        self.warnings
            .extend(sitemap.defect.map(|defect| format!("the sitemap is broken: {defect}")));
        for item in sitemap.entries {
            let Ok(url) = Url::parse(&item.loc) else { continue };
            if access.is_some_and(|access| !access.wants(url.as_str())) {
                continue;
            }
            self.asked.published.extend(item.published.or(item.lastmod).map(Moment::at));
            let version =
                item.lastmod.or(item.published).map(|t| t.at().to_string()).unwrap_or_default();
            let hints = Hints {
                title: item.title,
                published: item.published,
                updated: item.lastmod,
                tags: item.keywords,
                language: item.language,
                ..Hints::default()
            };
            let title = hints.title.clone().unwrap_or_default();
            let entry = entry(&source.name, item.loc.clone(), Location::Url(url), hints);
            self.entries.push(Listed::new(entry, &item.loc, &[&title, &version]));
        }
    }
}

/// Whether a sitemap cannot have anything new: it changed last well before the last look.
fn is_old(lastmod: Option<Timestamp>, last_look: Option<Timestamp>) -> bool {
    let day = jiff::SignedDuration::from_hours(24);
    lastmod.zip(last_look).is_some_and(|(lastmod, look)| lastmod + day < look)
}

fn not_a_source(url: &Url, error: FeedError) -> FetchError {
    match error {
        FeedError::Empty => FetchError::Empty { place: url.to_string() },
        other => FetchError::NotASource { place: url.to_string(), why: other.to_string() },
    }
}
