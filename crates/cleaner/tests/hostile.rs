//! Pages made to hurt: none panics, none makes the tree or the text grow out of proportion.

use newsmill_article::Hints;
use newsmill_cleaner::html::{AttributeName, Edge, Value};
use newsmill_cleaner::{Config, Input, clean, parse};

/// Some real text that must come through whatever stands around it.
const STORY: &str = "<p>The harbour board decided on Tuesday that the old pier will be closed, because \
    the repairs would cost more than a new one, its chairwoman said after the meeting.</p>\
    <p>Fishermen who use the pier asked for another year, but the board, which had waited for three \
    winters, did not want to wait for a fourth, and the work begins in May.</p>";

/// Cleans and checks what must hold of any result.
fn survive(page: &str) -> Option<String> {
    let hints = Hints::default();
    let input =
        Input { bytes: page.as_bytes(), content_type: Some("text/html"), url: None, hints: &hints };
    let document = clean(&Config::default(), &input).ok()?;
    assert!(document.text.len() <= page.len() + 16, "text of {} bytes", document.text.len());
    let length = document.text.chars().count();
    let mut end = 0;
    for block in &document.blocks {
        assert!(block.start >= end && block.start < block.end && block.end <= length, "{block:?}");
        end = block.end;
    }
    Some(document.text)
}

/// The nodes of the tree, which parsing and everything after it take time for.
fn nodes(page: &str) -> usize {
    parse::parse(page).nodes().count()
}

