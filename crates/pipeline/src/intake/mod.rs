//! Where entries come from: a list of inputs, or the ledger. The only stage that is told to stop.

pub mod due;
pub mod list;
pub mod push;

pub use list::Given;
