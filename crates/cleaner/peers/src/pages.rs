//! Pages in memory, each with its truth where one lies beside it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use newsmill_cleaner::decode::decode;
use newsmill_cleaner::score::Truth;

/// How deep folders of pages may nest.
const DEPTH: usize = 4;

/// One page.
#[derive(Debug)]
pub struct Page {
    /// Its path.
    pub path: PathBuf,
    /// As it was saved, decompressed.
    pub bytes: Vec<u8>,
    /// Decoded, for tools that read text.
    pub text: String,
    /// What it should give: `ID.json` beside `ID.html` or `ID.html.gz`.
    pub truth: Option<Truth>,
}

/// The folders named as arguments; else the extraction corpora where they are, else the saved pages
/// of the tests.
pub fn folders(named: &[String]) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.iter().map(PathBuf::from).collect();
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let corpora = workspace.join("../shared/corpus/extraction");
    if corpora.is_dir() { vec![corpora] } else { vec![workspace.join("tests/pages")] }
}

/// Every HTML page under the folders that can be read and decoded, by the folder it lies in.
pub fn load(folders: &[PathBuf]) -> BTreeMap<PathBuf, Vec<Page>> {
    let mut paths = Vec::new();
    let mut open: Vec<(PathBuf, usize)> = folders.iter().map(|path| (path.clone(), 0)).collect();
    while let Some((folder, depth)) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && depth < DEPTH {
                open.push((path, depth + 1));
            } else if stem(&path).is_some() {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let mut pages: BTreeMap<PathBuf, Vec<Page>> = BTreeMap::new();
    for page in paths.into_iter().filter_map(read) {
        let folder = page.path.parent().unwrap_or(Path::new("")).to_owned();
        pages.entry(folder).or_default().push(page);
    }
    pages
}

/// The path of a page without its ending.
fn stem(path: &Path) -> Option<PathBuf> {
    let path = path.to_str()?;
    ["html.gz", "html"].iter().find_map(|ending| Some(PathBuf::from(path.strip_suffix(ending)?)))
}

fn read(path: PathBuf) -> Option<Page> {
    let mut bytes = std::fs::read(&path).ok()?;
    if path.extension()? == "gz" {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&*bytes).read_to_end(&mut plain).ok()?;
        bytes = plain;
    }
    let text = decode(&bytes, Some("text/html")).ok()?.text.into_owned();
    let truth = std::fs::read(stem(&path)?.with_extension("json")).ok();
    let truth = truth.and_then(|truth| serde_json::from_slice(&truth).ok());
    Some(Page { path, bytes, text, truth })
}
