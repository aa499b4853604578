//! The forms in which records are written to a stream: two for programs, two for people.

mod byline;
mod markdown;
mod parts;
mod text;

use std::io::{self, BufWriter, Write};

use newsmill_article::Record;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a record is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON Lines: one object on a line.
    #[default]
    Jsonl,
    /// One JSON array of all records, indented; whole only at its end.
    Json,
    /// Plain text for reading.
    Text,
    /// CommonMark for reading.
    Markdown,
}

/// Writes records to `out` one by one, in constant memory. Buffered: what was written is in `out`
/// after [`Writer::flush`] or [`Writer::finish`].
#[derive(Debug)]
pub struct Writer<W: Write> {
    format: Format,
    out: BufWriter<W>,
    /// Whether a record was written, so that the next must be set apart from it.
    begun: bool,
}

impl<W: Write> Writer<W> {
    /// Begins an empty output; nothing is written yet.
    pub fn new(format: Format, out: W) -> Self {
        Self { format, out: BufWriter::with_capacity(64 << 10, out), begun: false }
    }

    /// Writes one record.
    ///
    /// # Errors
    ///
    /// When `out` fails; what it had taken stays, so the output must be given up.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let first = !std::mem::replace(&mut self.begun, true);
        match self.format {
            Format::Jsonl => {
                serde_json::to_writer(&mut self.out, record)?;
                self.out.write_all(b"\n")
            }
            Format::Json => {
                self.out.write_all(if first { b"[\n" } else { b",\n" })?;
                serde_json::to_writer_pretty(&mut self.out, record)?;
                Ok(())
            }
            Format::Text | Format::Markdown => {
                let mut set = Vec::new();
                match self.format {
                    Format::Text => text::write(&mut set, record, first)?,
                    _ => markdown::write(&mut set, record, first)?,
                }
                self.out.write_all(printable(&set).as_bytes())
            }
        }
    }

    /// Hands everything written so far to `out`.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the output (the array of [`Format::Json`], also when it is empty) and gives `out` back.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn finish(mut self) -> io::Result<W> {
        if self.format == Format::Json {
            self.out.write_all(if self.begun { b"\n]\n" } else { b"[]\n" })?;
        }
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// Without control characters but line ends and tabs: a page must not command the terminal.
fn printable(set: &[u8]) -> String {
    let keep = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    String::from_utf8_lossy(set).chars().filter(keep).collect()
}

#[cfg(test)]
mod tests;
