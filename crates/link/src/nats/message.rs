//! A message that was handed out.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::AckKind;
use async_nats::jetstream::message::Acker;
use async_nats::jetstream::object_store::ObjectStore;
use bytes::Bytes;

use super::large;
use crate::Taken;

/// How long before a large message that cannot be fetched now is tried again.
const FETCH_AGAIN: Duration = Duration::from_secs(5);

/// One delivery of one message.
pub struct Message {
    message: Option<Bytes>,
    delivered: u32,
    acker: Acker,
    /// Where the message is an object: it goes when the message does.
    object: Option<(ObjectStore, String)>,
}

impl Message {
    /// Fetches what is large.
    pub(super) async fn read(delivery: jetstream::Message, store: &ObjectStore) -> Self {
        let delivered = delivery.info().map_or(1, |info| info.delivered);
        let delivered = u32::try_from(delivered).unwrap_or(u32::MAX).max(1);
        let (message, acker) = delivery.split();
        let name = message.headers.as_ref().and_then(|headers| headers.get(large::HEADER));
        let Some(name) = name.map(ToString::to_string) else {
            return Self { message: Some(message.payload), delivered, acker, object: None };
        };
        let mut fetched = large::get(store, &name).await;
        if let Err(error) = &fetched {
            tracing::warn!(%error, "tries once more");
            tokio::time::sleep(FETCH_AGAIN).await;
            fetched = large::get(store, &name).await;
        }
        let object = Some((store.clone(), name));
        Self { message: fetched.ok().flatten(), delivered, acker, object }
    }

    async fn say(&self, kind: AckKind) {
        // A sign that is lost brings the message again: nothing else follows from it.
        if let Err(error) = self.acker.ack_with(kind).await {
            tracing::debug!(%error, "cannot acknowledge");
        }
    }
}

impl Taken for Message {
    const PATIENCE: Duration = Duration::from_secs(30);

    fn message(&self) -> Option<&Bytes> {
        self.message.as_ref()
    }

    fn delivered(&self) -> u32 {
        self.delivered
    }

    async fn progress(&self) {
        self.say(AckKind::Progress).await;
    }

    async fn ack(&self) {
        let Some((store, name)) = &self.object else { return self.say(AckKind::Ack).await };
        // Its object goes only once the message surely does not come again.
        if let Err(error) = self.acker.double_ack().await {
            return tracing::debug!(%error, "cannot acknowledge");
        }
        if let Err(error) = store.delete(name).await {
            tracing::debug!(%error, name, "the object goes when it is old");
        }
    }

    async fn nak(&self, after: Duration) {
        self.say(AckKind::Nak((!after.is_zero()).then_some(after))).await;
    }
}
