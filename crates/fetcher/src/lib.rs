//! Sources into entries, entries into pages: polite and safe HTTP, feeds, files, archives.
//!
//! A library of plain functions. It starts no task, holds no channel, knows no ledger: whoever
//! calls it stores what [`Poll`] returns and decides when to call again.

mod config;
mod error;
mod fetcher;
mod poll;
mod source;

pub use config::{ArchiveConfig, Config, HostConfig, TimeoutConfig};
pub use error::FetchError;
pub use fetcher::Fetcher;
pub use poll::{Cursor, Poll};
pub use source::{Every, SourceConfig, SourceKind};
