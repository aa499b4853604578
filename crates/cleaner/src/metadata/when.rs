//! Which of the dates on a page is the one of publication, and which of the last change.

use jiff::civil::{DateTime, Time};
use jiff::tz::Offset;
use newsmill_article::Moment;
use url::Url;

use super::Found;
use super::collect::{Collected, DateHow, DateText, Place};
use super::dates::{self, Date, Writing};
use super::jsonld::JsonLd;
use crate::html::Html;

const PUBLISHED: [&str; 12] = [
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "article:published",
    "itemprop:datepublished",
    "datepublished",
    "itemprop:datecreated",
    "article_date_original",
    "publication_date",
    "published_time",
    "rnews:datepublished",
    "bt:pubdate",
];
const DATED: [&str; 26] = [
    "parsely-pub-date",
    "sailthru.date",
    "pubdate",
    "publish-date",
    "publish_date",
    "publishdate",
    "publisheddate",
    "date.issued",
    "date_published",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date.created",
    "dcterms.created",
    "dcterms.date",
    "dc.date",
    "dc:date",
    "dc.created",
    "date",
    "displaydate",
    "citation_publication_date",
    "citation_date",
    "citation_online_date",
    "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime",
    "created",
    "sort-date",
];
const MODIFIED: [&str; 9] = [
    "article:modified_time",
    "og:updated_time",
    "og:article:modified_time",
    "itemprop:datemodified",
    "datemodified",
    "dc.date.modified",
    "dcterms.modified",
    "last-modified",
    "lastmod",
];

/// How many nodes after the headline a date may stand to be its date.
const UNDER: usize = 30;
/// How many nodes before it.
const OVER: usize = 12;

pub(super) struct When {
    pub(super) published: Option<Found<Moment>>,
    pub(super) modified: Option<Found<Moment>>,
}

/// `headline` is where the heading of the title stands, where there is one.
pub(super) fn when(
    found: &Collected,
    ld: &JsonLd,
    base: Option<&Url>,
    html: &Html,
    headline: Option<usize>,
) -> When {
    let headline = headline.unwrap_or_else(|| first_heading(found));
    let language = language(found);
    let writing = Writing { month_first: month_first(&language), language: primary(&language) };
    let read = |text: &str| dates::parse_as(text, writing);
    let best = |kinds: &[DateHow], anywhere| {
        ranked(found, headline, kinds, anywhere).find_map(|date| read(&date.text))
    };
    let meta = |names: &[&str]| found.all_metas(names).find_map(read);
    let named = |date: Option<Date>, origin| date.map(|value| Found { value, origin });

    let modified = named(meta(&MODIFIED), "meta modified")
        .or_else(|| named(ld.modified.as_deref().and_then(read), "json-ld dateModified"))
        .or_else(|| named(best(&[DateHow::Modified], true), "modified markup"));
    let path = base.and_then(|url| dates::of_path(url.path()));
    let path = path.or_else(|| {
        let canonical = Url::parse(found.canonical.as_deref()?).ok()?;
        dates::of_path(canonical.path())
    });
    let under = || {
        let near = |date: &&DateText| {
            date.place <= Place::Page
                && (headline.saturating_sub(OVER)..headline + UNDER).contains(&date.order)
        };
        let kinds = [DateHow::Published, DateHow::Time, DateHow::Class, DateHow::Text];
        ranked(found, headline, &kinds, false).filter(near).find_map(|date| read(&date.text))
    };
    // A `meta` of the same day knows the time as well.
    let dated = meta(&DATED);
    let apart = |date: &Date| {
        let days =
            |dated: Date| date.day().since(dated.day()).map_or(0, |span| span.get_days().abs());
        dated.is_none_or(|dated| days(dated) > 1)
    };
    let published = named(meta(&PUBLISHED), "meta published")
        .or_else(|| named(ld.published.as_deref().and_then(read), "json-ld datePublished"))
        .or_else(|| named(best(&[DateHow::Published], true), "published markup"))
        .or_else(|| named(best(&[DateHow::Time], false), "date markup"))
        .or_else(|| named(under().filter(apart), "under the headline"))
        .or_else(|| named(dated, "meta date"))
        .or_else(|| named(best(&[DateHow::Class], false), "date markup"))
        .or_else(|| named(path, "address"))
        .or_else(|| {
            let data = found.date_in_data(html);
            named(data.as_deref().and_then(read), "script data")
        })
        .or_else(|| named(best(&[DateHow::Text], false), "text"))
        .or_else(|| named(best(&[DateHow::Modified], false), "modified markup"))
        .or_else(|| named(best(&[DateHow::Time], true), "date elsewhere"))
        .or_else(|| named(best(&[DateHow::Class, DateHow::Text], true), "date elsewhere"))
        .or_else(|| named(best(&[DateHow::Modified], true), "modified elsewhere"))
        .or_else(|| named(found.title.as_deref().and_then(read), "title"));
    // A change before the publication is a mistake of the page.
    let modified =
        modified.filter(|m| published.as_ref().is_none_or(|p| m.value.at.at() >= p.value.at.at()));
    let home = |date| at_home(date, path, found, headline, &read);
    When {
        published: published.map(|Found { value, origin }| Found { value: home(value), origin }),
        modified: modified.map(|Found { value, origin }| Found { value: value.at, origin }),
    }
}

