//! Puts records where people and programs read them, idempotently.
