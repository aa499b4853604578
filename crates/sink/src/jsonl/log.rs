//! Lines in numbered files: where they are, how they are found again, when a file is full.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::files::Files;
use crate::{Delivery, Rotate, SinkError};

/// Bytes that are gathered before they are written.
const CHUNK: usize = 1 << 20;

/// A file without a line end in this many bytes is none of ours.
const LONGEST_LINE: usize = 64 << 20;

/// How far the log has been written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The path in the configuration; a position says nothing of another path.
    path: String,
    /// The number of the file that is written to, which it gets into its name when it is closed.
    file: u64,
    /// Bytes of it that hold acknowledged lines.
    offset: u64,
    /// When its first line was written.
    begun: Timestamp,
}

/// The files behind one path.
#[derive(Debug)]
pub(super) struct Log<F: Files> {
    files: F,
    path: PathBuf,
    rotate: Rotate,
    /// The file that is open and how far it is written; `None` when an error left that unknown.
    open: Option<(F::File, Position)>,
}

impl<F: Files> Log<F> {
    /// Takes back what stands behind `committed`. Without one, what the file holds is kept.
    pub(super) fn open(
        files: F,
        path: &Path,
        rotate: Rotate,
        committed: Option<&Position>,
    ) -> Result<(Self, Position), SinkError> {
        let mut log = Self { files, path: path.to_owned(), rotate, open: None };
        log.files
            .create_folder(log.folder())
            .map_err(|source| log.error("create the folder of", source))?;
        let position = log.recover(committed)?;
        Ok((log, position))
    }

    /// Appends a line for each record behind `from`, and makes them durable.
    pub(super) fn append(
        &mut self,
        from: &Position,
        batch: &[Delivery],
    ) -> Result<Position, SinkError> {
        if !self.is_at(from)? {
            self.recover(Some(from))?;
        }
        // Taken out while its state is unknown: any error leaves `None` behind.
        let Some((mut file, mut at)) = self.open.take() else {
            return Err(self.error("open", io::ErrorKind::NotFound.into()));
        };
        let mut lines = Vec::new();
        for delivery in batch {
            let begin = lines.len();
            lines.extend_from_slice(delivery.json.as_bytes());
            lines.push(b'\n');
            if self.is_full(&at, begin as u64, lines.len() as u64) {
                let line = lines.split_off(begin);
                self.write(&mut file, &mut at, &mut lines)?;
                (file, at) = self.begin_next(file, at)?;
                lines = line;
            }
            if at.offset == 0 && begin == 0 {
                at.begun = self.files.now();
            }
            if lines.len() >= CHUNK {
                self.write(&mut file, &mut at, &mut lines)?;
            }
        }
        self.write(&mut file, &mut at, &mut lines)?;
        self.files.sync(&file).map_err(|source| self.error("sync", source))?;
        self.open = Some((file, at.clone()));
        Ok(at)
    }

    /// Whether the open file ends exactly where `from` says. It does not after an error, after a
    /// caller that stopped waiting, and when somebody else cut the file.
    fn is_at(&self, from: &Position) -> Result<bool, SinkError> {
        let Some((file, at)) = &self.open else { return Ok(false) };
        let length = self.files.length(file).map_err(|source| self.error("look at", source))?;
        Ok(at == from && at.offset == length)
    }

    fn write(
        &self,
        file: &mut F::File,
        at: &mut Position,
        lines: &mut Vec<u8>,
    ) -> Result<(), SinkError> {
        self.files
            .write(file, at.offset, lines)
            .map_err(|source| self.error("append to", source))?;
        at.offset += lines.len() as u64;
        lines.clear();
        Ok(())
    }

    /// Whether a line from `begin` to `end` of what waits to be written belongs into the next file.
    /// An empty file takes any line.
    fn is_full(&self, at: &Position, begin: u64, end: u64) -> bool {
        if at.offset + begin == 0 {
            return false;
        }
        let too_large = self.rotate.size.is_some_and(|size| at.offset + end > size.0);
        let too_old = self.rotate.every.is_some_and(|every| {
            at.begun.checked_add(every.0).is_ok_and(|due| self.files.now() >= due)
        });
        too_large || too_old
    }

    /// Closes a file under its number and begins the next.
    fn begin_next(&self, file: F::File, at: Position) -> Result<(F::File, Position), SinkError> {
        self.files.sync(&file).map_err(|source| self.error("sync", source))?;
        drop(file);
        self.files
            .rename(&self.path, &self.closed(at.file))
            .map_err(|source| self.error("rename", source))?;
        let file = self.open_file()?;
        self.sync_folder()?;
        Ok((file, Position { file: at.file + 1, offset: 0, begun: self.files.now(), ..at }))
    }

