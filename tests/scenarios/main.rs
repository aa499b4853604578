//! Scenarios against the real binary, by subject.

#![expect(clippy::expect_used, reason = "the helpers of a test fail it")]

mod bad_input;
mod config;
mod daemon;
mod once;
mod pages;
mod poison;

use std::path::Path;

/// The path of a saved page that becomes a record.
fn page(case: &str) -> String {
    let folder = e2e::case::root().join(case);
    let found = ["page.html", "page.txt", "page.md", "page.html.gz"]
        .map(|name| folder.join(name))
        .into_iter()
        .find(|path| path.exists());
    found.unwrap_or_else(|| panic!("no page in {}", folder.display())).display().to_string()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
