//! The HTTP response in a `response` record.

use bytes::Bytes;
use memchr::memmem;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};

use super::MAX_HEADER;
use crate::decode::{self, DecodeError};

/// What a server answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HttpResponse {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// As it is in the record.
    body: Bytes,
}

impl HttpResponse {
    /// Reads the head; `None` where the block is no HTTP response.
    pub(super) fn read(block: &Bytes) -> Option<Self> {
        let (end, gap) = end_of_head(block)?;
        let head = String::from_utf8_lossy(&block[..end]);
        let mut lines = head.lines();
        let mut status = lines.next()?.split(' ');
        let status =
            status.next()?.starts_with("HTTP/").then(|| status.next()?.parse().ok()).flatten()?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            let name = HeaderName::try_from(name.trim());
            let value = HeaderValue::try_from(value.trim());
            if let (Ok(name), Ok(value)) = (name, value) {
                headers.append(name, value);
            }
        }
        Some(Self { status, headers, body: block.slice(end + gap..) })
    }

    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body without transfer and content codings. Codings that the headers name but the body
    /// no longer has, as in many archives, do no harm.
    pub(super) fn content(&self, max: u64) -> Result<Bytes, DecodeError> {
        let mut body = self.body.clone();
        let chunked = self.header(TRANSFER_ENCODING);
        if chunked.is_some_and(|value| value.to_ascii_lowercase().contains("chunked")) {
            body = dechunk(&body).unwrap_or(body);
        }
        if let Some(coding) = self.header(CONTENT_ENCODING) {
            match decode::content_encoding(coding, body.clone(), max) {
                Ok(decoded) => body = decoded,
                Err(error @ DecodeError::TooLarge(_)) => return Err(error),
                Err(_) => {}
            }
        }
        if body.len() as u64 > max {
            return Err(DecodeError::TooLarge(max));
        }
        Ok(body)
    }
}

/// Where the head ends, and the length of the empty line after it.
fn end_of_head(block: &[u8]) -> Option<(usize, usize)> {
    let start = &block[..block.len().min(MAX_HEADER as usize)];
    match memmem::find(start, b"\r\n\r\n") {
        Some(end) => Some((end, 4)),
        None => memmem::find(start, b"\n\n").map(|end| (end, 2)),
    }
}

fn dechunk(mut rest: &[u8]) -> Option<Bytes> {
    let mut out = Vec::with_capacity(rest.len());
    loop {
        let end = memmem::find(rest, b"\r\n")?;
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
