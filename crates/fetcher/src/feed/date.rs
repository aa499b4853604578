//! Dates as feeds write them: RFC 2822, RFC 3339 and W3C-DTF, and what people make of them.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use newsmill_article::Moment;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Zones that RFC 822 and common usage name, in minutes east of UTC.
const ZONES: [(&str, i32); 18] = [
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("wet", 0),
    ("bst", 60),
    ("cet", 60),
    ("cest", 120),
    ("eet", 120),
    ("msk", 180),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
];

/// The moment that a text names, in the offset that it gives. A date alone is midnight, a missing
/// zone is UTC; `None` where there is no date in it.
pub(crate) fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    if text.len() > 100 {
        return None;
    }
    let (date, rest) = numeric_date(text).or_else(|| worded_date(text))?;
    let (time, zone) = time_and_zone(rest);
    let offset = Offset::from_seconds(zone * 60).ok()?;
    let at = offset.to_timestamp(date.to_datetime(time)).ok()?;
    Some(Moment::new(at, offset))
}

/// `2004-02-28T…`, `2004-02`, `2004`, `20040228`, `2004/02/28`, `2004-059`.
fn numeric_date(text: &str) -> Option<(Date, &str)> {
    let year_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(year_end);
    match digits.len() {
        8 => {
            let (year, month, day) = (&digits[..4], &digits[4..6], &digits[6..]);
            Some((
                Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?,
                rest,
            ))
        }
        4 => {
            let year: i16 = digits.parse().ok()?;
            let Some(after) = rest.strip_prefix(['-', '/', '.']) else {
                return rest
                    .is_empty()
                    .then_some(())
                    .and_then(|()| Some((Date::new(year, 1, 1).ok()?, rest)));
            };
            let (first, length, after) = number(after)?;
            if length == 3 {
                let days = jiff::Span::new().try_days(first - 1).ok()?;
                return Some((Date::new(year, 1, 1).ok()?.checked_add(days).ok()?, after));
            }
            let month = i8::try_from(first).ok()?;
            let Some((day, _, after)) = after.strip_prefix(['-', '/', '.']).and_then(number) else {
                return Some((Date::new(year, month, 1).ok()?, after));
            };
            Some((Date::new(year, month, i8::try_from(day).ok()?).ok()?, after))
        }
        _ => None,
    }
}

/// `Thu, 01 Jan 2004 19:48:21 GMT`, with or without the weekday, in any order of day, month, year.
fn worded_date(text: &str) -> Option<(Date, &str)> {
    let (mut day, mut month, mut year) = (None, None, None);
    let mut rest = text;
    while day.is_none() || month.is_none() || year.is_none() {
        rest = rest
            .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '-' | '.' | '/'));
        if let Some((value, length, after)) = number(rest) {
            // `Thu Jan 1 19:48:21 2004` has its year after the time.
            if after.starts_with(':') {
                let year_at = rest.rfind(' ')?;
                let (value, _, _) = number(rest[year_at..].trim_start())?;
                year = Some(value);
                break;
            }
            match (length, day) {
                (1..=2, None) => day = Some(value),
                _ => year = Some(if length == 2 { full_year(value) } else { value }),
            }
            rest = after;
        } else {
            let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
            let word = rest.get(..end).filter(|word| !word.is_empty())?;
            let word3 = word.to_lowercase();
            let place = MONTHS.iter().position(|name| word3.starts_with(name));
            // A weekday is any other word before the day of the month.
            month = month.or(place.map(|place| place + 1));
            rest = &rest[end..];
        }
    }
    let (year, month) = (i16::try_from(year?).ok()?, i8::try_from(month?).ok()?);
    Some((Date::new(year, month, i8::try_from(day?).ok()?).ok()?, rest))
}

/// Two digits: 1950 to 2049.
fn full_year(two: i64) -> i64 {
    if two < 50 { 2000 + two } else { 1900 + two }
}

fn number(text: &str) -> Option<(i64, usize, &str)> {
    let length = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(length);
    (length <= 4).then_some(())?;
    Some((digits.parse().ok()?, length, rest))
}

