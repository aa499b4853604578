//! The things an article becomes on its way through the mill, and the ways it can end.
//!
//! An [`Entry`] says that something may be worth reading, a [`Page`] is what its address answered,
//! a [`Document`] is the readable part of the page, an [`Article`] is a document with its origin,
//! and a [`Record`] is what is published. Whatever happens, an entry ends in exactly one
//! [`Outcome`], and a refusal names its [`Reason`].
//!
//! This crate does no I/O, starts no task and depends on no other crate of the workspace. Only
//! [`Record`] and what it holds promise a serialized form; the rest may change freely.

mod article;
mod canonical;
mod document;
mod entry;
mod id;
mod moment;
mod outcome;
mod page;
mod record;
mod summary;
mod units;

pub use article::Article;
pub use canonical::canonical;
pub use document::{Block, BlockKind, Document, Kind};
pub use entry::{Entry, Hints, Location};
pub use id::{ArticleId, ParseIdError, Revision, SourceName};
pub use moment::Moment;
pub use outcome::{Disposition, Outcome, Reason};
pub use page::Page;
pub use record::{Change, PipelineVersions, Record, SCHEMA};
pub use summary::{Span, Spent, Summary, SummarySentence};
pub use units::{HumanDuration, HumanSize, ParseUnitError};
