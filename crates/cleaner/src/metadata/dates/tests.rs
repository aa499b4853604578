//! Dates in the languages of the web, their times and zones.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> String {
    parse(text).map_or_else(|| "none".to_owned(), |date| date.at.to_string())
}

fn day_in(language: &str, text: &str) -> String {
    let writing = Writing { month_first: language == "en-US", language: &language[..2] };
    parse_as(text, writing).map_or_else(|| "none".to_owned(), |date| date.day().to_string())
}

/// 16 October 2019, a Wednesday, as it is written in each language.
#[test]
fn one_day_in_many_languages() {
    for (language, text) in [
        ("en", "Wednesday, 16th of October, 2019"),
        ("en", "Wed 16 Oct 2019"),
        ("en", "Published: October 16th, 2019"),
        ("en", "Oct. 16, 2019"),
        ("en", "16-Oct-2019"),
        ("en", "16 Oct ’19"),
        ("en", "Wed Oct 16 14:05:06 2019"),
        ("en-US", "10/16/2019"),
        ("en-US", "10-16-2019"),
        ("de", "Mittwoch, 16. Oktober 2019"),
        ("de", "Mi., 16.10.2019"),
        ("de", "Stand: 16. 10. 19"),
        ("de", "16. Okt. 2019"),
        ("fr", "Publié le mercredi 16 octobre 2019"),
        ("fr", "Mis en ligne le 16/10/2019"),
        ("fr", "16 oct. 2019"),
        ("es", "Miércoles, 16 de octubre de 2019"),
        ("es", "16 de octubre del 2019"),
        ("es", "Octubre 16, 2019"),
        ("es", "16 OCT. 2019"),
        ("it", "mercoledì 16 ottobre 2019"),
        ("it", "16 ott 2019"),
        ("pt", "quarta-feira, 16 de outubro de 2019"),
        ("pt", "16 out. 2019"),
        ("nl", "woensdag 16 oktober 2019"),
        ("nl", "16-10-2019"),
        ("pl", "środa, 16 października 2019 r."),
        ("ru", "Среда, 16 октября 2019 г."),
        ("ru", "16.10.2019"),
        ("uk", "середа, 16 жовтня 2019 року"),
        ("be", "16 кастрычніка 2019"),
        ("bg", "16 октомври 2019 г."),
        ("sr", "sreda, 16. oktobar 2019."),
        ("sr", "16. октобра 2019."),
        ("hr", "srijeda, 16. listopada 2019."),
        ("sl", "16. oktobra 2019"),
        ("cs", "středa 16. října 2019"),
        ("sk", "16. októbra 2019"),
        ("hu", "2019. október 16., szerda"),
        ("hu", "2019. 10. 16."),
        ("ro", "Miercuri, 16 octombrie 2019"),
        ("sv", "Onsdag 16 oktober 2019"),
        ("sv", "den 16 oktober, 2019"),
        ("da", "Onsdag d. 16. oktober 2019"),
        ("da", "16/10 2019"),
        ("nb", "16. okt. 2019"),
        ("is", "16. október 2019"),
        ("fi", "keskiviikko 16. lokakuuta 2019"),
        ("et", "16. oktoober 2019"),
        ("lv", "2019. gada 16. oktobris"),
        ("lt", "2019 m. spalio 16 d."),
        ("el", "Τετάρτη, 16 Οκτωβρίου 2019"),
        ("el", "16 Οκτ 2019"),
        ("tr", "16 Ekim 2019 Çarşamba"),
        ("az", "16 oktyabr 2019"),
        ("kk", "16 қазан 2019"),
        ("ca", "dimecres, 16 d’octubre de 2019"),
        ("ca", "16 d'octubre del 2019"),
        ("gl", "16 de outubro de 2019"),
        ("eu", "2019ko urriaren 16a"),
        ("sq", "16 tetor 2019"),
        ("id", "Rabu, 16 Oktober 2019"),
        ("ms", "16 Oktober 2019"),
        ("sw", "16 Oktoba 2019"),
        ("vi", "Thứ tư, 16/10/2019"),
        ("vi", "ngày 16 tháng 10 năm 2019"),
        ("ar", "الأربعاء 16 أكتوبر 2019"),
        ("ar", "١٦ أكتوبر ٢٠١٩"),
        ("ar", "16 تشرين الأول 2019"),
        ("ar", "16 أكتوبر/تشرين الأول 2019"),
        ("fa", "چهارشنبه ۲۴ مهر ۱۳۹۸"),
        ("fa", "۱۳۹۸/۰۷/۲۴"),
        ("fa", "۱۶ اکتبر ۲۰۱۹"),
        ("ur", "16 اکتوبر 2019"),
        ("he", "16 באוקטובר 2019"),
        ("he", "16.10.2019"),
        ("hi", "16 अक्टूबर 2019"),
        ("hi", "१६ अक्तूबर २०१९"),
        ("mr", "16 ऑक्टोबर 2019"),
        ("bn", "১৬ অক্টোবর ২০১৯"),
        ("ta", "16 அக்டோபர் 2019"),
        ("te", "16 అక్టోబర్ 2019"),
        ("ml", "16 ഒക്ടോബർ 2019"),
        ("gu", "16 ઓક્ટોબર 2019"),
        ("kn", "16 ಅಕ್ಟೋಬರ್ 2019"),
        ("pa", "16 ਅਕਤੂਬਰ 2019"),
        ("th", "16 ตุลาคม 2562"),
        ("th", "16 ตุลาคม พ.ศ. 2562"),
        ("th", "16 ต.ค. 62"),
        ("th", "16 ต.ค. 2562"),
        ("th", "16/10/2562"),
        ("th", "๑๖ ตุลาคม ๒๕๖๒"),
        ("ka", "16 ოქტომბერი 2019"),
        ("hy", "16 հոկտեմբերի 2019"),
        ("ja", "2019年10月16日（水）"),
        ("ja", "令和元年10月16日"),
        ("ja", "２０１９年１０月１６日"),
        ("ja", "2019/10/16"),
        ("zh", "2019年10月16日 星期三"),
        ("zh", "2019-10-16"),
        ("zh", "民國108年10月16日"),
        ("ko", "2019년 10월 16일 수요일"),
        ("ko", "2019. 10. 16."),
        ("ko", "2019.10.16"),
        ("", "16 | 10 | 2019"),
        ("", "16 / 10 / 2019"),
        ("", "20191016"),
        ("", "2019-10-16T00:00:00+02:00"),
    ] {
        let language = if language.is_empty() { "en" } else { language };
        assert_eq!(day_in(language, text), "2019-10-16", "{language}: {text}");
    }
}

