//! A file of JSON Lines, append-only.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::blocking::Blocking;
use crate::{Delivery, JsonlConfig, Rejected, SinkError};

/// How far a file has been written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    offset: u64,
}

#[derive(Debug)]
pub(crate) struct Jsonl {
    file: Blocking<File>,
    path: PathBuf,
    position: Position,
}

impl Jsonl {
    pub(crate) fn open(
        config: &JsonlConfig,
        committed: Option<&Position>,
    ) -> Result<Self, SinkError> {
        let path = config.path.clone();
        let fail = |action| {
            let path = path.clone();
            move |source| SinkError::File { action, path, source }
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail("create the folder of"))?;
        }
        let mut open = OpenOptions::new();
        open.create(true).truncate(false).read(true).write(true);
        let file = open.open(&path).map_err(fail("open"))?;
        let length = file.metadata().map_err(fail("open"))?.len();
        let offset = committed.map_or(length, |committed| committed.offset.min(length));
        Ok(Self { file: Blocking::new(file), path, position: Position { offset } })
    }

    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    pub(crate) async fn deliver(&mut self, batch: &[Delivery]) -> Result<Vec<Rejected>, SinkError> {
        let (batch, path, offset) = (batch.to_vec(), self.path.clone(), self.position.offset);
        let offset = self.file.run(move |file| append(file, &path, offset, &batch)).await?;
        self.position = Position { offset };
        Ok(Vec::new())
    }
}

fn append(file: &mut File, path: &Path, offset: u64, batch: &[Delivery]) -> Result<u64, SinkError> {
    let mut lines = Vec::new();
    for delivery in batch {
        serde_json::to_writer(&mut lines, &*delivery.record).map_err(|error| SinkError::File {
            action: "write",
            path: path.to_owned(),
            source: error.into(),
        })?;
        lines.push(b'\n');
    }
    let write = |file: &mut File| {
        file.set_len(offset)?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(&lines)?;
        file.sync_data()
    };
    write(file).map_err(|source| SinkError::File {
        action: "append to",
        path: path.to_owned(),
        source,
    })?;
    Ok(offset + lines.len() as u64)
}
