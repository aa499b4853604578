//! Work that blocks, off the async threads.

use std::sync::{Arc, Mutex, PoisonError};

use crate::SinkError;

/// Something that is worked on with calls that block: a file, a database.
///
/// A caller that stops waiting does not stop the work; the next one waits until it is done. So
/// whoever uses this must be ready to find more done than it was told.
#[derive(Debug)]
pub(crate) struct Blocking<T>(Arc<Mutex<T>>);

impl<T: Send + 'static> Blocking<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    /// Runs `work` on a thread for blocking calls.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut T) -> Result<R, SinkError> + Send + 'static,
    ) -> Result<R, SinkError> {
        let shared = Arc::clone(&self.0);
        let task = tokio::task::spawn_blocking(move || {
            // After a panic the value is as after an error: `work` must cope with both.
            work(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match task.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(SinkError::Stopped),
            },
        }
    }
}
