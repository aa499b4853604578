//! The numbers that the model sees stay what they were when it was trained.

use std::path::Path;

use newsmill_cleaner::decode;
use newsmill_cleaner::train::{NAMES, TrainingPage};

/// The sum of each feature over the blocks of a page, to two places: logarithms differ in their
/// last bits between machines.
fn sums(page: &Path) -> String {
    let bytes = std::fs::read(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let decoded = decode::decode(&bytes, Some("text/html"))
        .unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let page = TrainingPage::new(&decoded.text);
    let mut out = format!("blocks {}\n", page.rows.len());
    for (at, name) in NAMES.iter().enumerate() {
        let sum: f64 = page.rows.iter().map(|row| f64::from(row[at])).sum();
        if sum != 0.0 {
            out += &format!("{name} {sum:.2}\n");
        }
    }
    out
}

#[test]
fn features_of_saved_pages_are_those_of_the_training() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for case in ["wire-story", "chinese", "recipe", "quotes-and-code", "hidden-mobile-copy"] {
        let found = sums(&here.join("../../tests/pages").join(case).join("page.html"));
        let stored = here.join("tests/features").join(case).with_extension("txt");
        if std::env::var_os("STORE_FEATURES").is_some() {
            std::fs::write(&stored, &found).unwrap();
        }
        let wanted = std::fs::read_to_string(&stored).unwrap_or_default();
        for (found, wanted) in found.lines().zip(wanted.lines()) {
            assert_eq!(found, wanted, "{case}: train anew, then run with STORE_FEATURES=1");
        }
        assert_eq!(found.lines().count(), wanted.lines().count(), "{case}: features came or went");
    }
}
