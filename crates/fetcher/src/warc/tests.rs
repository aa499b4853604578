//! Files that are not as they should be: what is whole is read, what is lost is named.

use std::io::Write as _;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use newsmill_article::Entry;

use super::{Archived, Pages, Rules};
use crate::Config;

fn record(n: u32) -> Vec<u8> {
    let http = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>{n}");
    let length = http.len();
    format!(
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://x.org/{n}\r\n\
         Content-Length: {length}\r\n\r\n{http}\r\n\r\n"
    )
    .into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The pages of a file, and what is said of its end where that is not as it should be.
fn read(parts: &[&[u8]]) -> (Vec<String>, Option<String>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.warc");
    std::fs::write(&path, parts.concat()).unwrap();
    let mut pages = open(&path);
    let mut found = Vec::new();
    loop {
        match pages.next(|_| true) {
            Ok(Some(Archived::Page(Entry { input, .. }))) => found.push(input),
            Ok(Some(Archived::Refused { input, why })) => panic!("{input}: {why}"),
            Ok(None) => return (found, pages.torn().map(|torn| torn.to_string())),
            Err(error) => return (found, Some(error.to_string())),
        }
    }
}

fn open(path: &Path) -> Pages {
    Pages::open(path, 0, Rules::new(&Config::default())).unwrap()
}

const BOTH: [&str; 2] = ["http://x.org/1", "http://x.org/2"];

#[test]
fn members_without_a_record_are_passed_over() {
    let [one, two] = [1, 2].map(|n| gzip(&record(n)));
    for gap in [gzip(b""), gzip(b"\r\n\r\n"), [gzip(b""), gzip(b"")].concat()] {
        assert_eq!(read(&[&gap, &one, &gap, &two, &gap]), (BOTH.map(str::to_owned).into(), None));
    }
}

#[test]
fn empty_lines_between_records_are_passed_over() {
    let lines = b"\r\n".repeat(40);
    let whole = (BOTH.map(str::to_owned).into(), None);
    assert_eq!(read(&[&lines, &record(1), &lines, &record(2), &lines]), whole);
    // A file of nothing else is no reason to read on for ever, nor to stop without a word.
    let many = b"\n".repeat(100 << 10);
    let (found, end) = read(&[&record(1), &many, &record(2)]);
    assert_eq!(found, BOTH[..1]);
    assert!(end.unwrap().contains("empty lines"));
}

#[test]
fn what_is_behind_the_last_record_costs_no_page_and_is_named() {
    let plain = [1, 2].map(record);
    let gzipped = [1, 2].map(|n| gzip(&record(n)));
    for [one, two] in [plain, gzipped] {
        let place = format!("byte {}", one.len() + two.len());
        for garbage in [&b"no record at all\r\n"[..], &[0; 512], b"\x1f\x8b\x08nonsense", b"WAR"] {
            let (found, end) = read(&[&one, &two, garbage]);
            assert_eq!(found, BOTH, "{garbage:?}");
            let end = end.unwrap_or_else(|| panic!("silence about {garbage:?}"));
            assert!(end.contains(&place), "{end}");
        }
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_names_what_it_lost() {
    let plain = [1, 2].map(record);
    let gzipped = [1, 2].map(|n| gzip(&record(n)));
    for ([one, two], closing) in [(plain, b"\r\n\r\n".len()), (gzipped, 0)] {
        let place = format!("byte {}", one.len());
        for cut in 1..two.len() - closing {
            let (found, end) = read(&[&one, &two[..cut]]);
            assert_eq!(found, BOTH[..1], "cut at {cut}");
            let end = end.unwrap_or_else(|| panic!("silence about a cut at {cut}"));
            assert!(end.contains(&place), "{end}");
        }
        assert_eq!(read(&[&one]), (vec![BOTH[0].to_owned()], None));
    }
}
