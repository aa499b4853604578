//! Standard output: lines for programs or a text for people.
//!
//! What a pipe has taken cannot be taken back: a batch that is repeated after a crash or an error
//! appears again.

use std::fmt;
use std::io::{self, Write};

use crate::blocking::Blocking;
use crate::{Delivery, Format, Rejected, SinkError, Writer};

/// Standard output, or what stands for it in tests.
pub(crate) struct Stdout(Blocking<Option<Writer<Box<dyn Write + Send>>>>);

impl Stdout {
    pub(crate) fn new(format: Format, out: impl Write + Send + 'static) -> Self {
        Self(Blocking::new(Some(Writer::new(format, Box::new(out)))))
    }

    pub(crate) async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Rejected>, SinkError> {
        let batch = batch.to_vec();
        self.0
            .run(move |writer| {
                // Only `close`, which consumes the sink, takes the writer away.
                let Some(writer) = writer else { return Err(SinkError::ClosedPipe) };
                let mut rejected = Vec::new();
                for delivery in &batch {
                    match delivery.record() {
                        Ok(record) => writer.write(&record).map_err(stdout_error)?,
                        Err(error) => {
                            let reason = format!("is no record: {error}");
                            rejected.push(Rejected { sequence: delivery.sequence, reason });
                        }
                    }
                }
                writer.flush().map_err(stdout_error)?;
                Ok(rejected)
            })
            .await
    }

    pub(crate) async fn close(self) -> Result<(), SinkError> {
        self.0
            .run(|writer| match writer.take() {
                Some(writer) => writer.finish().map(drop).map_err(stdout_error),
                None => Ok(()),
            })
            .await
    }
}

impl fmt::Debug for Stdout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stdout")
    }
}

fn stdout_error(error: io::Error) -> SinkError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => SinkError::ClosedPipe,
        _ => SinkError::Stdout(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::testing::batch;

    #[tokio::test]
    async fn a_closed_pipe_is_told_from_a_fault() {
        let (reader, writer) = io::pipe().unwrap();
        let stdout = Stdout::new(Format::Jsonl, writer);
        assert_eq!(stdout.deliver(&batch(0..1)).await.unwrap(), []);
        drop(reader);
        let error = stdout.deliver(&batch(1..2)).await.unwrap_err();
        assert!(matches!(error, SinkError::ClosedPipe), "{error}");
    }

    #[tokio::test]
    async fn a_batch_is_readable_at_once_and_the_array_ends_with_the_sink() {
        let (mut reader, writer) = io::pipe().unwrap();
        let stdout = Stdout::new(Format::Json, writer);
        let _ = stdout.deliver(&batch(0..2)).await.unwrap();
        let mut begin = [0; 1];
        reader.read_exact(&mut begin).unwrap();
        assert_eq!(&begin, b"[");
        stdout.close().await.unwrap();
        let mut all = String::from("[");
        reader.read_to_string(&mut all).unwrap();
        let records: Vec<newsmill_article::Record> = serde_json::from_str(&all).unwrap();
        assert_eq!(records.len(), 2);
    }
}
