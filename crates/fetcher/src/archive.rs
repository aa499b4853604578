//! Keeps answers as WARC 1.1 (ISO 28500:2017): request, response, metadata, one gzip member each.
//!
//! Bodies are kept as they were sent, compressed or not, so that nothing that a later cleaner may
//! want is lost. A file is closed at `rotate`; closed files older than `keep` are deleted. A crash
//! costs at most the record that was being written: each is written in one call and readers stop
//! before a torn one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use sha2::{Digest, Sha256};
use url::Url;

use crate::warc::Announced;
use crate::{ArchiveConfig, FetchError};

/// Writes exchanges. One for the whole mill.
#[derive(Debug)]
pub(crate) struct Archive {
    config: ArchiveConfig,
    agent: String,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: File,
    size: u64,
    info: String,
}

/// A request and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) url: Url,
    pub(crate) request: HeaderMap,
    pub(crate) status: u16,
    pub(crate) response: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) begun: Timestamp,
    pub(crate) took: Duration,
    /// What the page was asked for.
    pub(crate) announced: Option<Announced>,
}

impl Archive {
    pub(crate) fn new(config: &ArchiveConfig, agent: String) -> Result<Self, FetchError> {
        let failed = |source| FetchError::File { path: config.dir.clone(), source };
        fs::create_dir_all(&config.dir).map_err(failed)?;
        Ok(Self { config: config.clone(), agent, open: Mutex::new(None) })
    }

    /// Appends an exchange. Blocks for compression and one write.
    pub(crate) fn write(&self, exchange: &Exchange) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_some_and(|open| open.size >= self.config.rotate.0) {
            *open = None;
            self.forget_old();
        }
        let open = match &mut *open {
            Some(open) => open,
            none => none.insert(self.begin()?),
        };
        let records = records(exchange, &self.agent, &open.info)?;
        open.file.write_all(&records)?;
        open.size += records.len() as u64;
        Ok(())
    }

    fn begin(&self) -> io::Result<Open> {
        let now = Timestamp::now();
        let stamp = now.strftime("%Y%m%d%H%M%S");
        let name = format!("newsmill-{stamp}-{:08x}.warc.gz", fastrand::u32(..));
        let mut file =
            OpenOptions::new().create_new(true).append(true).open(self.config.dir.join(&name))?;
        let info = record_id();
        let block = format!("software: {}\r\nformat: WARC File Format 1.1\r\n", self.agent);
        let headers = [
            ("WARC-Type", "warcinfo"),
            ("WARC-Record-ID", &info),
            ("WARC-Date", &date(now)),
            ("WARC-Filename", &name),
            ("Content-Type", "application/warc-fields"),
        ];
        let mut out = Vec::new();
        member(&mut out, &headers, block.as_bytes())?;
        file.write_all(&out)?;
        Ok(Open { file, size: out.len() as u64, info })
    }

    /// Deletes closed files over age; a file that cannot be deleted is left for the next time.
    fn forget_old(&self) {
        let Some(keep) = self.config.keep else { return };
        let oldest = SystemTime::now().checked_sub(keep.0);
        let Some((files, oldest)) = files(&self.config.dir).ok().zip(oldest) else { return };
        for path in files {
            let modified = fs::metadata(&path).and_then(|metadata| metadata.modified());
            if modified.is_ok_and(|modified| modified < oldest) && fs::remove_file(&path).is_err() {
                tracing::warn!(path = %path.display(), "an old archive cannot be deleted");
            }
        }
    }
}

/// The archive files of a folder, oldest first.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let name = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("newsmill-"))
    };
    let entries = fs::read_dir(dir)?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> =
        entries.filter(name).filter(|path| path.extension().is_some_and(|e| e == "gz")).collect();
    files.sort();
    Ok(files)
}

