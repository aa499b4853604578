//! The mill with a ledger, over real files and real sinks. One binary for all: linking costs more
//! than running.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod make;
mod reload;
mod resume;
mod telemetry;
