//! What a link needs of a queue.

use std::time::Duration;

use bytes::Bytes;

/// Into how many parts the hosts of `entries` are divided; so many processes can fetch at most.
pub const PARTITIONS: u16 = 16;

/// How long a lease is good for after it was taken or renewed.
pub const LEASE: Duration = Duration::from_secs(10);

/// A channel that crosses machines, by the name that it has everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// From the intake to the fetchers.
    Entries,
    /// From the cleaners to the summarizers.
    Articles,
    /// From the summarizers to the owner of the ledger.
    Records,
    /// Every other end, to the owner of the ledger.
    Settlements,
}

impl Channel {
    /// All of them, in the order in which an entry passes them.
    pub const ALL: [Self; 4] = [Self::Entries, Self::Articles, Self::Records, Self::Settlements];

    /// Its name in configuration, metrics and streams.
    pub fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Articles => "articles",
            Self::Records => "records",
            Self::Settlements => "settlements",
        }
    }

    /// Its lanes: `entries` has one for each partition, the others have one.
    pub fn lanes(self) -> impl Iterator<Item = Lane> {
        let partitions = if self == Self::Entries { PARTITIONS } else { 1 };
        (0..partitions).map(move |partition| Lane { channel: self, partition })
    }

    /// The only lane of a channel that is not divided; the first of one that is.
    pub fn lane(self) -> Lane {
        Lane { channel: self, partition: 0 }
    }
}

/// One part of a channel, taken from on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    /// Of which channel.
    pub channel: Channel,
    /// Which part, below [`PARTITIONS`]; 0 where the channel is not divided.
    pub partition: u16,
}

/// Why the queue did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Not now: no connection, no leader, no room. Waiting can help.
    #[error("{action}")]
    Later {
        /// What was tried.
        action: String,
        /// What the engine said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server or something on it is not what it must be; a person has to look.
    #[error("{message}")]
    Unfit {
        /// What is wrong, where, and what to do.
        message: String,
    },
}

impl QueueError {
    /// A failure that may pass.
    pub fn later(
        action: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Later { action: action.into(), source: source.into() }
    }
}

/// An engine that keeps messages between processes.
pub trait Queue: Clone + Send + Sync + 'static {
    /// A message that was handed out.
    type Taken: Taken;

    /// Keeps a message at the end of a lane under `key`. Once this returns `Ok`, the message is
    /// kept by as many replicas as are configured. The same `id` again within some minutes is
    /// taken and not kept twice.
    ///
    /// # Errors
    ///
    /// `Later` where it may not have been kept. Putting it again with the same `id` is safe.
    fn put(
        &self,
        lane: Lane,
        key: u64,
        id: &str,
        message: Bytes,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Hands out up to `most` messages: what is there, or after at most a second the first that
    /// comes, or none. Dropping the future may hold a message back until its time to acknowledge
    /// is over.
    ///
    /// # Errors
    ///
    /// `Later`.
    fn take(
        &self,
        lane: Lane,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Self::Taken>, QueueError>> + Send;

    /// Whether a message with this key is in the lane, handed out or not.
    ///
    /// # Errors
    ///
    /// `Later`.
    fn holds(&self, lane: Lane, key: u64) -> impl Future<Output = Result<bool, QueueError>> + Send;

    /// Takes the lease `name` for `holder` or renews it: it is good for [`LEASE`] from the moment
    /// of the call. `false` where somebody else holds it.
    ///
    /// # Errors
    ///
    /// `Later` where it is not known who holds it.
    fn lease(
        &self,
        name: &str,
        holder: &str,
    ) -> impl Future<Output = Result<bool, QueueError>> + Send;

    /// Gives a lease back, where `holder` still holds it.
    ///
    /// # Errors
    ///
    /// `Later`; it then runs out by itself.
    fn release(
        &self,
        name: &str,
        holder: &str,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// The leases that somebody holds: name and holder, by name.
    ///
    /// # Errors
    ///
    /// `Later`.
    fn leases(&self) -> impl Future<Output = Result<Vec<(String, String)>, QueueError>> + Send;
}

/// A message that was handed out and must be acknowledged: until then it is handed out again,
/// to anybody, whenever [`Taken::PATIENCE`] passes without a sign of life.
///
/// The signs are sent and not waited for: one that is lost means that the message comes again.
pub trait Taken: Send + Sync + 'static {
    /// How long the queue waits for a sign.
    const PATIENCE: Duration;

    /// What was put; `None` where it could not be fetched whole and never will.
    fn message(&self) -> Option<&Bytes>;

    /// How often it was handed out, this time included; at least 1.
    fn delivered(&self) -> u32;

    /// It is still worked on.
    fn progress(&self) -> impl Future<Output = ()> + Send;

    /// It is done with and goes away.
    fn ack(&self) -> impl Future<Output = ()> + Send;

    /// It is to be handed out again, not before `after`.
    fn nak(&self, after: Duration) -> impl Future<Output = ()> + Send;
}
