//! Dates as pages write them: ISO 8601, RFC 2822 and the forms of some twenty languages.
//!
//! A date without a time is midnight in UTC, and so is a date with midnight of whatever zone:
//! publishers write it where they know no time, and the day they mean is the day they name. A time
//! without a zone is taken as UTC.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A date that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) at: Timestamp,
    /// The day as it was written, in whatever zone.
    pub(crate) day: jiff::civil::Date,
    /// Whether it is a moment in UTC, or one whose zone was not said.
    pub(crate) utc: bool,
}

/// A longer text holds no date that is worth finding, in bytes.
const LONGEST: usize = 300;
/// Before the web there was nothing to date; after this, a year is a number.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

/// Names of the months, as many forms as were met. One line a month.
const MONTHS: [&str; 12] = [
    "january jan januar jänner jän janvier janv enero ene gennaio gen janeiro januari stycznia styczeń sty января январь янв січня leden ledna januára január tammikuuta tammikuu ianuarie ocak ιανουαρίου siječnja јануара sausio janvāris jaanuar gener ιαν",
    "february feb februar février févr fév fevrier febrero febbraio fevereiro fev februari lutego luty lut февраля февраль фев февр лютого únor února februára február helmikuuta helmikuu februarie şubat φεβρουαρίου veljače фебруара vasario febrer",
    "march mar märz mrz mär maerz mars marzo março marco maart mrt marca marzec марта март мар березня březen března marec március maaliskuuta maaliskuu martie mart μαρτίου ožujka kovo març",
    "april apr avril avr abril abr aprile kwietnia kwiecień kwi апреля апрель апр квітня duben dubna apríla április huhtikuuta huhtikuu aprilie nisan απριλίου travnja априла balandžio",
    "may mai mayo maggio mag maio mei maja maj мая май травня květen května mája május toukokuuta toukokuu mayıs μαΐου svibnja gegužės maig",
    "june jun juni juin junio giugno giu junho czerwca czerwiec cze июня июнь июн червня červen června júna június kesäkuuta kesäkuu iunie haziran ιουνίου lipnja јуна birželio juny",
    "july jul juli juillet juil julio luglio lug julho lipca lipiec lip июля июль июл липня červenec července júla július heinäkuuta heinäkuu iulie temmuz ιουλίου srpnja јула liepos juliol",
    "august aug août aout agosto ago augustus sierpnia sierpień sie августа август авг серпня srpen srpna augusta augusztus elokuuta elokuu ağustos αυγούστου kolovoza августа rugpjūčio agost augusti",
    "september sep sept septembre septiembre settembre set setembro września wrzesień wrz сентября сентябрь сен сент вересня září septembra szeptember syyskuuta syyskuu septembrie eylül σεπτεμβρίου rujna септембра rugsėjo setembre setiembre",
    "october oct oktober okt octobre octubre ottobre ott outubro out października październik paź октября октябрь окт жовтня říjen října októbra október lokakuuta lokakuu octombrie ekim οκτωβρίου октобра spalio",
    "november nov novembre noviembre novembro listopada listopad lis ноября ноябрь ноя нояб листопада listopadu novembra marraskuuta marraskuu noiembrie kasım νοεμβρίου studenoga новембра lapkričio",
    "december dec dezember dez décembre déc decembre diciembre dic dicembre dezembro grudnia grudzień gru декабря декабрь дек грудня prosinec prosince decembra joulukuuta joulukuu decembrie aralık δεκεμβρίου prosinca децембра gruodžio desembre desember des",
];

static MONTH_OF: LazyLock<HashMap<&'static str, i32>> = LazyLock::new(|| {
    (1..).zip(MONTHS).flat_map(|(n, names)| names.split(' ').map(move |name| (name, n))).collect()
});

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    /// Its value and how many digits it has.
    Number(i64, usize),
    Word(&'a str),
    Mark(char),
    Space,
}

