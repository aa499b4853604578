//! The end that a person holds.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Request;

/// How long a mill may take to answer anything but a tap: a reload waits for what is in flight.
const PATIENCE: Duration = Duration::from_secs(600);

/// A connection to a running mill.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    answers: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    ///
    /// `NotFound` and `ConnectionRefused` where no mill runs, `PermissionDenied` where it is
    /// another user's.
    pub fn connect(path: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let answers = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, answers })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    ///
    /// When the mill ends meanwhile, or does not speak this version's language.
    pub fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> io::Result<T> {
        send(&mut self.stream, request)?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the mill has ended"));
        }
        serde_json::from_str(&line).map_err(|error| {
            io::Error::new(io::ErrorKind::InvalidData, format!("not understood: {error}"))
        })
    }

    /// Asks and hands out every line of the answer as it comes, until the mill ends.
    ///
    /// # Errors
    ///
    /// When the connection breaks.
    pub fn lines(
        mut self,
        request: &Request,
    ) -> io::Result<impl Iterator<Item = io::Result<String>>> {
        // Nothing may pass for days.
        self.stream.set_read_timeout(None)?;
        send(&mut self.stream, request)?;
        let open = self.stream;
        Ok(self.answers.lines().inspect(move |_| {
            // The writing half stays open for as long as lines are read.
            let _ = &open;
        }))
    }
}

fn send(stream: &mut UnixStream, request: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)
}
