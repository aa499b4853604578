//! The orders in which day, month and year are written.

use jiff::civil::Date;

use super::Writing;
use super::months::{from_solar_hijri, month, month_of_two, solar_hijri_month};
use super::tokens::Token;

/// Before the web there was nothing to date; after this, a year is a number.
const YEARS: std::ops::RangeInclusive<i64> = 1990..=2100;
/// Years of the Buddha, from 1990 on; Thailand counts in them.
const BUDDHIST: std::ops::RangeInclusive<i64> = 2533..=2643;
/// Solar Hijri years, from 1990 on.
const SOLAR_HIJRI: std::ops::RangeInclusive<i64> = 1368..=1478;

/// A date, and how many tokens it takes.
type Read = Option<(Date, usize)>;

pub(super) fn ymd(year: i64, month: i64, day: i64) -> Option<Date> {
    if !YEARS.contains(&year) {
        return None;
    }
    let small = |value| i8::try_from(value).ok();
    Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()
}

/// A date whose year may be of the calendar of the page's language.
fn counted(year: i64, month: i64, day: i64, writing: Writing<'_>) -> Option<Date> {
    if BUDDHIST.contains(&year) && writing.language == "th" {
        return ymd(year - 543, month, day);
    }
    if SOLAR_HIJRI.contains(&year) && writing.language == "fa" {
        return from_solar_hijri(year, month, day);
    }
    ymd(year, month, day)
}

