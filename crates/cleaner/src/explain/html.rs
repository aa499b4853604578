//! An explanation as one HTML page, styles inside, without script or network.

use std::fmt::Write as _;

use newsmill_article::{Block, BlockKind};

use super::{ExplainedBlock, Explanation};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--faint:#777;--line:#ddd;--kept:#1a7f37;--gone:#b35900}
@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--paper:#161616;--faint:#999;--line:#383838;--kept:#4ac26b;--gone:#e08c3c}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
header{padding:1rem 1.5rem;border-bottom:1px solid var(--line)}h1{font-size:1.25rem;margin:0 0 .25rem}
h2{font-size:1rem;margin:0 0 .5rem}.verdict{font-weight:600}.accepted{color:var(--kept)}.refused{color:var(--gone)}
small,.faint{color:var(--faint)}table{border-collapse:collapse;margin:.5rem 0}
td{padding:.1rem 1rem .1rem 0;vertical-align:top;overflow-wrap:anywhere}
main{display:grid;grid-template-columns:3fr 2fr}section{padding:1rem 1.5rem;min-width:0}
section+section{border-left:1px solid var(--line)}
.block{display:grid;grid-template-columns:6.5rem 1fr;gap:.75rem;padding:.3rem .5rem;border-left:4px solid var(--line);margin:.25rem 0}
.block.kept{border-color:var(--kept)}.block.gone p{color:var(--faint)}.block p{margin:0;overflow-wrap:anywhere;white-space:pre-line}
.block.overruled{border-color:var(--gone)}.block.overruled.kept{border-color:var(--kept)}
.why{font-size:.8rem;line-height:1.3}.why b{display:block}.kept .why b{color:var(--kept)}
.bar{height:4px;background:var(--line);margin:.2rem 0}.bar i{display:block;height:4px;background:currentColor}
.path{font:11px/1.3 ui-monospace,monospace;color:var(--faint);overflow-wrap:anywhere}
details summary{cursor:pointer;color:var(--faint);padding:.2rem .5rem}
article{font:17px/1.6 Georgia,serif}article h3{font-size:1.1rem}article pre{white-space:pre-wrap;font-size:.8rem}
article blockquote{border-left:3px solid var(--line);margin-left:0;padding-left:1rem}
@media(max-width:800px){main{grid-template-columns:1fr}section+section{border-left:0;border-top:1px solid var(--line)}}";

/// Text between tags.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

pub(super) fn page(explanation: &Explanation) -> String {
    let mut out = String::new();
    let title = explanation.metadata.iter().find(|value| value.field == "title");
    let title = title.map_or("Page without a title", |value| value.value.as_str());
    let accepted = explanation.verdict == "accepted";
    let _ = write!(
        out,
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><header><h1 dir=\"auto\">{title}</h1>\
         <span class=\"verdict {class}\">{verdict}</span> – {because}\
         <br><small>{url} {encoding}</small><table>",
        title = escape(title),
        class = if accepted { "accepted" } else { "refused" },
        verdict = if accepted {
            "Accepted".to_owned()
        } else {
            format!("Refused ({})", escape(&explanation.verdict))
        },
        because = escape(&explanation.because),
        url = escape(explanation.url.as_deref().unwrap_or("")),
        encoding = escape(explanation.encoding.as_deref().unwrap_or("")),
    );
    for value in &explanation.metadata {
        let _ = write!(
            out,
            "<tr><td class=\"faint\">{}</td><td dir=\"auto\">{}</td><td class=\"faint\">from {}</td></tr>",
            value.field,
            escape(&value.value),
            escape(value.origin)
        );
    }
    let kept = explanation.blocks.iter().filter(|block| block.kept).count();
    let _ = write!(
        out,
        "</table></header><main><section><h2>The page: {} blocks, {kept} kept</h2>\
         <p class=\"faint\">A green edge marks a block that is kept, a grey one a block that the model \
         dropped, an orange one a block that a rule dropped; the name of the rule stands beside it. The bar is the \
         model’s probability that a block is article text. Runs of dropped blocks are folded: click \
         to open.</p>",
        explanation.blocks.len()
    );
    blocks(&mut out, &explanation.blocks);
    let heading = if accepted { "The final text" } else { "The text that was refused" };
    let _ = write!(out, "</section><section><h2>{heading}</h2><article>");
    text(&mut out, &explanation.text, &explanation.structure);
    out.push_str("</article></section></main>\n");
    out
}

/// Long runs of plainly dropped blocks are folded, so that what matters is in sight.
fn blocks(out: &mut String, blocks: &[ExplainedBlock]) {
    const FOLD: usize = 4;
    let plain = |block: &ExplainedBlock| !block.kept && block.rule == "model" && block.score < 0.2;
    let mut at = 0;
    while at < blocks.len() {
        let end = (at..blocks.len()).find(|&i| !plain(&blocks[i])).unwrap_or(blocks.len());
        let run = end - at;
        if run >= FOLD {
            let _ = write!(out, "<details><summary>{run} blocks dropped by the model</summary>");
        }
        for one in &blocks[at..end] {
            block(out, one);
        }
        if run >= FOLD {
            out.push_str("</details>");
        }
        if let Some(one) = blocks.get(end) {
            block(out, one);
        }
        at = end + 1;
    }
}

fn block(out: &mut String, block: &ExplainedBlock) {
    let _ = write!(
        out,
        "<div class=\"block {}{}\"><div class=\"why\"><b>{}</b>{}\
         <div class=\"bar\"><i style=\"width:{:.0}%\"></i></div>{:.2}</div>\
         <div><p dir=\"auto\">{}</p><div class=\"path\">{}</div></div></div>",
        if block.kept { "kept" } else { "gone" },
        if block.rule == "model" { "" } else { " overruled" },
        if block.kept { "kept" } else { "dropped" },
        if block.rule == "model" { "by the model" } else { block.rule },
        block.score * 100.0,
        block.score,
        escape(&block.text),
        escape(&block.path),
    );
}

fn text(out: &mut String, text: &str, structure: &[Block]) {
    let mut chars = text.chars();
    let mut at = 0;
    let mut number = 0;
    for block in structure {
        let is_numbered = matches!(block.kind, BlockKind::ListItem { ordered: true, .. });
        number = if is_numbered { number + 1 } else { 0 };
        chars.by_ref().take(block.start.saturating_sub(at)).for_each(drop);
        let part: String = chars.by_ref().take(block.end - block.start).collect();
        at = block.end;
        let part = escape(&part);
        let _ = match block.kind {
            BlockKind::Heading { .. } => write!(out, "<h3 dir=\"auto\">{part}</h3>"),
            BlockKind::ListItem { ordered: true, .. } => {
                write!(out, "<p dir=\"auto\">{number}. {part}</p>")
            }
            BlockKind::ListItem { .. } => write!(out, "<p dir=\"auto\">• {part}</p>"),
            BlockKind::Quote => write!(out, "<blockquote dir=\"auto\">{part}</blockquote>"),
            BlockKind::Code => write!(out, "<pre>{part}</pre>"),
            BlockKind::Paragraph | BlockKind::TableRow => {
                write!(out, "<p dir=\"auto\">{}</p>", part.replace('\n', "<br>"))
            }
        };
    }
}
