//! Standard output, whose errors say that it was it.

use std::io::{self, Write};

use crate::output::named;

/// What errors call it.
pub(crate) const NAME: &str = "standard output";

/// Standard output, held until it is dropped.
pub(crate) struct Stdout(io::StdoutLock<'static>);

/// Takes hold of standard output.
pub(crate) fn lock() -> Stdout {
    Stdout(io::stdout().lock())
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| named(NAME, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(|error| named(NAME, &error))
    }
}