/// A moment where the page is at home. One in UTC may be of the day before or after; then the address
/// or the date that readers see tells, and with it the offset.
fn at_home(
    date: Date,
    path: Option<Date>,
    found: &Collected,
    headline: usize,
    read: &impl Fn(&str) -> Option<Date>,
) -> Moment {
    if !date.utc {
        return date.at;
    }
    let seen = [DateHow::Published, DateHow::Time, DateHow::Class, DateHow::Text];
    let local = |date: &DateText| {
        read(&date.text).filter(|other| !other.utc && (!is_iso(&date.text) || has_zone(other)))
    };
    let here = date.day();
    let hour = date.at.local().hour();
    // Zones reach fourteen hours to the east and twelve to the west.
    let beside = |other: &Date| {
        (hour >= 10 && here.tomorrow().is_ok_and(|next| next == other.day()))
            || (hour < 12 && here.yesterday().is_ok_and(|last| last == other.day()))
    };
    if let Some(path) = path.filter(|path| path.day() == here || beside(path)) {
        return moved(date.at, &path);
    }
    // A day that confirms the moment goes before one that would move it.
    let mut other = None;
    for seen in ranked(found, headline, &seen, false).filter_map(local).take(8) {
        if seen.day() == here {
            return date.at;
        }
        other = other.or(Some(seen).filter(beside));
    }
    other.map_or(date.at, |other| moved(date.at, &other))
}

/// Whether a date is not in UTC by default.
fn has_zone(date: &Date) -> bool {
    date.at.offset() != Offset::UTC
}

/// A moment in UTC in the offset by which it is of the other date's day: the one that the other's time
/// of day shows, else the least of whole hours.
fn moved(at: Moment, other: &Date) -> Moment {
    let to_minute = |time: DateTime| time.date().at(time.hour(), time.minute(), 0, 0);
    let (utc, local) = (to_minute(at.local()), to_minute(other.at.local()));
    let minutes = |to: DateTime| utc.duration_until(to).as_mins();
    let shown = minutes(local);
    let is_shown = local.time() != Time::midnight()
        && shown % 15 == 0
        && (-12 * 60..=14 * 60).contains(&shown);
    let offset = if utc.date() == local.date() {
        0
    } else if is_shown {
        shown
    } else if utc.date() < local.date() {
        minutes(local.date().at(0, 0, 0, 0)).saturating_add(59) / 60 * 60
    } else {
        -i64::from(utc.hour() + 1) * 60
    };
    let offset =
        i32::try_from(offset * 60).ok().and_then(|seconds| Offset::from_seconds(seconds).ok());
    Moment::new(at.at(), offset.unwrap_or(Offset::UTC))
}

/// Whether a moment is written for machines: `2019-10-16T08:00:00Z`.
fn is_iso(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|w| w[1] == b'T' && w[0].is_ascii_digit() && w[2].is_ascii_digit())
}

/// Where the headline stands where no heading is the title.
fn first_heading(found: &Collected) -> usize {
    let headings = found.headings.iter().filter(|h| h.place != Place::Furniture);
    headings.min_by_key(|h| (h.level, h.order)).map_or(0, |h| h.order)
}

/// The marked dates of these kinds, best first.
fn ranked<'a>(
    found: &'a Collected,
    headline: usize,
    kinds: &[DateHow],
    anywhere: bool,
) -> impl Iterator<Item = &'a DateText> {
    let rank = |date: &DateText| {
        let distance = date.order.abs_diff(headline);
        let before = usize::from(date.order < headline);
        (date.place >= Place::Beside, date.how, distance + before * distance)
    };
    let mut candidates: Vec<&DateText> = found
        .dates
        .iter()
        .filter(|date| kinds.contains(&date.how))
        .filter(|date| anywhere || date.place <= Place::Beside)
        .collect();
    candidates.sort_by_key(|date| rank(date));
    candidates.into_iter()
}

/// The language that the page declares, in small letters, with its region.
fn language(found: &Collected) -> String {
    let language = found.meta("og:locale").or(found.language.as_deref()).unwrap_or("");
    language.replace('_', "-").to_ascii_lowercase()
}

fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or("")
}

/// Whether 4/5/2020 is in April here: American English, and English without a region.
fn month_first(language: &str) -> bool {
    language == "en" || language.starts_with("en-us") || language == "en-ph"
}
