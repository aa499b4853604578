//! The command line of newsmill.

fn main() {}
