//! WebSub (W3C Recommendation, 2018): a hub that a feed names tells us what is new, so that we need
//! not ask.
//!
//! A poll finds the hub, in the `Link` headers or in the feed, and subscribes; the hub asks back at
//! our callback whether we mean it; from then on it posts the feed there, signed with the secret of
//! that subscription. The lease is renewed by the polls, which go on: a hub may fail. Left out: the
//! listener's TLS, which is a proxy's; unsubscribing, as a lease ends by itself.

mod listen;
mod signature;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use newsmill_article::SourceName;
use reqwest::header::{HeaderMap, LINK};
use serde::{Deserialize, Serialize};
use url::Url;
use url::form_urlencoded;

use crate::fetcher::Fetcher;
use crate::{Cursor, FetchError, SourceConfig};

pub use listen::Pushed;

/// How long a hub may take to ask back before it is asked again.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

/// A subscription, as it is kept in a source's cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// The hub.
    hub: Url,
    /// What it is asked for: the feed's own name for itself.
    topic: Url,
    /// The last part of our callback's path, which nobody else knows.
    token: String,
    /// What the hub signs with.
    secret: String,
    /// When it was last asked.
    asked: Timestamp,
    /// Until when the hub sends; `None` until it has asked back.
    until: Option<Timestamp>,
}

/// The subscriptions that the callback answers for.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Mutex<HashMap<String, (SourceName, Subscription)>>);

impl Subscriptions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (SourceName, Subscription)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a subscription by now, also to who was not there when it was made.
    fn known(&self, source: &SourceName, kept: &Subscription) -> Subscription {
        let mut all = self.lock();
        all.entry(kept.token.clone()).or_insert_with(|| (source.clone(), kept.clone())).1.clone()
    }
}

/// Where a feed is to be had from, as an answer announces it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Announced {
    pub(crate) hub: Url,
    pub(crate) topic: Url,
}

/// The hub and the topic of a feed: of its `Link` headers first, as the standard asks.
pub(crate) fn announced(
    headers: &HeaderMap,
    feed: Option<(&str, Option<&str>)>,
    url: &Url,
) -> Option<Announced> {
    let values = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let links: Vec<(String, String)> = values.flat_map(links).collect();
    let link = |rel: &str| {
        let found = links.iter().find(|(_, rels)| {
            rels.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(rel))
        });
        found.and_then(|(target, _)| url.join(target).ok())
    };
    let in_feed = |text: &str| url.join(text.trim()).ok();
    let hub = link("hub").or_else(|| in_feed(feed?.0))?;
    let topic = link("self").or_else(|| in_feed(feed?.1?)).unwrap_or_else(|| url.clone());
    matches!(hub.scheme(), "http" | "https").then_some(Announced { hub, topic })
}

/// Target and `rel` of each link of a `Link` header (RFC 8288).
fn links(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in value.split('<').skip(1).take(20) {
        let Some((target, parameters)) = part.split_once('>') else { continue };
        let rel = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel").then(|| value.to_owned())
        });
        found.push((target.to_owned(), rel.unwrap_or_default()));
    }
    found
}

impl Fetcher {
    /// Subscribes to what a poll found announced, or renews, where that is due. Puts what is known
    /// into the cursor. An error is the hub's: the feed was read.
    pub(crate) async fn keep_subscribed(
        &self,
        source: &SourceConfig,
        cursor: &mut Cursor,
        found: Option<Announced>,
        now: Timestamp,
    ) -> Result<(), FetchError> {
        let Some(config) = &self.inner.config.websub else { return Ok(()) };
        let kept = cursor.push.take().map(|kept| self.inner.pushes.known(&source.name, &kept));
        let kept = match (kept, found) {
            // A 304 says nothing of hubs.
            (kept, None) => kept,
            (Some(kept), Some(found)) if kept.hub == found.hub && kept.topic == found.topic => {
                Some(kept)
            }
            (old, Some(Announced { hub, topic })) => {
                if let Some(old) = old {
                    self.inner.pushes.lock().remove(&old.token);
                }
                let (token, secret) = (random()?, random()?);
                let asked = Timestamp::UNIX_EPOCH;
                Some(Subscription { hub, topic, token, secret, asked, until: None })
            }
        };
        let Some(mut kept) = kept else { return Ok(()) };
        let lease = config.lease.0;
        // The polls renew, so well before the end: at least one more comes before it.
        let margin = SignedDuration::try_from(lease / 3).unwrap_or(SignedDuration::ZERO);
        let unanswered =
            kept.until.is_none() || kept.until.is_some_and(|until| until < now + margin);
        let mut result = Ok(());
        if unanswered && kept.asked.saturating_add(PATIENCE).is_ok_and(|then| then <= now) {
            kept.asked = now;
            // Known before the hub is asked, as it may ask back at once.
            self.inner
                .pushes
                .lock()
                .insert(kept.token.clone(), (source.name.clone(), kept.clone()));
            result = self.subscribe(&config.callback, &kept, lease).await;
            kept = self.inner.pushes.known(&source.name, &kept);
        }
        cursor.push = Some(kept);
        result
    }

    async fn subscribe(
        &self,
        callback: &Url,
        subscription: &Subscription,
        lease: Duration,
    ) -> Result<(), FetchError> {
        let callback =
            format!("{}/{}", callback.as_str().trim_end_matches('/'), subscription.token);
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("hub.callback", &callback)
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.topic", subscription.topic.as_str())
            .append_pair("hub.lease_seconds", &lease.as_secs().to_string())
            .append_pair("hub.secret", &subscription.secret)
            .finish();
        let turn = self.inner.hosts.of(&subscription.hub).turn().await?;
        let result = self.inner.http.post(&subscription.hub, form).await;
        self.judge(&turn, result).map(|_| ())
    }
}

/// 128 random bits in hexadecimal. From the operating system: a guessed token or secret would let
/// others push.
fn random() -> Result<String, FetchError> {
    let mut bits = [0u8; 16];
    let filled = rustls::crypto::ring::default_provider().secure_random.fill(&mut bits);
    filled.map_err(|_| FetchError::Config("the system gives no random numbers".to_owned()))?;
    Ok(bits.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hubs_are_found_in_headers_first_and_in_feeds_else() {
        let url = Url::parse("https://example.org/feed").unwrap();
        let mut headers = HeaderMap::new();
        let found = |headers: &HeaderMap, feed| {
            announced(headers, feed, &url)
                .map(|found| (found.hub.to_string(), found.topic.to_string()))
        };
        let pair = |hub: &str, topic: &str| Some((hub.to_owned(), topic.to_owned()));
        assert_eq!(found(&headers, None), None);
        let own = Some(("https://hub.example/a", Some("https://example.org/self")));
        assert_eq!(found(&headers, own), pair("https://hub.example/a", "https://example.org/self"));
        assert_eq!(
            found(&headers, Some(("/hub", None))),
            pair("https://example.org/hub", "https://example.org/feed")
        );
        headers.append(
            LINK,
            r#"</x>; rel="next", <https://hub.example/b>; rel="hub""#.parse().unwrap(),
        );
        headers.append(LINK, r#"<https://example.org/topic>; rel=self"#.parse().unwrap());
        assert_eq!(
            found(&headers, own),
            pair("https://hub.example/b", "https://example.org/topic")
        );
        assert_eq!(found(&HeaderMap::new(), Some(("ftp://hub.example/", None))), None);
    }
}
