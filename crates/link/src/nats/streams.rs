//! Streams and consumers: created, or verified where they are there.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{
    Config, ConsumerErrorKind, DiscardPolicy, RetentionPolicy, StorageType, Stream,
};
use async_nats::jetstream::{Context, ErrorCode};
use tokio::time::Instant;

use super::Message;
use crate::{Channel, Lane, QueueError, Taken};

/// Most messages in one stream: senders wait for room.
const MOST_MESSAGES: i64 = 20_000;

/// Within this, the same `Nats-Msg-Id` is kept once.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(2 * 60);

/// Most messages of one consumer that are handed out and not acknowledged, over all processes.
const MOST_PENDING: i64 = 10_000;

/// How long a start waits for a cluster to come to itself.
const ELECTION: Duration = Duration::from_secs(30);

/// Tries for a while what only has to wait.
pub(super) async fn patiently<T, W>(mut work: impl FnMut() -> W) -> Result<T, QueueError>
where
    W: Future<Output = Result<T, QueueError>>,
{
    let deadline = Instant::now() + ELECTION;
    loop {
        match work().await {
            Err(QueueError::Later { action, source }) if Instant::now() < deadline => {
                tracing::warn!(action, %source, "waits for JetStream");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            done => return done,
        }
    }
}

/// Every stream, there and as it must be.
pub(super) async fn ensure(
    context: &Context,
    prefix: &str,
    replicas: usize,
) -> Result<HashMap<Channel, Stream>, QueueError> {
    let mut streams = HashMap::new();
    for channel in Channel::ALL {
        let wanted = wanted(prefix, channel, replicas);
        let stream = one(context, &wanted).await?;
        verify(&stream.cached_info().config, &wanted)?;
        streams.insert(channel, stream);
    }
    Ok(streams)
}

fn wanted(prefix: &str, channel: Channel, replicas: usize) -> Config {
    let name = channel.name();
    Config {
        name: format!("{prefix}_{name}"),
        description: Some(format!("newsmill: {name} on their way between processes")),
        subjects: vec![format!("{prefix}.{name}.>")],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: replicas,
        max_messages: MOST_MESSAGES,
        duplicate_window: DUPLICATE_WINDOW,
        ..Config::default()
    }
}

async fn one(context: &Context, wanted: &Config) -> Result<Stream, QueueError> {
    let name = &wanted.name;
    match context.get_stream(name).await {
        Ok(stream) => return Ok(stream),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(said)
                if said.error_code() == ErrorCode::STREAM_NOT_FOUND => {}
            _ => return Err(QueueError::later(format!("cannot find the stream `{name}`"), error)),
        },
    }
    match context.create_stream(wanted).await {
        Ok(stream) => Ok(stream),
        Err(error) => Err(match error.kind() {
            CreateStreamErrorKind::JetStream(said) => refused(wanted, &said, error),
            _ => QueueError::later(format!("cannot create the stream `{name}`"), error),
        }),
    }
}

fn refused(
    wanted: &Config,
    said: &async_nats::jetstream::Error,
    error: async_nats::jetstream::context::CreateStreamError,
) -> QueueError {
    let name = &wanted.name;
    let message = match said.error_code() {
        ErrorCode::STREAM_SUBJECT_OVERLAP => format!(
            "another stream takes the subjects {:?} already: use another `link.nats.prefix`",
            wanted.subjects
        ),
        ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED => format!(
            "{} replicas need a cluster, and this NATS server is alone: set \
             `link.nats.replicas` to 1",
            wanted.num_replicas
        ),
        ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            "JetStream is not open to this account of the NATS server".to_owned()
        }
        _ => return QueueError::later(format!("cannot create the stream `{name}`"), error),
    };
    QueueError::Unfit { message }
}

/// A stream of our name that loses messages, or hands them out twice, would do so quietly.
fn verify(found: &Config, wanted: &Config) -> Result<(), QueueError> {
    let name = &wanted.name;
    let differs = |what: &str, found: String, needed: String, mend: &str| {
        Err(QueueError::Unfit {
            message: format!(
                "the stream `{name}` has {what} {found}, and a link needs {needed}: {mend}"
            ),
        })
    };
    let anew = "use another `link.nats.prefix`, or delete the stream once nothing is left in it";
    if found.retention != wanted.retention {
        let (found, needed) = (retention(found.retention), retention(wanted.retention));
        return differs("the retention", found.to_owned(), needed.to_owned(), anew);
    }
    if found.subjects != wanted.subjects {
        let (found, needed) = (format!("{:?}", found.subjects), format!("{:?}", wanted.subjects));
        return differs("the subjects", found, needed, anew);
    }
    if found.storage != wanted.storage {
        return differs("the storage", "memory".to_owned(), "file".to_owned(), anew);
    }
    if found.discard != wanted.discard {
        let mend = format!("nats stream edit {name} --discard new");
        return differs("the discard policy", "old".to_owned(), "new".to_owned(), &mend);
    }
    if found.num_replicas != wanted.num_replicas {
        let mend = format!(
            "set `link.nats.replicas`, or nats stream edit {name} --replicas {}",
            wanted.num_replicas
        );
        let (found, needed) = (found.num_replicas.to_string(), wanted.num_replicas.to_string());
        return differs("the number of replicas", found, needed, &mend);
    }
    Ok(())
}

fn retention(policy: RetentionPolicy) -> &'static str {
    match policy {
        RetentionPolicy::Limits => "limits",
        RetentionPolicy::Interest => "interest",
        RetentionPolicy::WorkQueue => "workqueue",
    }
}

/// The consumer of a lane, there and as it must be.
pub(super) async fn consumer(
    context: &Context,
    prefix: &str,
    lane: Lane,
) -> Result<PullConsumer, QueueError> {
    let channel = lane.channel.name();
    let filter = format!("{prefix}.{channel}.{}.>", lane.partition);
    let config = pull::Config {
        durable_name: Some(format!("lane-{}", lane.partition)),
        filter_subject: filter.clone(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: Message::PATIENCE,
        max_ack_pending: MOST_PENDING,
        // The pipeline counts, and decides what is poison.
        max_deliver: -1,
        ..pull::Config::default()
    };
    // Creates it or brings it up to this.
    let made = context.create_consumer_on_stream(config, format!("{prefix}_{channel}")).await;
    made.map_err(|error| match error.kind() {
        ConsumerErrorKind::JetStream(said)
            if said.error_code() == ErrorCode::CONSUMER_WQ_CONSUMER_NOT_UNIQUE =>
        {
            QueueError::Unfit {
                message: format!(
                    "another consumer of the stream `{prefix}_{channel}` takes what {filter} \
                     takes: delete it (nats consumer ls {prefix}_{channel})"
                ),
            }
        }
        _ => QueueError::later(format!("cannot create a consumer of {channel}"), error),
    })
}
