//! The command line of newsmill: verbs, output for people, exit codes.
//!
//! Results go to stdout, everything said about them to stderr. What the verbs do is in the
//! libraries; here it is only asked for and shown.

mod archive;
mod cases;
mod check;
mod cli;
mod completions;
mod connect;
mod discover;
mod eval;
mod exit;
mod explain;
mod inputs;
mod inspect;
mod journal;
mod linked;
mod models;
mod once;
mod output;
mod page;
mod parse;
mod reload;
mod replay;
mod run;
mod schema;
mod stdin;
mod stdout;
mod summarizer;
mod tap;
mod top;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run().into()
}
