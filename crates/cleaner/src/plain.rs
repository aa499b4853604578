//! Saved plain text and Markdown into a document.
//!
//! Promises: no word of the article is lost or doubled, furniture goes by whole lines only, time is
//! linear, and cleaning the text of a result once more changes nothing as long as it holds no
//! Markdown marks of its own (code may). Leaves out: guessing headings in plain text, tables and
//! footnotes of Markdown dialects.
//!
//! A text is cut into runs of lines between blank ones; a run whose lines break where the next word
//! would not have fitted is one wrapped paragraph, any other run is a paragraph a line. The first
//! line is the title when it looks like one and running text follows.

use newsmill_article::{Block, BlockKind, Document, Hints};

use crate::metadata::{Metadata, parse_date, split_authors};
use crate::phrases::{Furniture, form_field, furniture};
use crate::score;

/// A longer line is no title, in characters.
const LONGEST_TITLE: usize = 200;
/// A line that wraps text is at least about this long, in characters.
const SHORTEST_WRAP: usize = 40;
/// And at most this.
const LONGEST_WRAP: usize = 120;

/// The document that a plain text is: its title, its paragraphs and the structure that its
/// Markdown marks, without furniture. `hints` fill what the text does not say of itself. `text` and
/// `blocks` of a document without text are empty.
pub fn document(text: &str, hints: &Hints) -> Document {
    let text = normalized(text);
    let mut document = Document::default();
    let lines = front_matter(&text, &mut document);
    let lines = without_furniture(&lines);
    let mut parts = if is_markdown(&lines) { markdown(&lines) } else { plain(&lines) };
    parts.retain(|part| !part.text.is_empty() && furniture(&part.text).is_none());
    if document.title.is_none()
        && parts.len() > 1
        && hints.title.as_ref().is_some_and(|title| score::collapse(title) == parts[0].text)
    {
        document.title = Some(parts.remove(0).text);
    }
    head(&mut parts, &mut document);
    trailing_headings(&mut parts);
    for part in parts {
        push(&mut document, &part);
    }
    fill_from(&mut document, hints);
    let language = crate::language::of(document.language.as_deref(), &document.text);
    document.language = language.map(|found| found.value);
    document
}

fn fill_from(document: &mut Document, hints: &Hints) {
    let mut said = Metadata::default();
    said.fill_from(hints);
    let Document { title, authors, published, modified, tags, language, .. } = document;
    *title = title.take().or(said.title.map(|found| found.value));
    *published = published.or(said.published.map(|found| found.value));
    *modified = modified.or(said.modified.map(|found| found.value));
    let declared = said.language.and_then(|found| crate::language::tag(&found.value));
    *language = language.take().or(declared);
    if authors.is_empty() {
        authors.extend(said.authors.into_iter().map(|found| found.value));
    }
    if tags.is_empty() {
        tags.extend(said.tags.into_iter().map(|found| found.value));
    }
}

/// A block before it has a place.
#[derive(Debug)]
struct Part {
    kind: BlockKind,
    text: String,
}

impl Part {
    fn paragraph(text: String) -> Self {
        Self { kind: BlockKind::Paragraph, text }
    }
}

fn push(document: &mut Document, part: &Part) {
    if !document.text.is_empty() {
        document.text.push_str("\n\n");
    }
    let start = match document.blocks.last() {
        Some(last) => last.end + 2,
        None => 0,
    };
    let end = start + part.text.chars().count();
    document.text.push_str(&part.text);
    document.blocks.push(Block { kind: part.kind, start, end });
}

/// One kind of line break, no control characters, no byte order mark.
fn normalized(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' | '\u{b}' | '\u{85}' | '\u{2028}' => out.push('\n'),
            '\u{c}' | '\u{2029}' => out.push_str("\n\n"),
            '\t' => out.push(' '),
            '\u{feff}' | '\u{ad}' | '\u{200b}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Reads `---` front matter, or `Title:` lines at the top, into the document; gives the lines
/// after it.
fn front_matter<'a>(text: &'a str, document: &mut Document) -> Vec<&'a str> {
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
        "date" | "published" => document.published = parse_date(value, false).map(|date| date.at),
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

