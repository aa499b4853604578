//! Reads every file below the given folders as a feed and prints one JSON object a line: the path
//! with the feed, or with the error. For holding the parser against public test suites.

use std::io::Write;

use newsmill_fetcher::parse;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for folder in std::env::args().skip(1) {
        for file in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten() {
            if !file.file_type().is_file() {
                continue;
            }
            let bytes = std::fs::read(file.path())?;
            let base = url::Url::parse("http://127.0.0.1:8097/").ok();
            let read = parse::feed(&bytes, None, base.as_ref(), parse::FeedLimits::default());
            let path = file.path().to_string_lossy();
            let line = match read {
                Ok(feed) => serde_json::json!({ "path": path, "feed": feed }),
                Err(error) => serde_json::json!({ "path": path, "error": error.to_string() }),
            };
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
