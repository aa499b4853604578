//! Many pages of few, each an article of its own.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// Writes the pages of `from` in turn under new names until there are `count`, and says how many
/// bytes they have. Each gets an address of its own, and each time around its number at the end of
/// every paragraph: the ledger knows an article by its address and by its text. Pages that are
/// stored with gzip are written so where `gzip` says it, else plain.
pub(super) fn repeat(from: &Path, to: &Path, count: usize, gzip: bool) -> anyhow::Result<u64> {
    let stored = stored(from)?;
    ensure!(!stored.is_empty(), "{}: no pages", from.display());
    fs::create_dir_all(to)?;
    let mut bytes = 0;
    let mut pages = Vec::new();
    for path in &stored {
        pages.push(fs::read(path).with_context(|| path.display().to_string())?);
    }
    for (number, (path, page)) in stored.iter().zip(&pages).cycle().take(count).enumerate() {
        let packed = path.extension().is_some_and(|end| end == "gz");
        let mut plain = Vec::new();
        if packed {
            MultiGzDecoder::new(page.as_slice()).read_to_end(&mut plain)?;
        } else {
            plain.clone_from(page);
        }
        let page = numbered(&plain, number, number / stored.len());
        let packed = packed && gzip;
        let file = to.join(format!("{number:06}.html{}", if packed { ".gz" } else { "" }));
        if packed {
            let mut encoder = GzEncoder::new(fs::File::create(&file)?, Compression::default());
            encoder.write_all(&page)?;
            encoder.finish()?;
        } else {
            fs::write(&file, page)?;
        }
        bytes += fs::metadata(&file)?.len();
    }
    Ok(bytes)
}

/// The page files below a folder, in order.
fn stored(from: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    let mut ahead = vec![from.to_owned()];
    while let Some(folder) = ahead.pop() {
        for found in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = found?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                ahead.push(path);
            } else if [".html", ".html.gz", ".htm"].iter().any(|end| name.ends_with(end)) {
                pages.push(path);
            }
        }
    }
    pages.sort();
    Ok(pages)
}

/// The page as the article `number`, its paragraphs those of the time around `turn`.
fn numbered(page: &[u8], number: usize, turn: usize) -> Vec<u8> {
    const END: &[u8] = b"</p>";
    let mut out = Vec::with_capacity(page.len() + (64 << 10));
    out.extend_from_slice(
        format!("<link rel=canonical href=\"https://figures.example/{number}\">\n").as_bytes(),
    );
    let mut rest = page;
    while let Some(at) = rest.windows(END.len()).position(|window| window == END) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(format!(" {turn}").as_bytes());
        out.extend_from_slice(END);
        rest = &rest[at + END.len()..];
    }
    out.extend_from_slice(rest);
    out
}
