//! The line under a headline: who, where, when.

use newsmill_article::Record;

/// `By Anna Ek and Ben Roe · Example · 2 January 2026`; `None` when nothing of it is known.
pub(super) fn byline(record: &Record) -> Option<String> {
    let mut parts = Vec::new();
    match record.authors.as_slice() {
        [] => {}
        [one] => parts.push(format!("By {one}")),
        [others @ .., last] => parts.push(format!("By {} and {last}", others.join(", "))),
    }
    parts.extend(record.site.clone());
    // The time of day is noise to a reader; the day is the one that the paper names.
    parts.extend(record.published.map(|time| time.local().strftime("%-d %B %Y").to_string()));
    (!parts.is_empty()).then(|| parts.join(" · "))
}
