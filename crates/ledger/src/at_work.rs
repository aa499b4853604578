//! What is being worked on, told in a way that survives the death of the process.
//!
//! Some inputs kill: they overflow a stack, exhaust the memory, or abort in a library. Nobody is
//! left then to settle them, and the next start would take them up again, and die again. So whoever
//! works on an entry or polls a source leaves a mark in `PATH.at-work` meanwhile. The next owner of
//! the ledger finds the marks and counts one death against each ([`Claim::deaths`](crate::Claim),
//! [`DueSource::deaths`]): against an entry until it leaves the queue, against a source until its
//! next poll is settled.
//!
//! In the file and in the table `suspect`, a source stands as its number below zero. A mark is eight bytes in a place of its own, written without a sync: what a process has written
//! outlives it, and a power loss is no fault of an entry's.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::{DueSource, EntryId};

/// The marks of one process.
#[derive(Debug)]
pub struct AtWork(Mutex<Marks>);

#[derive(Debug)]
struct Marks {
    file: File,
    /// Who is marked there; 0 is free.
    places: Vec<i64>,
}

/// A mark; it goes when it is dropped.
#[derive(Debug)]
pub struct Mark<'a> {
    marks: &'a AtWork,
    place: usize,
}

impl AtWork {
    /// Opens the marks beside the ledger at `path`: fresh ones, and those that a dead process left.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<i64>)> {
        let mut name = path.as_os_str().to_owned();
        name.push(".at-work");
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(name)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let left = bytes.as_chunks().0.iter().map(|mark| i64::from_le_bytes(*mark));
        let left = left.filter(|mark| *mark != 0).collect();
        // Before they are counted: a death that is counted twice could condemn, one that is
        // forgotten gives another try.
        file.set_len(0)?;
        Ok((Self(Mutex::new(Marks { file, places: Vec::new() })), left))
    }

    /// Marks an entry until the mark is dropped.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written; the work can go on without the mark.
    pub fn begin(&self, entry: EntryId) -> io::Result<Mark<'_>> {
        self.mark(entry.0)
    }

    /// Marks a source until the mark is dropped.
    ///
    /// # Errors
    ///
    /// As [`AtWork::begin`].
    pub fn begin_poll(&self, source: &DueSource) -> io::Result<Mark<'_>> {
        self.mark(of_source(source.id))
    }

    fn mark(&self, number: i64) -> io::Result<Mark<'_>> {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = marks.places.iter().position(|mark| *mark == 0);
        let place = free.unwrap_or(marks.places.len());
        marks.put(place, number)?;
        Ok(Mark { marks: self, place })
    }
}

impl Marks {
    fn put(&mut self, place: usize, number: i64) -> io::Result<()> {
        if place == self.places.len() {
            self.places.push(0);
        }
        self.file.seek(SeekFrom::Start(place as u64 * 8))?;
        self.file.write_all(&number.to_le_bytes())?;
        self.places[place] = number;
        Ok(())
    }
}

/// The number of a source among those of entries.
pub(crate) fn of_source(id: i64) -> i64 {
    -id
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        let mut marks = self.marks.0.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.put(self.place, 0).is_err() {
            // It stays in the file, where the worst that it does is to cost a trial.
            marks.places[self.place] = 0;
        }
    }
}
