//! Records that were made before, found by their article: in files of JSON Lines, or in the
//! database of an SQLite sink.
//!
//! Only where each record stands is kept in memory, about 200 bytes; the record itself is read when
//! it is asked for.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use newsmill_article::{ArticleId, Record, canonical};
use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use url::Url;

/// How much later than the page its record may say that it was fetched: archives written by others
/// keep whole seconds, and the start of the request.
const LATER: jiff::SignedDuration = jiff::SignedDuration::from_mins(2);

/// Older records.
pub(crate) struct Older {
    store: Store,
    places: HashMap<ArticleId, Vec<(Timestamp, Place)>>,
    /// By canonical address and by input, for pages whose own idea of their address has changed.
    addresses: HashMap<String, ArticleId>,
}

enum Store {
    Lines(Vec<File>),
    Database(Connection),
}

#[derive(Clone, Copy)]
enum Place {
    Line { file: usize, offset: u64, length: usize },
    Row(i64),
}

/// What is read of every record.
#[derive(Deserialize)]
struct Head {
    id: ArticleId,
    input: String,
    url: Option<Url>,
    fetched: Timestamp,
}

impl Older {
    /// Reads what there is, once.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut older = Self {
            store: Store::Lines(Vec::new()),
            places: HashMap::new(),
            addresses: HashMap::new(),
        };
        if is_database(path)? {
            let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            {
                let mut query =
                    database.prepare("SELECT rowid, record FROM records ORDER BY rowid")?;
                let mut rows = query.query([])?;
                while let Some(row) = rows.next()? {
                    let head: Head = serde_json::from_str(row.get_ref(1)?.as_str()?)
                        .with_context(|| format!("row {:?}", row.get::<_, i64>(0)))?;
                    older.insert(head, Place::Row(row.get(0)?));
                }
            }
            older.store = Store::Database(database);
            return Ok(older);
        }
        let mut files = Vec::new();
        for path in lines_files(path)? {
            let file = File::open(&path).with_context(|| path.display().to_string())?;
            let mut reader = BufReader::with_capacity(64 << 10, file.try_clone()?);
            let (mut line, mut offset) = (Vec::new(), 0u64);
            for number in 1.. {
                line.clear();
                let length = reader.read_until(b'\n', &mut line)?;
                if length == 0 {
                    break;
                }
                if !line.trim_ascii().is_empty() {
                    let head: Head = serde_json::from_slice(&line)
                        .with_context(|| format!("{}, line {number}", path.display()))?;
                    older.insert(head, Place::Line { file: files.len(), offset, length });
                }
                offset += length as u64;
            }
            files.push(file);
        }
        older.store = Store::Lines(files);
        Ok(older)
    }

    fn insert(&mut self, head: Head, place: Place) {
        self.addresses.entry(head.input).or_insert(head.id);
        if let Some(url) = &head.url {
            self.addresses.entry(canonical(url).into()).or_insert(head.id);
        }
        self.places.entry(head.id).or_default().push((head.fetched, place));
    }

    /// Whether there is any record of an input.
    pub(crate) fn knows(&self, input: &str) -> bool {
        self.addresses.contains_key(input)
            || Url::parse(input)
                .is_ok_and(|url| self.addresses.contains_key(canonical(&url).as_str()))
    }

    /// The record that was made of the same page: the last one of the article up to the time at
    /// which the page was fetched, else its first.
    pub(crate) fn of(&mut self, new: &Record) -> anyhow::Result<Option<Record>> {
        let by_address = || {
            let url = new.url.as_ref().and_then(|url| self.addresses.get(canonical(url).as_str()));
            self.places.get(url.or_else(|| self.addresses.get(&new.input))?)
        };
        let Some(places) = self.places.get(&new.id).or_else(by_address) else { return Ok(None) };
        let until = new.fetched.saturating_add(LATER)?;
        let before = places.iter().filter(|(fetched, _)| *fetched <= until);
        let best = before.max_by_key(|(fetched, _)| *fetched);
        let Some((_, place)) = best.or_else(|| places.iter().min_by_key(|(fetched, _)| *fetched))
        else {
            return Ok(None);
        };
        let place = *place;
        self.read(place).map(Some)
    }

    fn read(&mut self, place: Place) -> anyhow::Result<Record> {
        match (&mut self.store, place) {
            (Store::Lines(files), Place::Line { file, offset, length }) => {
                let file = files.get_mut(file).context("a file of older records")?;
                file.seek(SeekFrom::Start(offset))?;
                let mut line = vec![0; length];
                file.read_exact(&mut line)?;
                Ok(serde_json::from_slice(&line)?)
            }
            (Store::Database(database), Place::Row(row)) => {
                let query = "SELECT record FROM records WHERE rowid = ?1";
                let record: String = database.query_row(query, [row], |row| row.get(0))?;
                Ok(serde_json::from_str(&record)?)
            }
            _ => anyhow::bail!("a place in another kind of store"),
        }
    }
}

fn is_database(path: &Path) -> anyhow::Result<bool> {
    if path.is_dir() {
        return Ok(false);
    }
    let mut start = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut start)?;
    Ok(start == b"SQLite format 3\0")
}

/// The file with those that were rotated away from it, or all of a folder.
fn lines_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let folder = match (path.is_dir(), path.parent()) {
        (true, _) => path,
        (false, Some(parent)) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut files = Vec::new();
    for found in std::fs::read_dir(folder)? {
        let found = found?.path();
        let name = found.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ours =
            path.is_dir() || stem.as_ref().is_some_and(|stem| name.starts_with(stem.as_str()));
        if ours && name.ends_with(".jsonl") {
            files.push(found);
        }
    }
    if files.is_empty() {
        files.push(path.to_owned());
    }
    files.sort();
    Ok(files)
}
