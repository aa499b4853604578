//! Wires the stages, runs them, stops them.

pub mod config;
