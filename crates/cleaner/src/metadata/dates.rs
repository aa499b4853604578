//! Dates as pages write them: ISO 8601, RFC 2822 and the forms of some sixty languages.
//!
//! A date without a time is midnight in UTC. A time keeps the offset that it is written with; one
//! without a zone is taken as UTC. Digits may be of any script; the calendars are the Gregorian one,
//! the solar Hijri one of Iran, Thailand's years of the Buddha and Japan's of the emperors. Leaves
//! out: what is relative to today, since a page does not say when it was today, and dates without a
//! day.
//!
//! `tokens` takes a text apart, `forms` knows the orders of day, month and year, `months` the names
//! and calendars, `time` what follows a date.

mod forms;
mod months;
mod time;
mod tokens;

use jiff::tz::Offset;
use newsmill_article::Moment;

use self::forms::{compact, numeric, with_month_name, year_first, ymd};
use self::time::Time;
use self::tokens::{Token, tokens};

/// A date that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) at: Moment,
    /// Whether it is a moment of which the page says that it is in UTC, and not midnight.
    pub(crate) utc: bool,
}

impl Date {
    /// The day as it was written, in whatever zone.
    pub(crate) fn day(self) -> jiff::civil::Date {
        self.at.local().date()
    }
}

/// What a form leaves open and the page's language decides.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Writing<'a> {
    /// 4/5/2020 is in April.
    pub(crate) month_first: bool,
    /// The first subtag of the page's language, in small letters; empty where unknown.
    pub(crate) language: &'a str,
}

/// A longer text holds no date that is worth finding, in bytes.
const LONGEST: usize = 300;

/// The first date in a text, by the rules of no language in particular.
pub(crate) fn parse(text: &str) -> Option<Date> {
    parse_as(text, Writing::default())
}

/// The first date in a text.
pub(crate) fn parse_as(text: &str, writing: Writing<'_>) -> Option<Date> {
    let text = text.trim();
    if text.len() > LONGEST || !has_digit(text) {
        return None;
    }
    let lower = tokens::plain(text);
    let tokens = tokens(&lower);
    // The forms that leave nothing to guess come first.
    let (date, range) = find(&tokens, |t| year_first(t, writing))
        .or_else(|| find(&tokens, |t| with_month_name(t, writing)))
        .or_else(|| find(&tokens, |t| numeric(t, writing)))
        .or_else(|| find(&tokens, compact))?;
    let time = time::after(&tokens[range.end..], date)
        .or_else(|| time::before(&tokens[..range.start], date));
    let Some(Time { hour, minute, second, offset }) = time else { return midnight(date) };
    // Publishers write midnight where they know no time, and the day that they mean is the one named.
    let utc = offset == Some(0) && (hour, minute, second) != (0, 0, 0);
    let offset = Offset::from_seconds(offset.unwrap_or(0)).ok()?;
    let at = offset.to_timestamp(date.at(hour, minute, second, 0)).ok()?;
    Some(Date { at: Moment::new(at, offset), utc })
}

/// Whether a text has a digit of any script, without which it has no date.
pub(super) fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
        || (!text.is_ascii() && text.chars().any(|c| tokens::digit(c).is_some()))
}

/// How many digits of any script a text has.
pub(super) fn digits(text: &str) -> usize {
    match text.is_ascii() {
        true => text.bytes().filter(u8::is_ascii_digit).count(),
        false => text.chars().filter(|c| tokens::digit(*c).is_some()).count(),
    }
}

/// Whether a word names a month.
pub(crate) fn is_month(word: &str) -> bool {
    months::month(&word.trim_end_matches(['.', ',']).to_lowercase(), "").is_some()
}

/// The date in the path of an address, such as `/2019/10/16/` or `-20191016.html`.
pub(crate) fn of_path(path: &str) -> Option<Date> {
    let lower = path.to_ascii_lowercase();
    let tokens = tokens(&lower);
    let (date, _) = find(&tokens, |t| match t {
        [
            Token::Mark('/'),
            Token::Number(y, 4),
            Token::Mark(a @ ('/' | '-')),
            Token::Number(m, 1..=2),
            Token::Mark(b),
            Token::Number(d, 1..=2),
            ..,
        ] if a == b => ymd(*y, *m, *d).map(|date| (date, 6)),
        [
            Token::Mark('/' | '-' | '_'),
            Token::Number(y, 4),
            Token::Mark('-'),
            Token::Number(m, 2),
            Token::Mark('-'),
            Token::Number(d, 2),
            ..,
        ] => ymd(*y, *m, *d).map(|date| (date, 6)),
        [
            Token::Mark('/'),
            Token::Number(y, 4),
            Token::Mark('-'),
            Token::Number(m, 2),
            Token::Mark('/'),
            Token::Number(d, 2),
            Token::Mark('/'),
            ..,
        ] => ymd(*y, *m, *d).map(|date| (date, 6)),
        // /2019/oct/16/
        [
            Token::Mark('/'),
            Token::Number(y, 4),
            Token::Mark('/'),
            Token::Word(month),
            Token::Mark('/'),
            Token::Number(d, 1..=2),
            Token::Mark('/'),
            ..,
        ] => ymd(*y, months::month(month, "")?, *d).map(|date| (date, 6)),
        [
            Token::Mark('/'),
            Token::Number(d, 2),
            Token::Mark('-'),
            Token::Number(m, 2),
            Token::Mark('-'),
            Token::Number(y, 4),
            ..,
        ] => ymd(*y, *m, *d).map(|date| (date, 6)),
        // Fourteen digits are the moment of a copy in an archive.
        [Token::Mark('/' | '-' | '_'), rest @ ..] if matches!(rest, [Token::Number(_, 8), ..]) => {
            compact(rest).map(|(date, used)| (date, used + 1))
        }
        _ => None,
    })?;
    midnight(date)
}

/// A day without a time.
fn midnight(day: jiff::civil::Date) -> Option<Date> {
    let at = Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(Date { at: at.into(), utc: false })
}

/// The first date of a form, and which tokens it is.
fn find(
    tokens: &[Token<'_>],
    form: impl Fn(&[Token<'_>]) -> Option<(jiff::civil::Date, usize)>,
) -> Option<(jiff::civil::Date, std::ops::Range<usize>)> {
    (0..tokens.len()).find_map(|at| form(&tokens[at..]).map(|(date, used)| (date, at..at + used)))
}

#[cfg(test)]
mod tests;
