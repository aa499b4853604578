//! What an answer says of keeping it: `noindex` and `unavailable_after` in `X-Robots-Tag` and in
//! `<meta name="robots">`, and the opt-outs from use by AI (`noai`, TDM Reservation Protocol,
//! `Content-Usage`).
//!
//! What is addressed to another agent (`googlebot: noindex`, `<meta name="googlebot">`) does not
//! count; what is addressed to us or to all does, wherever it stands: the strictest word wins.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use url::Url;

use crate::feed::parse_date;
use crate::plain::unescape;
use crate::{FetchError, html};

/// Directives whose value follows a colon.
const VALUED: [&str; 4] =
    ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// An error where the headers refuse us and the switches say that this counts.
pub(crate) fn check(
    url: &Url,
    headers: &HeaderMap,
    agent: &str,
    noindex: bool,
    ai_opt_out: bool,
) -> Result<(), FetchError> {
    let values = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let refused = |directive: String| Err(FetchError::NoIndex { url: url.to_string(), directive });
    for value in values("x-robots-tag") {
        if let Some(directive) = refusal(value, agent, noindex, ai_opt_out) {
            return refused(format!("X-Robots-Tag: {directive}"));
        }
    }
    if ai_opt_out {
        if values("tdm-reservation").any(|value| value.trim() == "1") {
            return refused("TDM-Reservation: 1".to_owned());
        }
        let refuses = |value: &str| {
            value.split(',').any(|part| {
                matches!(part.replace(' ', "").as_str(), "ai=n" | "ai-input=n" | "ai-input=no")
            })
        };
        for name in ["content-usage", "content-signal"] {
            if let Some(value) = values(name).find(|value| refuses(value)) {
                return refused(format!("{name}: {value}"));
            }
        }
    }
    Ok(())
}

/// The same for the `<meta>` elements in the head of a page.
pub(crate) fn check_html(
    url: &Url,
    page: &[u8],
    agent: &str,
    noindex: bool,
    ai_opt_out: bool,
) -> Result<(), FetchError> {
    if !noindex && !ai_opt_out {
        return Ok(());
    }
    let head = html::beginning(page);
    for tag in html::head_tags(&head).filter(|tag| tag.name == "meta") {
        let inside = tag.inside();
        let Some(name) = html::attribute(&inside, "name") else { continue };
        let name = name.trim().to_ascii_lowercase();
        let content = unescape(html::attribute(&inside, "content").unwrap_or_default());
        let directive = if name == "robots" || name == agent {
            refusal(&content, agent, noindex, ai_opt_out)
        } else if name == "tdm-reservation" && ai_opt_out && content.trim() == "1" {
            Some("1".to_owned())
        } else {
            None
        };
        if let Some(directive) = directive {
            let directive = format!("<meta name={name}>: {directive}");
            return Err(FetchError::NoIndex { url: url.to_string(), directive });
        }
    }
    Ok(())
}