/// The lines without furniture. Below a reply form its fields go too, and below "Share this" the
/// names of networks; what else follows stays. A dropped line parts what stood above it from what stands below.
fn without_furniture<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut in_form = false;
    lines
        .iter()
        .map(|line| {
            let trimmed = line.trim();
            let kind = furniture(trimmed);
            if matches!(kind, Some(Furniture::ReplyForm | Furniture::Share)) {
                in_form = true;
            } else if in_form
                && kind.is_none()
                && !trimmed.is_empty()
                && !form_field(trimmed)
                && trimmed != "*"
            {
                in_form = false;
            }
            if kind.is_some() || in_form { "" } else { line.trim_end() }
        })
        .collect()
}

/// Whether the marks of Markdown are meant as marks.
fn is_markdown(lines: &[&str]) -> bool {
    let mut evidence = 0;
    for line in lines {
        let line = line.trim_start();
        if heading(line).is_some() || line.starts_with("```") {
            return true;
        }
        let emphasis = line.matches("**").count() >= 2;
        let item = bullet(line).is_some();
        evidence += usize::from(line.contains("](http") || line.contains("](/")) * 2
            + usize::from(emphasis)
            + usize::from(item || line.starts_with("> "));
        if evidence >= 2 {
            return true;
        }
    }
    false
}

/// Level and text of `## Heading ##`.
fn heading(line: &str) -> Option<(u8, &str)> {
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let text = line[level..].strip_prefix(' ')?;
    let text = text.trim().trim_end_matches('#').trim_end();
    let level = u8::try_from(level).ok().filter(|level| (1..=6).contains(level))?;
    (!text.is_empty()).then_some((level, text))
}

