//! The language of a text: what the page declares, checked against what the text is written in.
//!
//! Promises: BCP 47 tags, the region of a declaration kept while its language is true. Leaves out:
//! telling apart what a short text cannot tell, and languages mixed in one text.

use whatlang::{Lang, Script};

use crate::metadata::Found;

/// Letters that a text needs before its statistics outweigh a declaration.
const ENOUGH: usize = 100;
/// Letters that a text needs before its statistics are asked at all.
const LEAST: usize = 20;
/// How much of a text is looked at, in bytes.
const SAMPLE: usize = 2048;

/// The BCP 47 language of `text`. A declaration is kept, with its region, unless the text clearly
/// is in another language.
pub fn of(declared: Option<&str>, text: &str) -> Option<Found<String>> {
    let declared = declared.and_then(tag);
    let sample = middle(text);
    if let Some(value) = declared.as_ref().filter(|tag| is_full_of_little_words(tag, sample)) {
        return Some(Found { value: value.clone(), origin: "declared" });
    }
    let letters = sample.chars().filter(|c| c.is_alphabetic()).count();
    let detected = if letters >= LEAST { detect(sample) } else { None };
    let primary = |tag: &str| tag.split('-').next().unwrap_or("").to_owned();
    match (declared, detected) {
        (Some(declared), Some((found, sure))) => {
            let declared_language = primary(&declared);
            if declared_language == found || close(&declared_language, found) {
                return Some(Found { value: declared, origin: "declared" });
            }
            let by_script = !script_fits(&declared_language, sample);
            if by_script || (sure && letters >= ENOUGH) {
                return Some(Found { value: found.to_owned(), origin: "detected" });
            }
            Some(Found { value: declared, origin: "declared" })
        }
        (Some(declared), None) => Some(Found { value: declared, origin: "declared" }),
        (None, Some((found, _))) => Some(Found { value: found.to_owned(), origin: "detected" }),
        (None, None) => None,
    }
}

/// Little words that running text of a language is full of and its neighbours do not share.
const LITTLE_WORDS: [(&str, &str); 14] = [
    (
        "en",
        "the of and to that for with is was by from this as be it are have has not you at he they",
    ),
    (
        "de",
        "der die das und den dem von zu mit ist nicht ein eine im auf für sich auch des als es sie er wird einer werden sind wie",
    ),
    (
        "fr",
        "le les et des est une dans du pour qui au sur pas ce il aux avec sont à vous nous par plus",
    ),
    ("es", "el los las y en del con una es por lo su al más pero como la se fue sus"),
    ("it", "il di che della per non è del una gli dei nel con alla si sono da ha le più i"),
    ("pt", "o os da do em um uma não com para na no ao à são dos das mais as e pela foi"),
    ("nl", "het een van dat te zijn niet op voor met er aan ook door ik je wordt bij naar"),
    ("pl", "w z na się i nie że do to jest jak od przez po o za"),
    ("sv", "och att det som på är av för en ett den med till inte har om"),
    ("tr", "ve bir bu için ile çok olarak daha olan gibi ne kadar ama sonra"),
    ("cs", "na v že je s z ve k které pro také jsou by se jako ale podle"),
    ("ru", "и в не на что с он как это но по из у за от так для же"),
    ("el", "και το να του η της με για που την από στο είναι τα οι"),
    ("hu", "az és hogy nem is egy meg ez volt csak már el ha még"),
];

/// Whether every eighth word of a text is a little word of its declared language; statistics would
/// only confirm the declaration, at many times the cost.
fn is_full_of_little_words(tag: &str, text: &str) -> bool {
    let language = tag.split('-').next().unwrap_or("");
    let Some((_, little)) = LITTLE_WORDS.iter().find(|(known, _)| *known == language) else {
        return false;
    };
    let little: Vec<&str> = little.split(' ').collect();
    let (mut words, mut found) = (0_usize, 0_usize);
    for word in text.split_ascii_whitespace() {
        words += 1;
        found += usize::from(word.len() <= 10 && little.contains(&word));
    }
    words >= 20 && found * 8 >= words
}

/// The middle of a long text: titles and captions at its ends are in any language.
fn middle(text: &str) -> &str {
    if text.len() <= SAMPLE {
        return text;
    }
    let start = text.ceil_char_boundary((text.len() - SAMPLE) / 2);
    let end = text.floor_char_boundary(start + SAMPLE);
    &text[start..end]
}

