//! What the small verbs print that let outsiders run public test suites against the parsers.

use std::io;
use std::path::Path;

use serde::Serialize;
use url::Url;

use crate::text;
use crate::warc::{WarcFile, WarcRecord};

pub use crate::feed::{Feed, FeedEntry, FeedError, FeedLimits, parse as feed};
pub use crate::opml::{OpmlFeed, parse as opml, write as write_opml};
pub use crate::plain::plain as plain_text;
pub use crate::robots::Robots;
pub use crate::sitemap::{Sitemap, SitemapEntry, parse as sitemap};

/// The parts of a URL, by the names of the URL Standard.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the URL Standard defines each of them")]
pub struct UrlParts {
    pub href: String,
    pub protocol: String,
    pub username: String,
    pub password: String,
    pub host: String,
    pub hostname: String,
    pub port: String,
    pub pathname: String,
    pub search: String,
    pub hash: String,
}

/// Parses a URL, relative to `base` where there is one.
pub fn url(input: &str, base: Option<&str>) -> Result<UrlParts, url::ParseError> {
    use url::quirks;
    let base = base.map(Url::parse).transpose()?;
    let url = Url::options().base_url(base.as_ref()).parse(input)?;
    Ok(UrlParts {
        href: quirks::href(&url).to_owned(),
        protocol: quirks::protocol(&url).to_owned(),
        username: quirks::username(&url).to_owned(),
        password: quirks::password(&url).to_owned(),
        host: quirks::host(&url).to_owned(),
        hostname: quirks::hostname(&url).to_owned(),
        port: quirks::port(&url).to_owned(),
        pathname: quirks::pathname(&url).to_owned(),
        search: quirks::search(&url).to_owned(),
        hash: quirks::hash(&url).to_owned(),
    })
}

/// The encoding that bytes of XML or JSON are taken for, and the text.
pub fn encoding(bytes: &[u8], content_type: Option<&str>) -> (&'static str, String) {
    let (text, name) = text::decode(bytes, content_type);
    (name, text.into_owned())
}

/// The records of a WARC file up to the first error, which is last. An end in the middle of a
/// record is one, of kind `UnexpectedEof`.
pub fn warc(path: &Path) -> io::Result<Vec<io::Result<WarcRecord>>> {
    let mut file = WarcFile::open(path, 0, 0)?;
    let mut records = Vec::new();
    loop {
        match file.next(|_| false) {
            Ok(Some(record)) => records.push(Ok(record)),
            Ok(None) => {
                records.extend(file.torn().map(Err));
                return Ok(records);
            }
            Err(error) => {
                records.push(Err(error));
                return Ok(records);
            }
        }
    }
}
