//! A durable queue between machines: a small trait, and NATS JetStream behind it.
//!
//! [`Queue`] is what a link of the pipeline needs of an engine: put a message and know that it is
//! kept, take messages and say later what became of each, ask whether a message is still there,
//! hold a name for a while. It knows nothing of articles; what a message says is the pipeline's
//! business.
//!
//! Promises: a message that was put is handed out until somebody acknowledges it, at least once
//! and perhaps more often; a message larger than the server takes goes through its object store.
//! Left out: order, exactly-once delivery (the pipeline's ledger sees to the effect), any second
//! engine.

mod config;
#[cfg(feature = "nats")]
pub mod nats;
mod queue;
#[cfg(feature = "testing")]
pub mod testing;

pub use config::{Config, Credentials, CredentialsError, Nats, Tls};
pub use queue::{Channel, LEASE, Lane, PARTITIONS, Queue, QueueError, Taken};
