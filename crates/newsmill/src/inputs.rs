//! What the command line names, as a lazy list of entries: files, folders, globs, URLs, WARC
//! files and `-`.
//!
//! Folders are walked as they are read, in the order of their names, following symbolic links and
//! surviving their loops; a folder of a million files costs the names of one folder at a time.
//! In a folder, hidden files and files of other kinds are passed over; a file that is named, or
//! that fits a glob, is always read.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use globset::{GlobBuilder, GlobMatcher};
use newsmill_article::{Entry, Hints, Location, Reason};
use newsmill_fetcher::warc::Rules;
use newsmill_pipeline::intake::Given;
use url::Url;
use walkdir::WalkDir;

use crate::archive::{self, Selection};
use crate::stdin;

/// File endings, without `.gz`, that a folder's files are read for.
const ENDINGS: [&str; 7] = ["html", "htm", "xhtml", "shtml", "txt", "md", "markdown"];

pub(crate) type Inputs = Box<dyn Iterator<Item = Given> + Send>;

/// How many there were so far.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// Inputs.
    pub(crate) inputs: AtomicU64,
    /// Files in folders that are of another kind.
    pub(crate) passed_over: AtomicU64,
}

/// Everything that `names` names, in order. `rules` bound a page and say which of an archive are
/// taken.
pub(crate) fn list(names: Vec<String>, rules: Rules, listed: &Arc<Listed>) -> Inputs {
    let (found, passed_over) = (listed.clone(), listed.clone());
    let inputs = names.into_iter().flat_map(move |name| expand(name, &rules, &passed_over));
    Box::new(inputs.inspect(move |_| _ = found.inputs.fetch_add(1, Ordering::Relaxed)))
}

fn expand(name: String, rules: &Rules, listed: &Arc<Listed>) -> Inputs {
    if name == "-" {
        return stdin::read(io::stdin(), rules.max_page());
    }
    if let Some(url) = web(&name) {
        return one(Given::Entry(entry(name, Location::Url(url))));
    }
    let path = PathBuf::from(&name);
    if path.is_dir() {
        let listed = listed.clone();
        return Box::new(walk(&path, usize::MAX, move |file| {
            let known = is_page(file);
            if !known {
                listed.passed_over.fetch_add(1, Ordering::Relaxed);
            }
            known
        }));
    }
    // A file whose name looks like a pattern is still a file.
    if name.contains(['*', '?', '[', '{']) && path.symlink_metadata().is_err() {
        return glob(name);
    }
    if archive::is_archive(&path) {
        return archive::read(path, rules, Selection::default());
    }
    if let Some(why) = no_address(&name)
        && path.symlink_metadata().is_err()
    {
        return one(refused(name, Reason::BadUrl, why));
    }
    // Whether it can be read, the fetcher finds out and says.
    one(Given::Entry(entry(name, Location::File(path))))
}

