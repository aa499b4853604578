use proptest::prelude::*;

use super::*;

const RUSSIAN: &str = "<p>Президент России прибыл в Минск, чтобы обсудить торговлю и границы. Переговоры продолжались до позднего вечера.</p>";
const JAPANESE: &str = "<p>東京の株式市場は月曜日に大きく下がり、投資家は安全な資産を求めました。これは今年最大の下げです。</p>";
const CHINESE: &str = "<p>中国国家统计局周一公布的数据显示，今年第一季度经济增长超过预期，出口和消费都有明显改善。</p>";
const GERMAN: &str =
    "<p>Die Straße über die Brücke bleibt für größere Fahrzeuge gesperrt, heißt es aus Köln.</p>";

fn text(bytes: &[u8], content_type: Option<&str>) -> String {
    decode(bytes, content_type).unwrap().text.into_owned()
}

fn encoded(label: &str, text: &str) -> Vec<u8> {
    Encoding::for_label(label.as_bytes()).unwrap().encode(text).0.into_owned()
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
}

#[test]
fn each_way_of_declaring_is_heard() {
    for (label, page) in [
        ("windows-1251", RUSSIAN),
        ("koi8-r", RUSSIAN),
        ("shift_jis", JAPANESE),
        ("euc-jp", JAPANESE),
        ("iso-2022-jp", JAPANESE),
        ("gb18030", CHINESE),
        ("big5", "<p>台灣的經濟在今年第一季成長超過預期。</p>"),
        ("euc-kr", "<p>서울의 주식 시장이 월요일에 크게 하락했습니다.</p>"),
        ("iso-8859-15", GERMAN),
        ("windows-1252", GERMAN),
    ] {
        let header = format!("text/html; Charset=\"{label}\"");
        assert_eq!(text(&encoded(label, page), Some(&header)), page, "header {label}");
        for head in [
            format!("<html><head><meta charset={label}></head>"),
            format!("<META http-equiv='Content-Type' content='text/html; charset={label}'>"),
            format!("<?xml version='1.0' encoding='{label}'?>"),
            format!("<!-- <meta charset=utf-16> --><meta charset = '{label}' />"),
        ] {
            let page = head + page;
            assert_eq!(text(&encoded(label, &page), None), page, "{label}");
        }
    }
}

#[test]
fn an_undeclared_encoding_is_detected() {
    for (label, page) in [
        ("windows-1251", RUSSIAN),
        ("koi8-r", RUSSIAN),
        ("shift_jis", JAPANESE),
        ("euc-jp", JAPANESE),
        ("gb18030", CHINESE),
        ("windows-1252", GERMAN),
        ("utf-8", JAPANESE),
    ] {
        assert_eq!(text(&encoded(label, page), None), page, "{label}");
    }
}

#[test]
fn utf_16_needs_no_mark() {
    for page in [GERMAN, RUSSIAN, JAPANESE] {
        for little in [true, false] {
            assert_eq!(text(&utf16(page, little, true), None), page);
            assert_eq!(text(&utf16(page, little, false), Some("text/html")), page);
        }
    }
}

#[test]
fn a_false_declaration_loses() {
    let utf8 = format!("<meta charset=iso-8859-1>{RUSSIAN}");
    assert_eq!(text(utf8.as_bytes(), None), utf8);
    assert_eq!(text(utf8.as_bytes(), Some("text/html; charset=windows-1251")), utf8);
    let page = format!("<meta charset=utf-8>{RUSSIAN}");
    assert_eq!(text(&encoded("windows-1251", &page), None), page);
    let page = format!("<meta charset=windows-1251>{RUSSIAN}");
    let bytes = encoded("windows-1251", &page);
    let found = decode(&bytes, Some("text/html; charset=utf-8"));
    assert_eq!(found.unwrap().origin, "meta");
    let page = format!("<meta charset=shift_jis>{GERMAN}");
    assert_eq!(text(&encoded("windows-1252", &page), None), page);
}

#[test]
fn damage_does_not_stop_a_page() {
    let mut page = JAPANESE.repeat(40).into_bytes();
    page.insert(3, b'\0');
    page.push(0xe3);
    let found = decode(&page, None).unwrap();
    assert_eq!(found.encoding, UTF_8);
    assert_eq!(found.text.replace('\u{fffd}', ""), JAPANESE.repeat(40));
}

#[test]
fn binary_content_is_refused() {
    for bytes in [
        b"%PDF-1.7 then text".as_slice(),
        b"PK\x03\x04 then text",
        b"\x89PNG\r\n\x1a\n",
        b"\0\0\0 ftypisom",
        b"\x01\x02\x03\x04text\x05\x06",
    ] {
        assert_eq!(decode(bytes, Some("text/html")), Err(CleanError(Reason::NotHtml)));
    }
    for bytes in [b"".as_slice(), b" \n\t", b"\0\0"] {
        assert_eq!(decode(bytes, None), Err(CleanError(Reason::Empty)));
    }
}

