//! Messages that are larger than the server takes: in an object store, named in a header.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::object_store::{Config, GetErrorKind, ObjectMetadata, ObjectStore};
use bytes::Bytes;
use tokio::io::AsyncReadExt;

use crate::QueueError;

/// Names the object that is the message.
pub(super) const HEADER: &str = "Newsmill-Object";

/// An object whose message was lost goes after this.
const LONGEST_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// An object lies in pieces of this size, or smaller where the server takes only that.
const CHUNK: usize = 128 << 10;

/// How long the pieces of an object may take.
const LONGEST_READ: Duration = Duration::from_secs(60);

/// No message is larger: an article is at most some megabytes.
const LARGEST: u64 = 256 << 20;

pub(super) async fn ensure(
    context: &Context,
    prefix: &str,
    replicas: usize,
) -> Result<ObjectStore, QueueError> {
    let bucket = format!("{prefix}_large");
    if let Ok(store) = context.get_object_store(&bucket).await {
        return Ok(store);
    }
    let config = Config {
        bucket: bucket.clone(),
        description: Some("newsmill: messages larger than max_payload".to_owned()),
        max_age: LONGEST_LIFE,
        num_replicas: replicas,
        ..Config::default()
    };
    let made = context.create_object_store(config).await;
    made.map_err(|error| {
        QueueError::later(format!("cannot create the object store `{bucket}`"), error)
    })
}

pub(super) async fn put(
    store: &ObjectStore,
    name: &str,
    message: &Bytes,
    room: usize,
) -> Result<(), QueueError> {
    let chunk_size = Some(CHUNK.min(room));
    let meta = ObjectMetadata { name: name.to_owned(), chunk_size, ..ObjectMetadata::default() };
    let put = store.put(meta, &mut &message[..]).await;
    put.map(drop)
        .map_err(|error| QueueError::later(format!("cannot put the large message {name}"), error))
}

/// `None` where it is not there whole, and never will be.
pub(super) async fn get(store: &ObjectStore, name: &str) -> Result<Option<Bytes>, QueueError> {
    let later = |error: Box<dyn std::error::Error + Send + Sync>| {
        QueueError::later(format!("cannot get the large message {name}"), error)
    };
    let object = match store.get(name).await {
        Ok(object) => object,
        Err(error) if error.kind() == GetErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(later(error.into())),
    };
    let size = object.info().size as u64;
    if size > LARGEST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let mut object = object.take(LARGEST);
    match tokio::time::timeout(LONGEST_READ, object.read_to_end(&mut bytes)).await {
        Ok(read) => read.map_err(|error| later(error.into()))?,
        Err(_) => return Err(later("no answer".into())),
    };
    Ok((bytes.len() as u64 == size).then(|| bytes.into()))
}