/// Whether the list is numbered, and the text, of `- item` and `1. item`.
fn bullet(line: &str) -> Option<(bool, &str)> {
    for mark in ["- ", "* ", "+ ", "• "] {
        if let Some(text) = line.strip_prefix(mark) {
            return Some((false, text.trim_start())).filter(|(_, text)| !text.is_empty());
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=3).contains(&digits) {
        return None;
    }
    let text = line[digits..].strip_prefix(". ").or(line[digits..].strip_prefix(") "))?;
    Some((true, text.trim_start())).filter(|(_, text)| !text.is_empty())
}

fn plain(lines: &[&str]) -> Vec<Part> {
    let mut parts = Vec::new();
    for run in lines.split(|line| line.trim().is_empty()) {
        paragraphs(run, &mut parts);
    }
    parts
}

/// One run of lines as one wrapped paragraph, or as a paragraph a line.
fn paragraphs(run: &[&str], parts: &mut Vec<Part>) {
    if is_wrapped(run) {
        parts.push(Part::paragraph(joined(run)));
    } else {
        parts.extend(run.iter().map(|line| Part::paragraph(spaced(line))));
    }
}

/// Whether lines break only where the next word would not have fitted.
fn is_wrapped(run: &[&str]) -> bool {
    if run.len() < 2 {
        return false;
    }
    let length = |line: &&str| line.trim().chars().count();
    let widest = run.iter().map(length).max().unwrap_or(0);
    if !(SHORTEST_WRAP..=LONGEST_WRAP).contains(&widest) {
        return false;
    }
    let breaks = run.windows(2);
    let total = breaks.len();
    let fitting = breaks
        .filter(|pair| {
            let word = pair[1].split_whitespace().next().map_or(0, |word| word.chars().count());
            length(&pair[0]) + 1 + word + 4 > widest
        })
        .count();
    fitting * 5 >= total * 4
}

/// The lines of a wrapped paragraph as one: a space between words, none between ideographs.
fn joined(run: &[&str]) -> String {
    let mut out = String::new();
    for line in run {
        let line = spaced(line);
        let unspaced = |c: Option<char>| {
            c.is_some_and(|c| matches!(c, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}'))
        };
        let joins = unspaced(out.chars().next_back()) && unspaced(line.chars().next());
        if !out.is_empty() && !joins {
            out.push(' ');
        }
        out.push_str(&line);
    }
    out
}

/// The line with single spaces.
fn spaced(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for word in line.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn markdown(lines: &[&str]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    let mut fence: Option<Vec<&str>> = None;
    for line in lines {
        let trimmed = line.trim_start();
        if let Some(code) = &mut fence {
            if trimmed.starts_with("```") {
                let text = code.join("\n");
                parts
                    .push(Part { kind: BlockKind::Code, text: text.trim_matches('\n').to_owned() });
                fence = None;
            } else if !trimmed.is_empty() {
                code.push(line);
            }
            continue;
        }
        if trimmed.starts_with("```") {
            flush(&mut run, &mut parts);
            fence = Some(Vec::new());
        } else if trimmed.is_empty() || is_rule(trimmed) {
            // A line of `=` or `-` under one line makes it a heading.
            if let ([title], Some(level)) = (run.as_slice(), underline(trimmed)) {
                let text = inline(title);
                parts.push(Part { kind: BlockKind::Heading { level }, text });
                run.clear();
            }
            flush(&mut run, &mut parts);
        } else if let Some((level, text)) = heading(trimmed) {
            flush(&mut run, &mut parts);
            parts.push(Part { kind: BlockKind::Heading { level }, text: inline(text) });
        } else if let Some((ordered, text)) = bullet(trimmed) {
            flush(&mut run, &mut parts);
            let indent = (line.len() - trimmed.len()) / 2;
            let level = u8::try_from(indent.min(8)).unwrap_or(8) + 1;
            let kind = BlockKind::ListItem { ordered, level };
            parts.push(Part { kind, text: inline(text) });
        } else if let Some(text) = trimmed.strip_prefix('>') {
            flush(&mut run, &mut parts);
            let text = inline(text.trim_start_matches(['>', ' ']));
            match parts.last_mut() {
                Some(Part { kind: BlockKind::Quote, text: quote }) if !text.is_empty() => {
                    quote.push(' ');
                    quote.push_str(&text);
                }
                _ => parts.push(Part { kind: BlockKind::Quote, text }),
            }
        } else {
            run.push(line);
        }
    }
    flush(&mut run, &mut parts);
    if let Some(code) = fence {
        parts.extend(code.into_iter().map(|line| Part::paragraph(spaced(line))));
    }
    parts
}

fn flush(run: &mut Vec<&str>, parts: &mut Vec<Part>) {
    let first = parts.len();
    paragraphs(run, parts);
    for part in &mut parts[first..] {
        part.text = inline(&part.text);
    }
    run.clear();
}

/// `---`, `***`, `===`: a rule, or the line under a heading.
fn is_rule(line: &str) -> bool {
    let mark = line.as_bytes()[0];
    matches!(mark, b'-' | b'=' | b'*' | b'_')
        && line.len() >= 3
        && line.trim_end().bytes().all(|b| b == mark || b == b' ')
}

fn underline(line: &str) -> Option<u8> {
    match line.as_bytes().first() {
        Some(b'=') => Some(1),
        Some(b'-') => Some(2),
        _ => None,
    }
}

/// A line without the marks of links, images, emphasis and code.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Brackets that close nothing are looked for once, so that the time stays linear.
    let mut may_link = true;
    while let Some(at) = rest.find(['[', '!', '*', '`', '_', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (image, link) = match rest.strip_prefix("![") {
            Some(link) => (true, Some(link)),
            None => (false, rest.strip_prefix('[')),
        };
        if let Some(link) = link.filter(|_| may_link) {
            let target = link.find("](").and_then(|end| {
                let close = link[end..].find(')')?;
                Some((end, end + close + 1))
            });
            match target {
                Some((end, after)) if !link[..end].contains('[') => {
                    if !image {
                        out.push_str(&link[..end].replace(['*', '`'], ""));
                    }
                    rest = &link[after..];
                    continue;
                }
                Some(_) => {}
                None => may_link = false,
            }
        }
        if rest.starts_with("**") || rest.starts_with("__") {
            rest = &rest[2..];
            continue;
        }
        let before = out.chars().next_back();
        let after = rest.chars().nth(1);
        let wordy = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let c = rest.as_bytes()[0];
        let is_mark = match c {
            b'`' => true,
            // `*` between spaces is a sign, `_` inside a word is a letter of it.
            b'*' => {
                !(before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace))
            }
            b'_' => wordy(before) != wordy(after),
            b'\\' => after.is_some_and(|c| c.is_ascii_punctuation()),
            _ => false,
        };
        if !is_mark {
            out.push(char::from(c));
        }
        rest = &rest[1..];
        if c == b'\\' && is_mark {
            let escaped = rest.chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..escaped]);
            rest = &rest[escaped..];
        }
    }
    out.push_str(rest);
    spaced(&out)
}

