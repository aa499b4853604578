//! What an answer's headers say of keeping it: `X-Robots-Tag`, and the opt-outs from use by AI
//! (`noai`, TDM Reservation Protocol, `Content-Usage`). The same words inside the HTML are the
//! cleaner's.

use reqwest::header::HeaderMap;
use url::Url;

use crate::FetchError;

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
        for directive in directives(value, agent) {
            let keep = matches!(directive.as_str(), "noindex" | "none");
            let ai = matches!(directive.as_str(), "noai" | "noml");
            if keep && noindex || ai && ai_opt_out {
                return refused(format!("X-Robots-Tag: {directive}"));
            }
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

/// The directives of one header line that are for us. `googlebot: noindex` is for another, and so
/// is what follows it on the line.
fn directives(value: &str, agent: &str) -> Vec<String> {
    let mut ours = true;
    let mut found = Vec::new();
    for part in value.split(',') {
        let mut part = part.trim().to_ascii_lowercase();
        if let Some((name, rest)) = part.split_once(':') {
            let takes_value =
                ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];
            if takes_value.contains(&name.trim()) {
                continue;
            }
            ours = name.trim() == agent || name.trim() == "*";
            part = rest.trim().to_owned();
        }
        if ours {
            found.push(part);
        }
    }
    found
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
}