fn deepest(page: &str) -> usize {
    let html = parse::parse(page);
    let mut deepest: usize = 0;
    let mut depth: usize = 0;
    for edge in html.root().traverse() {
        match edge {
            Edge::Open(_) => depth += 1,
            Edge::Close(_) => depth -= 1,
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[test]
fn deep_nesting_is_flattened_and_text_survives() {
    for tag in ["div", "span", "b", "blockquote", "ul><li", "table><tr><td", "svg", "template"] {
        let page = format!("{}{STORY}", format!("<{tag}>").repeat(100_000));
        let depth = deepest(&page);
        // A template holds a fragment, which is a level of its own.
        assert!(depth <= 2 * parse::MAX_DEPTH + 10, "{tag}: {depth} deep");
        let text = survive(&page);
        if matches!(tag, "div" | "span" | "b") {
            assert!(text.is_some_and(|text| text.contains("the work begins in May")), "{tag}");
        }
    }
}

#[test]
fn balanced_deep_nesting_keeps_what_follows() {
    let page = format!(
        "<article>{STORY}</article>{}x{}<p>Far below stands a last line.</p>",
        "<div>".repeat(5000),
        "</div>".repeat(5000)
    );
    assert!(survive(&page).is_some_and(|text| text.contains("harbour board")));
}

#[test]
fn formatting_that_is_never_closed_does_not_multiply() {
    let opens: String = (0..1000).map(|i| format!("<font color={i}>")).collect();
    let page = format!("<p>{opens}{}", "<p>x".repeat(20_000));
    let nodes = nodes(&page);
    assert!(nodes < 10 * 20_000, "{nodes} nodes from {} bytes", page.len());
    survive(&page);
}

#[test]
fn attributes_are_bounded() {
    let many: String = (0..50_000).map(|i| format!(" a{i}")).collect();
    // Formatting elements keep attributes that nobody reads.
    let page = format!("<font{many}>{STORY}</font>");
    assert!(survive(&page).is_some());
    let few: String = (1..parse::MAX_ATTRIBUTES).map(|i| format!(" a{i}")).collect();
    let ids = |page: &str| {
        let html = parse::parse(page);
        let elements = html.nodes().filter_map(|node| node.element());
        elements.filter_map(|e| Some(e.attribute(AttributeName::Id)?.to_owned())).collect()
    };
    let near: Vec<String> = ids(&format!("<p{few} id=near>"));
    assert_eq!(near, ["near"]);
    let far: Vec<String> = ids(&format!("<p{many} id=far>"));
    assert!(far.is_empty(), "{far:?}");
    let long = format!("<div class=\"{}\">{STORY}</div>", "word ".repeat(200_000));
    assert!(survive(&long).is_some());
}

#[test]
fn a_script_with_long_comparisons_keeps_its_text() {
    let words = "a ".repeat(2000);
    let script =
        format!("<script type=\"application/ld+json\">{{\"x\":\"1 <b {words}\"}}</script>");
    let html = parse::parse(&script);
    let text: usize = html.nodes().filter_map(|node| node.text()).map(str::len).sum();
    assert!(text > 4000, "{text} bytes left");
}

#[test]
fn broad_pages_come_to_an_end() {
    for page in [
        format!("{STORY}{}", "<p>x".repeat(200_000)),
        format!("{STORY}{}", "<form>".repeat(10_000)),
        format!("{STORY}{}", "<form><input></form>".repeat(10_000)),
        format!("<table>{}</table>{STORY}", "<tr><td colspan=99999 rowspan=99999>1".repeat(20_000)),
        format!("<ul>{}</ul>{STORY}", "<li><a href=x>y</a>".repeat(50_000)),
        format!("{STORY}{}", "<br>".repeat(200_000)),
        format!("{STORY}{}", "</p>".repeat(100_000)),
        format!("{STORY}<pre>{}</pre>", "\n".repeat(200_000)),
        format!("<a href=1>{STORY}{}", "<a href=1><b>".repeat(20_000)),
    ] {
        survive(&page);
    }
}

/// What is left of a page in the tree: names of elements, and texts.
fn left(page: &str) -> String {
    let html = parse::parse(page);
    let nodes = html.nodes().filter_map(|node| match node.value() {
        Value::Element(element) => Some(format!("<{}>", element.name())),
        Value::Text(text) => Some(text.to_owned()),
        Value::Document => None,
    });
    nodes.collect()
}

#[test]
fn only_raw_text_without_data_is_left_out() {
    let body = |page: &str| left(page).replace("<html><head><body>", "");
    for (page, whole) in [
        ("<p><style>p { }</style>a", "<p><style>a"),
        ("<p><script>run('<p>')</script>a", "<p><script>a"),
        // A script may hold what looks like its end.
        ("<p><script><!--<script></script>x</script>a", "<p><script>a"),
        ("<p><script>a</scripts>b</SCRIPT >c", "<p><script>c"),
        ("<p title='<style>'>a<i>b</i>", "<p>a<i>b"),
        ("<p title='<script>' id='</script>'>a", "<p>a"),
        ("<p><script data-a='>'>run()</script>a", "<p><script>a"),
        ("<!-- <script> --><p>a</p><!-- </script> -->b", "<p>ab"),
        ("<p><textarea><script></textarea>a", "<p><textarea><script>a"),
        ("<p><style>never closed", "<p><style>never closed"),
        ("<p><script>{\"datePublished\":1}</script>a", "<p><script>{\"datePublished\":1}a"),
        ("<p><script type=' application/LD+json'>{}</script>a", "<p><script>{}a"),
        ("<svg><style>a<b>c</style></svg>d", "<svg><style>a<b>cd"),
    ] {
        // Scripts and styles before the body belong to the head.
        assert_eq!(body(&format!("<body>{page}")), whole, "{page}");
    }
}

#[test]
fn words_are_not_squashed() {
    let page = format!(
        "<article>{STORY}<p>one<br>two</p><table><tr><td>red</td><td>blue</td></tr></table></article>"
    );
    let text = survive(&page).unwrap_or_default();
    assert!(!text.contains("onetwo") && !text.contains("redblue"), "{text}");
}

#[test]
fn data_for_machines_brings_no_control_characters() {
    let body = "The harbour board decided on Tuesday that the old pier will be closed. ".repeat(5);
    let page = format!(
        "<script type=\"application/ld+json\">{{\"@type\":\"NewsArticle\",\"articleBody\":\"{body}\\u0001\\u0007\"}}</script>"
    );
    let text = survive(&page).unwrap();
    assert!(text.starts_with("The harbour board"), "{text}");
    assert!(!text.contains(|c: char| c != '\n' && c.is_control()), "{text:?}");
}
