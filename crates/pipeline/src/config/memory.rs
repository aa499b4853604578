//! How much the channels can hold at worst.

use std::fmt::Write;

use newsmill_article::HumanSize;

use super::Resolved;

/// A comment block: one line a channel, then the sum. Typical use is far below: a page is mostly
/// some 100 KB, an article some 10 KB.
pub(super) fn worst_case(config: &Resolved) -> String {
    let page = config.fetcher.max_page.0;
    // One byte of an old charset becomes at most three of UTF-8.
    let text = page.saturating_mul(3);
    let items = [
        ("sources", config.channels.sources, 64 << 10, "a source with its cursor"),
        ("entries", config.channels.entries, page, "an entry that carries its own page"),
        ("pages", config.channels.pages, page, "fetcher.max_page"),
        ("articles", config.channels.articles, text, "max_page as UTF-8"),
        ("records", config.channels.records, text, "max_page as UTF-8"),
    ];
    let mut out = String::from("# Memory that the channels hold at worst:\n");
    let mut sum = 0_u64;
    for (name, bound, bytes, why) in items {
        let most = bytes.saturating_mul(bound as u64);
        sum = sum.saturating_add(most);
        let line = format!("{bound} × {} ({why})", readable(bytes));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "#   {name:<9} {:>9} = {line}", readable(most));
    }
    let _ = writeln!(out, "#   {:<9} {:>9}", "together", readable(sum));
    out
}

/// Three digits are enough for people.
fn readable(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let tenths = bytes.saturating_mul(10) / unit;
            return match tenths % 10 {
                0 => format!("{} {name}", tenths / 10),
                tenth => format!("{}.{tenth} {name}", tenths / 10),
            };
        }
    }
    HumanSize(bytes).to_string()
}