/// The language by its letters, and whether that is sure.
fn detect(text: &str) -> Option<(&'static str, bool)> {
    // Kana and Hangul decide however many ideographs stand among them.
    let (mut kana, mut hangul, mut han, mut others) = (0_usize, 0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        match c {
            '\u{3040}'..='\u{30ff}' => kana += 1,
            '\u{ac00}'..='\u{d7af}' => hangul += 1,
            '\u{3400}'..='\u{9fff}' => han += 1,
            c if c.is_alphabetic() => others += 1,
            _ => {}
        }
    }
    let east = kana + hangul + han;
    // An ideograph says as much as two or three letters.
    if east * 2 > others {
        return Some(if hangul * 2 > east {
            ("ko", true)
        } else if kana * 20 > east {
            ("ja", true)
        } else {
            ("zh", true)
        });
    }
    let info = whatlang::detect(text)?;
    let sure = info.is_reliable() && info.confidence() > 0.8;
    Some((code(info.lang())?, sure))
}

/// Pairs that the statistics take for each other.
fn close(a: &str, b: &str) -> bool {
    const CLOSE: [&[&str]; 9] = [
        &["no", "nb", "nn", "da", "sv"],
        &["hr", "sr", "bs", "sl", "mk", "bg"],
        &["cs", "sk"],
        &["id", "ms", "jv"],
        &["es", "ca", "gl", "pt", "ast"],
        &["af", "nl", "fy", "lb"],
        &["ru", "uk", "be", "bg", "mk", "sr"],
        &["hi", "mr", "ne"],
        &["ar", "fa", "ur", "ku"],
    ];
    CLOSE.iter().any(|group| group.contains(&a) && group.contains(&b) && !tells_apart(a, b))
}

/// Pairs of the same group that statistics do tell apart on a text of some length.
fn tells_apart(a: &str, b: &str) -> bool {
    const APART: [(&str, &str); 5] =
        [("es", "pt"), ("ru", "uk"), ("ar", "fa"), ("da", "sv"), ("ru", "bg")];
    APART.contains(&(a, b)) || APART.contains(&(b, a))
}

/// Whether the text is in a script that the language is written in.
fn script_fits(language: &str, text: &str) -> bool {
    let Some(script) = whatlang::detect_script(text) else { return true };
    match language {
        "ru" | "uk" | "bg" | "be" | "mk" => script == Script::Cyrillic,
        "el" => script == Script::Greek,
        "ar" | "fa" | "ur" | "ps" => script == Script::Arabic,
        "he" | "yi" => script == Script::Hebrew,
        "hi" | "mr" | "ne" => script == Script::Devanagari,
        "th" => script == Script::Thai,
        "ja" => matches!(script, Script::Hiragana | Script::Katakana | Script::Mandarin),
        "zh" => script == Script::Mandarin,
        "ko" => matches!(script, Script::Hangul | Script::Mandarin),
        "en" | "de" | "fr" | "es" | "it" | "pt" | "nl" | "pl" | "sv" | "da" | "nb" | "no"
        | "nn" | "fi" | "cs" | "sk" | "hu" | "ro" | "tr" | "hr" | "sl" | "lt" | "lv" | "et"
        | "ca" | "id" | "vi" | "af" | "eu" | "gl" => script == Script::Latin,
        _ => true,
    }
}

