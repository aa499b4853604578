//! The time of day beside a date, and its zone.

use jiff::civil::{Date, Weekday};

use super::tokens::Token;

/// A time as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) hour: i8,
    pub(super) minute: i8,
    pub(super) second: i8,
    /// Seconds east of UTC; `None` where no zone was written.
    pub(super) offset: Option<i32>,
}

/// How many tokens may part a date from its time.
const NEAR: usize = 12;

/// The time that follows a date.
pub(super) fn after(tokens: &[Token<'_>], date: Date) -> Option<Time> {
    (0..tokens.len().min(NEAR)).find_map(|at| {
        let (time, _) = clock(tokens, at, date)?;
        Some(time)
    })
}

/// The time directly before a date: "14:05, 16 October 2019", "8.15 Uhr | 16.10.2019".
pub(super) fn before(tokens: &[Token<'_>], date: Date) -> Option<Time> {
    let from = tokens.len().saturating_sub(NEAR);
    (from..tokens.len()).find_map(|at| {
        let (time, end) = clock(tokens, at, date)?;
        let is_near = tokens.get(end..)?.iter().all(|token| {
            matches!(
                token,
                Token::Space
                    | Token::Mark(',' | '|' | '-' | '–' | '·' | ')')
                    | Token::Word("on" | "am" | "den" | "le" | "el" | "il" | "em" | "dne")
            )
        });
        is_near.then_some(time)
    })
}

/// The time that is written at a place, and where it ends.
fn clock(tokens: &[Token<'_>], at: usize, date: Date) -> Option<(Time, usize)> {
    let Token::Number(mut hour @ 0..=23, 1..=2) = *tokens.get(at)? else { return None };
    let after = &tokens[at + 1..];
    let (mut minute, mut second) = (0, 0);
    let mut end = at + 1;
    match *after {
        [Token::Mark(':'), Token::Number(m @ 0..=59, 2), ..] => {
            (minute, end) = (m, at + 3);
            if let [Token::Mark(':'), Token::Number(s @ 0..=59, 2), ..] = after[2..] {
                (second, end) = (s, at + 5);
                if let [Token::Mark('.' | ','), Token::Number(..), ..] = after[4..] {
                    end = at + 7;
                }
            }
        }
        // 14h30, 14時30分, 14시 30분.
        [Token::Word("h" | "時" | "时" | "點" | "点" | "시"), ..] => {
            let skip = usize::from(after.get(1) == Some(&Token::Space));
            match after.get(1 + skip) {
                Some(Token::Number(m @ 0..=59, 2)) => (minute, end) = (*m, at + 3 + skip),
                _ if after[0] == Token::Word("h") => return None,
                _ => end = at + 2,
            }
        }
        // 14.30 Uhr, klo 14.30, kl. 14.30.
        [Token::Mark('.'), Token::Number(m @ 0..=59, 2), ..] => {
            let is_called = [1, 2].iter().any(|back| {
                let word = at.checked_sub(*back).and_then(|at| tokens.get(at));
                matches!(word, Some(Token::Word("klo" | "kl" | "ore")))
            });
            let is_time = match after[2..] {
                [Token::Space, Token::Word(word), ..] | [Token::Word(word), ..] => {
                    matches!(word, "uhr" | "am" | "pm")
                }
                _ => false,
            };
            if !is_called && !is_time {
                return None;
            }
            (minute, end) = (m, at + 3);
        }
        // 14 Uhr, 2 pm, 2am; Germans mean a day by "am".
        [Token::Space, Token::Word("uhr" | "pm"), ..] | [Token::Word("am" | "pm"), ..] => {}
        _ => return None,
    }
    if let [Token::Space, Token::Word("uhr" | "น" | "ч"), ..] = tokens[end..] {
        end += 2;
    }
    let (half, used) = half_after(&tokens[end..]);
    end += used;
    match half.or_else(|| half_before(&tokens[..at])) {
        Some(Half::Second) if hour < 12 => hour += 12,
        Some(Half::First) if hour == 12 => hour = 0,
        _ => {}
    }
    let small = |value: i64| i8::try_from(value).ok();
    let offset = offset(&tokens[end..], date);
    let time = Time { hour: small(hour)?, minute: small(minute)?, second: small(second)?, offset };
    Some((time, end))
}

/// The halves of a day of twice twelve hours.
#[derive(Debug, Clone, Copy)]
enum Half {
    First,
    Second,
}

/// "p.m." and its kin behind a time, and how many tokens they take.
fn half_after(tokens: &[Token<'_>]) -> (Option<Half>, usize) {
    let skip = usize::from(tokens.first() == Some(&Token::Space));
    let half = |word: &str| match word {
        "am" | "a" | "πμ" | "π" | "ص" | "صباحا" | "صباحًا" | "sa" => {
            Some(Half::First)
        }
        "pm" | "p" | "μμ" | "μ" | "م" | "مساء" | "مساءً" | "ch" => Some(Half::Second),
        _ => None,
    };
    match tokens[skip..] {
        // A stop and another letter: "p.m.", "p. m.", "μ.μ.".
        [Token::Word(word), Token::Mark('.'), Token::Word("m" | "μ"), ..] => {
            (half(word), skip + 3)
        }
        [Token::Word(word), Token::Mark('.'), Token::Space, Token::Word("m"), ..] => {
            (half(word), skip + 4)
        }
        [Token::Word(word), ..] if !matches!(word, "a" | "p" | "π" | "μ") => {
            let half = half(word);
            (half, if half.is_some() { skip + 1 } else { 0 })
        }
        _ => (None, 0),
    }
}

/// 下午 and its kin before a time.
fn half_before(tokens: &[Token<'_>]) -> Option<Half> {
    let tokens = match tokens {
        [rest @ .., Token::Space] => rest,
        all => all,
    };
    match tokens {
        // Syllables and ideographs stand alone.
        [.., Token::Word("오"), Token::Word("전")]
        | [.., Token::Word("上"), Token::Word("午")]
        | [.., Token::Word("午"), Token::Word("前")] => Some(Half::First),
        [.., Token::Word("오"), Token::Word("후")]
        | [.., Token::Word("下"), Token::Word("午")]
        | [.., Token::Word("午"), Token::Word("後")]
        | [.., Token::Word("晚"), Token::Word("上")] => Some(Half::Second),
        _ => None,
    }
}

/// The offset from UTC that opens what follows a time, in seconds.
fn offset(tokens: &[Token<'_>], date: Date) -> Option<i32> {
    let skipped = tokens.iter().take_while(|t| matches!(t, Token::Space | Token::Mark('.' | '(')));
    let tokens = &tokens[skipped.count()..];
    let hours = |n: i64| i32::try_from(n).unwrap_or(0) * 3600;
    match tokens {
        [Token::Word("gmt" | "utc"), Token::Mark('+' | '-'), Token::Number(..), ..] => {
            offset(&tokens[1..], date)
        }
        [Token::Mark(sign @ ('+' | '-')), Token::Number(value, digits), tail @ ..] => {
            let seconds = match (digits, tail) {
                (4, _) => hours(value / 100) + i32::try_from(value % 100).unwrap_or(0) * 60,
                (1 | 2, [Token::Mark(':'), Token::Number(minutes, 2), ..]) => {
                    hours(*value) + i32::try_from(*minutes).unwrap_or(0) * 60
                }
                (1 | 2, _) => hours(*value),
                _ => return None,
            };
            let seconds = if *sign == '+' { seconds } else { -seconds };
            Some(seconds).filter(|seconds| seconds.abs() <= 14 * 3600)
        }
        [Token::Word(zone), ..] => zone_offset(zone, date),
        _ => None,
    }
}

/// The offset of a zone by its usual short name, in seconds; `None` for names that are none or that
/// several zones have.
fn zone_offset(zone: &str, date: Date) -> Option<i32> {
    const HOUR: i32 = 3600;
    let in_states = |standard: i32| (standard + i32::from(is_summer_in_states(date))) * HOUR;
    Some(match zone {
        "z" | "gmt" | "utc" | "ut" => 0,
        "cet" | "mez" | "bst" | "wat" => HOUR,
        "cest" | "mesz" | "eet" | "sast" | "cat" => 2 * HOUR,
        "eest" | "eat" | "trt" => 3 * HOUR,
        "msk" | "мск" => moscow(date) * HOUR,
        "irst" => 3 * HOUR + HOUR / 2,
        "gst" => 4 * HOUR,
        "pkt" => 5 * HOUR,
        // India's; Ireland and Israel seldom write theirs.
        "ist" => 5 * HOUR + HOUR / 2,
        "wib" | "ict" => 7 * HOUR,
        "wita" | "hkt" | "sgt" | "pht" | "awst" => 8 * HOUR,
        "jst" | "kst" | "wit" => 9 * HOUR,
        "aest" => 10 * HOUR,
        "aedt" => 11 * HOUR,
        "nzst" => 12 * HOUR,
        "nzdt" => 13 * HOUR,
        "brt" | "art" => -3 * HOUR,
        "edt" => -4 * HOUR,
        "est" | "cdt" => -5 * HOUR,
        "cst" | "mdt" => -6 * HOUR,
        "mst" | "pdt" => -7 * HOUR,
        "pst" => -8 * HOUR,
        "et" => in_states(-5),
        "ct" => in_states(-6),
        "mt" => in_states(-7),
        "pt" => in_states(-8),
        _ => return None,
    })
}

/// Whether the United States keep summer time on a day: from the second Sunday of March to the
/// first of November, as they have since 2007.
fn is_summer_in_states(date: Date) -> bool {
    let sunday = |month: i8, nth: i8| {
        date.with()
            .month(month)
            .day(1)
            .build()
            .ok()?
            .nth_weekday_of_month(nth, Weekday::Sunday)
            .ok()
    };
    match (sunday(3, 2), sunday(11, 1)) {
        (Some(start), Some(end)) => (start..end).contains(&date),
        _ => false,
    }
}

/// Moscow's hours east of UTC on a day: four in summer until 2011, then all year until 26 October
/// 2014, three since.
fn moscow(date: Date) -> i32 {
    let permanent = jiff::civil::date(2011, 3, 27)..jiff::civil::date(2014, 10, 26);
    let last_sunday = |month: i8| {
        date.with().month(month).day(1).build().ok()?.nth_weekday_of_month(-1, Weekday::Sunday).ok()
    };
    let is_summer = match (last_sunday(3), last_sunday(10)) {
        (Some(start), Some(end)) => date < permanent.start && (start..end).contains(&date),
        _ => false,
    };
    if is_summer || permanent.contains(&date) { 4 } else { 3 }
}
