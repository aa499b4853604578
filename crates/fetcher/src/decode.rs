//! Undoes compression, never making more bytes than the bound.

use std::io::{self, BufRead, Read};

use bytes::Bytes;

/// Why bytes could not be decompressed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("decompresses to more than {0} bytes")]
    TooLarge(u64),
    #[error("{0} is a compression that is not read")]
    Unknown(String),
    #[error("compressed more than twice")]
    TooDeep,
    #[error("broken {method}: {source}")]
    Broken { method: &'static str, source: io::Error },
}

/// The window of a zstd frame, 2^23 = 8 MiB: the most that RFC 9659 lets a server use.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Undoes the codings of a `Content-Encoding` header, at most two, last applied first.
pub(crate) fn content_encoding(header: &str, raw: Bytes, max: u64) -> Result<Bytes, DecodeError> {
    let codings = header.split(',').map(|c| c.trim().to_ascii_lowercase());
    let codings: Vec<_> = codings.filter(|c| !c.is_empty() && c != "identity").take(3).collect();
    if codings.len() > 2 {
        return Err(DecodeError::TooDeep);
    }
    let mut bytes = raw;
    for coding in codings.iter().rev() {
        bytes = match coding.as_str() {
            "gzip" | "x-gzip" => gunzip(&bytes, max)?,
            "br" => bounded("brotli", brotli::Decompressor::new(&bytes[..], 4096), max)?,
            "zstd" => {
                let broken = |source| DecodeError::Broken { method: "zstd", source };
                let mut reader =
                    zstd::stream::read::Decoder::with_buffer(&bytes[..]).map_err(broken)?;
                reader.window_log_max(ZSTD_WINDOW_LOG).map_err(broken)?;
                bounded("zstd", reader, max)?
            }
            "deflate" => inflate(&bytes, max)?,
            other => return Err(DecodeError::Unknown(other.to_owned())),
        };
    }
    Ok(bytes)
}

/// Whether bytes begin like a gzip member.
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// All members of a gzip stream; what follows the last one is ignored, as `gzip` does.
pub(crate) fn gunzip(bytes: &[u8], max: u64) -> Result<Bytes, DecodeError> {
    let mut out = Vec::new();
    let mut rest = bytes;
    loop {
        let mut member = flate2::bufread::GzDecoder::new(rest);
        append("gzip", &mut member, max, &mut out)?;
        rest = member.into_inner();
        if !is_gzip(rest) {
            return Ok(out.into());
        }
    }
}

/// `deflate` means zlib (RFC 9110), but some servers send the bare stream.
fn inflate(bytes: &[u8], max: u64) -> Result<Bytes, DecodeError> {
    match bounded("deflate", flate2::bufread::ZlibDecoder::new(bytes), max) {
        Err(DecodeError::Broken { .. }) => {
            bounded("deflate", flate2::bufread::DeflateDecoder::new(bytes), max)
        }
        other => other,
    }
}

fn bounded(method: &'static str, mut reader: impl Read, max: u64) -> Result<Bytes, DecodeError> {
    let mut out = Vec::new();
    append(method, &mut reader, max, &mut out)?;
    Ok(out.into())
}

fn append(
    method: &'static str,
    reader: &mut impl Read,
    max: u64,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    let left = max.saturating_sub(out.len() as u64);
    let read = reader.take(left + 1).read_to_end(out);
    let read = read.map_err(|source| DecodeError::Broken { method, source })?;
    if read as u64 > left {
        return Err(DecodeError::TooLarge(max));
    }
    Ok(())
}

/// Reads at most `max` bytes; `None` where there are more.
pub(crate) fn read_bounded(reader: impl BufRead, max: u64) -> io::Result<Option<Vec<u8>>> {
    let mut out = Vec::new();
    let read = reader.take(max.saturating_add(1)).read_to_end(&mut out)?;
    Ok((read as u64 <= max).then_some(out))
}
