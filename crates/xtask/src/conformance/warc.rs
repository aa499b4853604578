//! WARC files of any origin: every record is found, to the end.

use std::io::ErrorKind;
use std::path::Path;

use newsmill_fetcher::parse;

use super::{Cases, Outcome, below, caught, files};

pub(super) fn run(dir: &Path) -> anyhow::Result<Cases> {
    let is_warc = |file: &Path| {
        let name = file.to_string_lossy();
        name.ends_with(".warc") || name.ends_with(".warc.gz")
    };
    let files = files(dir, 1).into_iter().filter(|file| is_warc(file));
    Ok(files.map(|file| (below(&file, dir), caught(|| case(&file)))).collect())
}

fn case(file: &Path) -> Outcome {
    let records = match parse::warc(file) {
        Ok(records) => records,
        Err(error) => return Outcome::Fail(error.to_string()),
    };
    match records.last() {
        None => Outcome::Fail("no record".to_owned()),
        Some(Ok(_)) => Outcome::Pass,
        Some(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
            Outcome::Differs(error.to_string())
        }
        Some(Err(error)) if error.to_string().contains("several records in one gzip member") => {
            Outcome::Differs(error.to_string())
        }
        Some(Err(error)) => Outcome::Fail(format!("record {}: {error}", records.len())),
    }
}