/// The first directive of a list that refuses us.
fn refusal(list: &str, agent: &str, noindex: bool, ai_opt_out: bool) -> Option<String> {
    let mut ours = true;
    let mut parts = list.split(',').peekable();
    while let Some(part) = parts.next() {
        let mut part = part.trim().to_ascii_lowercase();
        while let Some((name, rest)) = part.split_once(':') {
            if VALUED.contains(&name.trim()) {
                break;
            }
            // `googlebot: noindex, nofollow` is for another, to the end or the next name.
            ours = name.trim() == agent || name.trim() == "*";
            part = rest.trim().to_owned();
        }
        if let Some(date) = part.strip_prefix("unavailable_after") {
            let date = date.trim_start_matches([':', ' ']);
            // A date may have commas of its own: `Wed, 25 Jun 2025 15:00:00 GMT`.
            let until = parse_date(date).or_else(|| {
                let whole = format!("{date},{}", parts.peek()?);
                let until = parse_date(&whole)?;
                parts.next();
                Some(until)
            });
            if ours && noindex && until.is_some_and(|until| until.at() < Timestamp::now()) {
                return Some(part);
            }
            continue;
        }
        let keep = matches!(part.as_str(), "noindex" | "none");
        let ai = matches!(part.as_str(), "noai" | "noml");
        if ours && (keep && noindex || ai && ai_opt_out) {
            return Some(part);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(lines: &[(&'static str, &'static str)], noindex: bool, ai: bool) -> bool {
        let url = Url::parse("https://example.org/").unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        check(&url, &headers, "newsmill", noindex, ai).is_err()
    }

    #[test]
    fn refusals_count_for_those_they_name_and_by_the_switches() {
        let tag = |value| [("x-robots-tag", value)];
        assert!(refused(&tag("nofollow, NoIndex"), true, true));
        assert!(!refused(&tag("noindex"), false, true));
        assert!(!refused(&tag("googlebot: noindex, noai"), true, true));
        assert!(refused(&tag("newsmill: none"), true, true));
        assert!(refused(&tag("max-snippet: 5, noindex"), true, true));
        assert!(refused(&tag("noai"), false, true) && !refused(&tag("noai"), true, false));
        assert!(refused(&[("x-robots-tag", "all"), ("x-robots-tag", "noindex")], true, true));
        assert!(refused(&[("tdm-reservation", "1")], true, true));
        assert!(!refused(&[("tdm-reservation", "0")], true, true));
        assert!(refused(&[("content-signal", "search=yes, ai-input=no")], true, true));
        assert!(!refused(&[("content-signal", "ai-train=no")], true, true));
    }

    #[test]
    fn dates_and_agents_share_a_line() {
        let tag = |value| refused(&[("x-robots-tag", value)], true, true);
        assert!(tag("unavailable_after: 25 Jun 2010 15:00:00 GMT"));
        assert!(!tag("unavailable_after: 25 Jun 2910 15:00:00 GMT"));
        assert!(tag("unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noarchive"));
        assert!(tag("unavailable_after: Mon, 25 Jun 2910 15:00:00 GMT, noindex"));
        assert!(!tag("googlebot: unavailable_after: 2010-06-25"));
        assert!(tag("newsmill: unavailable_after: 2010-06-25"));
        assert!(tag("otherbot: noindex, newsmill: nofollow, noindex"));
        assert!(!tag("newsmill: nofollow, otherbot: noindex, nofollow"));
        assert!(!tag("unavailable_after: some day, nofollow"));
        assert!(tag("googlebot: nofollow, *: noindex"));
    }

    fn page_refused(page: &[u8], noindex: bool, ai: bool) -> bool {
        let url = Url::parse("https://example.org/").unwrap();
        check_html(&url, page, "newsmill", noindex, ai).is_err()
    }

    #[test]
    fn the_head_of_a_page_counts_as_its_headers_do() {
        let head = |meta: &str| format!("<!doctype html><html><head><title>T</title>{meta}<body>");
        for (meta, yes) in [
            (r#"<meta name="robots" content="noindex, nofollow">"#, true),
            (r#"<META content='NONE' NAME='Robots'>"#, true),
            (r#"<meta name=robots content=noindex />"#, true),
            (r#"<meta name="newsmill" content="noindex">"#, true),
            (r#"<meta name="googlebot" content="noindex">"#, false),
            (r#"<meta name="robots" content="index, follow, max-image-preview:large">"#, false),
            (r#"<meta name="robots" content="all"><meta name="robots" content="noindex">"#, true),
            (r#"<meta name="robots" content="unavailable_after: 2010-06-25">"#, true),
            (r#"<meta property="robots" content="noindex">"#, false),
            (r#"<!-- <meta name="robots" content="noindex"> -->"#, false),
            (r#"<script>var s = '<meta name="robots" content="noindex">';</script>"#, false),
            (
                r#"<meta name="description" content="a > b"><meta name="robots" content="noindex">"#,
                true,
            ),
            (r#"</head><body><meta name="robots" content="noindex">"#, false),
        ] {
            assert_eq!(page_refused(head(meta).as_bytes(), true, true), yes, "{meta}");
            assert!(!page_refused(head(meta).as_bytes(), false, true), "{meta}");
        }
        let ai = head(r#"<meta name="robots" content="noai, noimageai">"#);
        assert!(page_refused(ai.as_bytes(), false, true));
        assert!(!page_refused(ai.as_bytes(), true, false));
        let tdm = head(r#"<meta name="tdm-reservation" content="1">"#);
        assert!(page_refused(tdm.as_bytes(), false, true));
        let utf16 = head(r#"<meta name="robots" content="noindex">"#);
        let utf16: Vec<u8> =
            format!("\u{feff}{utf16}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(page_refused(&utf16, true, true));
    }
}