/// The three records of an exchange.
fn records(exchange: &Exchange, agent: &str, info: &str) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let (response, request, date) = (record_id(), record_id(), date(exchange.begun));
    let url = exchange.url.as_str();
    let block = response_block(exchange);
    let payload = digest(&exchange.body);
    let common =
        [("WARC-Date", date.as_str()), ("WARC-Target-URI", url), ("WARC-Warcinfo-ID", info)];
    let mut headers = vec![("WARC-Type", "response"), ("WARC-Record-ID", &response)];
    headers.extend(common);
    headers.push(("WARC-Payload-Digest", &payload));
    headers.push(("Content-Type", "application/http; msgtype=response"));
    member(&mut out, &headers, &block)?;

    let mut headers = vec![("WARC-Type", "request"), ("WARC-Record-ID", &request)];
    headers.extend(common);
    headers.push(("WARC-Concurrent-To", &response));
    headers.push(("Content-Type", "application/http; msgtype=request"));
    member(&mut out, &headers, &request_block(exchange, agent))?;

    let mut fields = format!("fetchTimeMs: {}\r\n", exchange.took.as_millis());
    fields.extend(exchange.announced.as_ref().map(Announced::line));
    let metadata = record_id();
    let mut headers = vec![("WARC-Type", "metadata"), ("WARC-Record-ID", &metadata)];
    headers.extend(common);
    headers.push(("WARC-Refers-To", &response));
    headers.push(("Content-Type", "application/warc-fields"));
    member(&mut out, &headers, fields.as_bytes())?;
    Ok(out)
}

/// The answer as HTTP/1.1. The transfer coding is gone, and the length is that of the body.
fn response_block(exchange: &Exchange) -> Vec<u8> {
    let mut block = format!("HTTP/1.1 {}\r\n", exchange.status).into_bytes();
    let gone = ["transfer-encoding", "content-length", "connection", "keep-alive"];
    fields(&mut block, &exchange.response, &gone);
    block.extend_from_slice(format!("content-length: {}\r\n\r\n", exchange.body.len()).as_bytes());
    block.extend_from_slice(&exchange.body);
    block
}

/// The request as HTTP/1.1, without secrets.
fn request_block(exchange: &Exchange, agent: &str) -> Vec<u8> {
    let url = &exchange.url;
    let path = crate::robots::path_and_query(url);
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut block =
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {agent}\r\n").into_bytes();
    fields(&mut block, &exchange.request, &["authorization", "cookie", "proxy-authorization"]);
    block.extend_from_slice(b"\r\n");
    block
}

fn fields(block: &mut Vec<u8>, headers: &HeaderMap, without: &[&str]) {
    for (name, value) in headers {
        if !without.contains(&name.as_str()) && !value.is_sensitive() {
            block.extend_from_slice(name.as_str().as_bytes());
            block.extend_from_slice(b": ");
            block.extend_from_slice(value.as_bytes());
            block.extend_from_slice(b"\r\n");
        }
    }
}

/// Appends one record as a gzip member.
fn member(out: &mut Vec<u8>, headers: &[(&str, &str)], block: &[u8]) -> io::Result<()> {
    let mut gzip = GzBuilder::new().write(out, Compression::default());
    gzip.write_all(b"WARC/1.1\r\n")?;
    for (name, value) in headers {
        write!(gzip, "{name}: {value}\r\n")?;
    }
    write!(
        gzip,
        "WARC-Block-Digest: {}\r\nContent-Length: {}\r\n\r\n",
        digest(block),
        block.len()
    )?;
    gzip.write_all(block)?;
    gzip.write_all(b"\r\n\r\n")?;
    gzip.finish()?;
    Ok(())
}

/// To the microsecond, as version 1.1 allows.
fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// A random UUID, version 4.
fn record_id() -> String {
    let bits = fastrand::u128(..) & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    let hex = format!("{bits:032x}");
    format!(
        "<urn:uuid:{}-{}-{}-{}-{}>",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", base32(&Sha256::digest(bytes)))
}

fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bits, mut count, mut out) = (0u32, 0, String::new());
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            out.push(ALPHABET[(bits >> count & 31) as usize] as char);
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(ALPHABET[(bits << (5 - count) & 31) as usize] as char);
    }
    while out.len() % 8 != 0 {
        out.push('=');
    }
    out
}
