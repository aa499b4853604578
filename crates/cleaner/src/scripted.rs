//! The text of a page that its own script would write: the article as data, with its paragraphs as
//! markup in one string, as Nuxt, Next and their kin leave it for the browser.
//!
//! Promises: cost linear in the page; no script is run; only a text with words of the page's title
//! is taken. Leaves out: data that have each paragraph as a string of its own, and strings that are
//! valid in JavaScript only.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::memmem;
use newsmill_article::Block;

use crate::features::Page;
use crate::render::render;
use crate::topic::title_words;
use crate::tree::Tree;

/// A text has so many paragraphs and so many bytes, or it is a teaser.
const PARAGRAPHS: usize = 2;
const SHORTEST: usize = 250;

/// How a paragraph begins: as it is, escaped for scripts, as entities.
static OPENINGS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "four short patterns cannot be too many")]
    AhoCorasick::new(["<p", r"\u003Cp", r"\u003cp", "&lt;p"]).expect("four short patterns")
});

/// The longest text in the scripts of a page that is on its title, and its structure.
pub(crate) fn text(page: &str, title: &str) -> Option<(String, Vec<Block>)> {
    let title = title_words(title);
    let mut best: Option<(String, Vec<Block>)> = None;
    for script in scripts(page) {
        // A string may hold data that hold the text as a string again; deeper nobody writes it.
        let outer = strings(script);
        let inner: Vec<String> = outer.iter().flat_map(|string| strings(string)).collect();
        for string in outer.iter().chain(&inner) {
            let longest = best.as_ref().map_or(0, |(text, _)| text.len());
            let found =
                rendered(string).filter(|(text, _)| text.len() > longest && is_on(text, &title));
            best = found.or(best);
        }
    }
    best
}

/// What stands between the tags of scripts.
fn scripts(page: &str) -> impl Iterator<Item = &str> {
    let mut rest = page;
    std::iter::from_fn(move || {
        let start = memmem::find(rest.as_bytes(), b"<script")?;
        let length = memmem::find(&rest.as_bytes()[start..], b"</script")?;
        let script = &rest[start..start + length];
        rest = &rest[start + length..];
        Some(script)
    })
}

/// The strings with a paragraph, without their escapes.
fn strings(script: &str) -> Vec<String> {
    let bytes = script.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    for paragraph in OPENINGS.find_iter(script).map(|found| found.start()) {
        if paragraph < from {
            continue;
        }
        let Some(start) = (from..paragraph).rev().find(|&at| is_mark(bytes, at)) else {
            from = paragraph;
            continue;
        };
        let Some(end) = (paragraph..bytes.len()).find(|&at| is_mark(bytes, at)) else { break };
        // A string of JavaScript that is none of JSON is left out.
        found.extend(serde_json::from_str::<String>(&script[start..=end]));
        from = end + 1;
    }
    found
}

/// Whether a string begins or ends here: a quotation mark that is not escaped.
fn is_mark(bytes: &[u8], at: usize) -> bool {
    let escapes = || bytes[..at].iter().rev().take_while(|&&b| b == b'\\').count();
    bytes[at] == b'"' && escapes().is_multiple_of(2)
}

/// The text of a string that is markup from its first sign on, where most of it is running text.
fn rendered(string: &str) -> Option<(String, Vec<Block>)> {
    let string = string.trim_start();
    let markup = if string.starts_with("&lt;") { unescape(string) } else { closed(string) };
    if !markup.starts_with('<')
        || markup.len() < SHORTEST
        || markup.matches("<p").count() < PARAGRAPHS
    {
        return None;
    }
    let page = Page::new(Tree::new(&crate::parse::parse(&markup)));
    let is_text = |&at: &usize| page.furniture[at].is_none();
    let (mut all, mut good) = (0.0, 0.0);
    for s in (0..page.tree.blocks.len()).filter(is_text).map(|at| &page.statistics[at]) {
        all += s.chars;
        good += if s.good { s.chars } else { 0.0 };
    }
    let (text, blocks) = render(&page, (0..page.tree.blocks.len()).filter(is_text));
    (text.len() >= SHORTEST && good * 2.0 > all).then_some((text, blocks))
}

