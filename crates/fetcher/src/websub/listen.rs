//! The callback: where hubs ask back and push to.
//!
//! HTTP/1.1 without TLS, for a proxy to stand before. Connections, time and bodies are bounded. What
//! is not signed with the subscription's secret is answered as if it were, and dropped, as the
//! standard asks: a guesser learns nothing.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::{SignedDuration, Timestamp};
use newsmill_article::{Entry, SourceName};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::form_urlencoded;

use super::signature;
use crate::feed;
use crate::fetcher::Fetcher;
use crate::poll::Look;

/// Connections at once; more wait.
const CONNECTIONS: usize = 64;

/// The time that a request may take.
const TIME: Duration = Duration::from_secs(30);

/// What a hub pushed: the entries of a feed, as listed; known ones may be among them.
#[derive(Debug)]
pub struct Pushed {
    /// Whose feed it is.
    pub source: SourceName,
    /// Its entries.
    pub entries: Vec<Entry>,
}

impl Fetcher {
    /// Answers hubs at `listener` for as long as it is polled. `take` makes what was pushed durable
    /// and says whether it is; if not, the hub is told to come again. Dropping it closes the listener
    /// and every connection.
    pub async fn answer_hubs<F, T>(&self, listener: TcpListener, take: F)
    where
        F: Fn(Pushed) -> T + Clone + Send + Sync + 'static,
        T: Future<Output = bool> + Send,
    {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut open = JoinSet::new();
        loop {
            while open.try_join_next().is_some() {}
            // It is never closed.
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a hub could not be let in");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (fetcher, take) = (self.clone(), take.clone());
            open.spawn(async move {
                let _place = place;
                let service = service_fn(move |request| {
                    let (fetcher, take) = (fetcher.clone(), take.clone());
                    async move { Ok::<_, Infallible>(fetcher.answer_hub(request, take).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(TIME)
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(stream), service);
                // Whether a hub breaks off is its own affair; it comes again.
                let _ = tokio::time::timeout(TIME, connection).await;
            });
        }
    }

    async fn answer_hub<F, T>(&self, request: Request<Incoming>, take: F) -> Response<Full<Bytes>>
    where
        F: Fn(Pushed) -> T,
        T: Future<Output = bool>,
    {
        let token = request.uri().path().rsplit('/').next().unwrap_or("").to_owned();
        if *request.method() == Method::GET {
            let query = request.uri().query().unwrap_or("");
            return match self.ask_back(&token, query) {
                Some(challenge) => response(StatusCode::OK, challenge),
                None => response(StatusCode::NOT_FOUND, String::new()),
            };
        }
        if *request.method() != Method::POST {
            return response(StatusCode::METHOD_NOT_ALLOWED, String::new());
        }
        let Some((source, secret)) = self.subscriber(&token) else {
            return response(StatusCode::GONE, String::new());
        };
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned)
        };
        let (signed, content_type) = (header("x-hub-signature"), header("content-type"));
        let max = self.inner.config.max_feed.bytes();
        let Ok(body) = Limited::new(request.into_body(), max).collect().await else {
            return response(StatusCode::PAYLOAD_TOO_LARGE, String::new());
        };
        let body = body.to_bytes();
        if !signed.is_some_and(|signed| signature::holds(&signed, &secret, &body)) {
            tracing::warn!(%source, "a push without the right signature is dropped");
            return response(StatusCode::ACCEPTED, String::new());
        }
        let entries = match self.pushed(&source, &body, content_type.as_deref()) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%source, %error, "what a hub pushed is no feed");
                return response(StatusCode::ACCEPTED, String::new());
            }
        };
        match take(Pushed { source, entries }).await {
            true => response(StatusCode::ACCEPTED, String::new()),
            false => response(StatusCode::SERVICE_UNAVAILABLE, String::new()),
        }
    }

    /// The challenge that confirms what we asked for; `None` for what we did not.
    fn ask_back(&self, token: &str, query: &str) -> Option<String> {
        let asked = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let mut all = self.inner.pushes.lock();
        let (source, subscription) = all.get_mut(token)?;
        if asked("hub.topic")? != subscription.topic.as_str() {
            return None;
        }
        match asked("hub.mode")?.as_str() {
            "subscribe" => {
                let seconds = asked("hub.lease_seconds").and_then(|lease| lease.parse().ok());
                let lease =
                    SignedDuration::from_secs(seconds.unwrap_or(24 * 3600).clamp(60, 366 * 86_400));
                subscription.until = Some(Timestamp::now().saturating_add(lease).ok()?);
                tracing::info!(%source, hub = %subscription.hub, "subscribed");
                asked("hub.challenge")
            }
            "denied" => {
                tracing::warn!(%source, hub = %subscription.hub, "the hub denies the subscription");
                subscription.until = None;
                Some(String::new())
            }
            _ => None,
        }
    }

    fn subscriber(&self, token: &str) -> Option<(SourceName, String)> {
        let all = self.inner.pushes.lock();
        all.get(token).map(|(source, subscription)| (source.clone(), subscription.secret.clone()))
    }

    fn pushed(
        &self,
        source: &SourceName,
        body: &[u8],
        content_type: Option<&str>,
    ) -> Result<Vec<Entry>, feed::FeedError> {
        let topic = {
            let all = self.inner.pushes.lock();
            let subscriptions = all.values().find(|(name, _)| name == source);
            subscriptions.map(|(_, subscription)| subscription.topic.clone())
        };
        let feed = feed::parse(body, content_type, topic.as_ref(), self.feed_limits())?;
        let mut look = Look::default();
        look.take_feed(feed, source, self.access(source));
        Ok(look.entries.into_iter().map(|listed| listed.entry).collect())
    }
}

fn response(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}
