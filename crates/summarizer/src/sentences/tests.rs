use super::*;

/// `|` marks where one sentence ends and the next begins.
#[track_caller]
fn check(marked: &str) {
    let text = marked.replace('|', "");
    let expected: Vec<String> = marked.split('|').map(|s| s.trim().to_owned()).collect();
    let found: Vec<String> =
        split(&text).iter().map(|s| text[s.bytes.clone()].to_owned()).collect();
    assert_eq!(found, expected);
}

#[test]
fn english() {
    for case in [
        "Mr. Smith met Dr. Jones in St. Petersburg.| They spoke for an hour.",
        "Vladimir V. Putin spoke.| J. K. Rowling did not.",
        "U.S. officials flew to the U.S. Virgin Islands.| Nobody met them.",
        "She lives in the U.S.| The visit was short.",
        "It rose 3.5 percent to $1.25.| Shares of Apple Inc. fell.",
        "He waited ... and left.| \"Never again...\"| Then silence.",
        "\"We will go.\"| He left.| \"Will you?\" she asked.| \"No!\"| (They stayed.)| All was well.",
        "He came at 5 p.m. ET Wednesday.| It was 6 a.m.| They slept.",
        "He was No. 5 on the list.| She said no.| Nobody cared.",
        "The price, i.e. the sum, was low vs. last year.| Good.",
        "World War I.| The end.",
        "The iPhone sold well.| iPad sales fell.",
        "It ended last month.|The debate goes on.",
        "It is known.[12]| Others doubt it.[3][4]| Why?",
        "Born Jan. 5, 1950, in Boston, Mass., he died there.| He was 70.",
        "1. Wash the rice.| 2. Boil it.",
        "The sun.| A cat.",
    ] {
        check(case);
    }
}

#[test]
fn other_languages() {
    for case in [
        "Das Treffen war am 3. Oktober in Berlin.| Er kam z.B. mit Dr. Müller.| Der 2. Weltkrieg begann 1939.| Danach kam nichts.",
        "Es kostet ca. 3,5 Mio. Euro.| Das ist viel, d.h. zu viel.",
        "M. Macron a parlé.| « C'est fini. »| Il est parti.",
        "¿Qué pasó?| ¡Nada!| El Sr. Pérez viajó a EE.UU. con la Sra. López.| Volvió ayer.",
        "Это было в 2020 г.| Москва выросла в 2021 г. на треть.| А. С. Пушкин родился в г. Москва.| Это было давно.",
        "Он спросил: «Почему?» — и ушёл.| Она молчала.",
        "O Sr. Silva chegou.| A Dra. Costa não veio.",
        "首相は昨日、「行く。必ず行く。」と述べた。|野党は反対した。",
        "他昨天到达北京。|你好吗？|很好！",
        "ماذا حدث؟| لم يحدث شيء.| انتهى الأمر.",
        "यह पहला वाक्य है।| यह दूसरा है।",
    ] {
        check(case);
    }
}

#[test]
fn more_languages() {
    for case in [
        // Italian, Polish, Dutch, Ukrainian, Urdu, Korean, Turkish.
        "Il sig. Rossi è arrivato.| La riunione è durata 2,5 ore.| Poi è partito.",
        "Spotkanie odbyło się przy ul. Długiej.| Trwało 3,5 godziny, tzn. długo.| Koniec.",
        "Dhr. De Vries kwam, bijv. om 3 uur.| Hij vertrok weer.",
        "Він приїхав учора.| Чому?| Ніхто не знає.",
        "یہ پہلا جملہ ہے۔| یہ دوسرا ہے۔",
        "정부가 계획을 발표했다.| 야당은 반대했다.",
        "Toplantı dün yapıldı.| Karar bugün açıklandı.",
        "Elle est née le 3 mars 1970 à St. Denis.| « Je reste ! »| Mme Martin a ri.",
        "Er sagte: „Ich gehe.“| Sie blieb.| Am 12. Mai ist es so weit.",
        "«Ya basta», dijo el Dr. Ruiz.| ¿Y ahora?| Nadie responde.",
        "彼は言った。|「もう終わりだ。」|皆が帰った。",
    ] {
        check(case);
    }
}

#[test]
fn blank_lines_end_sentences() {
    let text = "A heading without a stop\n\nThe text begins. It goes\non.\n\n\n\nThe end";
    let found: Vec<(&str, bool, usize)> =
        split(text).iter().map(|s| (&text[s.bytes.clone()], s.complete, s.block)).collect();
    assert_eq!(
        found,
        [
            ("A heading without a stop", false, 0),
            ("The text begins.", true, 1),
            ("It goes\non.", true, 1),
            ("The end", false, 2),
        ]
    );
}

#[test]
fn spans_count_code_points() {
    let text = "Zürich blüht. 日本は。Ende.";
    let spans: Vec<(usize, usize)> =
        split(text).iter().map(|s| (s.span.start, s.span.end)).collect();
    assert_eq!(spans, [(0, 13), (14, 18), (18, 23)]);
}
