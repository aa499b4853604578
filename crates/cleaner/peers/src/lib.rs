//! The cleaner beside its peers, over the same pages in one process on one thread.
//!
//! Promises: every tool sees the same decoded text and gives plain text; reader comments are off
//! where there is a switch. The cleaner alone gets bytes and decodes them itself, so what it does
//! more counts against it. Leaves out: metadata, which the tools read in different depth.

pub mod pages;
pub mod tools;