/// Takes title, bylines and dates off the head.
///
/// A title is taken only when running text follows it; then what remains does not begin with a line
/// that looks like one, and cleaning it again takes nothing more.
fn head(parts: &mut Vec<Part>, document: &mut Document) {
    names(parts, 0, document);
    if let Some(Part { kind: BlockKind::Heading { level: 1 }, .. }) = parts.first()
        && parts.len() > 1
    {
        let title = parts.remove(0).text;
        document.title.get_or_insert(title);
        names(parts, 0, document);
        return;
    }
    if parts.first().is_some_and(looks_like_title) && parts.len() > 1 {
        names(parts, 1, document);
        let same = document.title.as_ref().is_none_or(|title| *title == parts[0].text);
        if same && parts.get(1).is_some_and(|next| !looks_like_title(next)) {
            document.title = Some(parts.remove(0).text);
        } else if same {
            // Which of several short lines is the title is not sure enough to take it away.
            document.title = Some(parts[0].text.clone());
        }
    }
}

fn looks_like_title(part: &Part) -> bool {
    let text = part.text.as_str();
    let length = text.chars().count();
    let end = text.trim_end_matches(['"', '\'', '”', '’', '»', ')']).chars().next_back();
    let is_sentence = matches!(end, Some('.' | ',' | ';' | ':' | '。' | '、' | '，' | '؛'));
    let is_abbreviation = text.rsplit(' ').next().is_some_and(|word| word.matches('.').count() > 1);
    matches!(part.kind, BlockKind::Paragraph | BlockKind::Heading { .. })
        && (2..=LONGEST_TITLE).contains(&length)
        && text.split_whitespace().count() <= 30
        && (!is_sentence || is_abbreviation)
        && text.chars().any(char::is_alphabetic)
}

/// Takes bylines and dates that stand at `at` and directly after.
fn names(parts: &mut Vec<Part>, at: usize, document: &mut Document) {
    let mut end = at;
    while let Some(part) = parts.get(end) {
        if let Some(names) = byline(&part.text) {
            if document.authors.is_empty() {
                document.authors = names;
            }
        } else if let Some(date) = dateline(&part.text) {
            document.published.get_or_insert(date);
        } else {
            break;
        }
        end += 1;
    }
    parts.drain(at.min(end)..end);
}

/// The names in "By Jane Doe and John Public", where the line is nothing else.
fn byline(text: &str) -> Option<Vec<String>> {
    const OPENINGS: [&str; 16] = [
        "by ",
        "written by ",
        "posted by ",
        "author: ",
        "von ",
        "autor: ",
        "autorin: ",
        "par ",
        "auteur : ",
        "por ",
        "autor/a: ",
        "di ",
        "autore: ",
        "door ",
        "auteur: ",
        "text: ",
    ];
    let opening = OPENINGS
        .iter()
        .find(|o| text.get(..o.len()).is_some_and(|head| head.to_lowercase() == **o))?;
    let rest = &text[opening.len()..];
    let capital =
        |word: &str| word.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_lowercase());
    let words: Vec<&str> = rest.split_whitespace().collect();
    let small = words.iter().filter(|word| !capital(word)).count();
    let is_sentence = rest.ends_with(['.', '!', '?', ':']) && !rest.ends_with("r.");
    if words.is_empty()
        || words.len() > 14
        || small > words.len() / 2
        || !capital(words[0])
        || is_sentence
    {
        return None;
    }
    let names = split_authors(rest);
    (!names.is_empty()).then_some(names)
}

/// The date of a line that is nothing but a date, perhaps after "Published".
fn dateline(text: &str) -> Option<jiff::Timestamp> {
    if text.len() > 80 || text.split_whitespace().count() > 9 {
        return None;
    }
    let lower = text.to_lowercase();
    const OPENINGS: [&str; 14] = [
        "published",
        "posted",
        "updated",
        "last updated",
        "date",
        "veröffentlicht",
        "stand",
        "aktualisiert",
        "datum",
        "publié",
        "mis à jour",
        "publicado",
        "pubblicato",
        "gepubliceerd",
    ];
    let opened = OPENINGS.iter().any(|opening| lower.starts_with(opening));
    let date = parse_date(text, false)?;
    // Nothing but the date: what is left has few letters.
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    (opened || letters <= 22 && !text.ends_with(['!', '?'])).then_some(date.at)
}

