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
