//! Pages, ledgers, and what came of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use newsmill_article::{Entry, Hints, Location};
use newsmill_ledger::{Ledger, LedgerError, Status};
use newsmill_pipeline::intake::Given;

pub(crate) const ARTICLES: usize = 40;

/// A page that is like no other.
pub(crate) fn page(number: usize) -> String {
    let mut html = format!("<html lang=en><title>Lock {number}</title><body><article>");
    for paragraph in 0..4 {
        html += &format!(
            "<p>Lock number {number} of the canal was opened for the {paragraph}th time by \
             the keeper, who said that {} boats had waited below it since the morning.</p>",
            number * 10 + paragraph
        );
    }
    html + "</article></body></html>"
}

/// [`ARTICLES`] pages; then the same text again, nothing at all, and a file that is not there.
pub(crate) fn write_inputs(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for number in 0..ARTICLES {
        let file = folder.join(format!("{number:03}.html"));
        std::fs::write(&file, page(number)).unwrap();
        files.push(file);
    }
    let again = folder.join("again.html");
    std::fs::copy(&files[0], &again).unwrap();
    let empty = folder.join("empty.html");
    std::fs::write(&empty, "").unwrap();
    files.extend([again, empty, folder.join("missing.html")]);
    files
}

pub(crate) fn given(files: &[PathBuf]) -> Box<dyn Iterator<Item = Given> + Send> {
    let files = files.to_vec();
    Box::new(files.into_iter().map(|file| {
        Given::Entry(Entry {
            source: None,
            input: file.display().to_string(),
            location: Location::File(file),
            hints: Hints::default(),
        })
    }))
}

/// Opens the ledger. The threads of a mill that was cut short end when they notice, as they would
/// with their process; until then they hold it.
pub(crate) async fn open(path: &Path) -> Ledger {
    loop {
        match Ledger::open(path, &newsmill_ledger::Config::default()) {
            Err(LedgerError::Held { .. }) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

pub(crate) fn status(place: &Path) -> Status {
    newsmill_ledger::Inspector::open(&place.join("ledger.db")).unwrap().status().unwrap()
}

/// Inputs of the records in a sink's file, with how often each is there.
pub(crate) fn delivered(file: &Path) -> BTreeMap<String, usize> {
    let mut inputs = BTreeMap::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let record: newsmill_article::Record = serde_json::from_str(line).unwrap();
        *inputs.entry(record.input).or_default() += 1;
    }
    inputs
}
