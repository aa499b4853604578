//! The dateline of a wire report: "(CNN)", "WASHINGTON (Reuters) -", "PARIS, March 3 —", and the
//! source that a text begins with: "(The Hollywood Reporter)It is official".
//!
//! Leaves out anything that is not at the very start of the text.

/// Agencies and papers that sign datelines. A pattern for any capitals in brackets would also cut
/// "Britain's Foreign and Commonwealth Office (FCO)"; who is not here is known by where the brackets
/// stand ([`is_source`]).
const AGENCIES: &[&str] = &[
    "CNN",
    "AP",
    "AFP",
    "Reuters",
    "REUTERS",
    "UPI",
    "dpa",
    "DPA",
    "EFE",
    "ANSA",
    "PTI",
    "ANI",
    "IANS",
    "TASS",
    "Interfax",
    "Xinhua",
    "Bloomberg",
    "BBC",
    "CNN Business",
    "CNNMoney",
    "CNN Student News",
    "Kyodo",
    "WAM",
    "SID",
    "APA",
    "ots",
    "EUROPA PRESS",
    "Europa Press",
    "RIA",
];

/// How many bytes of `text` are its dateline and the marks that part it from the first sentence.
pub(super) fn length(text: &str) -> usize {
    agency(text).or_else(|| place_and_dash(text)).unwrap_or(0)
}

/// "(CNN)", "Kano, Nigeria (CNN)", "BERLIN (dpa) -", "(Rolling Stone)One summer".
fn agency(text: &str) -> Option<usize> {
    // A place and a date before the bracket take at most this many bytes.
    let open = text.bytes().take(64).position(|b| b == b'(')?;
    if text[..open].contains(['.', '!', '?', '"', '\n']) && !is_abbreviated_place(&text[..open]) {
        return None;
    }
    if text[..open].split_whitespace().any(|w| w.starts_with(char::is_lowercase) && w.len() > 3) {
        return None;
    }
    let inner = &text[open + 1..];
    let close = inner.find(')')?;
    let name = inner[..close].trim();
    if !AGENCIES.contains(&name) && !is_source(name, &inner[close + 1..], open == 0) {
        return None;
    }
    Some(past_marks(text, open + 1 + close + 1))
}

/// Whether what stands in brackets before `after` signs the text: a name to which the first word is
/// glued, or, where the text begins with the brackets (`first`), one of several words or of capitals.
fn is_source(name: &str, after: &str, first: bool) -> bool {
    let mut words = name.split_whitespace();
    let named = |w: &str| w.starts_with(char::is_uppercase) || matches!(w, "the" | "of" | "and");
    if name.len() > 40 || !words.all(named) || !name.contains(char::is_uppercase) {
        return false;
    }
    let begins = |text: &str| {
        text.starts_with(|c: char| c.is_uppercase() || matches!(c, '"' | '“' | '\'' | '‘'))
    };
    if begins(after) {
        return true;
    }
    let capitals = name.chars().count() >= 3 && name.chars().all(char::is_uppercase);
    first && (capitals || name.contains(' ')) && begins(after.trim_start())
}

fn is_abbreviated_place(place: &str) -> bool {
    let mut rest = place.split('.').rev().skip(1);
    rest.all(|p| p.split([' ', ',']).next_back().is_some_and(|w| w.chars().count() <= 5))
        && !place.contains(['!', '?', '"', '\n'])
}

/// "PARIS — ", "NEW YORK, March 3 - ": capitals, then a dash with spaces.
fn place_and_dash(text: &str) -> Option<usize> {
    let dash = text.char_indices().take(48).find(|(_, c)| matches!(c, '—' | '–' | '-'))?.0;
    let (place, rest) = text.split_at(dash);
    let spaced = place.ends_with(' ') || rest.starts_with('—');
    let first = place.split([',', ' ']).next()?;
    let capitals = first.chars().count() >= 3 && first.chars().all(char::is_uppercase);
    let after = rest.trim_start_matches(['—', '–', '-']);
    if !(spaced && capitals && after.starts_with(' ')) || place.contains(['.', '!', '?', '\n']) {
        return None;
    }
    if place.split_whitespace().count() > 6 {
        return None;
    }
    Some(past_marks(text, dash))
}

fn past_marks(text: &str, from: usize) -> usize {
    let rest = text[from..].trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, '—' | '–' | '-' | ':' | '.')
    });
    let end = text.len() - rest.len();
    if rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '"' | '“' | '\'' | '‘' | '$'))
    {
        end
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_cut_at_the_start_only() {
        for (text, rest) in [
            ("(CNN)The sun rose.", "The sun rose."),
            ("Kano, Nigeria (CNN) -- Gunmen fled.", "Gunmen fled."),
            ("WASHINGTON (Reuters) - The Fed acted.", "The Fed acted."),
            ("BERLIN (dpa) - Der Kanzler kam.", "Der Kanzler kam."),
            ("PARIS — The mayor left.", "The mayor left."),
            ("St. Louis (AP) — Rain fell.", "Rain fell."),
            ("Britain's Foreign and Commonwealth Office (FCO) said no.", ""),
            ("The agency (AP) said no.", ""),
            ("(The Hollywood Reporter)It's official.", "It's official."),
            ("(The Hollywood Reporter) Sam Simon died.", "Sam Simon died."),
            ("(WIRED)Screens are flat.", "Screens are flat."),
            ("(WIRED) Screens are flat.", "Screens are flat."),
            ("(Billboard)\"Hello\" leads.", "\"Hello\" leads."),
            (
                "Omaha, Nebraska (the Heartland Project)When he left, it rained.",
                "When he left, it rained.",
            ),
            ("(Left) The mayor spoke.", ""),
            ("(He later said no.) The mayor spoke.", ""),
            ("(John Smith) was late.", ""),
            ("(2015) Rain fell.", ""),
            ("Model (ANTM) finalists met.", ""),
            ("NATO-led troops left.", ""),
            ("The well-known man left.", ""),
        ] {
            let cut = super::length(text);
            let expected = if rest.is_empty() { text } else { rest };
            assert_eq!(&text[cut..], expected);
        }
    }
}
