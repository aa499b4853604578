//! Prints what pages say about themselves, one JSON object a line, each value with its origin.
//!
//! `cargo run -p newsmill-cleaner --example metadata -- PAGE.html[.gz]…`; a `.json` beside a page
//! that has a `url` gives its address.

use std::io::{Read, Write};
use std::path::Path;

use newsmill_article::Hints;
use newsmill_cleaner::{decode, metadata, parse};
use serde_json::{Value, json};
use url::Url;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    for page in std::env::args().skip(1) {
        let path = Path::new(&page);
        let mut bytes = std::fs::read(path)?;
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut page = Vec::new();
            flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut page)?;
            bytes = page;
        }
        let id =
            page.rsplit('/').next().unwrap_or("").trim_end_matches(".gz").trim_end_matches(".html");
        let beside = path.with_file_name(format!("{id}.json"));
        let url = std::fs::read(beside)
            .ok()
            .and_then(|truth| serde_json::from_slice::<Value>(&truth).ok())
            .and_then(|truth| Url::parse(truth.get("url")?.as_str()?).ok());
        let Ok(decoded) = decode::decode(&bytes, None) else {
            writeln!(out, "{}", json!({ "id": id, "text": "" }))?;
            continue;
        };
        let html = parse::parse(&decoded.text);
        let found = metadata::read(&html, url.as_ref(), &Hints::default());
        let of = |value: &Option<metadata::Found<String>>| value.as_ref().map(|f| f.value.clone());
        let at = |value: &Option<metadata::Found<newsmill_article::Moment>>| {
            value.as_ref().map(|f| f.value.to_string())
        };
        let line = json!({
            "id": id,
            "text": "",
            "title": of(&found.title),
            "author": found.authors.iter().map(|f| &f.value).collect::<Vec<_>>(),
            "date": at(&found.published).and_then(|at| Some(at.get(..10)?.to_owned())),
            "published": at(&found.published),
            "modified": at(&found.modified),
            "site": of(&found.site),
            "section": of(&found.section),
            "lang": of(&found.language),
            "canonical_url": found.canonical_url.as_ref().map(|f| f.value.as_str()),
            "image": found.image.as_ref().map(|f| f.value.as_str()),
            "kind": found.kind.as_ref().map(|f| f.value),
            "paywalled": found.paywalled.as_ref().map(|f| f.value),
            "tags": found.tags.iter().map(|f| &f.value).collect::<Vec<_>>(),
            "encoding": decoded.encoding.name(),
            "origins": {
                "title": found.title.as_ref().map(|f| f.origin),
                "author": found.authors.first().map(|f| f.origin),
                "date": found.published.as_ref().map(|f| f.origin),
                "lang": found.language.as_ref().map(|f| f.origin),
                "site": found.site.as_ref().map(|f| f.origin),
            },
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}
