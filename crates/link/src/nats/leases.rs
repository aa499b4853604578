//! Leases: keys of a bucket that expire unless they are renewed.
//!
//! The server's clock decides when one is over, and changes are made against the revision that
//! was read, so two processes never hold one at the same time by the server's account. A process
//! that slept through its lease must look at its own clock before it acts on one.

use async_nats::jetstream::Context;
use async_nats::jetstream::context::CreateKeyValueErrorKind;
use async_nats::jetstream::kv::{
    Config, CreateErrorKind, Entry, Operation, Store, UpdateErrorKind,
};
use bytes::Bytes;
use futures_util::StreamExt;

use crate::{LEASE, QueueError};

pub(super) async fn ensure(
    context: &Context,
    prefix: &str,
    replicas: usize,
) -> Result<Store, QueueError> {
    let bucket = format!("{prefix}_leases");
    if let Ok(store) = context.get_key_value(&bucket).await {
        return Ok(store);
    }
    let config = Config {
        bucket: bucket.clone(),
        description: "newsmill: who does what at the moment".to_owned(),
        history: 1,
        max_age: LEASE,
        num_replicas: replicas,
        ..Config::default()
    };
    context.create_key_value(config).await.map_err(|error| match error.kind() {
        CreateKeyValueErrorKind::InvalidStoreName => QueueError::Unfit {
            message: format!("`{bucket}` cannot be the name of a bucket: change the prefix"),
        },
        _ => QueueError::later(format!("cannot create the bucket `{bucket}`"), error),
    })
}

/// The entry of a key that somebody holds.
async fn held(store: &Store, name: &str) -> Result<Option<Entry>, QueueError> {
    let entry = store.entry(name).await;
    let entry =
        entry.map_err(|error| QueueError::later(format!("cannot read the lease {name}"), error))?;
    Ok(entry.filter(|entry| entry.operation == Operation::Put))
}

pub(super) async fn lease(store: &Store, name: &str, holder: &str) -> Result<bool, QueueError> {
    let value = Bytes::copy_from_slice(holder.as_bytes());
    match held(store, name).await? {
        Some(entry) if entry.value == value => {
            match store.update(name, value, entry.revision).await {
                Ok(_) => Ok(true),
                Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(false),
                Err(error) => {
                    Err(QueueError::later(format!("cannot renew the lease {name}"), error))
                }
            }
        }
        Some(_) => Ok(false),
        None => match store.create(name, value).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(QueueError::later(format!("cannot take the lease {name}"), error)),
        },
    }
}

pub(super) async fn release(store: &Store, name: &str, holder: &str) -> Result<(), QueueError> {
    match held(store, name).await? {
        Some(entry) if entry.value == holder.as_bytes() => store
            .delete_expect_revision(name, Some(entry.revision))
            .await
            .map_err(|error| QueueError::later(format!("cannot release the lease {name}"), error)),
        _ => Ok(()),
    }
}

pub(super) async fn all(store: &Store) -> Result<Vec<(String, String)>, QueueError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        QueueError::later("cannot list the leases", error)
    };
    // The subjects of its stream: listing the keys would leave a consumer behind each time.
    let filter = format!("{}>", store.prefix);
    let info = store.stream.info_with_subjects(filter).await;
    let mut subjects = info.map_err(|error| failed(error.into()))?;
    let mut leases = Vec::new();
    while let Some(subject) = subjects.next().await {
        let (subject, _) = subject.map_err(|error| failed(error.into()))?;
        let Some(name) = subject.strip_prefix(&store.prefix) else { continue };
        if let Some(entry) = held(store, name).await? {
            let holder = String::from_utf8_lossy(&entry.value).into_owned();
            leases.push((name.to_owned(), holder));
        }
    }
    leases.sort_unstable();
    Ok(leases)
}