/// The first date in a text. `month_first` decides what 4/5/2020 is.
pub(crate) fn parse(text: &str, month_first: bool) -> Option<Date> {
    let text = text.trim();
    if text.len() > LONGEST || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let lower = text.to_lowercase();
    let tokens = tokens(&lower);
    // The forms that leave nothing to guess come first.
    let (date, end) = find(&tokens, year_first)
        .or_else(|| find(&tokens, with_month_name))
        .or_else(|| find(&tokens, |t| numeric(t, month_first)))
        .or_else(|| find(&tokens, compact))?;
    let date = jiff::civil::Date::new(date.0, date.1, date.2).ok()?;
    let time = time_after(&tokens[end..]);
    let Some((hour, minute, second, offset)) = time else {
        return Some(Date { at: utc(date.at(0, 0, 0, 0))?, day: date, utc: false });
    };
    let at = date.at(hour, minute, second, 0);
    if (hour, minute, second) == (0, 0, 0) {
        return Some(Date { at: utc(at)?, day: date, utc: false });
    }
    let offset = Offset::from_seconds(offset).ok()?;
    Some(Date { at: offset.to_timestamp(at).ok()?, day: date, utc: offset == Offset::UTC })
}

/// The date in the path of an address, such as `/2019/10/16/` or `-20191016.html`.
pub(crate) fn of_path(path: &str) -> Option<Date> {
    let tokens = tokens(path);
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
    let date = jiff::civil::Date::new(date.0, date.1, date.2).ok()?;
    Some(Date { at: utc(date.at(0, 0, 0, 0))?, day: date, utc: false })
}

fn utc(at: DateTime) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(at).ok()
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let class = |c: char| (c.is_ascii_digit(), c.is_alphabetic(), c.is_whitespace());
        // A run of digits, of letters of one kind, or of spaces; 年, 月 and 日 stand alone.
        let end = match class(c) {
            (false, false, false) => c.len_utf8(),
            _ if is_ideograph(c) => c.len_utf8(),
            kind => {
                rest.find(|next| class(next) != kind || is_ideograph(next)).unwrap_or(rest.len())
            }
        };
        let (token, tail) = rest.split_at(end);
        tokens.push(if c.is_ascii_digit() {
            Token::Number(token.parse().unwrap_or(i64::MAX), token.len())
        } else if c.is_alphabetic() {
            Token::Word(token)
        } else if c.is_whitespace() {
            Token::Space
        } else {
            Token::Mark(c)
        });
        rest = tail;
    }
    tokens
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

type Ymd = (i16, i8, i8);

