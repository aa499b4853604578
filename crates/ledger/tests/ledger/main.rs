//! The ledger as its owner and its readers see it.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod claims;
mod damage;
mod lanes;
mod layouts;
mod make;
mod model;
mod power;
mod process;
mod scenarios;