/// A declaration in BCP 47 form: `de_DE.UTF-8`, `EN-us`, `zh-hant-tw` and `german` are understood;
/// `None` for what is no language.
pub(crate) fn tag(declared: &str) -> Option<String> {
    let first = declared.split([',', ';', ' ', '.', '@']).find(|part| !part.is_empty())?;
    let mut parts = first.split(['-', '_']);
    let language = parts.next()?.to_ascii_lowercase();
    let language = match language.as_str() {
        "english" | "eng" => "en",
        "german" | "deutsch" | "deu" | "ger" => "de",
        "french" | "français" | "francais" | "fra" | "fre" => "fr",
        "spanish" | "español" | "espanol" | "spa" => "es",
        "italian" | "italiano" | "ita" => "it",
        "portuguese" | "português" | "por" => "pt",
        "dutch" | "nederlands" | "nld" | "dut" => "nl",
        "polish" | "polski" | "pol" => "pl",
        "russian" | "rus" => "ru",
        "japanese" | "jpn" => "ja",
        "chinese" | "zho" | "chi" | "cn" => "zh",
        "iw" => "he",
        "in" => "id",
        "jp" => "ja",
        "kr" => "ko",
        "cz" => "cs",
        "gr" => "el",
        "ua" => "uk",
        "und" | "mul" | "zxx" => return None,
        other => other,
    };
    let is_code =
        matches!(language.len(), 2 | 3) && language.bytes().all(|b| b.is_ascii_lowercase());
    if !is_code {
        return None;
    }
    let mut out = language.to_owned();
    let mut seen_region = false;
    for part in parts.take(2) {
        let letters = part.bytes().all(|b| b.is_ascii_alphabetic());
        match part.len() {
            4 if letters && !seen_region => {
                out.push('-');
                out.push_str(&part[..1].to_ascii_uppercase());
                out.push_str(&part[1..].to_ascii_lowercase());
            }
            2 if letters && !seen_region => {
                seen_region = true;
                out.push('-');
                out.push_str(&part.to_ascii_uppercase());
            }
            3 if part.bytes().all(|b| b.is_ascii_digit()) && !seen_region => {
                seen_region = true;
                out.push('-');
                out.push_str(part);
            }
            _ => break,
        }
    }
    Some(out)
}

/// The BCP 47 code of what the detector names.
fn code(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Lat => "la",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GERMAN: &str = "Die Bundesregierung will die Förderung für erneuerbare Energien im kommenden Jahr deutlich erhöhen, wie der Minister am Montag in Berlin mitteilte. Die Opposition kritisierte die Pläne als unzureichend.";
    const ENGLISH: &str = "The government plans to raise its support for renewable energy next year, the minister said in the capital on Monday. The opposition called the plans far too small to matter.";

    fn value(declared: Option<&str>, text: &str) -> Option<String> {
        of(declared, text).map(|found| found.value)
    }

    #[test]
    fn a_true_declaration_keeps_its_region() {
        assert_eq!(value(Some("en_us"), ENGLISH).as_deref(), Some("en-US"));
        assert_eq!(value(Some("DE-at"), GERMAN).as_deref(), Some("de-AT"));
        assert_eq!(value(Some("de"), "Kurz.").as_deref(), Some("de"));
        assert_eq!(
            value(Some("zh-hant-tw"), "台灣的經濟在今年第一季成長超過預期").as_deref(),
            Some("zh-Hant-TW")
        );
    }

    #[test]
    fn a_false_declaration_loses() {
        assert_eq!(value(Some("en-US"), GERMAN).as_deref(), Some("de"));
        assert_eq!(value(Some("de"), ENGLISH).as_deref(), Some("en"));
        assert_eq!(
            value(
                Some("en"),
                "東京の株式市場は月曜日に大きく下がり、投資家は安全な資産を求めました。"
            )
            .as_deref(),
            Some("ja")
        );
        assert_eq!(
            value(Some("en"), "Президент прибыл в Минск обсудить торговлю").as_deref(),
            Some("ru")
        );
    }

    #[test]
    fn what_is_not_declared_is_detected() {
        assert_eq!(value(None, GERMAN).as_deref(), Some("de"));
        assert_eq!(
            value(None, "中国国家统计局周一公布的数据显示，今年第一季度经济增长超过预期")
                .as_deref(),
            Some("zh")
        );
        assert_eq!(
            value(
                None,
                "서울의 주식 시장이 월요일에 크게 하락했습니다. 투자자들은 안전한 자산을 찾았습니다"
            )
            .as_deref(),
            Some("ko")
        );
        assert_eq!(value(None, "12 345"), None);
    }

    #[test]
    fn declarations_are_put_in_form() {
        for (declared, want) in [
            ("en", Some("en")),
            ("pt_BR", Some("pt-BR")),
            ("de_DE.UTF-8", Some("de-DE")),
            ("en, de", Some("en")),
            ("es-419", Some("es-419")),
            ("sr-latn-rs", Some("sr-Latn-RS")),
            ("Deutsch", Some("de")),
            ("", None),
            ("und", None),
            ("{{lang}}", None),
        ] {
            assert_eq!(tag(declared).as_deref(), want, "{declared}");
        }
    }

    proptest! {
        #[test]
        fn any_text_and_declaration(declared in "\\PC{0,20}", text in "\\PC{0,200}") {
            if let Some(found) = of(Some(&declared), &text) {
                prop_assert!(found.value.len() >= 2 && found.value.is_ascii());
            }
        }
    }
}
