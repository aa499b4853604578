//! Wires the stages, runs them, stops them.
