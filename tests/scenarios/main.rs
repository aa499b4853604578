//! Scenarios against the real binary, by subject.
