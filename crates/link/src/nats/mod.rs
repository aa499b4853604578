//! [`Queue`] over NATS JetStream.
//!
//! One stream for each channel, `PREFIX_entries` and so on, with the subjects
//! `PREFIX.CHANNEL.PARTITION.KEY`: a work queue that refuses what it has no room for, so that a
//! full one makes its senders wait. One durable consumer for each lane, with a filter of its own
//! (on a work queue no two may overlap). The leases are a bucket of keys that expire, and what is
//! larger than the server's `max_payload` lies in an object store, with its name in a header.
//!
//! JetStream acknowledges before it syncs (unless its `sync_interval` is `always`), so a cluster
//! that loses power at once can lose what it has acknowledged. The link is built for that: the
//! ledger asks for what it handed off and hears nothing of.

mod connect;
mod large;
mod leases;
mod message;
mod streams;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::object_store::ObjectStore;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{Context, kv};
use bytes::Bytes;
use futures_util::StreamExt;

pub use message::Message;

use crate::{Channel, Lane, Nats, Queue, QueueError};

/// The first server version that works; earlier ones fail in ways that look like success.
pub const OLDEST_SERVER: (u64, u64) = (2, 11);

/// How long a take waits for the first message.
const WAIT: Duration = Duration::from_secs(1);

/// How long the server may say nothing to a take: longer than it would wait itself.
const SILENCE: Duration = Duration::from_secs(5);

/// What the headers of a message and its subject may need of `max_payload`.
const HEADERS: usize = 1024;

/// A connection to JetStream and what a link keeps there. Cheap to clone.
#[derive(Clone)]
pub struct JetStream(Arc<Inner>);

struct Inner {
    context: Context,
    prefix: String,
    replicas: usize,
    streams: HashMap<Channel, Stream>,
    leases: kv::Store,
    large: ObjectStore,
    /// Made when a lane is first taken from, and again after a failure.
    consumers: Mutex<HashMap<Lane, PullConsumer>>,
}

impl JetStream {
    /// Connects, checks that the server will do, and creates the streams and buckets or verifies
    /// those that are there. Waits for a cluster that is just electing its leaders.
    ///
    /// # Errors
    ///
    /// `Unfit` where the server is too old, has no JetStream, refuses us, or holds something
    /// else under one of our names; `Later` where it cannot be reached.
    pub async fn connect(config: &Nats) -> Result<Self, QueueError> {
        let context = connect::connect(config).await?;
        let (prefix, replicas) = (config.prefix.clone(), config.replicas);
        let kept = streams::patiently(|| streams::ensure(&context, &prefix, replicas)).await?;
        let leases = streams::patiently(|| leases::ensure(&context, &prefix, replicas)).await?;
        let large = streams::patiently(|| large::ensure(&context, &prefix, replicas)).await?;
        let consumers = Mutex::default();
        Ok(Self(Arc::new(Inner {
            context,
            prefix,
            replicas,
            streams: kept,
            leases,
            large,
            consumers,
        })))
    }

    fn subject(&self, lane: Lane, key: u64) -> String {
        format!("{}.{}.{}.{key}", self.0.prefix, lane.channel.name(), lane.partition)
    }

