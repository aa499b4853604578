//! The ledger as its owner and its readers see it.

mod make;
mod scenarios;
