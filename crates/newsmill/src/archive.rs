//! A WARC file as inputs: each page in it that was answered with 200 and is text.

use std::path::{Path, PathBuf};

use newsmill_article::{Location, Reason};
use newsmill_fetcher::warc::{self, WarcFile, WarcRecord};
use newsmill_pipeline::intake::Given;
use url::Url;

use crate::inputs::{entry, one, refused};

/// Headers that come before a page in its record.
const HEADERS: u64 = 64 << 10;

/// Whether a path is named like a WARC file.
pub(crate) fn is_archive(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    name.ends_with(".warc") || name.ends_with(".warc.gz")
}

/// Its pages, one by one. A page over `max_page` bytes is left out, as it was never kept whole.
pub(crate) fn read(path: PathBuf, max_page: u64) -> Box<dyn Iterator<Item = Given> + Send> {
    match WarcFile::open(&path, 0, max_page + HEADERS) {
        Ok(file) => Box::new(Pages { file, path, max_page, broken: false }),
        Err(error) => {
            let reason = match error.kind() {
                std::io::ErrorKind::NotFound => Reason::NotFound,
                std::io::ErrorKind::PermissionDenied => Reason::PermissionDenied,
                _ => Reason::Unreadable,
            };
            one(refused(path.display().to_string(), reason, error.to_string()))
        }
    }
}

struct Pages {
    file: WarcFile,
    path: PathBuf,
    max_page: u64,
    /// What follows a broken record cannot be found.
    broken: bool,
}

impl Iterator for Pages {
    type Item = Given;

    fn next(&mut self) -> Option<Given> {
        while !self.broken {
            match self.file.next(|record| record.kind == "response") {
                Ok(Some(record)) => {
                    if let Some(page) = page(record, self.max_page) {
                        return Some(page);
                    }
                }
                Ok(None) => return None,
                Err(error) => {
                    self.broken = true;
                    let input = self.path.display().to_string();
                    return Some(refused(input, Reason::Unreadable, error.to_string()));
                }
            }
        }
        None
    }
}

fn page(record: WarcRecord, max_page: u64) -> Option<Given> {
    let url = Url::parse(record.url.as_deref()?).ok()?;
    let response = warc::http_response(&record.block?, max_page)?;
    let text = response.content_type.as_deref().is_none_or(|kind| {
        let kind = kind.trim_start().to_ascii_lowercase();
        kind.starts_with("text/html") || kind.starts_with("text/plain") || kind.contains("xhtml")
    });
    if response.status != 200 || !text {
        return None;
    }
    let input = url.to_string();
    let location = Location::Inline {
        url: Some(url),
        content_type: response.content_type,
        bytes: response.body,
    };
    Some(Given::Entry(entry(input, location)))
}
