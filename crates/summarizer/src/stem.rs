//! English stems by the algorithm of Porter (1980), with NLTK's departures from it, which the
//! published ROUGE numbers are made with.
//!
//! Promises: linear in the word, no allocation. Leaves out every other language.

/// Stems `word` in place: lower-case ASCII letters and digits. Anything else is left as it is.
pub(crate) fn stem(word: &mut Vec<u8>) {
    if let Some(whole) = irregular(word) {
        word.clear();
        word.extend_from_slice(whole);
        return;
    }
    if word.len() <= 2 || word.len() > 64 {
        return;
    }
    plurals(word);
    past(word);
    if word.len() > 2 && word.ends_with(b"y") && consonant(word, word.len() - 2) {
        replace(word, 1, b"i");
    }
    double_suffixes(word);
    rules(word, STEP3, |stem| measure(stem) > 0);
    if !ion(word) {
        rules(word, STEP4, |stem| measure(stem) > 1);
    }
    if word.ends_with(b"e") {
        let stem = &word[..word.len() - 1];
        let m = measure(stem);
        if m > 1 || (m == 1 && !short(stem)) {
            word.pop();
        }
    }
    if word.ends_with(b"ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
}

fn irregular(word: &[u8]) -> Option<&'static [u8]> {
    Some(match word {
        b"skies" | b"sky" => b"sky",
        b"dying" => b"die",
        b"lying" => b"lie",
        b"tying" => b"tie",
        b"news" => b"news",
        b"innings" | b"inning" => b"inning",
        b"outings" | b"outing" => b"outing",
        b"cannings" | b"canning" => b"canning",
        b"howe" => b"howe",
        b"proceed" => b"proceed",
        b"exceed" => b"exceed",
        b"succeed" => b"succeed",
        _ => return None,
    })
}

fn replace(word: &mut Vec<u8>, cut: usize, with: &[u8]) {
    word.truncate(word.len() - cut);
    word.extend_from_slice(with);
}

fn vowel(c: u8) -> bool {
    matches!(c, b'a' | b'e' | b'i' | b'o' | b'u')
}

fn consonant(word: &[u8], at: usize) -> bool {
    // A y is a consonant at the start and after a vowel; a run of them alternates.
    let ys = word[..=at].iter().rev().take_while(|c| **c == b'y').count();
    if ys == 0 {
        return !vowel(word[at]);
    }
    let first = at + 1 - ys;
    let first_is_consonant = first == 0 || vowel(word[first - 1]);
    first_is_consonant == (ys % 2 == 1)
}

/// Porter's m: how often a run of vowels is followed by a consonant.
fn measure(stem: &[u8]) -> usize {
    let (mut m, mut after_vowel, mut consonant) = (0, false, false);
    for (i, c) in stem.iter().enumerate() {
        consonant = if *c == b'y' { i == 0 || !consonant } else { !vowel(*c) };
        m += usize::from(after_vowel && consonant);
        after_vowel = !consonant;
    }
    m
}

fn has_vowel(stem: &[u8]) -> bool {
    (0..stem.len()).any(|i| !consonant(stem, i))
}

/// Ends consonant, vowel, consonant other than w, x, y; or is a vowel and a consonant.
fn short(stem: &[u8]) -> bool {
    let n = stem.len();
    if n >= 3
        && consonant(stem, n - 3)
        && !consonant(stem, n - 2)
        && consonant(stem, n - 1)
        && !matches!(stem[n - 1], b'w' | b'x' | b'y')
    {
        return true;
    }
    n == 2 && !consonant(stem, 0) && consonant(stem, 1)
}

fn plurals(word: &mut Vec<u8>) {
    if word.ends_with(b"ies") && word.len() == 4 {
        word.pop();
    } else if word.ends_with(b"sses") || word.ends_with(b"ies") {
        replace(word, 2, b"");
    } else if word.ends_with(b"s") && !word.ends_with(b"ss") {
        word.pop();
    }
}

