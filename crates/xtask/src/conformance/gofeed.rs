//! gofeed's test data: a feed with the JSON that it should become beside it.

use std::path::Path;

use newsmill_fetcher::parse::{self, FeedEntry, FeedLimits};
use serde_json::Value;

use super::{Cases, Outcome, below, caught, files};

pub(super) fn run(dir: &Path) -> anyhow::Result<Cases> {
    let mut cases = Vec::new();
    for file in files(dir, 6) {
        let expected = file.with_extension("json");
        if file.extension().is_none_or(|e| e != "xml") || !expected.exists() {
            continue;
        }
        let bytes = std::fs::read(&file)?;
        let expected: Value = serde_json::from_slice(&std::fs::read(expected)?)?;
        cases.push((below(&file, dir), caught(|| case(&bytes, &expected))));
    }
    Ok(cases)
}

fn case(bytes: &[u8], expected: &Value) -> Outcome {
    let feed = match parse::feed(bytes, None, None, FeedLimits::default()) {
        Ok(feed) => feed,
        Err(error) => return Outcome::Fail(error.to_string()),
    };
    if let Some(title) = text(expected, &["title"])
        && feed.title != parse::plain_text(title)
    {
        return Outcome::Fail(format!("title {:?}, not {title:?}", feed.title));
    }
    let listed = ["items", "entries"].iter().find_map(|key| expected.get(key)?.as_array());
    let listed = listed.map_or(&[][..], Vec::as_slice);
    if listed.len() != feed.entries.len() {
        return Outcome::Fail(format!("{} entries, not {}", feed.entries.len(), listed.len()));
    }
    for (number, (ours, theirs)) in feed.entries.iter().zip(listed).enumerate() {
        if let Err(why) = same(ours, theirs) {
            return Outcome::Fail(format!("entry {number}: {why}"));
        }
    }
    Outcome::Pass
}

fn text<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().try_fold(value, |value, key| value.get(key))?.as_str()
}

fn same(ours: &FeedEntry, theirs: &Value) -> Result<(), String> {
    if let Some(title) = text(theirs, &["title"])
        && ours.title != parse::plain_text(title)
    {
        return Err(format!("title {:?}, not {title:?}", ours.title));
    }
    let normal = |text: &str| parse::url(text, None).map_or(text.trim().to_owned(), |url| url.href);
    if let Some(link) = text(theirs, &["link"])
        && ours.link.as_deref().map(normal) != Some(normal(link))
    {
        return Err(format!("link {:?}, not {link:?}", ours.link));
    }
    let id = ["id", "guid"].iter().find_map(|key| text(theirs, &[key]));
    let id = id.or_else(|| text(theirs, &["guid", "value"]));
    if let Some(id) = id
        && ours.id.as_deref() != Some(id.trim())
    {
        return Err(format!("identifier {:?}, not {id:?}", ours.id));
    }
    for key in ["publishedParsed", "pubDateParsed", "updatedParsed"] {
        let Some(date) = text(theirs, &[key]) else { continue };
        let Ok(date) = date.parse::<jiff::Timestamp>() else { continue };
        if ![ours.published, ours.updated]
            .map(|ours| ours.map(|ours| ours.at()))
            .contains(&Some(date))
        {
            return Err(format!("{key} {date}, ours {:?} {:?}", ours.published, ours.updated));
        }
    }
    Ok(())
}
