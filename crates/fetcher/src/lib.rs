//! Sources into entries, entries into pages: polite and safe HTTP, feeds, files, archives.
//!
//! A library of plain functions. It starts no task, holds no channel, knows no ledger: whoever
//! calls it stores what [`Poll`] returns and decides when to call again.

mod access;
mod archive;
mod config;
mod consent;
mod decode;
mod error;
mod feed;
mod fetcher;
mod file;
mod follow;
mod guard;
mod host;
mod html;
mod http;
mod index;
mod input;
mod look;
mod opml;
pub mod parse;
mod poll;
mod robots;
mod schedule;
mod sitemap;
mod sniff;
mod source;
#[cfg(test)]
mod tests;
mod text;
pub mod warc;

pub use config::{ArchiveConfig, Config, HostConfig, TimeoutConfig};
pub use error::FetchError;
pub use fetcher::Fetcher;
pub use input::json_line;
pub use poll::{Cursor, Poll};
pub use source::{Every, SourceConfig, SourceKind};
