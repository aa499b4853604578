//! Wires the stages, runs them, stops them.
//!
//! The only crate with channels, tickets, threads and signals; the stage crates are libraries of
//! plain functions and know nothing of it. [`topology`] says what is connected to what,
//! [`supervisor`] runs it to its end, [`stages`] holds the three loops and a screen for each
//! stage, [`in_flight`] makes sure that everything that enters ends in exactly one settlement.

pub mod admin;
pub mod config;
mod connections;
pub mod guard;
pub mod in_flight;
pub mod intake;
pub mod jobs;
pub mod ledger_thread;
pub mod link;
pub mod reload;
pub mod stages;
pub mod supervisor;
pub mod systemd;
pub mod telemetry;
pub mod topology;
