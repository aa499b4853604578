//! Tells text from other bytes, for content whose label is missing or wrong.

/// Beginnings of common formats that hold no article.
const MAGIC: [(&[u8], &str); 14] = [
    (b"%PDF-", "a PDF file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip within gzip"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"ID3", "an audio file"),
    (b"OggS", "an audio file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"SQLite format 3", "a database"),
];

/// What bytes are, where they are certainly no text. NUL alone proves nothing: UTF-16 and broken
/// pages have it.
pub(crate) fn binary(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(kind);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return None;
    }
    let head = &bytes[..bytes.len().min(1024)];
    // Sums of small numbers, which compile to vectors.
    let count = |of: fn(u8) -> bool| head.iter().map(|b| u16::from(of(*b))).sum::<u16>();
    let controls = count(|b| matches!(b, 1..=8 | 0x0e..=0x1a | 0x1c..=0x1f));
    let zeros = count(|b| b == 0);
    let length = head.len();
    let binary = usize::from(controls) * 100 > length * 3 || usize::from(zeros) * 10 > length * 6;
    binary.then_some("binary data")
}

/// Whether a media type may hold an article. What has none, or a vague one, is looked at instead.
pub(crate) fn is_text(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match essence.split_once('/') {
        Some(("text", kind)) => {
            !matches!(kind, "css" | "javascript" | "csv" | "calendar" | "vcard")
        }
        Some(("application", kind)) => {
            matches!(
                kind,
                "xhtml+xml" | "xml" | "octet-stream" | "x-httpd-php" | "vnd.wap.xhtml+xml"
            )
        }
        Some(("image" | "audio" | "video" | "font" | "model", _)) => false,
        _ => true,
    }
}