    async fn consumer(&self, lane: Lane) -> Result<PullConsumer, QueueError> {
        let known = |consumers: &HashMap<Lane, PullConsumer>| consumers.get(&lane).cloned();
        let consumers = &self.0.consumers;
        if let Some(consumer) = known(&consumers.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(consumer);
        }
        let made = streams::consumer(&self.0.context, &self.0.prefix, lane).await;
        if made.is_err() {
            self.mend().await?;
        }
        let made = made?;
        consumers.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, made.clone());
        Ok(made)
    }

    /// Creates again what has vanished from the server.
    async fn mend(&self) -> Result<(), QueueError> {
        let Inner { context, prefix, replicas, .. } = &*self.0;
        streams::ensure(context, prefix, *replicas).await?;
        leases::ensure(context, prefix, *replicas).await?;
        large::ensure(context, prefix, *replicas).await?;
        Ok(())
    }

    async fn taken(
        &self,
        batch: &mut async_nats::jetstream::consumer::pull::Batch,
        lane: Lane,
    ) -> Result<Vec<Message>, QueueError> {
        let mut taken = Vec::new();
        loop {
            let next = match tokio::time::timeout(SILENCE, batch.next()).await {
                Ok(None) => break,
                Ok(Some(Ok(message))) => Ok(message),
                Ok(Some(Err(error))) => Err(error),
                // A leader that dies takes our request along, and nobody tells us.
                Err(_) => Err(Box::from("no answer")),
            };
            match next {
                Ok(message) => taken.push(Message::read(message, &self.0.large).await),
                // What came before the failure is ours all the same.
                Err(error) if taken.is_empty() => return Err(self.forget(lane, error)),
                Err(_) => break,
            }
        }
        Ok(taken)
    }

    /// The next take begins anew: the consumer may be gone.
    fn forget(&self, lane: Lane, error: Box<dyn std::error::Error + Send + Sync>) -> QueueError {
        self.0.consumers.lock().unwrap_or_else(PoisonError::into_inner).remove(&lane);
        QueueError::later(format!("cannot take from {}", lane.channel.name()), error)
    }
}

impl Queue for JetStream {
    type Taken = Message;

    async fn put(&self, lane: Lane, key: u64, id: &str, message: Bytes) -> Result<(), QueueError> {
        let context = &self.0.context;
        let room = context.client().server_info().max_payload.saturating_sub(HEADERS);
        let mut publish = PublishMessage::build().message_id(id);
        if message.len() > room {
            let name = format!("{}.{id}", lane.channel.name());
            large::put(&self.0.large, &name, &message, room).await?;
            publish = publish.header(large::HEADER, name.as_str());
        } else {
            publish = publish.payload(message);
        }
        let failed = |error: async_nats::jetstream::context::PublishError| {
            let gone = error.kind() == PublishErrorKind::StreamNotFound;
            (gone, QueueError::later(format!("cannot put into {}", lane.channel.name()), error))
        };
        let sent = context.send_publish(self.subject(lane, key), publish).await;
        let acknowledged = match sent {
            Ok(acknowledgement) => acknowledgement.await.map(drop),
            Err(error) => Err(error),
        };
        match acknowledged.map_err(failed) {
            Ok(()) => Ok(()),
            Err((gone, error)) => {
                if gone {
                    self.mend().await?;
                }
                Err(error)
            }
        }
    }

    async fn take(&self, lane: Lane, most: usize) -> Result<Vec<Message>, QueueError> {
        let consumer = self.consumer(lane).await?;
        let there = consumer.fetch().max_messages(most).messages().await;
        let mut there = there.map_err(|error| self.forget(lane, error.into()))?;
        let taken = self.taken(&mut there, lane).await?;
        if !taken.is_empty() {
            return Ok(taken);
        }
        let next = consumer.batch().max_messages(1).expires(WAIT).messages().await;
        let mut next = next.map_err(|error| self.forget(lane, error.into()))?;
        self.taken(&mut next, lane).await
    }

    async fn holds(&self, lane: Lane, key: u64) -> Result<bool, QueueError> {
        let stream = &self.0.streams[&lane.channel];
        // Asks the leader: another replica may be behind.
        match stream.get_last_raw_message_by_subject(&self.subject(lane, key)).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(false),
            Err(error) => {
                Err(QueueError::later(format!("cannot look into {}", lane.channel.name()), error))
            }
        }
    }

    async fn lease(&self, name: &str, holder: &str) -> Result<bool, QueueError> {
        leases::lease(&self.0.leases, name, holder).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), QueueError> {
        leases::release(&self.0.leases, name, holder).await
    }

    async fn leases(&self) -> Result<Vec<(String, String)>, QueueError> {
        leases::all(&self.0.leases).await
    }
}
