use newsmill_article::Document;

use super::*;
use crate::Config;

fn summarize(text: &str, config: &Config) -> Summary {
    let document = Document { text: text.to_owned(), ..Document::default() };
    let summary = Extractive::new(config).summarize(&document).unwrap();
    let chars: Vec<char> = text.chars().collect();
    for sentence in &summary.sentences {
        let slice: String = chars[sentence.start.unwrap()..sentence.end.unwrap()].iter().collect();
        assert_eq!(slice, sentence.text);
    }
    summary
}

#[test]
fn offsets_give_back_the_sentences() {
    let text = "Zürich — Der Zug kam spät.\n\nDie Fahrgäste warteten auf den Zug. Niemand kam.";
    let summary = summarize(text, &Config { sentences: 2, ..Config::default() });
    assert_eq!(summary.sentences.len(), 2);
}

#[test]
fn a_text_without_sentences_is_refused() {
    let document = Document { text: " … \n\n--".to_owned(), ..Document::default() };
    let refused = Extractive::new(&Config::default()).summarize(&document);
    assert!(matches!(refused, Err(SummarizeError::NoSentence)));
}

/// Reports in other languages: four sentences or more, a dateline in the German one.
const ELSEWHERE: [(&str, &str); 6] = [
    (
        "de",
        "BERLIN (dpa) - Der Bundestag hat am 3. Oktober ein neues Klimagesetz beschlossen. Es soll den Ausstoß von Treibhausgasen bis 2030 um 65 Prozent senken. Die Opposition kritisierte das Gesetz als unzureichend. „Das reicht nicht“, sagte Dr. Anna Müller. Das Gesetz tritt im Januar in Kraft.",
    ),
    (
        "es",
        "El presidente visitó el lunes la ciudad de Valencia tras las inundaciones. ¿Qué falló? Los vecinos reclamaron ayuda urgente para reconstruir sus casas. El Gobierno prometió 200 millones de euros. Las lluvias dejaron 12 muertos en la provincia.",
    ),
    (
        "ru",
        "Президент подписал в понедельник закон о бюджете на 2026 г. Расходы вырастут на 5,3 процента. Депутаты спорили о законе три недели. По словам А. С. Иванова, закон вступит в силу в январе. Оппозиция голосовала против.",
    ),
    (
        "ar",
        "أعلنت الحكومة يوم الاثنين عن خطة جديدة للمياه. وتبلغ تكلفة الخطة 3 مليارات دولار. هل تكفي هذه الأموال؟ قال الوزير إن العمل سيبدأ في مايو. ورحب المزارعون بالخطة الجديدة للمياه.",
    ),
    (
        "zh",
        "政府星期一宣布了新的住房计划。该计划耗资三十亿元。专家说，计划还不够。“我们需要更多住房。”市长说。计划将于五月开始实施。",
    ),
    (
        "ja",
        "政府は月曜日、新しい住宅計画を発表した。計画の費用は30億円に上る。専門家は「計画は不十分だ。」と述べた。計画は5月に始まる。野党は計画に反対している。",
    ),
];

#[test]
fn other_languages_give_whole_sentences() {
    for (language, text) in ELSEWHERE {
        let whole = sentences::split(text);
        let summary = summarize(text, &Config::default());
        assert!((1..=3).contains(&summary.sentences.len()), "{language}: {summary:?}");
        for sentence in &summary.sentences {
            let found = whole.iter().any(|s| text[s.bytes.clone()].ends_with(&sentence.text));
            assert!(found, "{language}: {:?} is no sentence", sentence.text);
            assert!(!sentence.text.starts_with("BERLIN"), "the dateline is still there");
        }
    }
}

#[test]
fn bounds_and_styles_hold() {
    let text = ELSEWHERE[0].1;
    for sentences in 1..=5 {
        let config = Config { sentences, max_words: 30, ..Config::default() };
        let summary = summarize(text, &config);
        assert!(summary.sentences.len() <= sentences);
        assert!(summary.sentences.len() == 1 || words::count(&summary.text) <= 30);
    }
    let tiny = summarize(text, &Config { max_words: 1, ..Config::default() });
    assert_eq!(tiny.sentences.len(), 1);
    let bullets = summarize(text, &Config { style: Style::Bullets, ..Config::default() });
    assert!(bullets.text.lines().all(|l| l.starts_with("• ")));
    assert_eq!(bullets.text.lines().count(), bullets.sentences.len());
    let headline = summarize(text, &Config { style: Style::Headline, ..Config::default() });
    assert_eq!(headline.sentences.len(), 1);
    assert_eq!(headline.text, headline.sentences[0].text);
}

#[test]
fn five_sentences_are_given_where_five_are_asked_for() {
    let text = ELSEWHERE[1].1;
    let all = summarize(text, &Config { sentences: 4, max_words: 500, ..Config::default() });
    assert_eq!(all.sentences.len(), 4);
}

