//! Standard output: lines for programs or a text for people.
//!
//! What a pipe has taken cannot be taken back: a batch that is repeated after a crash or an error
//! appears again.

use std::io;

use crate::blocking::Blocking;
use crate::{Delivery, Format, Rejected, SinkError, Writer};

#[derive(Debug)]
pub(crate) struct Stdout(Blocking<Option<Writer<io::Stdout>>>);

impl Stdout {
    pub(crate) fn new(format: Format) -> Self {
        Self(Blocking::new(Some(Writer::new(format, io::stdout()))))
    }

    pub(crate) async fn deliver(&self, batch: &[Delivery]) -> Result<Vec<Rejected>, SinkError> {
        let batch = batch.to_vec();
        self.0
            .run(move |writer| {
                // Only `close`, which consumes the sink, takes the writer away.
                let Some(writer) = writer else { return Err(SinkError::ClosedPipe) };
                for delivery in &batch {
                    writer.write(&delivery.record).map_err(stdout_error)?;
                }
                writer.flush().map_err(stdout_error)?;
                Ok(Vec::new())
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

fn stdout_error(error: io::Error) -> SinkError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => SinkError::ClosedPipe,
        _ => SinkError::Stdout(error),
    }
}
