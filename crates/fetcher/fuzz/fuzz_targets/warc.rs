//! Any WARC file, and any HTTP response in one: no panic, bodies bounded, offsets grow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_article::{HumanSize, Location};
use newsmill_fetcher::Config;
use newsmill_fetcher::warc::{Archived, Pages, Rules, WarcFile};

/// Bytes of a block or a body.
const MOST: u64 = 4096;

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("newsmill-fuzz-{}.warc", std::process::id()));
    // Any bytes as a response in a record of their own, too.
    let head = "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://x.org/\r\n";
    let mut record = format!("{head}Content-Length: {}\r\n\r\n", bytes.len()).into_bytes();
    record.extend_from_slice(bytes);
    for file in [bytes, &record] {
        std::fs::write(&path, file).expect("the folder for temporary files is there");
        let config = Config { max_page: HumanSize(MOST), ..Config::default() };
        if let Ok(mut pages) = Pages::open(&path, 0, Rules::new(&config)) {
            while let Ok(Some(found)) = pages.next(|_| true) {
                let Archived::Page(entry) = found else { continue };
                let Location::Inline { bytes, .. } = entry.location else { continue };
                assert!(bytes.len() as u64 <= MOST);
            }
        }
    }
    std::fs::write(&path, bytes).expect("the folder for temporary files is there");
    let Ok(mut file) = WarcFile::open(&path, 0, MOST) else { return };
    let mut last = None;
    while let Ok(Some(record)) = file.next(|_| true) {
        assert!(last.is_none_or(|last| record.offset > last), "{last:?} then {}", record.offset);
        last = Some(record.offset);
    }
});