#[test]
fn a_sentence_that_comes_twice_is_said_once() {
    let line = "The council of Port Elgin rejected the plan for a new bridge on Monday. ";
    let text = format!("{line}{line}{line}Rain fell in the hills above the town all day. {line}");
    let summary = summarize(&text, &Config::default());
    let first = summary.sentences.iter().filter(|s| s.text == line.trim()).count();
    assert!(first <= 1, "{summary:?}");
}

#[test]
fn capitals_and_numbers_alone_are_said_only_where_all_is_capitals() {
    let told = |text: &str| {
        let document = Document { text: text.to_owned(), ..Document::default() };
        Candidates::new(&document, &IDF).unwrap().tells
    };
    let stamp = "14:11 EST, 25 October 2013. CNN's Jim Acosta, Washington. The bridge is closed.";
    assert_eq!(told(stamp), [false, false, true]);
    assert_eq!(told("THE BRIDGE IS CLOSED. ALL TRAINS STAND STILL."), [true, true]);
    // Scripts without case have no capitals, whatever Latin letters and digits stand among them.
    assert_eq!(told("政府星期一宣布了计划。该计划耗资30亿元。NATO 2024 说计划还不够。"), [true; 3]);
    assert_eq!(told("وتبلغ تكلفة الخطة 3 مليارات. ورحب NATO بالخطة الجديدة."), [true; 2]);
}

#[test]
fn a_text_that_begins_with_its_source_is_summarized_without() {
    let text = "(The Hollywood Reporter)The network renewed the show for a second season.";
    let summary = summarize(text, &Config::default());
    assert_eq!(summary.text, "The network renewed the show for a second season.");
}

#[test]
fn headings_are_not_sentences() {
    use newsmill_article::{Block, BlockKind};
    let (heading, body) =
        ("Council rejects bridge plan!", "The council rejected the plan. It met on Monday.");
    let text = format!("{heading}\n\n{body}");
    let start = heading.chars().count() + 2;
    let blocks = vec![
        Block { kind: BlockKind::Heading { level: 2 }, start: 0, end: start - 2 },
        Block { kind: BlockKind::Paragraph, start, end: text.chars().count() },
    ];
    let document = Document { text, blocks, ..Document::default() };
    let summary = Extractive::new(&Config::default()).summarize(&document).unwrap();
    assert!(summary.sentences.iter().all(|s| s.start.unwrap() >= start), "{summary:?}");
}

#[test]
fn a_line_break_within_a_sentence_stays_in_its_extract() {
    let text = "The council rejected the\nplan for a bridge.";
    let summary = summarize(text, &Config::default());
    assert_eq!(summary.sentences[0].text, text);
    assert_eq!(summary.text, "The council rejected the plan for a bridge.");
}

/// Sentences beyond the bound cost no more than reading them: were they compared with each other,
/// 20,000 of them would take minutes.
#[test]
fn a_very_long_text_is_bounded() {
    let mut text = String::new();
    for i in 0..20_000 {
        text.push_str(&format!("Engineer number {i} inspected the bridge over the river again. "));
    }
    let summary = summarize(&text, &Config::default());
    assert!(!summary.sentences.is_empty());
    summarize(&"word ".repeat(200_000), &Config::default());
    summarize(&". . . a. ! ? ".repeat(50_000), &Config::default());
}

proptest::proptest! {
    #[test]
    fn any_text_is_summarized_or_refused(text in r#"([a-zA-ZäßЖи日本。！？…."'«»“”()\[\]「」0-9 \n]|\PC){0,300}"#) {
        let document = Document { text: text.clone(), ..Document::default() };
        if let Ok(summary) = Extractive::new(&Config::default()).summarize(&document) {
            let chars: Vec<char> = text.chars().collect();
            let mut last = 0;
            for s in &summary.sentences {
                let (start, end) = (s.start.unwrap(), s.end.unwrap());
                proptest::prop_assert!(last <= start && start < end && end <= chars.len());
                proptest::prop_assert_eq!(chars[start..end].iter().collect::<String>(), s.text.as_str());
                last = end;
            }
        }
    }
}

#[test]
fn the_title_counts_alone_and_together() {
    let text = "The council closed the swimming pool. The library opened on Monday.";
    let told = |title: Option<&str>, set: &[usize]| {
        let title = title.map(str::to_owned);
        let document = Document { text: text.to_owned(), title, ..Document::default() };
        Candidates::new(&document, &IDF).unwrap().told(set)
    };
    let title = Some("Swimming pools close");
    for (set, expected) in [(&[0][..], 2.0), (&[1], 0.0), (&[0, 1], 1.5)] {
        assert!((told(title, set) - expected).abs() < 1e-5, "{set:?}");
    }
    assert_eq!(told(None, &[0]), 0.0);
    assert_eq!(told(Some("Der Rat"), &[0]), 0.0);
}
