//! Looks at sources of each kind.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use newsmill_article::{Entry, Hints, Location, Moment};
use reqwest::header::HeaderMap;
use url::Url;
use walkdir::WalkDir;

use crate::access::Access;
use crate::feed::{self, FeedError, FeedLimits};
use crate::fetcher::Fetcher;
use crate::follow::Wanted;
use crate::http::{Answer, undecodable};
use crate::poll::{Cursor, Listed, Look, entry};
use crate::sitemap::{self, Sitemap};
use crate::warc::{Archived, Pages, Rules, WarcRecord};
use crate::{FetchError, SourceConfig, SourceKind, decode, file, index, text, websub};

/// Sitemaps of one index that are read at one look.
const SITEMAPS_PER_LOOK: usize = 20;

/// The most bytes of pages that one look into a WARC file brings; the rest follows at once.
const WARC_BYTES: u64 = 16 << 20;

impl Fetcher {
    pub(crate) async fn look(
        &self,
        source: &SourceConfig,
        cursor: &Cursor,
    ) -> Result<Look, FetchError> {
        match source.kind()? {
            SourceKind::Feed(url) => self.look_at_feed(source, url, cursor).await,
            SourceKind::Sitemap(url) => self.look_at_sitemap(source, url, cursor).await,
            SourceKind::Index(url) => self.look_at_index(source, url, cursor).await,
            SourceKind::Folder(path) => {
                let (source, path) = (source.clone(), path.to_owned());
                self.blocking(move |fetcher| folder(&source, &path, fetcher.access(&source))).await
            }
            SourceKind::Warc(path) => {
                let (source, path, cursor) = (source.clone(), path.to_owned(), cursor.clone());
                let rules = Rules::new(&self.inner.config).languages(&source.languages);
                self.blocking(move |fetcher| {
                    warc_files(&source, &path, &cursor, &rules, fetcher.access(&source))
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
        look.take_feed(feed, &source.name, self.access(source));
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

    fn access(&self, source: &SourceConfig) -> Option<&Access> {
        self.inner.sources.get(&source.name)
    }

    pub(crate) fn feed_limits(&self) -> FeedLimits {
        let config = &self.inner.config;
        FeedLimits { entries: config.entries_per_feed, depth: config.xml_depth }
    }

    /// Asks for a source's own URL. The content is `None` where it has not changed.
    async fn ask(
        &self,
        source: &SourceConfig,
        url: &Url,
        headers: HeaderMap,
    ) -> Result<(Look, Answer, Option<Bytes>), FetchError> {
        let max = self.inner.config.max_feed.0;
        let access = self.access(source);
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
            look.hub = websub::announced(&answer.headers, named, &answer.url);
            look.take_feed(feed, &source.name, self.access(source));
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
            look.take_sitemap(read, source, self.access(source));
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
                Ok(read) => look.take_sitemap(read, source, self.access(source)),
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
        let access = self.access(source);
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

/// The readable files below a folder; each is known by its path, and again when size or time of
/// change differ. Symlinks are followed, circles of them reported.
fn folder(source: &SourceConfig, path: &Path, access: Option<&Access>) -> Result<Look, FetchError> {
    let mut look = Look::default();
    for found in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let found = match found {
            Ok(found) => found,
            Err(error) if error.depth() == 0 => {
                let source =
                    error.into_io_error().unwrap_or_else(|| io::Error::other("a circle of links"));
                return Err(FetchError::File { path: path.to_owned(), source });
            }
            Err(error) => {
                look.warnings.push(error.to_string());
                continue;
            }
        };
        let input = found.path().display().to_string();
        if !found.file_type().is_file()
            || file::media_type(found.path()).is_none()
            || access.is_some_and(|access| !access.wants(&input))
        {
            continue;
        }
        let Ok(metadata) = found.metadata() else { continue };
        let changed = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let version = format!("{} {changed:?}", metadata.len());
        let location = Location::File(found.path().to_owned());
        let entry = entry(&source.name, input.clone(), location, Hints::default());
        look.entries.push(Listed::new(entry, &input, &[&version]));
    }
    Ok(look)
}

/// The pages in WARC files that were not read yet, up to a number of bytes.
fn warc_files(
    source: &SourceConfig,
    path: &Path,
    cursor: &Cursor,
    rules: &Rules,
    access: Option<&Access>,
) -> Result<Look, FetchError> {
    let mut look = Look { files: cursor.files.clone(), ..Look::default() };
    let mut room = WARC_BYTES;
    for path in warc_paths(path)? {
        let failed = |source| FetchError::File { path: path.clone(), source };
        let name = path.display().to_string();
        let known = look.files.iter().position(|(known, _)| *known == name);
        let offset = known.map_or(0, |at| look.files[at].1);
        if path.metadata().map_err(failed)?.len() <= offset {
            continue;
        }
        let mut pages = Pages::open(&path, offset, rules.clone()).map_err(failed)?;
        let wanted = |record: &WarcRecord| {
            access.is_none_or(|access| access.wants(record.url.as_deref().unwrap_or("")))
        };
        let mut end = offset;
        let mut refused = 0;
        while room > 0 {
            let page = match pages.next(wanted) {
                Ok(Some(page)) => page,
                Ok(None) => {
                    let before = std::mem::replace(&mut end, pages.offset().map_err(failed)?);
                    // A file that grows is read on at the next look; a torn end that stays is told
                    // once, when it is met.
                    if let Some(torn) = pages.torn().filter(|_| known.is_none() || end > before) {
                        look.warnings.push(format!("{name}: {torn}"));
                    }
                    break;
                }
                Err(error) => {
                    // What follows cannot be found without this record's end: the file is done.
                    look.warnings.push(format!("{name}: {error}"));
                    end = path.metadata().map_err(failed)?.len();
                    break;
                }
            };
            end = pages.offset().map_err(failed)?;
            let entry = match page {
                Archived::Page(entry) => Entry { source: Some(source.name.clone()), ..entry },
                Archived::Refused { .. } => {
                    refused += 1;
                    continue;
                }
            };
            let Location::Inline { url, fetched, bytes, .. } = &entry.location else { continue };
            room = room.saturating_sub(bytes.len() as u64);
            let identity = url.as_ref().map(Url::to_string).unwrap_or_default();
            let version = fetched.map(|fetched| fetched.to_string()).unwrap_or_default();
            look.entries.push(Listed::new(entry, &identity, &[&version]));
        }
        if refused > 0 {
            look.warnings
                .push(format!("{name}: {refused} pages are too large or ask to be left out"));
        }
        match known {
            Some(at) => look.files[at].1 = end,
            None => look.files.push((name, end)),
        }
        if room == 0 {
            look.more = true;
            break;
        }
    }
    Ok(look)
}

/// The file itself, or the WARC files below a folder, by name.
fn warc_paths(path: &Path) -> Result<Vec<PathBuf>, FetchError> {
    let failed = |source| FetchError::File { path: path.to_owned(), source };
    if !path.metadata().map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let is_warc = |path: &Path| {
        let name = path.to_string_lossy();
        name.ends_with(".warc") || name.ends_with(".warc.gz")
    };
    let found = WalkDir::new(path).sort_by_file_name().into_iter().flatten();
    Ok(found.map(|found| found.into_path()).filter(|path| is_warc(path)).collect())
}
