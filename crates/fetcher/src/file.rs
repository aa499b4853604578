//! Local files: HTML and plain text, perhaps compressed with gzip.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use bytes::Bytes;

use crate::decode::{self, read_bounded};
use crate::http::undecodable;
use crate::{FetchError, sniff};

/// Content and media type of a file; at most `max` bytes as stored and as decompressed, each.
/// Blocks.
pub(crate) fn read(path: &Path, max: u64) -> Result<(Bytes, Option<String>), FetchError> {
    let failed = |source| FetchError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, "is a folder")));
    }
    let place = || path.display().to_string();
    let raw = read_bounded(BufReader::new(file), max).map_err(failed)?;
    let raw =
        raw.ok_or_else(|| FetchError::TooLarge { place: place(), what: "the file", limit: max })?;
    let bytes = match decode::is_gzip(&raw) {
        true => decode::gunzip(&raw, max).map_err(|error| undecodable(place(), error))?,
        false => raw.into(),
    };
    if bytes.is_empty() {
        return Err(FetchError::Empty { place: place() });
    }
    if let Some(kind) = sniff::binary(&bytes) {
        return Err(FetchError::NotHtml { place: place(), content_type: kind.to_owned() });
    }
    Ok((bytes, media_type(path)))
}

/// The media type that a name tells; `.gz` does not count. `None` for what holds no article.
pub(crate) fn media_type(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let (_, extension) = name.rsplit_once('.')?;
    let kind = match extension {
        "html" | "htm" | "shtml" => "text/html",
        "xhtml" => "application/xhtml+xml",
        "txt" | "text" => "text/plain",
        "md" | "markdown" => "text/markdown",
        _ => return None,
    };
    Some(kind.to_owned())
}
