//! What is being worked on, told in a way that survives the death of the process.
//!
//! Some inputs kill: they overflow a stack, exhaust the memory, or abort in a library. Nobody is
//! left then to settle them, and the next start would take them up again, and die again. So whoever
//! works on an entry leaves a mark in `PATH.at-work` meanwhile. The next owner of the ledger finds
//! the marks and counts one death against each entry ([`Claim::deaths`](crate::Claim)).
//!
//! A mark is eight bytes in a place of its own, written without a sync: what a process has written
//! outlives it, and a power loss is no fault of an entry's.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::EntryId;

/// The marks of one process.
#[derive(Debug)]
pub struct AtWork(Mutex<Marks>);

#[derive(Debug)]
struct Marks {
    file: File,
    /// By place; 0 is free.
    entries: Vec<i64>,
}

/// A mark; it goes when it is dropped.
#[derive(Debug)]
pub struct Mark<'a> {
    marks: &'a AtWork,
    place: usize,
}

impl AtWork {
    /// Opens the marks beside the ledger at `path`: fresh ones, and those that a dead process left.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<EntryId>)> {
        let mut name = path.as_os_str().to_owned();
        name.push(".at-work");
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(name)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let left = bytes.as_chunks().0.iter().map(|mark| EntryId(i64::from_le_bytes(*mark)));
        let left = left.filter(|id| id.0 > 0).collect();
        // Before they are counted: a death that is counted twice could condemn, one that is
        // forgotten gives another try.
        file.set_len(0)?;
        Ok((Self(Mutex::new(Marks { file, entries: Vec::new() })), left))
    }

    /// Marks an entry until the mark is dropped.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written; the work can go on without the mark.
    pub fn begin(&self, entry: EntryId) -> io::Result<Mark<'_>> {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = marks.entries.iter().position(|entry| *entry == 0);
        let place = free.unwrap_or(marks.entries.len());
        marks.put(place, entry.0)?;
        Ok(Mark { marks: self, place })
    }
}

impl Marks {
    fn put(&mut self, place: usize, entry: i64) -> io::Result<()> {
        if place == self.entries.len() {
            self.entries.push(0);
        }
        self.file.seek(SeekFrom::Start(place as u64 * 8))?;
        self.file.write_all(&entry.to_le_bytes())?;
        self.entries[place] = entry;
        Ok(())
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        let mut marks = self.marks.0.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.put(self.place, 0).is_err() {
            // It stays in the file, where the worst that it does is to cost a trial.
            marks.entries[self.place] = 0;
        }
    }
}
