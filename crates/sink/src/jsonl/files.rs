//! The few file operations that the log is made of, so that tests can fail each of them and can
//! forget what was not made durable.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use newsmill_failpoint as failpoint;

/// A file system and a clock.
pub(super) trait Files: Debug + Send + 'static {
    /// A file that is open for reading and writing, and locked against other processes until it is
    /// dropped.
    type File: Debug + Send;

    /// Makes a folder with its parents, durably; one that is there is left alone.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// Opens a file, or creates it empty. [`io::ErrorKind::WouldBlock`] says that another process
    /// holds its lock.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// Length in bytes.
    fn length(&self, file: &Self::File) -> io::Result<u64>;
    /// Fills `buffer` from `offset` on.
    fn read(&self, file: &mut Self::File, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Writes all of `bytes` from `offset` on. On an error, any part of them may be written.
    fn write(&self, file: &mut Self::File, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file off.
    fn truncate(&self, file: &Self::File, length: u64) -> io::Result<()>;
    /// Makes the content and length durable.
    fn sync(&self, file: &Self::File) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// The names in a folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
    /// Gives a file another name, in place of the file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The time.
    fn now(&self) -> Timestamp;
}

/// The file system and the clock of the machine.
#[derive(Debug)]
pub(super) struct Disk;

impl Files for Disk {
    type File = File;

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = folder.ancestors().take_while(|f| !f.exists()).collect();
        fs::create_dir_all(folder)?;
        // A new folder is durable when the folder that names it is.
        missing.iter().filter_map(|folder| folder.parent()).try_for_each(|f| self.sync_folder(f))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        failpoint::before("jsonl.open")?;
        let file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        failpoint::after("jsonl.open")?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            // Some network file systems have no locks; the file is as good without.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(file)
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn length(&self, file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    fn read(&self, file: &mut File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }

    fn write(&self, file: &mut File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        failpoint::before("jsonl.write")?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)?;
        Ok(failpoint::after("jsonl.write")?)
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        failpoint::before("jsonl.truncate")?;
        file.set_len(length)?;
        Ok(failpoint::after("jsonl.truncate")?)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        failpoint::before("jsonl.sync")?;
        file.sync_data()?;
        Ok(failpoint::after("jsonl.sync")?)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // The folder of a relative path without one.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        // Only Unix opens folders as files; elsewhere the file system orders names by itself.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into())).collect()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        failpoint::before("jsonl.rename")?;
        fs::rename(from, to)?;
        Ok(failpoint::after("jsonl.rename")?)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        failpoint::before("jsonl.remove")?;
        fs::remove_file(path)?;
        Ok(failpoint::after("jsonl.remove")?)
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
