//! The admin socket: a Unix socket on which the user who runs the mill, and nobody else, can look
//! into it and have it read its configuration again.
//!
//! One JSON object a line each way: a [`Request`], then its answers. [`Request::Tap`] answers until
//! the connection closes, every other request once; then the next may follow. The protocol is
//! between a newsmill and itself and promises nothing to others.

pub mod client;
mod server;
pub mod snapshot;

use serde::{Deserialize, Serialize};

pub use server::{Admin, AdminError};
pub use snapshot::Snapshot;

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Request {
    /// How things stand; answered by a [`Snapshot`].
    Snapshot,
    /// The parts that are not ready; answered by a [`Health`].
    Health,
    /// Read the configuration again; answered by a [`Done`].
    Reload,
    /// Show what passes a stage; answered by any number of objects. `{"dropped": n}` says that n
    /// of them were lost because the reader was slow, `{"error": …}` that nothing will come.
    Tap {
        /// One of [`Telemetry::STAGES`](crate::telemetry::Telemetry::STAGES).
        stage: String,
        /// Only of this source.
        source: Option<String>,
        /// Only lines that contain this.
        grep: Option<String>,
    },
}

/// The answer to [`Request::Health`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Parts that are not ready, each with what it lacks.
    pub not_ready: Vec<(String, String)>,
}

/// The answer to [`Request::Reload`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Whether it was done.
    pub done: bool,
    /// What was done, or why nothing was.
    pub what: String,
}

/// The most bytes of a request.
const MAX_REQUEST: usize = 16 << 10;