/// Every month of every language, by each of its names.
#[test]
fn every_month_has_its_number() {
    for (language, names) in &months::MONTHS {
        for (number, forms) in (1..).zip(names) {
            for form in forms.split('|') {
                let text = format!("16 {form} 2019");
                let want = format!("2019-{number:02}-16");
                assert_eq!(day_in(language, &text), want, "{language}: {text}");
            }
        }
    }
}

#[test]
fn first_days_and_ordinals() {
    for (text, want) in [
        ("1er août 2019", "2019-08-01"),
        ("1º de marzo de 2019", "2019-03-01"),
        ("1. März 2019", "2019-03-01"),
        ("12.5.2019", "2019-05-12"),
        ("13/4/2020", "2020-04-13"),
        ("4/13/2020", "2020-04-13"),
        ("6 مارس 2019", "2019-03-06"),
        ("平成31年4月1日", "2019-04-01"),
    ] {
        assert_eq!(day_in("fr", text), want, "{text}");
    }
    assert_eq!(day_in("en-US", "4/5/2020"), "2020-04-05");
    assert_eq!(day_in("en-GB", "4/5/2020"), "2020-05-04");
    assert_eq!(day_in("de", "4.5.2020"), "2020-05-04");
    assert_eq!(day_in("pl", "16 listopada 2019"), "2019-11-16");
    assert_eq!(day_in("hr", "16. listopada 2019."), "2019-10-16");
}

#[test]
fn the_years_of_iran() {
    for (text, want) in [
        ("1 فروردین 1400", "2021-03-21"),
        ("30 اسفند 1399", "2021-03-20"),
        ("1 فروردین 1396", "2017-03-21"),
        ("30 اسفند 1395", "2017-03-20"),
        ("30 اسفند 1398", "none"),
        ("31 مهر 1398", "none"),
        ("31 شهریور 1398", "2019-09-22"),
    ] {
        assert_eq!(day_in("fa", text), want, "{text}");
    }
}