/// A time of day and minutes east of UTC, each where it can be read.
fn time_and_zone(text: &str) -> (Time, i32) {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, 'T' | 't' | ','));
    let Some((hour, _, rest)) = number(text).filter(|(_, length, _)| *length <= 2) else {
        return (Time::midnight(), zone(text));
    };
    let field = |rest: &'_ str| -> Option<(i64, usize)> {
        let (value, length, _) = number(rest.strip_prefix(':')?)?;
        Some((value, length + 1))
    };
    let (minute, used) = field(rest).unwrap_or((0, 0));
    let rest = &rest[used..];
    let (second, used) = field(rest).unwrap_or((0, 0));
    let mut rest = &rest[used..];
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let rest = rest.trim_start();
    let afternoon = rest.get(..2).map(str::to_ascii_lowercase);
    let (hour, rest) = match (afternoon.as_deref(), hour) {
        (Some("pm"), 1..=11) => (hour + 12, &rest[2..]),
        (Some("am"), 12) => (0, &rest[2..]),
        (Some("am" | "pm"), _) => (hour, &rest[2..]),
        _ => (hour, rest),
    };
    // 24:00 and the leap second 60 are the last moment that a civil time can say.
    let byte = |value: i64, most: i64| i8::try_from(value.min(most)).unwrap_or(0);
    let time = Time::new(byte(hour, 23), byte(minute, 59), byte(second, 59), 0);
    (time.unwrap_or(Time::midnight()), zone(rest))
}

fn zone(text: &str) -> i32 {
    let text = text.trim();
    let named = |name: &str| ZONES.iter().find(|(zone, _)| zone.eq_ignore_ascii_case(name));
    let word = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    let rest = &text[word.len()..];
    let base = named(word).map_or(0, |(_, minutes)| *minutes);
    let (sign, digits) = match rest.as_bytes().first() {
        Some(b'+') => (1, &rest[1..]),
        Some(b'-') => (-1, &rest[1..]),
        _ => return base,
    };
    let digits: String =
        digits.chars().filter(|c| *c != ':').take_while(char::is_ascii_digit).collect();
    let offset = match (digits.len(), digits.parse::<i32>()) {
        (1 | 2, Ok(hours)) => hours * 60,
        (3 | 4, Ok(both)) => both / 100 * 60 + both % 100,
        _ => 0,
    };
    base + sign * offset.min(24 * 60 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_many_kinds() {
        for (text, expected) in [
            ("Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("01 Jan 04 19:48 EST", "2004-01-01T19:48:00-05:00"),
            ("Thu,  5 Aug 2004 9:48:21 +0200", "2004-08-05T09:48:21+02:00"),
            ("Thursday, 5 August 2004 09:48 PM", "2004-08-05T21:48:00Z"),
            ("August 5, 2004 12:01 am", "2004-08-05T00:01:00Z"),
            ("Thu Jan  1 19:48:21 2004", "2004-01-01T19:48:21Z"),
            ("2003-12-31T10:14:55-08:00", "2003-12-31T10:14:55-08:00"),
            ("2003-12-31T10:14:55.123456Z", "2003-12-31T10:14:55Z"),
            ("2003-12-31 10:14", "2003-12-31T10:14:00Z"),
            ("2003-12", "2003-12-01T00:00:00Z"),
            ("2003", "2003-01-01T00:00:00Z"),
            ("20031231", "2003-12-31T00:00:00Z"),
            ("2003-335", "2003-12-01T00:00:00Z"),
            ("2003-12-31T10:14:55-15:00", "2004-01-01T01:14:55Z"),
            ("Wed, 31 Dec 2003 10:14:55 GMT+01:00", "2003-12-31T10:14:55+01:00"),
        ] {
            let read = parse(text).map(|instant| instant.to_string());
            assert_eq!(read.as_deref(), Some(expected), "{text}");
        }
        for none in
            ["", "yesterday", "13", "2003-13-01", "Thu, 41 Jan 2004", "é".repeat(90).as_str()]
        {
            assert_eq!(parse(none), None, "{none}");
        }
    }
}
