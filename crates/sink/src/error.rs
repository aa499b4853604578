//! What can go wrong with a target as a whole.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use newsmill_article::{Disposition, HumanDuration};

/// Why a batch was not delivered, or a sink not opened. It speaks of the target, never of a single
/// record: what a target refuses of one record is in [`Delivered::rejected`](crate::Delivered).
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// A file could not be read, written or made durable.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried: "open", "append to", "sync", …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Standard output could not be written.
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
    /// The reader of standard output has gone away (`| head`): time to end quietly.
    #[error("the reader of standard output has gone away")]
    ClosedPipe,
    /// Another process writes to the same file.
    #[error("{} is being written by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file does not hold what was written to it.
    #[error(
        "{} is not the file that was written last: no line ends at byte {offset}; \
         move it away to begin a new one", path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Where the last line that was acknowledged should end.
        offset: u64,
    },
    /// A secret that the configuration names is not to be had.
    #[error("{key}: {reason}")]
    Secret {
        /// The key in the configuration, without `_env` or `_file`.
        key: &'static str,
        /// What is wrong and what to do, without the secret.
        reason: String,
    },
    /// A setting cannot be used.
    #[error("{key}: {reason}")]
    Config {
        /// The key in the configuration.
        key: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
    /// SQLite failed.
    #[error("cannot {action} the database {}", path.display())]
    Sqlite {
        /// What was tried.
        action: &'static str,
        /// The database.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// The PostgreSQL server failed, or was not to be had.
    #[error("cannot {action} PostgreSQL")]
    Postgres {
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: tokio_postgres::Error,
    },
    /// A server did not answer in time.
    #[error("no answer from {server} within {}", HumanDuration(*limit))]
    TooSlow {
        /// Which server, without anything secret.
        server: String,
        /// The configured `timeout`.
        limit: Duration,
    },
    /// The receiver of a webhook was not to be had.
    #[error("cannot post to {origin}")]
    Unreachable {
        /// Scheme, host and port: the rest of the URL may be secret.
        origin: String,
        /// Why not.
        source: reqwest::Error,
    },
    /// The receiver of a webhook refused for reasons that are not in the record.
    #[error("{origin} answered {status}{hint}: {body}")]
    Status {
        /// Scheme, host and port.
        origin: String,
        /// The HTTP status.
        status: u16,
        /// What to do about it.
        hint: &'static str,
        /// The beginning of the answer.
        body: String,
        /// How long to wait at least.
        after: Duration,
    },
    /// The work was on a thread that ended before it was done, because the runtime is stopping.
    #[error("stopped before the batch was written")]
    Stopped,
}

impl SinkError {
    /// What the caller should do: `Retry` (deliver the same batch again after a while) or `Fatal`
    /// (nothing but a person can help); never `Reject`.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::File { source, .. } => io_disposition(source),
            Self::Sqlite { source, .. } => crate::sqlite::disposition(source),
            Self::Postgres { source, .. } => crate::postgres::disposition(source),
            Self::Status { after, .. } => Disposition::Retry { after: *after },
            Self::TooSlow { .. } | Self::Unreachable { .. } | Self::Stopped => {
                Disposition::Retry { after: PAUSE }
            }
            Self::Stdout(_)
            | Self::ClosedPipe
            | Self::InUse { .. }
            | Self::Foreign { .. }
            | Self::Secret { .. }
            | Self::Config { .. } => Disposition::Fatal,
        }
    }
}

/// The least pause before a batch is tried again where the target names none. A caller that counts
/// attempts should wait longer from one to the next.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// The pause where only a person can help, with a token, a right or an address, but waiting loses
/// nothing and stopping everything else would.
pub(crate) const LONG_PAUSE: Duration = Duration::from_secs(60);

/// The pause before a full disk is tried again: nobody frees one within a second.
pub(crate) const FULL_DISK_PAUSE: Duration = Duration::from_secs(30);

/// A full disk or a fault of the device may pass; a path that is wrong or closed to us does not.
fn io_disposition(error: &io::Error) -> Disposition {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => Disposition::Retry { after: FULL_DISK_PAUSE },
        Kind::NotFound
        | Kind::PermissionDenied
        | Kind::ReadOnlyFilesystem
        | Kind::AlreadyExists
        | Kind::IsADirectory
        | Kind::NotADirectory
        | Kind::InvalidFilename
        | Kind::InvalidInput
        | Kind::Unsupported => Disposition::Fatal,
        _ => Disposition::Retry { after: PAUSE },
    }
}