/// 2019-10-16, 2019/10/16, 2019.10.16, 2019年10月16日, 2019년 10월 16일, 令和元年10月16日.
pub(super) fn year_first(tokens: &[Token<'_>], writing: Writing<'_>) -> Read {
    let (year, mut at) = match *tokens {
        [Token::Number(year, 4), ..] => (year, 1),
        [Token::Word(a), Token::Word(b), Token::Number(n, 1..=3), ..] => (era(a, b)? + n, 3),
        [Token::Word(a), Token::Word(b), Token::Word("元"), ..] => (era(a, b)? + 1, 3),
        _ => return None,
    };
    let mut numbers = [0; 2];
    for number in &mut numbers {
        let mut separated = false;
        loop {
            match *tokens.get(at)? {
                Token::Mark('-' | '/' | '.' | '–') if !separated => separated = true,
                Token::Word("年" | "月" | "년" | "월") if !separated => separated = true,
                Token::Space if separated || ideograph_at(tokens, at + 1) => {}
                Token::Number(value, 1..=2) if separated => {
                    *number = value;
                    break;
                }
                _ => return None,
            }
            at += 1;
        }
        at += 1;
    }
    counted(year, numbers[0], numbers[1], writing).map(|date| (date, at))
}

fn ideograph_at(tokens: &[Token<'_>], at: usize) -> bool {
    matches!(tokens.get(at), Some(Token::Word("年" | "月" | "년" | "월")))
}

/// The year before the first of an era of Japan or Taiwan.
fn era(a: &str, b: &str) -> Option<i64> {
    match (a, b) {
        ("令", "和") => Some(2018),
        ("平", "成") => Some(1988),
        ("民", "國" | "国") => Some(1911),
        _ => None,
    }
}

/// 16 October 2019, October 16th, 2019, 16. Oktober 2019, 16 de octubre de 2019, 2019. október 16.,
/// 2019. gada 16. oktobris, Oct 16 14:00 2019.
pub(super) fn with_month_name(tokens: &[Token<'_>], writing: Writing<'_>) -> Read {
    match *tokens.first()? {
        Token::Number(day @ 1..=31, 1..=2) => {
            let (at, month) = skip_to_month(tokens, 1, writing)?;
            let (at, year, digits) = skip_to_number(tokens, at)?;
            in_calendar(month, year, digits, day).map(|date| (date, at))
        }
        Token::Word(_) => {
            let (at, month) = month_at(tokens, 0, writing)?;
            let (behind_day, day, digits) = skip_to_number(tokens, at)?;
            if digits > 2 {
                return None;
            }
            match skip_to_number(tokens, behind_day) {
                Some((at, year, 4)) => in_calendar(month, year, 4, day).map(|date| (date, at)),
                // The year stands behind the time; that is read from here.
                _ => {
                    let year = year_after_time(tokens, behind_day)?;
                    in_calendar(month, year, 4, day).map(|date| (date, behind_day))
                }
            }
        }
        Token::Number(year, 4) => {
            if let Some((at, month)) = skip_to_month(tokens, 1, writing) {
                let (at, day, _) = skip_to_number(tokens, at)?;
                return in_calendar(month, year, 4, day).map(|date| (date, at));
            }
            let (at, day, digits) = skip_to_number(tokens, 1)?;
            let (at, month) = skip_to_month(tokens, at, writing).filter(|_| digits <= 2)?;
            in_calendar(month, year, 4, day).map(|date| (date, at))
        }
        _ => None,
    }
}

/// A month by its name, which may tell the calendar.
#[derive(Clone, Copy)]
enum Month {
    Gregorian(i64),
    /// By a Thai name, with a year of the Buddha or of ours.
    Thai(i64),
    SolarHijri(i64),
}

fn in_calendar(month: Month, year: i64, digits: usize, day: i64) -> Option<Date> {
    match month {
        Month::Gregorian(month) => ymd(full_year(year, digits)?, month, day),
        Month::Thai(month) if digits == 2 => ymd(year + 2500 - 543, month, day),
        Month::Thai(month) if BUDDHIST.contains(&year) => ymd(year - 543, month, day),
        Month::Thai(month) => ymd(year, month, day),
        Month::SolarHijri(month) => from_solar_hijri(year, month, day),
    }
}

/// The month that is named at a place, and where its name ends.
fn month_at(tokens: &[Token<'_>], at: usize, writing: Writing<'_>) -> Option<(usize, Month)> {
    let Token::Word(word) = *tokens.get(at)? else { return None };
    if word.starts_with(|c: char| matches!(c, '\u{e00}'..='\u{e7f}')) {
        // Thai shortens with stops: ต.ค.
        if let Some(month) = month(word, writing.language) {
            return Some((at + 1, Month::Thai(month)));
        }
        let [Token::Mark('.'), Token::Word(second), ..] = tokens[at + 1..] else { return None };
        let number = month(&format!("{word}.{second}"), writing.language)?;
        return Some((at + 3, Month::Thai(number)));
    }
    // Vietnamese numbers its months: 16 tháng 10.
    if word == "tháng"
        && let Some((end, number, 1..=2)) = skip_to_number(tokens, at + 1)
    {
        return Some((end, Month::Gregorian(number)));
    }
    if let [Token::Space, Token::Word(second), ..] = tokens[at + 1..]
        && let Some(number) = month_of_two(word, second)
    {
        return Some((at + 3, Month::Gregorian(number)));
    }
    if let Some(number) = month(word, writing.language) {
        // Arabic papers write both names: أكتوبر/تشرين الأول.
        let end = match tokens[at + 1..] {
            [Token::Mark('/'), Token::Word(a), Token::Space, Token::Word(b), ..]
                if month_of_two(a, b) == Some(number) =>
            {
                at + 5
            }
            [Token::Mark('/'), Token::Word(other), ..]
                if month(other, writing.language) == Some(number) =>
            {
                at + 3
            }
            _ => at + 1,
        };
        return Some((end, Month::Gregorian(number)));
    }
    solar_hijri_month(word).map(|number| (at + 1, Month::SolarHijri(number)))
}

/// The name of a month, past what may stand between it and a number.
fn skip_to_month(
    tokens: &[Token<'_>],
    from: usize,
    writing: Writing<'_>,
) -> Option<(usize, Month)> {
    for (at, token) in tokens.iter().enumerate().skip(from).take(8) {
        match *token {
            Token::Space
            | Token::Mark('.' | ',' | '-' | '–' | '/' | 'º' | '°' | '\'' | '’' | '|') => {}
            Token::Word(
                "st" | "nd" | "rd" | "th" | "de" | "of" | "er" | "ter" | "d" | "º" | "ª" | "o"
                | "m" | "gada" | "ko" | "di" | "ngày" | "η" | "год" | "oy" | "mh",
            ) => {}
            Token::Word(_) => return month_at(tokens, at, writing),
            _ => return None,
        }
    }
    None
}

/// A number, past what may stand between it and the name of a month.
fn skip_to_number(tokens: &[Token<'_>], from: usize) -> Option<(usize, i64, usize)> {
    for (at, token) in tokens.iter().enumerate().skip(from).take(8) {
        match *token {
            Token::Space | Token::Mark('.' | ',' | '-' | '–' | '/' | '\'' | '’' | '|') => {}
            Token::Word(
                "de" | "del" | "of" | "st" | "nd" | "rd" | "th" | "the" | "năm" | "gada" | "m"
                | "y" | "พ" | "ศ" | "ค" | "ปี" | "da" | "do" | "ko" | "año" | "e",
            ) => {}
            Token::Number(value, digits) => return Some((at + 1, value, digits)),
            _ => return None,
        }
    }
    None
}

/// The year in ` 14:00:00 UTC 2019`.
fn year_after_time(tokens: &[Token<'_>], from: usize) -> Option<i64> {
    let mut colons = 0;
    for token in tokens.iter().skip(from).take(12) {
        match *token {
            Token::Number(year, 4) if colons > 0 => return Some(year),
            Token::Mark(':') => colons += 1,
            Token::Space | Token::Number(_, 1..=2) | Token::Mark('+' | '-') => {}
            Token::Word(word) if word.len() <= 4 => {}
            // An offset without a colon, which is four digits too, stands before the year.
            _ => return None,
        }
    }
    None
}

fn full_year(year: i64, digits: usize) -> Option<i64> {
    match digits {
        4 => Some(year),
        2 if year < 70 => Some(2000 + year),
        2 => Some(1900 + year),
        _ => None,
    }
}

/// 16.10.2019, 16/10/2019, 16-10-19, 16. 10. 2019, 16/10 2019, 16 | 10 | 2019, 10/16/2019.
pub(super) fn numeric(tokens: &[Token<'_>], writing: Writing<'_>) -> Read {
    let Token::Number(first, 1..=2) = *tokens.first()? else { return None };
    let (mark, at) = match tokens[1..] {
        [Token::Mark(mark @ ('.' | '/' | '-')), ..] => (mark, 2),
        [Token::Space, Token::Mark(mark @ ('|' | '/')), Token::Space, ..] => (mark, 4),
        _ => return None,
    };
    let spaced = at == 4;
    let space =
        |at: usize| usize::from((mark == '.' || spaced) && tokens.get(at) == Some(&Token::Space));
    let at = at + space(at);
    let Token::Number(second, 1..=2) = *tokens.get(at)? else { return None };
    let at = at + 1 + if spaced { space(at + 1) } else { 0 };
    // Danes write 16/10 2019 and 16/10-2019.
    let loose = mark == '/' && matches!(tokens.get(at + 1), Some(Token::Number(_, 4)));
    match *tokens.get(at)? {
        Token::Mark(next) if next == mark => {}
        Token::Space | Token::Mark('-') if loose => {}
        _ => return None,
    }
    let at = at + 1 + space(at + 1);
    let Token::Number(year, digits @ (2 | 4)) = *tokens.get(at)? else { return None };
    // A fourth number makes it a version or an address.
    if let [Token::Mark(next), Token::Number(..), ..] = tokens[at + 1..]
        && next == mark
    {
        return None;
    }
    let year = full_year(year, digits)?;
    let (day, month) = match (first > 12, second > 12) {
        (false, true) => (second, first),
        (false, false) if writing.month_first && mark == '/' => (second, first),
        _ => (first, second),
    };
    counted(year, month, day, writing).map(|date| (date, at + 1))
}

/// 20191016, 20191016T1400.
pub(super) fn compact(tokens: &[Token<'_>]) -> Read {
    let Token::Number(value, digits @ (8 | 12 | 14)) = *tokens.first()? else { return None };
    let date = value / 10_i64.pow(u32::try_from(digits).ok()? - 8);
    ymd(date / 10_000, date / 100 % 100, date % 100).map(|date| (date, 1))
}
