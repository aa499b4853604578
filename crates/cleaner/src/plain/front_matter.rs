//! What a text says of itself above its first line: `---` front matter, or `Title:` lines.

use newsmill_article::Document;

use crate::metadata::{parse_date, split_authors};

/// Reads `---` front matter, or `Title:` lines at the top, into the document; gives the lines
/// after it.
pub(super) fn front_matter<'a>(text: &'a str, document: &mut Document) -> Vec<&'a str> {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(0);
    let rest = &lines[first..];
    if rest.first().is_some_and(|line| line.trim_end() == "---")
        && let Some(end) =
            rest.iter().skip(1).take(100).position(|l| matches!(l.trim_end(), "---" | "..."))
        && rest[1..=end].iter().any(|line| field(line).is_some())
    {
        for line in &rest[1..=end] {
            if let Some((name, value)) = field(line) {
                set(document, &name, value);
            }
        }
        return rest[end + 2..].to_vec();
    }
    if rest.first().and_then(|line| field(line)).is_some_and(|(name, _)| name == "title") {
        let fields = rest.iter().take_while(|line| field(line).is_some()).count();
        for line in &rest[..fields] {
            if let Some((name, value)) = field(line) {
                set(document, &name, value);
            }
        }
        return rest[fields..].to_vec();
    }
    rest.to_vec()
}

/// A line such as `Author: Jane Doe` of the names that are known.
fn field(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim().to_ascii_lowercase();
    let known = matches!(
        name.as_str(),
        "title"
            | "author"
            | "authors"
            | "date"
            | "published"
            | "url"
            | "link"
            | "source"
            | "site"
            | "tags"
            | "keywords"
            | "lang"
            | "language"
            | "section"
            | "category"
            | "description"
            | "layout"
            | "slug"
            | "draft"
            | "permalink"
    );
    known.then(|| (name, value.trim().trim_matches(['"', '\''])))
}

fn set(document: &mut Document, name: &str, value: &str) {
    let list =
        || value.trim_matches(['[', ']']).split(',').map(|v| v.trim().trim_matches(['"', '\'']));
    if value.is_empty() {
        return;
    }
    match name {
        "title" => document.title = Some(value.to_owned()),
        "author" | "authors" => document.authors = split_authors(value.trim_matches(['[', ']'])),
        "date" | "published" => document.published = parse_date(value).map(|date| date.at),
        "url" | "link" | "permalink" => document.canonical_url = url::Url::parse(value).ok(),
        "source" | "site" => match url::Url::parse(value) {
            Ok(url) => document.canonical_url = document.canonical_url.take().or(Some(url)),
            Err(_) => document.site = Some(value.to_owned()),
        },
        "tags" | "keywords" => {
            document.tags = list().filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
        }
        "lang" | "language" => document.language = crate::language::tag(value),
        "section" | "category" => document.section = Some(value.to_owned()),
        _ => {}
    }
}