/// What is wrong with a name that looks like a URL and is none that can be read.
fn no_address(name: &str) -> Option<String> {
    let (scheme, _) = name.split_once("://")?;
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if scheme.is_empty() || !scheme.chars().all(valid) {
        return None;
    }
    match Url::parse(name) {
        Ok(_) => Some("only http and https addresses are read".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// The URL of an `http(s)://` name; `None` also for a broken one.
pub(crate) fn web(name: &str) -> Option<Url> {
    let scheme = name.split_once("://")?.0;
    let http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if http { Url::parse(name).ok() } else { None }
}

fn glob(pattern: String) -> Inputs {
    let matcher: GlobMatcher = match GlobBuilder::new(&pattern).literal_separator(true).build() {
        Ok(glob) => glob.compile_matcher(),
        Err(error) => return one(refused(pattern, Reason::NotFound, error.to_string())),
    };
    let (root, rest) = fixed_part(Path::new(&pattern));
    let depth = if pattern.contains("**") { usize::MAX } else { rest };
    // `walk` joins names to the root, so a pattern without a folder is matched without `./`.
    let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
    let mut files = walk(&root, depth, move |file| {
        matcher.is_match(file) || file.strip_prefix(".").is_ok_and(|file| matcher.is_match(file))
    })
    .peekable();
    if files.peek().is_none() {
        return one(refused(pattern, Reason::NotFound, "no file fits the pattern".to_owned()));
    }
    Box::new(files)
}

/// The folders before the first part of a pattern that is one, and how many parts follow.
fn fixed_part(pattern: &Path) -> (PathBuf, usize) {
    let parts: Vec<Component<'_>> = pattern.components().collect();
    let fixed = parts
        .iter()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
        .count();
    (parts[..fixed].iter().collect(), parts.len() - fixed)
}

/// The files under `root` that `wanted` wants, and what could not be read.
fn walk(
    root: &Path,
    depth: usize,
    wanted: impl Fn(&Path) -> bool + Send + 'static,
) -> impl Iterator<Item = Given> + Send + 'static {
    WalkDir::new(root)
        .follow_links(true)
        .max_depth(depth)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|found| found.depth() == 0 || !is_hidden(found.file_name()))
        .filter_map(move |found| match found {
            Ok(found) if found.file_type().is_dir() || !wanted(found.path()) => None,
            Ok(found) => {
                let path = found.into_path();
                let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
                let name = path.to_string_lossy().into_owned();
                Some(Given::Entry(entry(name, Location::File(path))))
            }
            Err(error) if leads_nowhere(&error) && !error.path().is_some_and(&wanted) => None,
            Err(error) => Some(unreadable(&error)),
        })
}

/// Whether it is a symbolic link within the folder that leads to nothing.
fn leads_nowhere(error: &walkdir::Error) -> bool {
    let kind = error.io_error().map(io::Error::kind);
    error.depth() > 0 && kind == Some(io::ErrorKind::NotFound)
}

fn unreadable(error: &walkdir::Error) -> Given {
    let path = error.path().unwrap_or(Path::new("")).to_string_lossy().into_owned();
    if let Some(ancestor) = error.loop_ancestor() {
        let cause = format!("a symbolic link that leads back to {}", ancestor.display());
        return refused(path, Reason::Unreadable, cause);
    }
    match error.io_error() {
        Some(error) => not_opened(path, error),
        None => refused(path, Reason::Unreadable, error.to_string()),
    }
}

/// What cannot be opened. Two of the reasons say all that the operating system does.
pub(crate) fn not_opened(input: String, error: &io::Error) -> Given {
    let (reason, cause) = match error.kind() {
        io::ErrorKind::NotFound => (Reason::NotFound, None),
        io::ErrorKind::PermissionDenied => (Reason::PermissionDenied, None),
        _ => (Reason::Unreadable, Some(error.to_string())),
    };
    Given::Refused { input, reason, cause }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn is_page(file: &Path) -> bool {
    let ending =
        |path: &Path| path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending(file) {
        Some(gz) if gz == "gz" => file.file_stem().and_then(|stem| ending(Path::new(stem))),
        other => other,
    }
    .is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

pub(crate) fn entry(input: String, location: Location) -> Entry {
    Entry { source: None, input, location, hints: Hints::default() }
}

pub(crate) fn refused(input: String, reason: Reason, cause: String) -> Given {
    Given::Refused { input, reason, cause: Some(cause) }
}

pub(crate) fn one(given: Given) -> Inputs {
    Box::new(std::iter::once(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules::new(&newsmill_fetcher::Config::default())
    }

    fn names(args: &[&str]) -> Vec<String> {
        list(args.iter().map(ToString::to_string).collect(), rules(), &Arc::default())
            .map(|given| match given {
                Given::Entry(entry) => entry.input,
                Given::Refused { input, reason, .. } => format!("{input}: {}", reason.code()),
            })
            .collect()
    }

    #[test]
    fn an_address_that_cannot_be_read_is_no_missing_file() {
        let given = names(&["ftp://example.org/x", "http://", "no/such://file", "no-such-file"]);
        let wanted =
            ["ftp://example.org/x: bad_url", "http://: bad_url", "no/such://file", "no-such-file"];
        assert_eq!(given, wanted);
    }

    fn folder() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for dir in ["b", "a", ".hidden"] {
            std::fs::create_dir(root.join(dir)).unwrap();
        }
        for file in [
            "b/2.html",
            "b/10.HTML.GZ",
            "a/x.txt",
            "a/expected.json",
            ".hidden/y.html",
            "z.md",
            ".z.md",
            "archive.gz",
            "b/q[1].html",
        ] {
            std::fs::write(root.join(file), "x").unwrap();
        }
        let name = root.to_str().unwrap().to_owned();
        (folder, name)
    }

    fn under(root: &str, files: &[&str]) -> Vec<String> {
        files.iter().map(|file| format!("{root}/{file}")).collect()
    }

    #[test]
    fn folders_are_walked_in_order_without_what_is_hidden_or_no_page() {
        let (_keep, root) = folder();
        let expected = ["a/x.txt", "b/10.HTML.GZ", "b/2.html", "b/q[1].html", "z.md"];
        assert_eq!(names(&[&root]), under(&root, &expected));
        let listed = Arc::<Listed>::default();
        assert_eq!(list(vec![root], rules(), &listed).count(), 5);
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        assert_eq!((count(&listed.inputs), count(&listed.passed_over)), (5, 2));
    }

    #[test]
    fn globs_take_every_kind_and_only_their_depth() {
        let (_keep, root) = folder();
        assert_eq!(names(&[&format!("{root}/*.gz")]), under(&root, &["archive.gz"]));
        assert_eq!(
            names(&[&format!("{root}/a/*.{{json,txt}}")]),
            under(&root, &["a/expected.json", "a/x.txt"])
        );
        assert_eq!(
            names(&[&format!("{root}/**/*.html")]),
            under(&root, &["b/2.html", "b/q[1].html"])
        );
        assert_eq!(names(&[&format!("{root}/*.pdf")]), [format!("{root}/*.pdf: not_found")]);
    }

    #[test]
    fn a_file_named_like_a_pattern_is_a_file() {
        let (_keep, root) = folder();
        let name = format!("{root}/b/q[1].html");
        assert_eq!(names(&[&name]), [name]);
    }

    #[cfg(unix)]
    #[test]
    fn loops_of_symbolic_links_are_named_and_survived() {
        let (_keep, root) = folder();
        std::os::unix::fs::symlink(&root, format!("{root}/a/back")).unwrap();
        for name in ["a/dangling.html", "a/dangling.jpg"] {
            std::os::unix::fs::symlink("nowhere", format!("{root}/{name}")).unwrap();
        }
        assert_eq!(
            names(&[&format!("{root}/a")]),
            under(&root, &["a/back: unreadable", "a/dangling.html: not_found", "a/x.txt"])
        );
        // Only what is asked for is missed.
        assert_eq!(
            names(&[&format!("{root}/a/*.txt")]),
            under(&root, &["a/back: unreadable", "a/x.txt"])
        );
    }

    #[test]
    fn urls_and_missing_files_are_passed_on() {
        assert_eq!(
            names(&["https://example.org/a?b=*", "no/such/file.html"]),
            ["https://example.org/a?b=*", "no/such/file.html"]
        );
    }
}
