//! Where the records of `once` go: standard output, or a file that is whole or untouched.
//!
//! A regular file is written beside its place as `FILE.part` and renamed at the end, so a run that
//! fails leaves an older `FILE` as it was, and a reader never sees half of one. A run that is
//! interrupted leaves `FILE.part`. Anything else that exists there (a pipe, `/dev/null`) is
//! written to directly.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use newsmill_article::Record;
use newsmill_sink::{Format, Writer};

use crate::stdout;

/// The place of the records.
pub(crate) struct Output {
    writer: Writer<Box<dyn Write + Send>>,
    /// The file to rename from and to.
    whole: Option<(PathBuf, PathBuf)>,
    /// What errors call it.
    name: String,
}

impl Output {
    pub(crate) fn stdout(format: Format) -> Self {
        let name = stdout::NAME.to_owned();
        Self { writer: Writer::new(format, Box::new(io::stdout())), whole: None, name }
    }

    pub(crate) fn file(path: &Path, format: Format) -> io::Result<Self> {
        let name = path.display().to_string();
        Self::open(path, name.clone(), format).map_err(|error| named(&name, &error))
    }

    fn open(path: &Path, name: String, format: Format) -> io::Result<Self> {
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            let file = File::options().write(true).open(path)?;
            return Ok(Self { writer: Writer::new(format, Box::new(file)), whole: None, name });
        }
        // Through a symbolic link to the file that it names, so that the link stays one.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let writer = Writer::new(format, Box::new(File::create(&part)?) as Box<dyn Write + Send>);
        Ok(Self { writer, whole: Some((part, path)), name })
    }

    pub(crate) fn write(&mut self, record: &Record) -> io::Result<()> {
        self.writer.write(record).map_err(|error| named(&self.name, &error))
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(|error| named(&self.name, &error))
    }

    /// Ends the output and puts it in its place.
    pub(crate) fn finish(self) -> io::Result<()> {
        let name = self.name.clone();
        self.put_in_place().map_err(|error| named(&name, &error))
    }

    fn put_in_place(self) -> io::Result<()> {
        let mut out = self.writer.finish()?;
        out.flush()?;
        drop(out);
        if let Some((part, path)) = self.whole {
            // On the disk before it has the name, else a power cut could leave an empty FILE.
            File::open(&part)?.sync_all()?;
            std::fs::rename(part, path)?;
        }
        Ok(())
    }

    /// Ends the output early and says where what there is can be found.
    pub(crate) fn interrupt(mut self) -> io::Result<Option<PathBuf>> {
        self.flush()?;
        Ok(self.whole.map(|(part, _)| part))
    }

    /// Gives up after a fault and leaves nothing behind.
    pub(crate) fn discard(self) {
        if let Some((part, _)) = self.whole {
            // It may be on the disk that has just failed.
            let _ = std::fs::remove_file(part);
        }
    }
}

/// An error that says where it happened, of the same kind.
pub(crate) fn named(place: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {place}: {error}"))
}
