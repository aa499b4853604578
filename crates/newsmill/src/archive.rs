//! WARC files as inputs: each page in them that was answered with 200 and is text.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use newsmill_article::{Disposition, Reason};
use newsmill_fetcher::warc::{Archived, Pages, Rules, WarcRecord};
use newsmill_pipeline::intake::Given;
use url::Url;
use walkdir::WalkDir;

use crate::inputs::{Inputs, not_opened, one, refused};

/// Which records of an archive are read; the others are not decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Only what was fetched then or later.
    pub(crate) since: Option<Timestamp>,
    /// Only these hosts and those below them; empty for all.
    pub(crate) hosts: Vec<String>,
}

impl Selection {
    fn wants(&self, record: &WarcRecord) -> bool {
        let date = || record.date.as_deref()?.parse::<Timestamp>().ok();
        let host = || Url::parse(record.url.as_deref()?).ok()?.host_str().map(str::to_owned);
        self.since.is_none_or(|since| date().is_some_and(|date| date >= since))
            && (self.hosts.is_empty()
                || host().is_some_and(|host| {
                    self.hosts.iter().any(|wanted| {
                        host.strip_suffix(wanted.as_str())
                            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                    })
                }))
    }
}

/// Whether a path is named like a WARC file.
pub(crate) fn is_archive(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    name.ends_with(".warc") || name.ends_with(".warc.gz")
}

/// The WARC files of a folder, by name, which is by time for those that newsmill writes; or the
/// file itself.
pub(crate) fn files(path: PathBuf) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path];
    }
    let found = WalkDir::new(&path).sort_by_file_name().into_iter().flatten();
    found.map(walkdir::DirEntry::into_path).filter(|path| is_archive(path)).collect()
}

/// The pages of a file, one by one.
pub(crate) fn read(path: PathBuf, rules: &Rules, selection: Selection) -> Inputs {
    match Pages::open(&path, 0, rules.clone()) {
        Ok(pages) => Box::new(Listing { pages, path, selection, ended: false }),
        Err(error) => one(not_opened(path.display().to_string(), &error)),
    }
}

struct Listing {
    pages: Pages,
    path: PathBuf,
    selection: Selection,
    /// What follows a broken record cannot be found.
    ended: bool,
}

impl Listing {
    /// Nothing comes after this; what is lost with it is named as the file.
    fn end(&mut self, why: Option<io::Error>) -> Option<Given> {
        self.ended = true;
        let input = self.path.display().to_string();
        why.map(|why| refused(input, Reason::Unreadable, why.to_string()))
    }
}

impl Iterator for Listing {
    type Item = Given;

    fn next(&mut self) -> Option<Given> {
        if self.ended {
            return None;
        }
        match self.pages.next(|record| self.selection.wants(record)) {
            Ok(Some(Archived::Page(entry))) => Some(Given::Entry(entry)),
            Ok(Some(Archived::Refused { input, why })) => {
                let reason = match why.disposition() {
                    Disposition::Reject(reason) => reason,
                    _ => Reason::Unreadable,
                };
                Some(refused(input, reason, why.to_string()))
            }
            Ok(None) => self.end(self.pages.torn()),
            Err(error) => self.end(Some(error)),
        }
    }
}
