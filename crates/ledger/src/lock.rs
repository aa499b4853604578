//! One owner at a time.
//!
//! The owner holds an advisory lock (`flock`) on `PATH.lock`, which the system takes back when the
//! process ends, however it ends. The file says who the owner is; it stays behind, unlocked. It is
//! a file of its own because closing any handle on the database would drop SQLite's own locks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::error::{Holder, LedgerError};

/// The lock; held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the lock of the ledger at `path`.
pub(crate) fn take(path: &Path) -> Result<Lock, LedgerError> {
    let failed = |source| LedgerError::File {
        path: path.to_owned(),
        action: "lock it",
        advice: "check that its folder exists and can be written",
        source,
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(beside(path)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let holder = file.read_to_string(&mut text).ok();
            let holder = holder.and_then(|_| serde_json::from_str(&text).ok());
            return Err(LedgerError::Held { path: path.to_owned(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let holder = Holder { pid: std::process::id(), host: host(), since: Timestamp::now() };
    let text = serde_json::to_string(&holder).unwrap_or_default();
    let written =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
    written.map_err(failed)?;
    Ok(Lock { _file: file })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// The name of this machine, as far as it is told without asking the network.
fn host() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let told = kernel.or_else(|| std::env::var("HOSTNAME").ok());
    let told = told.or_else(|| std::env::var("COMPUTERNAME").ok());
    told.map(|name| name.trim().to_owned()).unwrap_or_else(|| "this machine".to_owned())
}
