//! The parser beside html5ever's own tokenizer: the same elements, texts and attributes, but for what
//! it leaves out.

use html5ever::ParseOpts;
use html5ever::tendril::TendrilSink as _;
use html5ever::tree_builder::TreeBuilderOpts;
use newsmill_cleaner::html::{AttributeName, Node, Value};
use newsmill_cleaner::parse::parse;
use proptest::prelude::*;

/// A page as lines: elements with the attributes that are read, and texts.
#[derive(Default)]
struct Lines(Vec<(usize, Line)>);

#[derive(Debug, PartialEq)]
enum Line {
    Element(String, Vec<(&'static str, String)>),
    Text(String),
}

impl Lines {
    fn element<'a>(
        &mut self,
        depth: usize,
        name: &str,
        attributes: impl Iterator<Item = (AttributeName, &'a str)>,
    ) {
        let mut attributes: Vec<_> =
            attributes.map(|(name, value)| (name.as_str(), value.to_owned())).collect();
        attributes.sort_unstable();
        self.0.push((depth, Line::Element(name.to_owned(), attributes)));
    }

    /// Texts that only a comment parts are one.
    fn text(&mut self, depth: usize, text: &str) {
        match self.0.last_mut() {
            Some((last, Line::Text(before))) if *last == depth => before.push_str(text),
            _ => self.0.push((depth, Line::Text(text.to_owned()))),
        }
    }
}

/// Whether the text of an element may be left out.
fn is_left_out(node: Node<'_>) -> bool {
    node.element().is_some_and(|e| may_be_left_out(e.name(), e.attribute(AttributeName::Type)))
}

fn may_be_left_out(name: &str, kind: Option<&str>) -> bool {
    name == "style" || (name == "script" && kind != Some("application/ld+json"))
}

fn ours(page: &str) -> Vec<(usize, Line)> {
    let html = parse(page);
    let mut lines = Lines::default();
    for node in html.nodes() {
        let depth = node.ancestors().count();
        match node.value() {
            Value::Element(element) => lines.element(depth, element.name(), element.attributes()),
            Value::Text(_) if node.parent().is_some_and(is_left_out) => {}
            Value::Text(text) => lines.text(depth, text),
            Value::Document => {}
        }
    }
    lines.0
}

/// The same by scraper, with nothing of this crate in between.
fn theirs(page: &str) -> Vec<(usize, Line)> {
    let sink = scraper::HtmlTreeSink::new(scraper::Html::new_document());
    let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..Default::default() };
    let options = ParseOpts { tree_builder, ..Default::default() };
    let html = html5ever::parse_document(sink, options).one(page);
    let mut lines = Lines::default();
    for node in html.tree.root().descendants() {
        // It keeps the content of a template in a node of its own.
        let depth = node.ancestors().filter(|node| !node.value().is_fragment()).count();
        match node.value() {
            scraper::Node::Element(element) => {
                let read = |(name, value)| Some((AttributeName::named(name)?, value));
                lines.element(depth, element.name(), element.attrs().filter_map(read));
            }
            scraper::Node::Text(text) => {
                let parent = node.parent().and_then(|parent| parent.value().as_element());
                if parent.is_none_or(|e| !may_be_left_out(e.name(), e.attr("type"))) {
                    lines.text(depth, text);
                }
            }
            _ => {}
        }
    }
    lines.0
}

/// Pieces of markup, sound and broken, that tokenizers stumble over.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "<p>",
        "</p>",
        "<p",
        "<div class=a>",
        "</div>",
        "<DIV ID='b\"'>",
        "<a href=\"?a=1&amp;b&lt=2&ltx\">",
        "<br/>",
        "<br / title>",
        "<img alt=x><",
        "</",
        "</ x>",
        "</>",
        "<>",
        "< p>",
        "<3",
        "<!",
        "<!x>",
        "<?php ?>",
        "<!doctype html>",
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 3.2//EN\">",
        "<!doctype",
        "<!-->",
        "<!--->",
        "<!-- a -- b --!>",
        "<!--",
        "-->",
        "--!>",
        "<!--<!-->",
        "<![CDATA[x<y>]]>",
        "]]>",
        "<svg>",
        "</svg>",
        "<math><mi>",
        "</math>",
        "<svg><foreignObject>",
        "<svg><title>",
        "<title>",
        "</title>",
        "</TITLE x=1>",
        "<textarea>\n",
        "</textarea>",
        "<xmp>",
        "</xmp>",
        "<iframe>",
        "</iframe >",
        "<noscript>",
        "</noscript>",
        "<noframes>",
        "</noframes>",
        "<plaintext>",
        "<table>",
        "<tr>",
        "<td>",
        "</td>",
        "</table>",
        "<caption>",
        "<select>",
        "<option>",
        "</select>",
        "<template>",
        "</template>",
        "<b class=x>",
        "<i>",
        "</b>",
        "</i>",
        "<b>",
        "<form>",
        "</form>",
        "<input type=hidden>",
        "<pre>\n",
        "<li>",
        "<h1>",
        "</h2>",
        "<body class=z>",
        "<html lang=de>",
        "<head>",
        "</head>",
        "</body>",
        "</html>",
        "<frameset>",
        "<frame>",
        "<style>",
        "</style>",
        "<script>",
        "</script>",
        "<script type=application/ld+json>",
        "&amp;",
        "&amp",
        "&notit;",
        "&#x41;",
        "&#128;",
        "&#",
        "&#x",
        "&",
        "&nosuch;",
        "&nbsp;",
        "&acE;",
        "\r\n",
        "\r",
        "\n",
        " ",
        "\t",
        "\x0c",
        "text",
        "ä",
        "\0",
        "=",
        "'",
        "\"",
        ">",
        "/",
    ])
    .prop_map(str::to_owned);
    prop_oneof![
        8 => fixed,
        1 => "[ -~]{0,12}",
        1 => "<[a-zA-Z]{1,3}( [a-zA-Z\"'=<]{1,4}(=[a-z\"'&; ]{0,6})?){0,3}/?>?",
    ]
}

/// Pieces in scripts.
fn script_piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "<script>",
        "</script>",
        "<script ",
        "</script ",
        "<SCRIPT/",
        "</script/x>",
        "<scripts>",
        "</scriptx",
        "<!--",
        "<!-->",
        "<!--->",
        "<!",
        "-->",
        "--",
        "-",
        "->",
        ">",
        "<",
        "x",
        "\n",
        "\r\n",
        "</p>",
        "&amp;",
        "datePublished",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_read_as_html5ever_reads_them(pieces in prop::collection::vec(piece(), 0..24)) {
        let page = pieces.concat();
        prop_assert_eq!(ours(&page), theirs(&page), "{}", page);
    }

    #[test]
    fn scripts_end_where_html5ever_ends_them(pieces in prop::collection::vec(script_piece(), 0..16)) {
        // Metadata is never left out.
        let page = format!("<script type=application/ld+json>{}", pieces.concat());
        prop_assert_eq!(ours(&page), theirs(&page), "{}", page);
    }
}
