//! What an address answered.

use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

use crate::Entry;

/// The raw bytes of an entry. At most `max_page` bytes, after decompression.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What led here.
    pub entry: Entry,
    /// The address that finally answered, after redirects; `None` where there is none.
    pub url: Option<Url>,
    /// The media type with its parameters, as the server or the file name told it.
    pub content_type: Option<String>,
    /// The content, decompressed.
    pub bytes: Bytes,
    /// When the bytes were read.
    pub fetched: Timestamp,
}
