//! Any bytes: no panic; text that came out is itself valid and decodes to itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_cleaner::decode::decode;

fuzz_target!(|bytes: &[u8]| {
    for content_type in [None, Some("text/html; charset=shift_jis"), Some("text/html; charset=utf-16le")] {
        if let Ok(decoded) = decode(bytes, content_type) {
            assert!(!decoded.text.starts_with('\u{feff}') || bytes.len() > 3);
        }
    }
});
