//! WebSub (W3C Recommendation, 2018): a hub that a feed names tells us what is new, so that we need
//! not ask.
//!
//! A poll finds the hub, in the `Link` headers or in the feed, and subscribes; the hub asks back at
//! our callback whether we mean it; from then on it posts the feed there, signed with the secret of
//! that subscription. The lease is renewed by the polls, which go on: a hub may fail. Left out: the
//! listener's TLS, which is a proxy's; unsubscribing, as a lease ends by itself.

mod listen;
mod signature;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::{Url, form_urlencoded};

use crate::fetcher::Fetcher;
use crate::poll::Cursor;
use crate::subscription::{Announced, Subscription};
use crate::{FetchError, SourceConfig};

pub use listen::Pushed;

/// How long a hub may take to ask back before it is asked again.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

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
