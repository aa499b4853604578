//! Looks at sources that lie on this machine: folders and WARC files.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use newsmill_article::{Entry, Hints, Location};
use url::Url;
use walkdir::WalkDir;

use crate::access::Access;
use crate::poll::{Cursor, Listed, Look, entry};
use crate::warc::{Archived, Pages, Rules, WarcRecord};
use crate::{FetchError, SourceConfig, file};

/// The most bytes of pages that one look into a WARC file brings; the rest follows at once.
const WARC_BYTES: u64 = 16 << 20;

/// The readable files below a folder; each is known by its path, and again when size or time of
/// change differ. Symlinks are followed, circles of them reported.
pub(crate) fn folder(
    source: &SourceConfig,
    path: &Path,
    access: Option<&Access>,
) -> Result<Look, FetchError> {
    let mut look = Look::default();
    for found in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let found = match found {
            Ok(found) => found,
            Err(error) if error.depth() == 0 => {
                let source =
                    error.into_io_error().unwrap_or_else(|| io::Error::other("a circle of links"));
                return Err(FetchError::File { path: path.to_owned(), source });
            }
            Err(error) => {
                look.warnings.push(error.to_string());
                continue;
            }
        };
        let input = found.path().display().to_string();
        if !found.file_type().is_file()
            || file::media_type(found.path()).is_none()
            || access.is_some_and(|access| !access.wants(&input))
        {
            continue;
        }
        let Ok(metadata) = found.metadata() else { continue };
        let changed = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let version = format!("{} {changed:?}", metadata.len());
        let location = Location::File(found.path().to_owned());
        let entry = entry(&source.name, input.clone(), location, Hints::default());
        look.entries.push(Listed::new(entry, &input, &[&version]));
    }
    Ok(look)
}

/// The pages in WARC files that were not read yet, up to a number of bytes.
pub(crate) fn warc_files(
    source: &SourceConfig,
    path: &Path,
    cursor: &Cursor,
    rules: &Rules,
    access: Option<&Access>,
) -> Result<Look, FetchError> {
    let mut look = Look { files: cursor.files.clone(), ..Look::default() };
    let mut room = WARC_BYTES;
    for path in warc_paths(path)? {
        let failed = |source| FetchError::File { path: path.clone(), source };
        let name = path.display().to_string();
        let known = look.files.iter().position(|(known, _)| *known == name);
        let offset = known.map_or(0, |at| look.files[at].1);
        if path.metadata().map_err(failed)?.len() <= offset {
            continue;
        }
        let mut pages = Pages::open(&path, offset, rules.clone()).map_err(failed)?;
        let wanted = |record: &WarcRecord| {
            access.is_none_or(|access| access.wants(record.url.as_deref().unwrap_or("")))
        };
        let mut end = offset;
        let mut refused = 0;
        while room > 0 {
            let page = match pages.next(wanted) {
                Ok(Some(page)) => page,
                Ok(None) => {
                    let before = std::mem::replace(&mut end, pages.offset().map_err(failed)?);
                    // A file that grows is read on at the next look; a torn end that stays is told
                    // once, when it is met.
                    if let Some(torn) = pages.torn().filter(|_| known.is_none() || end > before) {
                        look.warnings.push(format!("{name}: {torn}"));
                    }
                    break;
                }
                Err(error) => {
                    // What follows cannot be found without this record's end: the file is done.
                    look.warnings.push(format!("{name}: {error}"));
                    end = path.metadata().map_err(failed)?.len();
                    break;
                }
            };
            end = pages.offset().map_err(failed)?;
            let entry = match page {
                Archived::Page(entry) => Entry { source: Some(source.name.clone()), ..entry },
                Archived::Refused { .. } => {
                    refused += 1;
                    continue;
                }
            };
            let Location::Inline { url, fetched, bytes, .. } = &entry.location else { continue };
            room = room.saturating_sub(bytes.len() as u64);
            let identity = url.as_ref().map(Url::to_string).unwrap_or_default();
            let version = fetched.map(|fetched| fetched.to_string()).unwrap_or_default();
            look.entries.push(Listed::new(entry, &identity, &[&version]));
        }
        if refused > 0 {
            look.warnings
                .push(format!("{name}: {refused} pages are too large or ask to be left out"));
        }
        match known {
            Some(at) => look.files[at].1 = end,
            None => look.files.push((name, end)),
        }
        if room == 0 {
            look.more = true;
            break;
        }
    }
    Ok(look)
}

/// The file itself, or the WARC files below a folder, by name.
fn warc_paths(path: &Path) -> Result<Vec<PathBuf>, FetchError> {
    let failed = |source| FetchError::File { path: path.to_owned(), source };
    if !path.metadata().map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let is_warc = |path: &Path| {
        let name = path.to_string_lossy();
        name.ends_with(".warc") || name.ends_with(".warc.gz")
    };
    let found = WalkDir::new(path).sort_by_file_name().into_iter().flatten();
    Ok(found.map(|found| found.into_path()).filter(|path| is_warc(path)).collect())
}
