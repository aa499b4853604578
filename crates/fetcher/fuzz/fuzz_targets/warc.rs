//! Any WARC file, and any HTTP response in one: no panic, bodies bounded, offsets grow.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use newsmill_fetcher::warc::{WarcFile, http_response};

/// Bytes of a block or a body.
const MOST: u64 = 4096;

fuzz_target!(|bytes: &[u8]| {
    if let Some(response) = http_response(&Bytes::copy_from_slice(bytes), MOST) {
        assert!(response.body.len() as u64 <= MOST);
    }
    let path = std::env::temp_dir().join(format!("newsmill-fuzz-{}.warc", std::process::id()));
    std::fs::write(&path, bytes).expect("the folder for temporary files is there");
    let Ok(mut file) = WarcFile::open(&path, 0, MOST) else { return };
    let mut last = None;
    while let Ok(Some(record)) = file.next(|_| true) {
        assert!(last.is_none_or(|last| record.offset > last), "{last:?} then {}", record.offset);
        last = Some(record.offset);
    }
});
