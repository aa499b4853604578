//! The structure that the marks of Markdown give: headings, lists, quotes, code; the marks go.

use newsmill_article::BlockKind;

use super::Part;
use super::lines::{paragraphs, spaced};

/// Whether the marks of Markdown are meant as marks.
pub(super) fn is_markdown(lines: &[&str]) -> bool {
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

pub(super) fn markdown(lines: &[&str]) -> Vec<Part> {
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