#[test]
fn times_and_zones() {
    for (text, want) in [
        ("2019-10-16T14:05:06Z", "2019-10-16T14:05:06Z"),
        ("2019-10-16T14:05:06.123+02:00", "2019-10-16T14:05:06+02:00"),
        ("2019-10-16T14:05:06+0200", "2019-10-16T14:05:06+02:00"),
        ("2019-10-16 14:05:06 +0200", "2019-10-16T14:05:06+02:00"),
        ("2017-04-03T23:30:00-05:00", "2017-04-03T23:30:00-05:00"),
        ("2019-10-16T00:00:00+02:00", "2019-10-16T00:00:00+02:00"),
        ("2019-10-16T14:05:06+00:00", "2019-10-16T14:05:06Z"),
        ("2019-10-16T14:05:06+1530", "2019-10-16T14:05:06Z"),
        ("2019-10-16 14:05", "2019-10-16T14:05:00Z"),
        ("Wed, 16 Oct 2019 14:05:06 GMT", "2019-10-16T14:05:06Z"),
        ("Wed, 16 Oct 2019 14:05:06 -0700", "2019-10-16T14:05:06-07:00"),
        ("Wed Oct 16 14:05:06 UTC 2019", "2019-10-16T14:05:06Z"),
        ("16. Oktober 2019, 14:05 Uhr", "2019-10-16T14:05:00Z"),
        ("16.10.2019 um 14.05 Uhr", "2019-10-16T14:05:00Z"),
        ("16.10.2019, 14 Uhr", "2019-10-16T14:00:00Z"),
        ("16.10.2019 klo 14.05", "2019-10-16T14:05:00Z"),
        ("le 16/10/2019 à 14h05", "2019-10-16T14:05:00Z"),
        ("October 16, 2019 at 2:05 p.m. EDT", "2019-10-16T14:05:00-04:00"),
        ("October 16, 2019 2:05 PM ET", "2019-10-16T14:05:00-04:00"),
        ("December 16, 2019 2:05 PM ET", "2019-12-16T14:05:00-05:00"),
        ("October 16, 2019 12:05 AM", "2019-10-16T00:05:00Z"),
        ("October 16, 2019 2pm", "2019-10-16T14:00:00Z"),
        ("16 October 2019, 7:35 pm IST", "2019-10-16T19:35:00+05:30"),
        ("18 мая 2012, 12:40 (МСК)", "2012-05-18T12:40:00+04:00"),
        ("18 мая 2019, 12:40 МСК", "2019-05-18T12:40:00+03:00"),
        ("14:05, 16 октября 2019", "2019-10-16T14:05:00Z"),
        ("14:05 on 16 October 2019", "2019-10-16T14:05:00Z"),
        ("2019년 10월 16일 오후 2:05", "2019-10-16T14:05:00Z"),
        ("2019年10月16日 下午2:05", "2019-10-16T14:05:00Z"),
        ("2019年10月16日 14時05分", "2019-10-16T14:05:00Z"),
        ("16 Οκτωβρίου 2019 2:05 μ.μ.", "2019-10-16T14:05:00Z"),
        ("16 أكتوبر 2019 2:05 م", "2019-10-16T14:05:00Z"),
    ] {
        assert_eq!(at(text), want, "{text}");
    }
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
        "vor 3 Tagen",
        "2 days ago",
        "hace 5 horas",
        "il y a 3 jours",
        "3 часа назад",
        "٣ ساعات",
    ] {
        assert_eq!(at(text), "none", "{text}");
    }
}

#[test]
fn addresses_carry_dates() {
    let of = |path| of_path(path).map(|date| date.day().to_string());
    let want = Some("2019-10-16".to_owned());
    for path in [
        "/2019/10/16/a-title",
        "/2019/oct/16/a-title",
        "/news/2019-10-16/x",
        "/a-20191016.html",
        "/2019-10/16/c_1125.htm",
        "/reports/16-10-2019",
    ] {
        assert_eq!(of(path), want, "{path}");
    }
    assert_eq!(of("/a/12345678/b"), None);
    assert_eq!(of("/2019/10/a-title-16"), None);
}

proptest! {
    #[test]
    fn any_text_is_read_or_not(text in "[0-9a-zäµ年月日T:+./ ,-]{0,40}|\\PC{0,60}", first in any::<bool>()) {
        for language in ["", "th", "fa"] {
            parse_as(&text, Writing { month_first: first, language });
        }
        of_path(&text);
    }

    #[test]
    fn every_day_reads_back(day in 0..40_000_i64) {
        let at = jiff::Timestamp::from_second(631_152_000 + day * 86_400).unwrap();
        let read = parse(&at.to_string()[..10]).unwrap();
        prop_assert_eq!(read.at, Moment::from(at));
    }
}