/// A heading that heads nothing.
fn trailing_headings(parts: &mut Vec<Part>) {
    while parts.len() > 1
        && matches!(parts.last(), Some(Part { kind: BlockKind::Heading { .. }, .. }))
    {
        parts.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAVED: &str = include_str!("../tests/plain/saved_article.txt");

    fn document(text: &str) -> Document {
        super::document(text, &Hints::default())
    }

    #[test]
    fn a_feed_fills_what_the_text_does_not_say() {
        let body = "The harbour of the old town was closed on Monday after a storm tore two cranes \
                    from their rails. Nobody was hurt, the police said in the evening.";
        let at = |text: &str| Some(text.parse().unwrap());
        let hints = Hints {
            title: Some("Storm closes  the old harbour!".to_owned()),
            authors: vec!["By Jane Doe and John Public".to_owned()],
            published: at("2024-05-06T07:08:09Z"),
            updated: at("2024-05-07T00:00:00Z"),
            tags: vec!["Weather".to_owned()],
            language: Some("en_gb".to_owned()),
            ..Hints::default()
        };
        let found = super::document(body, &hints);
        assert_eq!(found.title.as_deref(), Some("Storm closes the old harbour!"));
        assert_eq!(found.authors, ["Jane Doe", "John Public"]);
        assert_eq!((found.published, found.modified), (hints.published, hints.updated));
        assert_eq!(found.tags, ["Weather"]);
        assert_eq!(found.language.as_deref(), Some("en-GB"));
        assert_eq!(found.text, body);

        // Neither doubled nor contradicted.
        let doubled = super::document(&format!("Storm closes the old harbour!\n\n{body}"), &hints);
        assert_eq!(doubled, found);
        let said = format!("---\ntitle: Other\nauthor: Ann Lee\ndate: 2020-01-02\n---\n{body}");
        let said = super::document(&said, &hints);
        assert_eq!(said.title.as_deref(), Some("Other"));
        assert_eq!(said.authors, ["Ann Lee"]);
        assert_eq!(said.published, at("2020-01-02T00:00:00Z"));
    }

    #[test]
    fn a_saved_article_loses_its_reply_form() {
        let document = document(SAVED);
        assert_eq!(
            document.title.as_deref(),
            Some("Harbor Town Votes to Keep Its Last Ferry Running")
        );
        assert_eq!(document.blocks.len(), 5);
        assert_eq!(document.language.as_deref(), Some("en"));
        assert!(document.text.starts_with("The council of Harbor Town"));
        assert!(document.text.ends_with("said nobody would row."));
        assert!(document.text.contains("“Leave a Reply” box"));
        assert!(!document.text.contains("Required fields"));
        let last = document.blocks[4];
        let block: String =
            document.text.chars().skip(last.start).take(last.end - last.start).collect();
        assert!(block.starts_with("Asked what"));
    }

    #[test]
    fn the_form_goes_in_every_language_and_shape() {
        for form in [
            "Leave a Reply Cancel reply\n\nYour email address will not be published. Required fields are marked *\n\nComment *\n\nName *\n\nEmail *\n\nWebsite\n\nPost Comment",
            "Schreibe einen Kommentar\nDeine E-Mail-Adresse wird nicht veröffentlicht. Erforderliche Felder sind mit * markiert\nKommentar *\nName *\nE-Mail-Adresse *",
            "Share this:\n\nTwitter\n\nLaisser un commentaire\n\nVotre adresse e-mail ne sera pas publiée. Les champs obligatoires sont indiqués avec *",
            "Dodaj komentarz\n\nTwój adres e-mail nie zostanie opublikowany. Wymagane pola są oznaczone *",
        ] {
            let text = format!(
                "A Title\n\nThe first sentence stands here.\n\nThe second one ends it.\n\n{form}"
            );
            let found = document(&text);
            assert!(
                found
                    .text
                    .starts_with("The first sentence stands here.\n\nThe second one ends it."),
                "{form}"
            );
            assert!(!found.text.contains('*'), "{}", found.text);
        }
    }

    #[test]
    fn wrapped_lines_are_joined_and_verses_are_not() {
        let text = "Title of the Piece\n\nThe river rose through the night and by the morning it had\nreached the doors of the old mill, where three families had\nwaited for the boats.\n\nOne line is a paragraph.\nThe next line is another paragraph of its own, and it is a good deal longer than the one above it was.\n";
        let found = document(text);
        assert_eq!(found.blocks.len(), 3);
        assert!(found.text.starts_with(
            "The river rose through the night and by the morning it had reached the doors"
        ));
    }

    #[test]
    fn head_lines_become_metadata() {
        let found = document(
            "Mill Flooded\n\nBy Jane Doe and John Public\n\nPublished 16 October 2019\n\nThe river rose through the night.\n",
        );
        assert_eq!(found.title.as_deref(), Some("Mill Flooded"));
        assert_eq!(found.authors, ["Jane Doe", "John Public"]);
        assert_eq!(found.published.unwrap().to_string(), "2019-10-16T00:00:00Z");
        assert_eq!(found.text, "The river rose through the night.");
        let found = document(
            "---\ntitle: \"Mill Flooded\"\nauthor: Jane Doe\ndate: 2019-10-16\ntags: [water, mill]\n---\n\nThe river rose.\n",
        );
        assert_eq!(found.title.as_deref(), Some("Mill Flooded"));
        assert_eq!(found.tags, ["water", "mill"]);
        assert_eq!(found.text, "The river rose.");
    }

    #[test]
    fn markdown_keeps_its_structure() {
        let text = "# The Mill\n\nBy Jane Doe\n\nThe **river** rose, [he said](https://example.org/a).\n\n## Losses\n\n- flour\n- *oats*\n\n> Never before\n> had it come.\n\n```\nlet x = 1;\nlet y = 2;\n```\n\n1. first\n2. second\n\n## Leave a Reply\n";
        let found = document(text);
        assert_eq!(found.title.as_deref(), Some("The Mill"));
        assert_eq!(found.authors, ["Jane Doe"]);
        let kinds: Vec<BlockKind> = found.blocks.iter().map(|block| block.kind).collect();
        let item = |ordered| BlockKind::ListItem { ordered, level: 1 };
        assert_eq!(
            kinds,
            [
                BlockKind::Paragraph,
                BlockKind::Heading { level: 2 },
                item(false),
                item(false),
                BlockKind::Quote,
                BlockKind::Code,
                item(true),
                item(true),
            ]
        );
        assert_eq!(
            found.text,
            "The river rose, he said.\n\nLosses\n\nflour\n\noats\n\nNever before had it come.\n\nlet x = 1;\nlet y = 2;\n\nfirst\n\nsecond"
        );
    }

    #[test]
    fn the_seed_gives_its_ten_paragraphs() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/seeds/000_16cbf3b14ece9a81.txt");
        let Ok(text) = std::fs::read_to_string(path) else {
            println!("skipped: no {path}");
            return;
        };
        let found = document(&text);
        assert_eq!(
            found.title.as_deref(),
            Some("Lukashenko and Putin Affirm Their Close Ties Without Mention of Ukraine")
        );
        assert_eq!(found.blocks.len(), 10);
        assert!(found.text.starts_with("Presidents Vladimir V. Putin"));
        assert!(found.text.ends_with("“low, but possible.”"));
        assert_eq!(document(&found.text).text, found.text);
        assert_eq!(found.language.as_deref(), Some("en"));
    }

    fn check(found: &Document) -> Result<(), TestCaseError> {
        let chars: Vec<char> = found.text.chars().collect();
        let mut at = 0;
        for block in &found.blocks {
            prop_assert_eq!(block.start, at);
            prop_assert!(block.end > block.start && block.end <= chars.len());
            at = block.end + 2;
        }
        prop_assert!(found.blocks.is_empty() || at == chars.len() + 2);
        prop_assert!(!found.text.chars().any(|c| c.is_control() && c != '\n'));
        Ok(())
    }

    proptest! {
        #[test]
        fn any_text_gives_a_sound_document(text in "\\PC{0,80}|(\\PC{0,30}\n){0,12}|([-#>*`a-z 1.]{0,12}\n){0,20}") {
            check(&document(&text))?;
        }

        #[test]
        fn cleaning_twice_is_cleaning_once(
            lines in proptest::collection::vec(
                prop_oneof![
                    Just(String::new()),
                    Just("Leave a Reply".to_owned()),
                    Just("Name *".to_owned()),
                    Just("By Jane Doe".to_owned()),
                    Just("16 October 2019".to_owned()),
                    Just("Your email address will not be published.".to_owned()),
                    "([A-Za-zäé]{1,9} ){1,14}[a-z]{1,8}[.?!]?",
                    "[\\p{Han}]{1,30}。?",
                    "([a-z]{1,9} ){8,9}",
                ],
                0..14,
            )
        ) {
            let once = document(&lines.join("\n"));
            check(&once)?;
            let twice = document(&once.text);
            prop_assert_eq!(&twice.text, &once.text);
        }
    }
}