fn past(word: &mut Vec<u8>) {
    if word.ends_with(b"ied") {
        let cut = if word.len() == 4 { 1 } else { 2 };
        replace(word, cut, b"");
        return;
    }
    if word.ends_with(b"eed") {
        if measure(&word[..word.len() - 3]) > 0 {
            word.pop();
        }
        return;
    }
    for suffix in [&b"ed"[..], b"ing"] {
        if !word.ends_with(suffix) {
            continue;
        }
        if has_vowel(&word[..word.len() - suffix.len()]) {
            replace(word, suffix.len(), b"");
            let n = word.len();
            if word.ends_with(b"at") || word.ends_with(b"bl") || word.ends_with(b"iz") {
                word.push(b'e');
            } else if n >= 2 && word[n - 1] == word[n - 2] && consonant(word, n - 1) {
                if !matches!(word[n - 1], b'l' | b's' | b'z') {
                    word.pop();
                }
            } else if measure(word) == 1 && short(word) {
                word.push(b'e');
            }
        }
        return;
    }
}

type Rule = (&'static [u8], &'static [u8]);

const STEP2: &[Rule] = &[
    (b"ational", b"ate"),
    (b"tional", b"tion"),
    (b"enci", b"ence"),
    (b"anci", b"ance"),
    (b"izer", b"ize"),
    (b"bli", b"ble"),
    (b"alli", b"al"),
    (b"entli", b"ent"),
    (b"eli", b"e"),
    (b"ousli", b"ous"),
    (b"ization", b"ize"),
    (b"ation", b"ate"),
    (b"ator", b"ate"),
    (b"alism", b"al"),
    (b"iveness", b"ive"),
    (b"fulness", b"ful"),
    (b"ousness", b"ous"),
    (b"aliti", b"al"),
    (b"iviti", b"ive"),
    (b"biliti", b"ble"),
    (b"fulli", b"ful"),
];

const STEP3: &[Rule] = &[
    (b"icate", b"ic"),
    (b"ative", b""),
    (b"alize", b"al"),
    (b"iciti", b"ic"),
    (b"ical", b"ic"),
    (b"ful", b""),
    (b"ness", b""),
];

const STEP4: &[Rule] = &[
    (b"al", b""),
    (b"ance", b""),
    (b"ence", b""),
    (b"er", b""),
    (b"ic", b""),
    (b"able", b""),
    (b"ible", b""),
    (b"ant", b""),
    (b"ement", b""),
    (b"ment", b""),
    (b"ent", b""),
    (b"ou", b""),
    (b"ism", b""),
    (b"ate", b""),
    (b"iti", b""),
    (b"ous", b""),
    (b"ive", b""),
    (b"ize", b""),
];

/// The first suffix that fits decides, whether or not its stem is long enough.
fn rules(word: &mut Vec<u8>, rules: &[Rule], enough: impl Fn(&[u8]) -> bool) {
    for (suffix, with) in rules {
        if word.ends_with(suffix) {
            if enough(&word[..word.len() - suffix.len()]) {
                replace(word, suffix.len(), with);
            }
            return;
        }
    }
}

fn double_suffixes(word: &mut Vec<u8>) {
    if word.ends_with(b"alli") && measure(&word[..word.len() - 4]) > 0 {
        replace(word, 4, b"al");
    }
    if word.ends_with(b"logi") {
        // The l counts with the stem here.
        if measure(&word[..word.len() - 3]) > 0 {
            replace(word, 4, b"log");
        }
        return;
    }
    rules(word, STEP2, |stem| measure(stem) > 0);
}

/// "ion" goes after s or t only; whether this suffix settled step 4.
fn ion(word: &mut Vec<u8>) -> bool {
    if !word.ends_with(b"ion") {
        return false;
    }
    let stem = &word[..word.len() - 3];
    if measure(stem) > 1 && (stem.ends_with(b"s") || stem.ends_with(b"t")) {
        replace(word, 3, b"");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_as_the_published_measure_does() {
        for (word, expected) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("ties", "tie"),
            ("agreed", "agre"),
            ("plastered", "plaster"),
            ("motoring", "motor"),
            ("conflated", "conflat"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("enjoy", "enjoy"),
            ("relational", "relat"),
            ("conditional", "condit"),
            ("hopefulness", "hope"),
            ("adoption", "adopt"),
            ("controlling", "control"),
            ("news", "news"),
            ("dying", "die"),
            ("spied", "spi"),
            ("died", "die"),
            ("geologi", "geolog"),
            ("personally", "person"),
        ] {
            let mut bytes = word.as_bytes().to_vec();
            stem(&mut bytes);
            assert_eq!(String::from_utf8(bytes).unwrap(), expected, "{word}");
        }
    }
}
