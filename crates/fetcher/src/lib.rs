//! Sources into entries, entries into pages: polite and safe HTTP, feeds, files, archives.
//!
//! A library of plain functions. It starts no task, holds no channel, knows no ledger: whoever
//! calls it stores what [`Poll`] returns and decides when to call again.

mod access;
mod config;
mod consent;
mod decode;
mod error;
pub mod feed;
mod fetcher;
mod file;
mod follow;
mod guard;
mod host;
mod html;
mod http;
mod poll;
pub mod robots;
mod schedule;
mod sniff;
mod source;
#[cfg(test)]
mod tests;
mod text;

pub use config::{ArchiveConfig, Config, HostConfig, TimeoutConfig};
pub use error::FetchError;
pub use fetcher::Fetcher;
pub use poll::{Cursor, Poll};
pub use source::{Every, SourceConfig, SourceKind};
