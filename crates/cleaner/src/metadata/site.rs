//! The name of the site, and what else it may be called.

use super::Found;
use super::collect::Collected;
use super::jsonld::JsonLd;
use super::text::folded;
use super::title::SEPARATORS;

pub(super) fn site(found: &Collected, ld: &JsonLd) -> Option<Found<String>> {
    let named = [
        ("og:site_name", found.meta("og:site_name")),
        ("json-ld publisher", ld.publisher.as_deref()),
        ("json-ld website", ld.website.as_deref()),
        (
            "meta site",
            found.first_meta(&[
                "application-name",
                "apple-mobile-web-app-title",
                "dc.publisher",
                "dc:publisher",
                "dcterms.publisher",
                "publisher",
                "citation_journal_title",
                "itemprop:publisher",
            ]),
        ),
    ];
    let is_name = |name: &&str| name.len() <= 100 && name.chars().any(char::is_alphabetic);
    named.into_iter().find_map(|(origin, name)| {
        let value = name.filter(is_name)?.to_owned();
        Some(Found { value, origin })
    })
}

/// Most letters of an address that are initials, in bytes.
const MOST_INITIALS: usize = 8;

/// The name that `title` has beside the headline: after it, or before it and a colon.
pub(super) fn beside(title: &str, headline: &str) -> Option<Found<String>> {
    let headline = folded(headline);
    let is_headline = |text: &str| folded(text) == headline;
    let starts = |text: &str| text.len() >= headline.len() && folded(text).starts_with(&headline);
    let name = SEPARATORS.iter().chain(&[": "]).find_map(|separator| {
        let after =
            title.rsplit_once(separator).filter(|(head, _)| *separator != ": " && starts(head));
        let before = || title.split_once(separator).filter(|(_, rest)| is_headline(rest));
        after.map(|(_, tail)| tail).or_else(|| before().map(|(head, _)| head))
    })?;
    let name = name.trim();
    let is_name = (1..=5).contains(&name.split_whitespace().count())
        && name.len() <= 60
        && name.starts_with(|c: char| c.is_uppercase() || !c.is_ascii());
    is_name.then(|| Found { value: name.to_owned(), origin: "title" })
}

/// What a site may be called in a title or a byline.
#[derive(Debug, Default)]
pub(super) struct Sites {
    /// Its name, folded.
    name: Option<String>,
    /// Its name and those of its host, folded, without spaces.
    all: Vec<String>,
}

impl Sites {
    pub(super) fn of(site: Option<&str>, host: Option<&str>) -> Self {
        let name = site.map(folded).filter(|name| !name.is_empty());
        let mut all: Vec<String> = site.map(compact).into_iter().collect();
        if let Some(host) = host {
            let host = host.strip_prefix("www.").unwrap_or(host);
            let registered = super::links::registered(host);
            all.extend([compact(host), compact(registered)]);
            all.extend(registered.split('.').next().map(compact));
        }
        all.retain(|name| !name.is_empty());
        Self { name, all }
    }

    /// Whether a folded text is the name that the page gives its site.
    pub(super) fn is_name(&self, folded: &str) -> bool {
        self.name.as_deref() == Some(folded)
    }

    /// Whether a text is the site: its name, its address, or what its address has the initials of.
    pub(super) fn is(&self, text: &str) -> bool {
        let initials = || -> String {
            folded(text).split(' ').filter_map(|word| word.chars().next()).collect()
        };
        let is_short = |name: &String| name.len() <= MOST_INITIALS;
        self.names(text)
            || (text.contains(' ')
                && self.all.iter().any(is_short)
                && self.all.contains(&initials()))
    }

    /// Whether a text is the name or the address of the site.
    pub(super) fn names(&self, text: &str) -> bool {
        self.all.contains(&compact(text))
    }

    /// Cuts the site's name, where it is known, off either end of a title.
    pub(super) fn cut(&self, title: &str) -> String {
        for separator in SEPARATORS {
            if let Some((head, tail)) = title.rsplit_once(separator)
                && !head.trim().is_empty()
                && self.names(tail)
            {
                return head.trim().to_owned();
            }
            if let Some((head, tail)) = title.split_once(separator)
                && !tail.trim().is_empty()
                && self.names(head)
            {
                return tail.trim().to_owned();
            }
        }
        title.to_owned()
    }
}

/// The letters and digits of a text in lower case and nothing between them.
fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
