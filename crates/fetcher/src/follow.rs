//! A request with its redirects, each hop with the guard, robots.txt and manners of its host.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use newsmill_article::{Entry, Moment};
use reqwest::StatusCode;
use reqwest::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER,
};
use tokio::time::Instant;
use url::Url;

use crate::FetchError;
use crate::access::Access;
use crate::archive::Exchange;
use crate::feed::parse_date;
use crate::fetcher::Fetcher;
use crate::host::{Host, KnownRobots, Turn};
use crate::http::Answer;
use crate::robots::{self, Robots};
use crate::warc::Announced;

/// What to ask for and what to accept.
pub(crate) struct Wanted<'a> {
    pub(crate) headers: HeaderMap,
    pub(crate) access: Option<&'a Access>,
    pub(crate) max: u64,
    /// What the page is asked for; `None` for sources, which AI preferences in robots.txt do not
    /// concern.
    pub(crate) entry: Option<&'a Entry>,
    /// Looks at the headers of the final answer before its body is read.
    pub(crate) accept: &'a (dyn Fn(&Url, &HeaderMap) -> Result<(), FetchError> + Sync),
}

/// An answer that is a success or 304, and how it was reached.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) answer: Answer,
    /// Where the first URL has moved for good: the end of the unbroken run of permanent redirects.
    pub(crate) moved_to: Option<Url>,
}

/// How long a robots.txt counts at least and at most.
const ROBOTS_FRESH: (Duration, Duration) =
    (Duration::from_secs(3600), Duration::from_secs(24 * 3600));
/// Redirects that a robots.txt may take (RFC 9309, 2.3.1.2).
const ROBOTS_REDIRECTS: u32 = 5;

impl Fetcher {
    /// Requests `start` and follows redirects. Time spent waiting for turns does not count against
    /// `timeout.total`.
    pub(crate) async fn follow(
        &self,
        start: &Url,
        wanted: &Wanted<'_>,
    ) -> Result<Followed, FetchError> {
        let inner = &self.inner;
        let limit = inner.config.redirects;
        let mut url = start.clone();
        url.set_fragment(None);
        let (mut permanent, mut moved_to) = (true, None);
        let mut visited = HashSet::new();
        let mut left = inner.config.timeout.total.0;
        for _ in 0..=limit {
            inner.guard.check(&url)?;
            if !visited.insert(url.clone()) {
                break;
            }
            let host = inner.hosts.of(&url);
            if inner.config.robots {
                self.ask_robots(&host, &url, wanted.entry.is_some()).await?;
            }
            let turn = host.turn().await?;
            let mut headers = wanted.headers.clone();
            if let Some(own) = wanted.access.and_then(|access| access.headers_for(&url)) {
                headers.extend(own.clone());
            }
            let (begun, at, sent) = (Instant::now(), Timestamp::now(), headers.clone());
            let accept = |headers: &HeaderMap| (wanted.accept)(&url, headers);
            let result = inner.http.get(&url, headers, wanted.max, accept, begun + left).await;
            left = left.saturating_sub(begun.elapsed());
            if let Ok(answer) = &result {
                self.keep(answer, sent, at, begun.elapsed(), wanted.entry).await;
            }
            let answer = self.judge(&turn, result)?;
            drop(turn);
            if !answer.status.is_redirection() || answer.status == StatusCode::NOT_MODIFIED {
                return Ok(Followed { answer, moved_to });
            }
            permanent &= matches!(answer.status.as_u16(), 301 | 308);
            url = target(&answer)?;
            moved_to = if permanent { Some(url.clone()) } else { moved_to };
        }
        Err(FetchError::TooManyRedirects { url: start.to_string(), limit })
    }