/// With closing tags, which some write as `{/p}` so that none ends the script.
fn closed(markup: &str) -> String {
    let mut parts = markup.split("{/");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
        match part[name..].strip_prefix('}') {
            Some(rest) if name > 0 => out.extend(["</", &part[..name], ">", rest]),
            _ => out.extend(["{/", part]),
        }
    }
    out
}

fn unescape(markup: &str) -> String {
    markup.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Whether a text has two of the title's words, or all of a shorter one.
fn is_on(text: &str, title: &[String]) -> bool {
    const ENOUGH: usize = 2;
    let text = text.to_lowercase();
    let known = title.iter().filter(|word| text.contains(*word)).take(ENOUGH).count();
    !title.is_empty() && known >= ENOUGH.min(title.len())
}

#[cfg(test)]
mod tests {
    use newsmill_article::BlockKind;

    use super::*;

    const TITLE: &str = "Old pier to close - The Gazette";
    const BODY: &str = "<p class=\"lead\">The harbour board decided that the old pier will be closed, \
        because the repairs would cost more than a new one.</p><h2>Winters</h2><p>Fishermen asked for \
        another year, but the board, which had waited for three winters, did not want to wait for a \
        fourth, and the work begins in May.</p>";

    fn page(data: &str) -> String {
        format!("<title>{TITLE}</title><div id=app></div><script>{data}</script>")
    }

    fn want() -> Option<(String, Vec<Block>)> {
        let page = Page::new(Tree::new(&crate::parse::parse(BODY)));
        let (text, blocks) = render(&page, 0..3);
        let kinds: Vec<BlockKind> = blocks.iter().map(|block| block.kind).collect();
        assert_eq!(
            kinds,
            [BlockKind::Paragraph, BlockKind::Heading { level: 2 }, BlockKind::Paragraph]
        );
        Some((text, blocks))
    }

    fn quoted(text: &str) -> String {
        serde_json::to_string(text).unwrap()
    }

    #[test]
    fn the_text_is_found_however_it_is_escaped() {
        let plain = quoted(BODY);
        let escaped = plain.replace('<', r"\u003C").replace('/', r"\u002F");
        let braces = plain.replace("</p>", "{/p}").replace("</h2>", "{/h2}");
        let entities = quoted(&BODY.replace('<', "&lt;").replace('>', "&gt;"));
        for body in [&plain, &escaped, &braces, &entities] {
            let nuxt = page(&format!(r#"window.__DATA__={{title:"Old pier",body:{body},id:4}}"#));
            assert_eq!(text(&nuxt, TITLE), want(), "{nuxt}");
        }
        let flight = quoted(&format!(r#"{{"body":{escaped},"id":4}}"#));
        let flight = page(&format!("self.push([1,{flight}])"));
        assert_eq!(text(&flight, TITLE), want(), "{flight}");
    }

    #[test]
    fn a_text_on_something_else_or_of_one_paragraph_is_not_taken() {
        let body = quoted(BODY);
        let data = page(&format!("a={{body:{body}}}"));
        assert_eq!(text(&data, "Council weighs a levy on second homes"), None);
        assert_eq!(text(&data, ""), None, "no title");
        let teaser = page(&quoted("<p>The old pier will close, the board says.</p>"));
        assert_eq!(text(&teaser, TITLE), None);
        assert_eq!(text(BODY, TITLE), None, "no script");
    }

    #[test]
    fn what_is_no_string_is_left_alone() {
        for data in [r#"a="<p"#, r"<p<p<p", r#"<p\"#, "\"<p\n\"", r#""\x3C<p"#, r#"é"<p"é"#, ""] {
            assert_eq!(text(&page(data), TITLE), None, "{data}");
        }
    }
}
