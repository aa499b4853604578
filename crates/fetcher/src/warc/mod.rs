//! Reads WARC files (ISO 28500:2017), plain or with one gzip member a record.
//!
//! [`WarcFile`] gives the records, [`Pages`] the articles' pages in them. Streaming: one record is
//! in memory at a time, and of it no more than the bound. Reading can begin at any record's offset,
//! so it resumes inside a file. A file that ends in the middle of a record, as one does that is
//! still being written, ends before that record, and [`WarcFile::torn`] says so. Gzip members
//! without a record are passed over. Left out: digests are not checked, and `revisit` records are
//! passed over.

mod announced;
mod http;
mod pages;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use serde::Serialize;

use crate::decode;

pub(crate) use announced::Announced;
pub use pages::{Archived, Pages, Rules};

/// The most bytes of a record's header, and of an HTTP header in it.
const MAX_HEADER: u64 = 64 << 10;

/// One record.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WarcRecord {
    /// Where it begins in the file, in bytes; in the compressed file where it is one.
    pub offset: u64,
    /// `WARC-Type`: `response`, `request`, `metadata`, `warcinfo`, …
    pub kind: String,
    /// `WARC-Target-URI`.
    pub url: Option<String>,
    /// `WARC-Date` as written.
    pub date: Option<String>,
    /// `Content-Type` of the block.
    pub content_type: Option<String>,
    /// The length of the block, in bytes.
    pub length: u64,
    /// The block itself; `None` where it was not wanted or is over the bound.
    #[serde(skip)]
    pub block: Option<Bytes>,
}

/// A WARC file that is being read.
#[derive(Debug)]
pub struct WarcFile {
    file: BufReader<File>,
    compressed: bool,
    max_block: u64,
    /// Where the record begins in whose middle the file ended.
    torn: Option<u64>,
}

impl WarcFile {
    /// Opens a file at a record's offset (0 for the first). Blocks longer than `max_block` bytes
    /// are skipped.
    pub fn open(path: &Path, offset: u64, max_block: u64) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(64 << 10, File::open(path)?);
        let compressed = decode::is_gzip(file.fill_buf()?);
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, compressed, max_block, torn: None })
    }

    /// The record in whose middle the end was met, in words; an error of kind `UnexpectedEof`.
    pub fn torn(&self) -> Option<io::Error> {
        let why = format!("ends in the middle of the record that begins at byte {}", self.torn?);
        Some(io::Error::new(io::ErrorKind::UnexpectedEof, why))
    }

    /// Where the next record begins.
    pub fn offset(&mut self) -> io::Result<u64> {
        self.file.stream_position()
    }

    /// The next record; its block is read where `wanted` says so of its header. `None` at the end,
    /// also at one in the middle of a record; then [`WarcFile::torn`] says so, and
    /// [`WarcFile::offset`] is the record's beginning.
    pub fn next(&mut self, wanted: impl Fn(&WarcRecord) -> bool) -> io::Result<Option<WarcRecord>> {
        self.torn = None;
        loop {
            let offset = self.offset()?;
            if self.file.fill_buf()?.is_empty() {
                return Ok(None);
            }
            let read = if self.compressed {
                self.member(&wanted)
            } else {
                record(&mut self.file, self.max_block, &wanted)
            };
            match read {
                Ok(Some(record)) => return Ok(Some(WarcRecord { offset, ..record })),
                // A gzip member without a record, or the empty lines at the end of a plain file.
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.file.seek(SeekFrom::Start(offset))?;
                    self.torn = Some(offset);
                    return Ok(None);
                }
                Err(error) => {
                    let why = format!("at byte {offset}: {error}");
                    return Err(io::Error::new(error.kind(), why));
                }
            }
        }
    }

    /// The record of one gzip member, where it has one.
    fn member(&mut self, wanted: impl Fn(&WarcRecord) -> bool) -> io::Result<Option<WarcRecord>> {
        let member = flate2::bufread::GzDecoder::new(&mut self.file);
        let mut member = BufReader::with_capacity(32 << 10, member);
        let found = record(&mut member, self.max_block, wanted)?;
        let mut rest = member.take(64);
        let left = io::copy(&mut rest, &mut io::sink())?;
        if left > 0 {
            let why = "several records in one gzip member: compress it anew, one member a record (warcio recompress)";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(found)
    }
}

/// Reads one record and the empty lines after it. `None` where there are only empty lines.
fn record(
    reader: &mut impl BufRead,
    max_block: u64,
    wanted: impl Fn(&WarcRecord) -> bool,
) -> io::Result<Option<WarcRecord>> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let mut head = reader.take(MAX_HEADER);
    let mut line = Vec::new();
    // Empty lines end the record before.
    loop {
        line.clear();
        if head.read_until(b'\n', &mut line)? == 0 {
            return match head.limit() {
                0 => Err(invalid("over 64 KiB of empty lines where a record should begin")),
                _ => Ok(None),
            };
        }
        if !line.trim_ascii().is_empty() {
            break;
        }
    }
    if !line.starts_with(b"WARC/") {
        if b"WARC/".starts_with(&line) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        return Err(invalid("no WARC record where one should begin"));
    }
    let mut record = WarcRecord::default();
    let mut length = None;
    loop {
        line.clear();
        if head.read_until(b'\n', &mut line)? == 0 {
            return Err(match head.limit() {
                0 => invalid("a record's header is over 64 KiB"),
                _ => io::ErrorKind::UnexpectedEof.into(),
            });
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            break;
        }
        let Some((name, value)) = text.split_once(':') else { continue };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "warc-type" => record.kind = value.to_ascii_lowercase(),
            "warc-target-uri" => record.url = Some(value.trim_matches(['<', '>']).to_owned()),
            "warc-date" => record.date = Some(value.to_owned()),
            "content-type" => record.content_type = Some(value.to_owned()),
            "content-length" => length = value.parse().ok(),
            _ => {}
        }
    }
    record.length = length.ok_or_else(|| invalid("a record without Content-Length"))?;
    let mut block = reader.take(record.length);
    if record.length <= max_block && wanted(&record) {
        let mut bytes =
            Vec::with_capacity(usize::try_from(record.length.min(1 << 20)).unwrap_or(0));
        block.read_to_end(&mut bytes)?;
        record.block = Some(bytes.into());
    } else {
        io::copy(&mut block, &mut io::sink())?;
    }
    if block.limit() > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // The two line ends that close the record, so that the next offset is right.
    for _ in 0..2 {
        if reader.fill_buf()?.starts_with(b"\r") {
            reader.consume(1);
        }
        if reader.fill_buf()?.starts_with(b"\n") {
            reader.consume(1);
        }
    }
    Ok(Some(record))
}

/// The body of the HTTP response in a block, for tests.
#[cfg(test)]
pub(crate) fn content_of(block: &[u8], max: u64) -> Option<Bytes> {
    http::HttpResponse::read(&Bytes::copy_from_slice(block))?.content(max).ok()
}
