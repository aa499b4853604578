//! A small misbehaving world that the real binary is run against.
