//! Plain text for reading in a terminal.

use std::io::{self, Write};

use newsmill_article::Record;

pub(super) fn write(out: &mut impl Write, record: &Record, first: bool) -> io::Result<()> {
    if !first {
        writeln!(out, "\n")?;
    }
    if let Some(title) = &record.title {
        writeln!(out, "{title}\n")?;
    }
    writeln!(out, "{}\n\n{}", record.summary.text, record.text)
}
