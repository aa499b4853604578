//! Reads WARC files (ISO 28500:2017), plain or with one gzip member a record.
//!
//! Streaming: one record is in memory at a time, and of it no more than the bound. Reading can
//! begin at any record's offset, so it resumes inside a file. A file that ends in the middle of a
//! record, as one does that is still being written, ends before that record.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use serde::Serialize;

use crate::decode;

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

/// What an HTTP response in a record holds.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// `Content-Type` as sent.
    pub content_type: Option<String>,
    /// The body, without transfer and content codings.
    pub body: Bytes,
}

/// A WARC file that is being read.
#[derive(Debug)]
pub struct WarcFile {
    file: BufReader<File>,
    compressed: bool,
    max_block: u64,
}

impl WarcFile {
    /// Opens a file at a record's offset (0 for the first). Blocks longer than `max_block` bytes
    /// are skipped.
    pub fn open(path: &Path, offset: u64, max_block: u64) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(64 << 10, File::open(path)?);
        let compressed = decode::is_gzip(file.fill_buf()?);
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, compressed, max_block })
    }

    /// Where the next record begins.
    pub fn offset(&mut self) -> io::Result<u64> {
        self.file.stream_position()
    }

    /// The next record; its block is read where `wanted` says so of its header. `None` at the end,
    /// also at one in the middle of a record; then [`WarcFile::offset`] is the record's beginning.
    pub fn next(&mut self, wanted: impl Fn(&WarcRecord) -> bool) -> io::Result<Option<WarcRecord>> {
        let offset = self.offset()?;
        let read = if self.compressed {
            self.next_member(wanted)
        } else {
            record(&mut self.file, self.max_block, wanted)
        };
        match read {
            Ok(Some(record)) => Ok(Some(WarcRecord { offset, ..record })),
            Ok(None) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.file.seek(SeekFrom::Start(offset))?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn next_member(
        &mut self,
        wanted: impl Fn(&WarcRecord) -> bool,
    ) -> io::Result<Option<WarcRecord>> {
        if self.file.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let member = flate2::bufread::GzDecoder::new(&mut self.file);
        let mut member = BufReader::new(member);
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

/// Reads one record and the empty lines after it.
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
            return Ok(None);
        }
        if !line.trim_ascii().is_empty() {
            break;
        }
    }
    if !line.starts_with(b"WARC/") {
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

/// The HTTP response in the block of a `response` record; `None` where there is none. Codings that
/// the headers name but the body no longer has, as in many archives, do no harm.
pub fn http_response(block: &Bytes, max: u64) -> Option<HttpResponse> {
    let end = block.windows(4).take(MAX_HEADER as usize).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&block[..end]);
    let mut lines = head.lines();
    let mut status = lines.next()?.split(' ');
    let status =
        status.next()?.starts_with("HTTP/").then(|| status.next()?.parse().ok()).flatten()?;
    let header = |wanted: &str| {
        head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let mut body = block.slice(end + 4..);
    if header("transfer-encoding")
        .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
    {
        body = dechunk(&body).unwrap_or(body);
    }
    if let Some(coding) = header("content-encoding") {
        match decode::content_encoding(&coding, body.clone(), max) {
            Ok(decoded) => body = decoded,
            Err(decode::DecodeError::TooLarge(_)) => return None,
            Err(_) => {}
        }
    }
    (body.len() as u64 <= max).then(|| HttpResponse {
        status,
        content_type: header("content-type"),
        body,
    })
}

fn dechunk(mut rest: &[u8]) -> Option<Bytes> {
    let mut out = Vec::with_capacity(rest.len());
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(out.into());
        }
        out.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}
