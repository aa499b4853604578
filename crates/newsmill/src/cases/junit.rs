//! The result for machines: JUnit's XML, as CI servers read it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::Result;

/// Writes `FILE`.
pub(super) fn write(path: &Path, results: &[Result], took: Duration) -> io::Result<()> {
    fs::write(path, document(results, took)?)
}

fn document(results: &[Result], took: Duration) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let failures = results.iter().filter(|result| !result.verdict.faults.is_empty()).count();
    let (tests, failures) = (results.len().to_string(), failures.to_string());
    let time = format!("{:.3}", took.as_secs_f64());
    let suite = [
        ("name", "newsmill"),
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("errors", "0"),
        ("time", time.as_str()),
    ];
    xml.create_element("testsuites").write_inner_content(|xml| {
        xml.create_element("testsuite").with_attributes(suite).write_inner_content(|xml| {
            for result in results {
                let name = printable(&result.name);
                let case = xml
                    .create_element("testcase")
                    .with_attributes([("classname", "newsmill"), ("name", name.as_str())]);
                if result.verdict.faults.is_empty() {
                    case.write_empty()?;
                    continue;
                }
                let text = printable(&result.verdict.faults.join("\n"));
                let first = text.lines().next().unwrap_or_default();
                case.write_inner_content(|xml| {
                    xml.create_element("failure")
                        .with_attribute(("message", first))
                        .write_text_content(BytesText::new(&text))?;
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        Ok(())
    })?;
    let mut document = xml.into_inner();
    document.push(b'\n');
    Ok(document)
}

/// XML 1.0 has no way to write most control characters.
fn printable(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    text.chars().map(|c| if allowed(c) { c } else { '\u{FFFD}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::case::Verdict;

    #[test]
    fn what_a_page_says_does_not_break_the_document() {
        let fault = "title\n  - \"<b>&\"\n  + \"\u{1b}]]>\"".to_owned();
        let results = [
            Result { name: "good".to_owned(), verdict: Verdict::default() },
            Result {
                name: "a \"b\"/c".to_owned(),
                verdict: Verdict { faults: vec![fault], better: Vec::new() },
            },
        ];
        let document = document(&results, Duration::from_millis(1500)).unwrap();
        let document = String::from_utf8(document).unwrap();
        let mut reader = quick_xml::Reader::from_str(&document);
        let mut names = Vec::new();
        let mut text = String::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) | Event::Empty(tag) => {
                    names.push(tag.name().as_ref().to_owned());
                }
                Event::Text(part) => text.push_str(&part),
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(names, ["testsuites", "testsuite", "testcase", "testcase", "failure"]);
        assert!(document.contains("tests=\"2\" failures=\"1\""), "{document}");
        assert!(document.contains("time=\"1.500\""), "{document}");
        assert!(!document.contains('\u{1b}') && document.contains('\u{FFFD}'), "{document}");
        assert!(text.contains("title"), "{text}");
    }
}