    /// Brings the files to `committed`, whatever was done since.
    fn recover(&mut self, committed: Option<&Position>) -> Result<Position, SinkError> {
        self.open = None;
        let committed = committed.filter(|committed| committed.path == self.path.to_string_lossy());
        if let Some(committed) = committed {
            self.reopen_closed(committed.file)?;
        }
        let next = self.closed_numbers()?.into_iter().max().map_or(1, |last| last + 1);
        let mut file = self.open_file()?;
        self.sync_folder()?;
        let length = self.files.length(&file).map_err(|source| self.error("look at", source))?;
        let (offset, begun) = match committed {
            Some(committed) if committed.offset <= length => {
                self.check_line_end(&mut file, committed.offset)?;
                (committed.offset, committed.begun)
            }
            Some(committed) => {
                tracing::warn!(
                    path = %self.path.display(), length, expected = committed.offset,
                    "the file is shorter than what was written to it; going on at its end"
                );
                (self.end_of_lines(&mut file, length)?, self.files.now())
            }
            None => (self.end_of_lines(&mut file, length)?, self.files.now()),
        };
        if offset < length {
            self.files.truncate(&file, offset).map_err(|source| self.error("truncate", source))?;
        }
        let position = Position {
            path: self.path.to_string_lossy().into_owned(),
            file: committed.map_or(next, |committed| committed.file.max(next)),
            offset,
            begun,
        };
        self.open = Some((file, position.clone()));
        Ok(position)
    }

    /// If the file of this number was closed since, makes it the open one again and removes those
    /// that were begun after it. Stopped anywhere in between, it can be begun again.
    fn reopen_closed(&self, number: u64) -> Result<(), SinkError> {
        let closed = self.closed_numbers()?;
        if !closed.contains(&number) {
            return Ok(());
        }
        for later in closed.into_iter().filter(|other| *other > number) {
            self.files
                .remove(&self.closed(later))
                .map_err(|source| self.error("take back files after", source))?;
        }
        // Removed durably before the name that tells of them is given up.
        self.sync_folder()?;
        self.files
            .rename(&self.closed(number), &self.path)
            .map_err(|source| self.error("take back the closing of", source))
    }

    /// Lines end where the position says, or the file is another one.
    fn check_line_end(&self, file: &mut F::File, offset: u64) -> Result<(), SinkError> {
        let mut last = [b'\n'];
        if let Some(before) = offset.checked_sub(1) {
            self.files
                .read(file, before, &mut last)
                .map_err(|source| self.error("read", source))?;
        }
        if last == [b'\n'] {
            Ok(())
        } else {
            Err(SinkError::Foreign { path: self.path.clone(), offset })
        }
    }

    /// Where the next line may begin in a file that nothing is known of: behind its last line. A
    /// last line without its end is ended when it is whole JSON, and is cut off when it is not.
    fn end_of_lines(&self, file: &mut F::File, length: u64) -> Result<u64, SinkError> {
        let read = |source| self.error("read", source);
        let mut tail = Vec::new();
        let mut begin = length;
        // Backwards in chunks until a line end is found.
        while begin > 0 && !tail.contains(&b'\n') {
            if tail.len() >= LONGEST_LINE {
                return Err(SinkError::Foreign { path: self.path.clone(), offset: length });
            }
            let size = begin.min(CHUNK as u64);
            begin -= size;
            let mut chunk = vec![0; size as usize];
            self.files.read(file, begin, &mut chunk).map_err(read)?;
            chunk.append(&mut tail);
            tail = chunk;
        }
        let line = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let unended = &tail[line..];
        if unended.is_empty() {
            Ok(length)
        } else if serde_json::from_slice::<serde::de::IgnoredAny>(unended).is_ok() {
            self.files
                .write(file, length, b"\n")
                .map_err(|source| self.error("append to", source))?;
            Ok(length + 1)
        } else {
            Ok(length - unended.len() as u64)
        }
    }

    fn open_file(&self) -> Result<F::File, SinkError> {
        self.files.open(&self.path).map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => SinkError::InUse { path: self.path.clone() },
            _ => self.error("open", source),
        })
    }

    fn sync_folder(&self) -> Result<(), SinkError> {
        self.files
            .sync_folder(self.folder())
            .map_err(|source| self.error("sync the folder of", source))
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// `news.jsonl` closed as number 1 is `news.000001.jsonl`.
    fn closed(&self, number: u64) -> PathBuf {
        let mut name = self.path.file_stem().unwrap_or_default().to_owned();
        name.push(format!(".{number:06}"));
        if let Some(extension) = self.path.extension() {
            name.push(".");
            name.push(extension);
        }
        self.path.with_file_name(name)
    }

    fn closed_numbers(&self) -> Result<Vec<u64>, SinkError> {
        let names = self
            .files
            .list(self.folder())
            .map_err(|source| self.error("list the folder of", source))?;
        let number = |name: &PathBuf| {
            let numbered = Path::new(name.file_stem()?);
            let number = numbered.extension()?.to_str()?.parse().ok()?;
            (self.closed(number).file_name() == Some(name.as_os_str())).then_some(number)
        };
        // A path without an extension has its number as one.
        let bare = |name: &PathBuf| {
            let number = name.extension()?.to_str()?.parse().ok()?;
            (self.closed(number).file_name() == Some(name.as_os_str())).then_some(number)
        };
        Ok(names.iter().filter_map(|name| number(name).or_else(|| bare(name))).collect())
    }

    fn error(&self, action: &'static str, source: io::Error) -> SinkError {
        SinkError::File { action, path: self.path.clone(), source }
    }
}
