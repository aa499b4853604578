//! Sources into entries, entries into pages: polite and safe HTTP, feeds, files, archives.
//!
//! A library of plain functions. It holds no channel, knows no ledger, and starts no task but for
//! the connections of [`Fetcher::answer_hubs`]: whoever calls it stores what [`Poll`] returns and
//! decides when to call again.

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
mod local;
mod look;
mod opml;
mod page;
pub mod parse;
mod plain;
mod poll;
mod robots;
mod schedule;
mod sitemap;
mod sniff;
mod source;
mod subscription;
#[cfg(test)]
mod tests;
mod text;
pub mod warc;
mod websub;

pub use config::{ArchiveConfig, Config, HostConfig, TimeoutConfig, WebSubConfig};
pub use error::FetchError;
pub use fetcher::Fetcher;
pub use input::json_line;
pub use poll::{Cursor, Poll};
pub use source::{Every, SourceConfig, SourceKind};
pub use subscription::Subscription;
pub use websub::Pushed;
