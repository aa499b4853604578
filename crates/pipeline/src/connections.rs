//! Connections to a listener, a bounded number at a time.

use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections at a time; more wait to be accepted.
const CONNECTIONS: usize = 32;

/// The pause after one that could not be accepted.
const PAUSE: Duration = Duration::from_millis(200);

/// Accepts connections to `what` and attends to each in a task of its own, until it is dropped: then
/// all of them end.
pub(crate) async fn serve<S, F>(
    what: &'static str,
    mut accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<S>>,
    attend: impl Fn(S) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // It is never closed.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match poll_fn(&mut accept).await {
            Ok(stream) => {
                let attended = attend(stream);
                connections.spawn(async move {
                    let _place = place;
                    attended.await;
                });
            }
            // Too many open files, mostly: the next turn may have one.
            Err(error) => {
                tracing::warn!(%error, what, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
