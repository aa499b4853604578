//! What the real binary is held against: saved pages with the record that each must become, a
//! small misbehaving web on loopback, and an oracle that asks for the fate of everything that was
//! published.
//!
//! Nothing here knows how newsmill works inside: it sees files, sockets, standard streams and exit
//! codes, as a user does. Leaves out: measuring speed, and the web beyond loopback.

pub mod case;
pub mod mill;
pub mod oracle;
pub mod web;
