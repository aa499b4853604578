//! Any bytes: no panic, no more text than the bytes can hold, and text that came out decodes to
//! itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsmill_cleaner::decode::{decode, is_html};

fuzz_target!(|bytes: &[u8]| {
    for content_type in
        [None, Some("text/html; charset=shift_jis"), Some("text/html; charset=utf-16le")]
    {
        let Ok(decoded) = decode(bytes, content_type) else { continue };
        let text = &*decoded.text;
        assert!(text.len() <= 3 * bytes.len(), "{} of {}", text.len(), bytes.len());
        assert!(!text.contains('\0'));
        let _ = is_html(text, content_type, Some("page"));
        // Declared as what it is, nothing is left to guess.
        if let Ok(again) = decode(text.as_bytes(), Some("text/html; charset=utf-8"))
            && again.origin == "http header"
        {
            assert_eq!(again.text, text);
        }
    }
});