#[test]
fn html_is_told_from_plain_text() {
    assert!(is_html("<!DOCTYPE html><p>a", None, None));
    assert!(is_html("Words <b>and</b><br>more</p> words", None, None));
    assert!(is_html("no tag at all", Some("text/html; charset=x"), None));
    assert!(is_html("<p>", None, Some("https://example.org/a.HTML?b=1")));
    assert!(is_html("<html><body>", Some("text/plain"), None));
    assert!(!is_html("<p>Markdown may hold tags</p>", None, Some("a/b.md")));
    assert!(!is_html("a < b and c > d", None, None));
    assert!(!is_html("# Heading", Some("text/markdown"), None));
    assert!(!is_html("<3 is a heart", None, None));
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        label in "[a-z0-9;= \"-]{0,30}",
    ) {
        if let Ok(found) = decode(&bytes, Some(&label)) {
            prop_assert!(!found.text.contains('\0'));
            is_html(&found.text, None, Some(&label));
        }
    }

    #[test]
    fn valid_utf_8_is_never_changed(page in "[^\0\u{feff}\u{1}-\u{8}\u{b}\u{e}-\u{1f}\u{7f}]{20,200}") {
        prop_assume!(!page.trim().is_empty() && Encoding::for_bom(page.as_bytes()).is_none());
        prop_assume!(!page.is_ascii());
        prop_assert_eq!(text(page.as_bytes(), None), page);
    }
}

#[test]
fn declarations_are_found_as_browsers_find_them() {
    let koi8 = encoding_rs::KOI8_R;
    for (head, want) in [
        ("<meta charset=koi8-r>", Some(koi8)),
        ("<meta/charset='koi8-r'/>", Some(koi8)),
        ("<META\nCHARSET=\"\n KOI8-R \">", Some(koi8)),
        ("<metacharset=koi8-r>", None),
        ("<meta charset=koi8-r", None),
        ("<meta charset='koi8-r>", None),
        ("<meta charset=koi8-r'>", None),
        ("<meta a=x' charset=koi8-r>", Some(koi8)),
        ("<meta ' charset=koi8-r>", Some(koi8)),
        ("<meta a='\" charset=koi8-r>", None),
        ("<meta charset=koi8-r charset=big5>", Some(koi8)),
        ("<meta charset=nonsense><meta charset=koi8-r>", Some(koi8)),
        ("<meta charset=utf-16be>", Some(UTF_8)),
        ("<meta charset=x-user-defined>", Some(encoding_rs::WINDOWS_1252)),
        ("<meta http-equiv=content-type content='text/html; charset=koi8-r'>", Some(koi8)),
        ("<meta content='a; charset charset = \"koi8-r\" b' http-equiv=Content-Type>", Some(koi8)),
        ("<meta content='text/html; charset=\"koi8-r' http-equiv=content-type>", None),
        ("<meta content='text/html; charset=koi8-r'>", None),
        ("<meta content='text/html; charset=koi8-r' http-equiv='Content-Type '>", None),
        ("<meta content='text/html; charset=koi8-r' name=content-type>", None),
        ("<p title='<meta charset=big5>'><meta charset=koi8-r>", Some(koi8)),
        ("</p '><meta charset=big5>'><meta charset=koi8-r>", Some(encoding_rs::BIG5)),
        ("<!--><meta charset=koi8-r>", Some(koi8)),
        ("<!-- <meta charset=big5> --><meta charset=koi8-r>", Some(koi8)),
        ("<!-- <meta charset=koi8-r>", None),
        ("<!doctype '><meta charset=koi8-r>", Some(koi8)),
        ("<?xml version='1.0' encoding='koi8-r'?>", Some(koi8)),
        ("<?xml encoding = \"koi8-r\" ?><p>", Some(koi8)),
        ("<?xml encoding='big5'?><meta charset=koi8-r>", Some(koi8)),
        ("<?xml encoding=koi8-r?>", None),
        ("<?xml encoding='koi8-r '?>", None),
        ("<?xml encoding='utf-16'?>", Some(UTF_8)),
        (" <?xml encoding='koi8-r'?>", None),
        ("<?xml-stylesheet charset='koi8-r'?>", None),
        ("<p>charset=koi8-r</p>", None),
        ("<", None),
        ("", None),
    ] {
        assert_eq!(prescan(head.as_bytes()), want, "{head}");
    }
    let late = format!("<!--{}--><meta charset=koi8-r>", "x".repeat(20_000));
    assert_eq!(prescan(late.as_bytes()), Some(koi8));
}
