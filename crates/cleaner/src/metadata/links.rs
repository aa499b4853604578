//! The addresses that a page names: its own, and that of its lead image.

use url::Url;

use super::Found;
use super::collect::Collected;
use super::jsonld::JsonLd;

/// The page's own address. One on another site is believed only of an AMP page, and one that leads
/// to the front page of the site is a mistake unless the page is it.
pub(super) fn canonical(found: &Collected, ld: &JsonLd, base: Option<&Url>) -> Option<Found<Url>> {
    let named = [
        ("link canonical", found.canonical.as_deref()),
        ("og:url", found.meta("og:url")),
        ("json-ld url", ld.url.as_deref()),
    ];
    named.into_iter().find_map(|(origin, address)| {
        let mut value = absolute(address?, base)?;
        value.set_fragment(None);
        let is_front = |url: &Url| url.path() == "/" && url.query().is_none();
        let front = is_front(&value) && base.is_none_or(|base| !is_front(base));
        let foreign = base.is_some_and(|base| !same_site(&value, base)) && !found.amp;
        (!front && !foreign).then_some(Found { value, origin })
    })
}

/// The lead image.
pub(super) fn image(found: &Collected, ld: &JsonLd, base: Option<&Url>) -> Option<Found<Url>> {
    let named = [
        ("og:image", found.first_meta(&["og:image", "og:image:secure_url", "og:image:url"])),
        ("json-ld image", ld.image.as_deref()),
        ("twitter:image", found.first_meta(&["twitter:image", "twitter:image:src"])),
        (
            "meta image",
            found.first_meta(&[
                "itemprop:image",
                "parsely-image-url",
                "sailthru.image.full",
                "thumbnail",
            ]),
        ),
    ];
    named
        .into_iter()
        .find_map(|(origin, address)| Some(Found { value: absolute(address?, base)?, origin }))
}

/// A web address, resolved; nothing for other schemes and hosts without a name.
fn absolute(address: &str, base: Option<&Url>) -> Option<Url> {
    if address.len() > 2048 {
        return None;
    }
    let url = match base {
        Some(base) => base.join(address).ok()?,
        None => Url::parse(address).ok()?,
    };
    let web =
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|h| h.contains('.'));
    web.then_some(url)
}

/// Whether two hosts share their last two names (three where the last two are short, as in
/// `co.uk`).
fn same_site(a: &Url, b: &Url) -> bool {
    match (a.host_str(), b.host_str()) {
        (Some(a), Some(b)) => registered(a) == registered(b),
        _ => false,
    }
}

pub(super) fn registered(host: &str) -> &str {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let Some(first) = dots.next() else { return host };
    let Some(second) = dots.next() else { return host };
    let middle = &host[second + 1..first];
    let short = middle.len() <= 2 || matches!(middle, "com" | "org" | "net" | "gov" | "edu");
    if short && host.len() - first <= 3 {
        return dots.next().map_or(host, |third| &host[third + 1..]);
    }
    &host[second + 1..]
}