fn find(
    tokens: &[Token<'_>],
    form: impl Fn(&[Token<'_>]) -> Option<(Ymd, usize)>,
) -> Option<(Ymd, usize)> {
    (0..tokens.len()).find_map(|at| {
        let inside_number = at > 0
            && matches!(tokens[at - 1], Token::Number(..))
            && matches!(tokens[at], Token::Number(..));
        if inside_number {
            return None;
        }
        form(&tokens[at..]).map(|(date, used)| (date, at + used))
    })
}

fn ymd(year: i64, month: i64, day: i64) -> Option<Ymd> {
    let date = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let real = YEARS.contains(&i32::from(date.0))
        && jiff::civil::Date::new(date.0, date.1, date.2).is_ok();
    real.then_some(date)
}

/// 2019-10-16, 2019/10/16, 2019.10.16, 2019年10月16日, 2019년 10월 16일.
fn year_first(tokens: &[Token<'_>]) -> Option<(Ymd, usize)> {
    let Token::Number(year, 4) = *tokens.first()? else { return None };
    let mut numbers = [0; 2];
    let mut at = 1;
    for number in &mut numbers {
        let mut separated = false;
        loop {
            match *tokens.get(at)? {
                Token::Mark('-' | '/' | '.' | '‑' | '–') if !separated => separated = true,
                Token::Word("年" | "月" | "년" | "월") if !separated => separated = true,
                Token::Space if separated => {}
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
    ymd(year, numbers[0], numbers[1]).map(|date| (date, at))
}

/// 16 October 2019, October 16th, 2019, 16. Oktober 2019, 16 de octubre de 2019, Oct 16 14:00 2019.
fn with_month_name(tokens: &[Token<'_>]) -> Option<(Ymd, usize)> {
    match *tokens.first()? {
        Token::Number(day @ 1..=31, 1..=2) => {
            let (at, month) = skip_to_word(tokens, 1)?;
            let (at, year, digits) = skip_to_number(tokens, at)?;
            ymd(full_year(year, digits)?, month, day).map(|date| (date, at))
        }
        Token::Word(word) => {
            let month = month(word)?;
            let (at, day, _) = skip_to_number(tokens, 1)?;
            let (at, year, digits) = skip_to_number(tokens, at)?;
            if digits != 4 {
                return None;
            }
            ymd(year, month, day).map(|date| (date, at))
        }
        // 2019 október 16.
        Token::Number(year, 4) => {
            let (at, month) = skip_to_word(tokens, 1)?;
            let (at, day, _) = skip_to_number(tokens, at)?;
            ymd(year, month, day).map(|date| (date, at))
        }
        _ => None,
    }
}

/// Whether a word names a month.
pub(crate) fn is_month(word: &str) -> bool {
    month(&word.trim_end_matches(['.', ',']).to_lowercase()).is_some()
}

fn month(word: &str) -> Option<i64> {
    MONTH_OF.get(word).map(|n| i64::from(*n))
}

/// The name of a month, past what may stand between it and a number.
fn skip_to_word(tokens: &[Token<'_>], from: usize) -> Option<(usize, i64)> {
    for (at, token) in tokens.iter().enumerate().skip(from).take(6) {
        match *token {
            Token::Space | Token::Mark('.' | ',' | '-' | '/' | 'º' | '°') => {}
            Token::Word(
                "st" | "nd" | "rd" | "th" | "de" | "of" | "er" | "ter" | "d" | "º" | "ª",
            ) => {}
            Token::Word(word) => return Some((at + 1, month(word)?)),
            _ => return None,
        }
    }
    None
}

/// A number, past what may stand between it and the name of a month.
fn skip_to_number(tokens: &[Token<'_>], from: usize) -> Option<(usize, i64, usize)> {
    for (at, token) in tokens.iter().enumerate().skip(from).take(7) {
        match *token {
            Token::Space | Token::Mark('.' | ',' | '-' | '/' | '\'' | '’') => {}
            Token::Word("de" | "del" | "of" | "st" | "nd" | "rd" | "th" | "the") => {}
            Token::Number(value, digits) => return Some((at + 1, value, digits)),
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

/// 16.10.2019, 16/10/2019, 16-10-19, 16. 10. 2019, 16 | 10 | 2019, 10/16/2019.
fn numeric(tokens: &[Token<'_>], month_first: bool) -> Option<(Ymd, usize)> {
    let Token::Number(first, 1..=2) = *tokens.first()? else { return None };
    if let [
        _,
        Token::Space,
        Token::Mark('|'),
        Token::Space,
        Token::Number(month, 1..=2),
        Token::Space,
        Token::Mark('|'),
        Token::Space,
        Token::Number(year, 4),
        ..,
    ] = *tokens
    {
        return ymd(year, month, first).map(|date| (date, 9));
    }
    let Token::Mark(mark @ ('.' | '/' | '-')) = *tokens.get(1)? else { return None };
    let space = |at: usize| usize::from(mark == '.' && tokens.get(at) == Some(&Token::Space));
    let at = 2 + space(2);
    let Token::Number(second, 1..=2) = *tokens.get(at)? else { return None };
    if *tokens.get(at + 1)? != Token::Mark(mark) {
        return None;
    }
    let at = at + 2 + space(at + 2);
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
        (false, false) if month_first && mark == '/' => (second, first),
        _ => (first, second),
    };
    ymd(year, month, day).map(|date| (date, at + 1))
}

/// 20191016, 20191016T1400.
fn compact(tokens: &[Token<'_>]) -> Option<(Ymd, usize)> {
    let Token::Number(value, digits @ (8 | 12 | 14)) = *tokens.first()? else { return None };
    let date = value / 10_i64.pow(u32::try_from(digits).ok()? - 8);
    ymd(date / 10_000, date / 100 % 100, date % 100).map(|date| (date, 1))
}

/// Hour, minute, second and offset in seconds, where a time follows a date.
fn time_after(tokens: &[Token<'_>]) -> Option<(i8, i8, i8, i32)> {
    let at = tokens.iter().take(12).enumerate().find_map(|(at, token)| match *token {
        Token::Number(0..=23, 1..=2) => {
            let colon = match tokens.get(at + 1) {
                Some(Token::Mark(':')) => true,
                // 14.30 Uhr, 14h30.
                Some(Token::Word("h" | "時" | "시")) => true,
                Some(Token::Mark('.')) => {
                    tokens[at..].iter().take(5).any(|t| matches!(t, Token::Word("uhr" | "klo")))
                }
                _ => false,
            };
            (colon && matches!(tokens.get(at + 2), Some(Token::Number(0..=59, 2)))).then_some(at)
        }
        _ => None,
    })?;
    let (Token::Number(mut hour, _), Token::Number(minute, _)) = (tokens[at], tokens[at + 2])
    else {
        return None;
    };
    let mut rest = &tokens[at + 3..];
    let mut second = 0;
    if let [Token::Mark(':'), Token::Number(value @ 0..=59, 2), tail @ ..] = rest {
        second = *value;
        rest = tail;
    }
    if let [Token::Mark('.' | ','), Token::Number(..), tail @ ..] = rest {
        rest = tail;
    }
    if let [Token::Space, Token::Word("uhr"), tail @ ..] = rest {
        rest = tail;
    }
    let (half, tail) = match rest {
        [Token::Space, Token::Word(w @ ("am" | "pm")), tail @ ..]
        | [Token::Word(w @ ("am" | "pm")), tail @ ..] => (Some(*w), tail),
        [
            Token::Space,
            Token::Word(w @ ("a" | "p")),
            Token::Mark('.'),
            Token::Word("m"),
            tail @ ..,
        ] => (Some(*w), tail),
        _ => (None, rest),
    };
    match half {
        Some("pm" | "p") if hour < 12 => hour += 12,
        Some("am" | "a") if hour == 12 => hour = 0,
        _ => {}
    }
    let to = |value: i64| i8::try_from(value).ok();
    Some((to(hour)?, to(minute)?, to(second)?, offset(tail)))
}

/// The offset from UTC that opens what follows a time, in seconds; 0 where there is none.
fn offset(tokens: &[Token<'_>]) -> i32 {
    let skipped = tokens.iter().take_while(|t| matches!(t, Token::Space | Token::Mark('.' | '(')));
    let tokens = &tokens[skipped.count()..];
    let hours = |n: i64| i32::try_from(n).unwrap_or(0) * 3600;
    match tokens {
        [Token::Word("gmt" | "utc"), tail @ ..] if !tail.is_empty() => match tail {
            [Token::Mark('+' | '-'), Token::Number(..), ..] => offset(tail),
            _ => 0,
        },
        [Token::Mark(sign @ ('+' | '-' | '−')), Token::Number(value, digits), tail @ ..] => {
            let seconds = match (digits, tail) {
                (4, _) => hours(value / 100) + i32::try_from(value % 100).unwrap_or(0) * 60,
                (1 | 2, [Token::Mark(':'), Token::Number(minutes, 2), ..]) => {
                    hours(*value) + i32::try_from(*minutes).unwrap_or(0) * 60
                }
                (1 | 2, _) => hours(*value),
                _ => 0,
            };
            let seconds = if seconds > 18 * 3600 { 0 } else { seconds };
            if *sign == '+' { seconds } else { -seconds }
        }
        [Token::Word(zone), ..] => match *zone {
            "cet" | "mez" | "bst" => 3600,
            "cest" | "mesz" | "eet" | "sast" => 2 * 3600,
            "eest" | "msk" => 3 * 3600,
            "est" | "et" | "cdt" => -5 * 3600,
            "edt" => -4 * 3600,
            "cst" | "mdt" => -6 * 3600,
            "mst" | "pdt" | "pt" => -7 * 3600,
            "pst" => -8 * 3600,
            "jst" | "kst" => 9 * 3600,
            _ => 0,
        },
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> String {
        parse(text, false).map_or_else(|| "none".to_owned(), |date| date.at.to_string())
    }

    #[test]
    fn dates_of_many_languages() {
        for text in [
            "16 October 2019",
            "Published: Wednesday, October 16th, 2019",
            "Oct. 16, 2019",
            "Mittwoch, 16. Oktober 2019",
            "Stand: 16.10.2019",
            "16. 10. 2019",
            "16.10.19",
            "16 | 10 | 2019",
            "Publié le 16 octobre 2019",
            "16 de octubre de 2019",
            "16 outubro 2019",
            "16 de outubro de 2019",
            "mercoledì 16 ottobre 2019",
            "woensdag 16 oktober 2019",
            "16 października 2019",
            "16 октября 2019 г.",
            "16. října 2019",
            "16 oktober, 2019",
            "2019. október 16.",
            "16 Ekim 2019",
            "16 Οκτωβρίου 2019",
            "2019年10月16日",
            "2019년 10월 16일",
            "10/16/2019",
            "2019/10/16",
            "20191016",
            "2019-10-16T00:00:00+02:00",
        ] {
            assert_eq!(at(text), "2019-10-16T00:00:00Z", "{text}");
        }
        assert_eq!(at("1er août 2019"), "2019-08-01T00:00:00Z");
        assert_eq!(at("1. März 2019"), "2019-03-01T00:00:00Z");
    }

    #[test]
    fn times_and_zones() {
        for (text, want) in [
            ("2019-10-16T14:05:06Z", "2019-10-16T14:05:06Z"),
            ("2019-10-16T14:05:06.123+02:00", "2019-10-16T12:05:06Z"),
            ("2019-10-16T14:05:06+0200", "2019-10-16T12:05:06Z"),
            ("2019-10-16 14:05:06 +0200", "2019-10-16T12:05:06Z"),
            ("2019-10-16 14:05", "2019-10-16T14:05:00Z"),
            ("Wed, 16 Oct 2019 14:05:06 GMT", "2019-10-16T14:05:06Z"),
            ("Wed, 16 Oct 2019 14:05:06 -0700", "2019-10-16T21:05:06Z"),
            ("16. Oktober 2019, 14:05 Uhr", "2019-10-16T14:05:00Z"),
            ("16.10.2019 um 14.05 Uhr", "2019-10-16T14:05:00Z"),
            ("le 16/10/2019 à 14h05", "2019-10-16T14:05:00Z"),
            ("October 16, 2019 at 2:05 p.m. EDT", "2019-10-16T18:05:00Z"),
            ("October 16, 2019 12:05 AM", "2019-10-16T00:05:00Z"),
        ] {
            assert_eq!(at(text), want, "{text}");
        }
        assert_eq!(parse("4/5/2020", true).unwrap().at.to_string(), "2020-04-05T00:00:00Z");
        assert_eq!(parse("4/5/2020", false).unwrap().at.to_string(), "2020-05-04T00:00:00Z");
    }

    #[test]
    fn numbers_that_are_no_dates() {
        for text in [
            "",
            "Version 1.2.10.3",
            "31.02.2020",
            "1850",
            "0001-01-01",
            "1970-01-01",
            "12:30",
            "in May",
            "2019-13-01",
            "99.99.9999",
        ] {
            assert_eq!(at(text), "none", "{text}");
        }
    }

    #[test]
    fn addresses_carry_dates() {
        let of = |path| of_path(path).map(|date| date.at.to_string());
        let want = Some("2019-10-16T00:00:00Z".to_owned());
        assert_eq!(of("/2019/10/16/a-title"), want);
        assert_eq!(of("/news/2019-10-16/x"), want);
        assert_eq!(of("/a-20191016.html"), want);
        assert_eq!(of("/2019-10/16/c_1125.htm"), want);
        assert_eq!(of("/reports/16-10-2019"), want);
        assert_eq!(of("/a/12345678/b"), None);
        assert_eq!(of("/2019/10/a-title-16"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in "[0-9a-zäµ年月日T:+./ ,-]{0,40}|\\PC{0,60}", first in any::<bool>()) {
            parse(&text, first);
            of_path(&text);
        }

        #[test]
        fn every_day_reads_back(day in 0..40_000_i64) {
            let at = Timestamp::from_second(631_152_000 + day * 86_400).unwrap();
            let read = parse(&at.to_string()[..10], false).unwrap();
            prop_assert_eq!(read.at, at);
        }
    }
}
