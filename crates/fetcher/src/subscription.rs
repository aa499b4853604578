//! Subscriptions at WebSub hubs: what a feed announces, and what is known of those that were made.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use newsmill_article::SourceName;
use reqwest::header::{HeaderMap, LINK};
use serde::{Deserialize, Serialize};
use url::Url;

/// A subscription, as it is kept in a source's cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// The hub.
    pub(crate) hub: Url,
    /// What it is asked for: the feed's own name for itself.
    pub(crate) topic: Url,
    /// The last part of our callback's path, which nobody else knows.
    pub(crate) token: String,
    /// What the hub signs with.
    pub(crate) secret: String,
    /// When it was last asked.
    pub(crate) asked: Timestamp,
    /// Until when the hub sends; `None` until it has asked back.
    pub(crate) until: Option<Timestamp>,
}

/// The subscriptions that the callback answers for.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Mutex<HashMap<String, (SourceName, Subscription)>>);

impl Subscriptions {
    pub(crate) fn lock(&self) -> MutexGuard<'_, HashMap<String, (SourceName, Subscription)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a subscription by now, also to who was not there when it was made.
    pub(crate) fn known(&self, source: &SourceName, kept: &Subscription) -> Subscription {
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
