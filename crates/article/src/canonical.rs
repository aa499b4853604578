//! One form for the many ways to write the address of one article.
//!
//! Syntax first (RFC 3986 section 6.2.2: case and percent-encoding), then what is known of news
//! sites: the scheme, the fragment, credentials and campaign parameters never choose the article.
//! Paths, `www.` and trailing slashes stay, because they sometimes do; a page says the rest in its
//! own `canonical` link.

use url::Url;

/// Parameters of link campaigns, by prefix: Google Analytics, Matomo and Piwik, AT Internet,
/// HubSpot ads, Comscore.
const CAMPAIGN_PREFIXES: [&str; 7] = ["utm_", "mtm_", "pk_", "piwik_", "at_", "hsa_", "ns_"];

/// Parameters that advertising, mail and sharing tools add to a link, by their whole name.
const CAMPAIGN_NAMES: [&str; 34] = [
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "cmpid",
    "dclid",
    "fb_action_ids",
    "fb_action_types",
    "fb_ref",
    "fb_source",
    "fbclid",
    "gad_source",
    "gbraid",
    "gclid",
    "gclsrc",
    "igsh",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "ncid",
    "oly_anon_id",
    "oly_enc_id",
    "ref_src",
    "ref_url",
    "s_cid",
    "ttclid",
    "twclid",
    "vero_id",
    "wbraid",
    "xtor",
    "yclid",
    "ysclid",
];

/// The same address in the form that is compared and hashed: `https` for `http`, no credentials,
/// no fragment (but `#!`), no final dots in the host, no campaign parameters, the other parameters
/// in alphabetical order, percent-encoding only where it is needed. Not meant to be fetched.
/// Addresses that are neither `http` nor `https` only lose their fragment.
pub fn canonical(url: &Url) -> Url {
    let mut url = url.clone();
    if !url.fragment().is_some_and(|fragment| fragment.starts_with('!')) {
        url.set_fragment(None);
    }
    if !matches!(url.scheme(), "http" | "https") {
        return url;
    }
    // None of these can fail for an address with a host, and these have one; were it otherwise,
    // the part would stay, which is a form too.
    let _ = url.set_scheme("https");
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if let Some(host) = url.host_str().filter(|host| host.ends_with('.')) {
        // A host of nothing but dots cannot be set to nothing, and stays.
        let host = host.trim_end_matches('.').to_owned();
        let _ = url.set_host(Some(&host));
    }
    url.set_path(&plain_percent(url.path()));
    let query = url.query().map(plain_percent).unwrap_or_default();
    let mut kept: Vec<&str> =
        query.split('&').filter(|part| !part.is_empty() && !is_campaign(part)).collect();
    kept.sort_by(|a, b| name(a).cmp(name(b)));
    url.set_query(if kept.is_empty() { None } else { Some(kept.join("&")) }.as_deref());
    url
}

fn name(part: &str) -> &str {
    part.split('=').next().unwrap_or(part)
}

fn is_campaign(part: &str) -> bool {
    let name = name(part).to_ascii_lowercase();
    CAMPAIGN_NAMES.contains(&name.as_str())
        || CAMPAIGN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Decodes the percent-encoded characters that never need it (letters, digits, `-._~`), and writes
/// the hexadecimal digits of the others in upper case. A `%` that encodes nothing becomes `%25`, or
/// what is decoded behind it would make it encode something.
fn plain_percent(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        let digits = rest.get(at + 1..at + 3);
        match digits.and_then(|digits| Some((digits, u8::from_str_radix(digits, 16).ok()?))) {
            Some((digits, byte)) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    plain.push(char::from(byte));
                } else {
                    plain.push('%');
                    plain.push_str(&digits.to_ascii_uppercase());
                }
                rest = &rest[at + 3..];
            }
            _ => {
                plain.push_str("%25");
                rest = &rest[at + 1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        canonical(&Url::parse(text).unwrap()).to_string()
    }

    #[test]
    fn the_ways_to_write_one_address_have_one_form() {
        for (same, other) in [
            ("https://example.org/a", "http://example.org:80/a#comments"),
            ("https://example.org/a", "https://example.org/a?utm_source=rss&UTM_medium=x&fbclid=1"),
            ("https://example.org/a", "https://me:pw@EXAMPLE.org./a?"),
            ("https://example.org/a?b=2&c=1", "https://example.org/a?c=1&gclid=q&b=2"),
            ("https://example.org/%C3%A9~x", "https://example.org/%c3%a9%7Ex"),
            ("https://example.org/a", "https://example.org../a"),
            ("https://example.org/100%25", "https://example.org/100%"),
            ("https://example.org/%2541?a=%2541", "https://example.org/%%34%31?a=%%341"),
            ("https://../a", "http://../a"),
        ] {
            assert_eq!(form(same), form(other), "{other}");
            assert_eq!(form(&form(other)), form(other), "a form is its own form: {other}");
        }
    }

    #[test]
    fn what_chooses_the_article_stays() {
        for (one, other) in [
            ("https://example.org/a", "https://example.org/a?p=2"),
            ("https://example.org/?id=1", "https://example.org/?id=2"),
            ("https://example.org/a", "https://example.org:8443/a"),
            ("https://example.org/#!/a", "https://example.org/#!/b"),
            ("https://example.org/a%2Fb", "https://example.org/a/b"),
            ("https://example.org/?a=1&a=2", "https://example.org/?a=2&a=1"),
            ("https://example.org/100%", "https://example.org/100"),
        ] {
            assert_ne!(form(one), form(other));
        }
        assert_eq!(form("file:///tmp/a?utm_source=x#y"), "file:///tmp/a?utm_source=x");
    }
}