    /// Writes an answer into the archive, where there is one. A full disk costs the archive, not
    /// the article.
    async fn keep(
        &self,
        answer: &Answer,
        request: HeaderMap,
        begun: Timestamp,
        took: Duration,
        entry: Option<&Entry>,
    ) {
        let Some(archive) = self.inner.archive.clone() else { return };
        let exchange = Exchange {
            url: answer.url.clone(),
            request,
            status: answer.status.as_u16(),
            response: answer.headers.clone(),
            body: answer.raw.clone(),
            begun,
            took,
            announced: entry.filter(|_| answer.status.is_success()).map(Announced::of),
        };
        match tokio::task::spawn_blocking(move || archive.write(&exchange)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "an answer could not be archived"),
            Err(error) => tracing::error!(%error, "an answer could not be archived"),
        }
    }

    /// Tells the host's turn how it went, and makes errors of statuses that are no answer.
    pub(crate) fn judge(
        &self,
        turn: &Turn,
        result: Result<Answer, FetchError>,
    ) -> Result<Answer, FetchError> {
        let config = &self.inner.config.host;
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => {
                match error {
                    FetchError::Transport { .. } | FetchError::TooSlow { .. } => turn.failed(),
                    FetchError::AddressRefused { .. } => {}
                    _ => turn.succeeded(),
                }
                return Err(error);
            }
        };
        let status = answer.status;
        let asked =
            answer.header(RETRY_AFTER).and_then(|value| retry_after(value, answer.header(DATE)));
        let busy = matches!(status.as_u16(), 429 | 503);
        if let Some(wait) = asked.filter(|_| busy) {
            turn.told_to_wait(wait);
        }
        if status.is_server_error() || status.as_u16() == 429 {
            turn.failed();
        } else {
            turn.succeeded();
        }
        let redirects = status.is_redirection() && answer.headers.contains_key(LOCATION);
        if status.is_success() || redirects || status == StatusCode::NOT_MODIFIED {
            return Ok(answer);
        }
        let after = asked.unwrap_or(config.back_off.0).min(config.max_back_off.0);
        Err(FetchError::Status { url: answer.url.to_string(), status: status.as_u16(), after })
    }

    /// An error where robots.txt forbids the URL, or cannot be had for now.
    async fn ask_robots(&self, host: &Arc<Host>, url: &Url, page: bool) -> Result<(), FetchError> {
        let known = self.robots_of(host, url).await?;
        let robots = known.robots.map_err(|why| {
            let after = known.until.saturating_duration_since(Instant::now());
            FetchError::RobotsUnreachable { url: url.to_string(), why, after }
        })?;
        let token = &self.inner.token;
        let no_ai = page && self.inner.config.ai_opt_out && robots.refuses_ai(token);
        if no_ai || !robots.allows(token, robots::path_and_query(url)) {
            return Err(FetchError::RobotsDisallowed { url: url.to_string() });
        }
        Ok(())
    }

    /// The robots.txt that rules a URL, from memory or from its host.
    async fn robots_of(&self, host: &Arc<Host>, url: &Url) -> Result<KnownRobots, FetchError> {
        let origin = url.origin().ascii_serialization();
        let mut all = host.robots.lock().await;
        if let Some(known) = all.get(&origin)
            && known.until > Instant::now()
        {
            return Ok(known.clone());
        }
        let (robots, fresh) = match self.fetch_robots(url).await {
            Ok(answer) => {
                let asked = max_age(&answer.headers).unwrap_or(ROBOTS_FRESH.1);
                let content = answer.content(robots::MAX_BYTES * 4).unwrap_or(answer.raw);
                (Ok(Robots::parse(&content)), asked.clamp(ROBOTS_FRESH.0, ROBOTS_FRESH.1))
            }
            // There is none: everything is allowed.
            Err(FetchError::TooManyRedirects { .. } | FetchError::BadUrl { .. }) => {
                (Ok(Robots::default()), ROBOTS_FRESH.1)
            }
            Err(FetchError::Status { status, .. })
                if (400..500).contains(&status) && status != 429 =>
            {
                (Ok(Robots::default()), ROBOTS_FRESH.1)
            }
            Err(error @ (FetchError::AddressRefused { .. } | FetchError::HostBusy { .. })) => {
                return Err(error);
            }
            // It could not be had: nothing is allowed for now.
            Err(error) => {
                let back_off = self.inner.config.host.back_off.0;
                let wait = match error {
                    FetchError::Status { after, .. } => after.max(back_off),
                    _ => back_off,
                };
                (Err(root(&error)), wait)
            }
        };
        if let Ok(robots) = &robots
            && let Some(delay) = robots.crawl_delay(&self.inner.token)
        {
            host.slow_down(Duration::from_secs_f64(delay));
        }
        let known = KnownRobots { robots: robots.map(Arc::new), until: Instant::now() + fresh };
        all.insert(origin, known.clone());
        Ok(known)
    }

    async fn fetch_robots(&self, of: &Url) -> Result<Answer, FetchError> {
        let mut url = of.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        url.set_fragment(None);
        let start = url.clone();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for _ in 0..=ROBOTS_REDIRECTS {
            let turn = self.inner.hosts.of(&url).turn().await?;
            let deadline = self.inner.http.deadline();
            let result =
                self.inner.http.get_head(&url, headers.clone(), robots::MAX_BYTES, deadline).await;
            let answer = self.judge(&turn, result)?;
            if !answer.status.is_redirection() {
                return Ok(answer);
            }
            url = target(&answer)?;
        }
        Err(FetchError::TooManyRedirects { url: start.to_string(), limit: ROBOTS_REDIRECTS })
    }
}

/// What lies at the bottom of an error, such as `Connection refused`.
fn root(error: &FetchError) -> Arc<str> {
    let mut root: &dyn std::error::Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string().into()
}

/// Where a redirect leads.
fn target(answer: &Answer) -> Result<Url, FetchError> {
    let bad =
        || FetchError::BadUrl { url: answer.url.to_string(), why: "redirects to what is no URL" };
    let location = answer.headers.get(LOCATION).ok_or_else(bad)?;
    let location = String::from_utf8_lossy(location.as_bytes());
    let mut url = answer.url.join(&location).map_err(|_| bad())?;
    url.set_fragment(None);
    Ok(url)
}

/// Seconds, or a date: then from the server's own now, as clocks differ.
fn retry_after(value: &str, now: Option<&str>) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = now.and_then(parse_date).map_or_else(Timestamp::now, Moment::at);
    let until = parse_date(value)?.at().duration_since(now);
    Some(Duration::try_from(until).unwrap_or_default())
}

/// How long an answer stays fresh.
pub(crate) fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut seconds = values.flat_map(|value| value.split(',')).filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("max-age").then(|| value.parse().ok()).flatten()
    });
    seconds.next().map(Duration::from_secs)
}
