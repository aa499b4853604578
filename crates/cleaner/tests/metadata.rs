//! Metadata of small pages, one for every kind of source.

use std::io::Read as _;
use std::path::Path;

use newsmill_article::{Hints, Kind};
use newsmill_cleaner::decode::decode;
use newsmill_cleaner::metadata::{self, Metadata};
use newsmill_cleaner::parse::parse;
use proptest::prelude::*;
use serde_json::Value;
use url::Url;

fn read(page: &str) -> Metadata {
    let base = Url::parse("https://www.example.org/news/mill-flooded").ok();
    metadata::read(&parse(page), base.as_ref(), &Hints::default())
}

fn title(found: &Metadata) -> &str {
    found.title.as_ref().map_or("", |found| &found.value)
}

fn authors(found: &Metadata) -> Vec<&str> {
    found.authors.iter().map(|found| found.value.as_str()).collect()
}

/// The day of publication as who reads a record takes it.
fn day_of(found: &Metadata) -> Option<String> {
    found.published.as_ref().map(|found| found.value.to_string()[..10].to_owned())
}

fn published(found: &Metadata) -> String {
    found.published.as_ref().map_or(String::new(), |found| found.value.to_string())
}

#[test]
fn json_ld_in_a_graph() {
    let found = read(
        r##"<html lang="en-US"><head><title>Mill Flooded at Dawn - The Example</title>
        <script type="application/ld+json">{"@context":"https://schema.org","@graph":[
          {"@type":"WebSite","@id":"#site","name":"The Example"},
          {"@type":"Person","@id":"#jane","name":"Jane Doe"},
          {"@type":["NewsArticle"],"headline":"Mill Flooded &amp; Closed","author":[{"@id":"#jane"},{"@type":"Person","name":"John Public"}],
           "datePublished":"2019-10-16T08:00:00+02:00","dateModified":"2019-10-17T09:30:00Z",
           "articleSection":["Region"],"keywords":["flood","mill"],"isAccessibleForFree":"False",
           "image":{"@type":"ImageObject","url":"/mill.jpg"},"publisher":{"@type":"Organization","name":"The Example"},
           "articleBody":"The river rose."},]}</script></head><body><p>x</p></body></html>"##,
    );
    assert_eq!(title(&found), "Mill Flooded & Closed");
    assert_eq!(found.title.unwrap().origin, "json-ld headline");
    let names: Vec<_> = found.authors.iter().map(|a| a.value.as_str()).collect();
    assert_eq!(names, ["Jane Doe", "John Public"]);
    assert_eq!(found.published.unwrap().value.to_string(), "2019-10-16T08:00:00+02:00");
    assert_eq!(found.modified.unwrap().value.to_string(), "2019-10-17T09:30:00Z");
    assert_eq!(found.section.unwrap().value, "Region");
    assert_eq!(found.tags.len(), 2);
    assert!(found.paywalled.unwrap().value);
    assert_eq!(found.image.unwrap().value.as_str(), "https://www.example.org/mill.jpg");
    assert_eq!(found.site.unwrap().value, "The Example");
    assert_eq!(found.kind.unwrap().value, Kind::Article);
    assert_eq!(found.article_body.unwrap().value, "The river rose.");
    assert_eq!(found.language.unwrap().value, "en-US");
}

#[test]
fn a_moment_is_told_where_the_page_is_at_home() {
    let told = |moment: &str, seen: &str| {
        let page = format!(
            "<meta property=\"article:published_time\" content=\"{moment}\">\
             <h1>Mill flooded</h1><p class=\"date\">{seen}</p><p>The river rose.</p>"
        );
        published(&read(&page))
    };
    // A moment keeps the zone that it names, and no other date moves it.
    let zoned = "2017-04-03T23:30:00-05:00";
    assert_eq!(told(zoned, ""), zoned);
    assert_eq!(told(zoned, "4 April 2017"), zoned);
    assert_eq!(told("2019-10-16 22:04", "17 October 2019"), "2019-10-16T22:04:00Z");
    assert_eq!(told("2019-10-16T00:00:00Z", "15 October 2019"), "2019-10-16T00:00:00Z");
    // One in UTC may be of the day before or after where the page is at home.
    let evening = "2019-10-16T22:04:37Z";
    let night = "2019-10-17T00:04:37+02:00";
    assert_eq!(told(evening, "17. Oktober 2019, 00:04 Uhr"), night);
    assert_eq!(told(evening, "17 October 2019"), night);
    assert_eq!(told(evening, "17 October 2019, 3:34 am"), "2019-10-17T03:34:37+05:30");
    assert_eq!(told("2019-10-16T03:38:00Z", "15 October 2019"), "2019-10-15T23:38:00-04:00");
    assert_eq!(
        told("2019-10-16T03:38:00Z", "15 October 2019, 8:38 pm"),
        "2019-10-15T20:38:00-07:00"
    );
    for other in ["3 October 2019", "", "16 October 2019, 09:00"] {
        assert_eq!(told(evening, other), evening, "{other}");
    }
    // What others are dated moves nothing where one date confirms the moment, or none could be its day.
    let confirmed = "16 October 2019</p><p class=\"date\">17 October 2019";
    assert_eq!(told(evening, confirmed), evening);
    assert_eq!(told("2019-10-16T13:10:00Z", "15 October 2019"), "2019-10-16T13:10:00Z");
}

#[test]
fn rdfa_dates() {
    let found = read(
        "<h1>Mill flooded</h1><span property=\"schema:dateCreated\" \
         content=\"2019-10-16T08:00:00+02:00\"></span>",
    );
    assert_eq!(published(&found), "2019-10-16T08:00:00+02:00");
}

#[test]
fn a_list_of_stubs_is_not_the_article() {
    let found = read(
        r#"<script type="application/ld+json">[{"@type":"ItemList","itemListElement":[
          {"@type":"ListItem","item":{"@type":"NewsArticle","headline":"Another text"}}]},
          {"@type":"LiveBlogPosting","headline":"Flood: all updates","datePublished":"2019-10-16T08:00:00Z"}]</script>"#,
    );
    assert_eq!(title(&found), "Flood: all updates");
    assert_eq!(found.kind.unwrap().value, Kind::LiveBlog);
}

#[test]
fn broken_json_ld_is_mended_or_left() {
    let found = read(
        "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"headline\":\"Two\nlines\",\"datePublished\":\"2019-10-16\",}</script>",
    );
    assert_eq!(title(&found), "Two lines");
    let deep = format!(
        "<script type='application/ld+json'>{}</script><h1>Standing</h1>",
        "[".repeat(100_000)
    );
    assert_eq!(title(&read(&deep)), "Standing");
}

#[test]
fn open_graph_and_its_kin() {
    let found = read(
        r#"<head><meta property="og:title" content="Mill Flooded | The Example"><meta property="og:site_name" content="The Example">
        <meta property="article:published_time" content="2019-10-16T08:00:00+0200"><meta name="author" content="By Jane Doe and John Public">
        <meta property="article:section" content="Region"><meta property="article:tag" content="flood"><meta property="article:tag" content="mill">
        <meta property="og:image" content="https://img.example.org/a.jpg"><meta property="og:locale" content="de_AT">
        <meta property="og:type" content="article"><meta property="article:content_tier" content="locked"></head>"#,
    );
    assert_eq!(title(&found), "Mill Flooded");
    assert_eq!(authors(&found), ["Jane Doe", "John Public"]);
    assert_eq!(published(&found), "2019-10-16T08:00:00+02:00");
    assert_eq!(found.tags.len(), 2);
    assert_eq!(found.language.unwrap().value, "de-AT");
    assert!(found.paywalled.unwrap().value);
}

#[test]
fn dublin_core_parsely_and_sailthru() {
    let found = read(
        r#"<meta name="DC.title" content="Mill Flooded"><meta name="DC.creator" content="Jane Doe"><meta name="DC.date.issued" content="2019-10-16"><meta name="DC.language" content="en">"#,
    );
    assert_eq!((title(&found), authors(&found)), ("Mill Flooded", vec!["Jane Doe"]));
    assert_eq!(published(&found), "2019-10-16T00:00:00Z");
    let found = read(
        r#"<meta name="parsely-title" content="Mill Flooded"><meta name="parsely-author" content="Jane Doe"><meta name="sailthru.date" content="2019-10-16 08:00:00"><meta name="sailthru.tags" content="flood, mill">"#,
    );
    assert_eq!((title(&found), authors(&found)), ("Mill Flooded", vec!["Jane Doe"]));
    assert_eq!(published(&found), "2019-10-16T08:00:00Z");
    assert_eq!(found.tags.len(), 2);
}

#[test]
fn microdata() {
    let found = read(
        r#"<title>Mill Flooded</title><article itemscope itemtype="https://schema.org/NewsArticle"><h1 itemprop="headline">Mill Flooded</h1>
        <span itemprop="author" itemscope><span itemprop="name">Jane Doe</span> Reporter</span>
        <meta itemprop="datePublished" content="2019-10-16T08:00:00Z"><meta itemprop="isAccessibleForFree" content="true"></article>"#,
    );
    assert_eq!((title(&found), authors(&found)), ("Mill Flooded", vec!["Jane Doe"]));
    assert_eq!(published(&found), "2019-10-16T08:00:00Z");
    assert!(!found.paywalled.unwrap().value);
}

#[test]
fn a_blog_post_and_the_comments_under_it() {
    let found = read(
        r#"<title>Mill Flooded - River Notes</title><body><h1><a href="/">River Notes</a></h1><main><article>
        <h2 class="entry-title">Mill Flooded</h2><div class="entry-meta">Posted on <time class="entry-date published" datetime="2019-10-16T08:00:00+00:00">16. Oktober 2019</time>
        <span class="author vcard"><a class="url fn n" rel="author" href="/author/jane">Jane Doe</a></span></div><p>Text</p>
        <a rel="tag" href="/t/flood">flood</a></article>
        <div id="comments"><span class="comment-author">Troll</span><time datetime="2020-01-01">later</time></div></main></body>"#,
    );
    assert_eq!((title(&found), authors(&found)), ("Mill Flooded", vec!["Jane Doe"]));
    assert_eq!(published(&found), "2019-10-16T08:00:00Z");
    assert_eq!(found.tags[0].value, "flood");
}

#[test]
fn visible_lines_only() {
    let found = read(
        "<title>Mill Flooded</title><h1>Mill Flooded</h1><p>Von Anna Müller und Jörg Weiß</p><p>Mittwoch, 16. Oktober 2019, 8:00 Uhr</p><p>Text.</p>",
    );
    assert_eq!(authors(&found), ["Anna Müller", "Jörg Weiß"]);
    assert_eq!(published(&found), "2019-10-16T08:00:00Z");
    assert_eq!(found.authors[0].origin, "byline");
}

#[test]
fn a_person_goes_before_a_firm_and_anyone_before_the_site() {
    let names = |page: &str| {
        let found = read(page);
        authors(&found).join(", ")
    };
    let firm = "<meta name=author content='Example Verlag GmbH'><h1>Mill flooded</h1>";
    assert_eq!(names(firm), "Example Verlag GmbH");
    assert_eq!(names(&format!("{firm}<p class=author>Jane Doe</p>")), "Jane Doe");
    // The host is example.org.
    let site = "<meta name=author content='EXAMPLE'><h1>Mill flooded</h1>";
    assert_eq!(names(site), "EXAMPLE");
    assert_eq!(names(&format!("{site}<p>By Jane Doe</p>")), "Jane Doe");
    let organization = "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"datePublished\":\"2019-10-16\",\
        \"author\":{\"@type\":\"Organization\",\"name\":\"River Board\"}}</script><h1>Mill flooded</h1>";
    assert_eq!(names(&format!("{organization}<p>By Jane Doe</p>")), "River Board");
    assert_eq!(names(&format!("{organization}<p class=byline>By Jane Doe</p>")), "Jane Doe");
}

#[test]
fn a_byline_may_say_more_than_a_declaration() {
    let names = |declared: &str, byline: &str| {
        let page = format!(
            "<meta name=author content='{declared}'><h1>Mill flooded</h1><p class=author>{byline}</p>"
        );
        let found = read(&page);
        authors(&found).join(", ")
    };
    assert_eq!(names("Jane Doe", "Jane Doe, Ann Lee"), "Jane Doe, Ann Lee");
    assert_eq!(names("Jane", "Jane Doe"), "Jane Doe");
    assert_eq!(names("Jane Doe", "Jane Doe, River Board Department"), "Jane Doe");
    assert_eq!(names("Jane Doe", "Ann Lee"), "Jane Doe");
    assert_eq!(names("Jane Doe", "Jane Doe, A B, C D, E F, G H"), "Jane Doe");
}

#[test]
fn the_foot_of_an_article_has_its_byline() {
    let page = |foot: &str| {
        let found = read(&format!("<article><h1>Mill flooded</h1><p>Text</p>{foot}</article>"));
        authors(&found).join(", ")
    };
    assert_eq!(page("<footer><a rel=author>Jane Doe</a></footer>"), "Jane Doe");
    assert_eq!(page("<div class=post-footer-line><b class=author>Jane Doe</b></div>"), "Jane Doe");
    assert_eq!(page("<div class=footer><b class=author>Jane Doe</b></div>"), "");
    let site = read("<h1>Mill flooded</h1><footer><b class=author>Jane Doe</b></footer>");
    assert_eq!(authors(&site), Vec::<&str>::new());
}

#[test]
fn a_date_under_the_headline_goes_before_a_date_of_no_kind() {
    let page = |under: &str| {
        let page = format!(
            "<meta name=date content='2019-10-20'><h1>Mill flooded</h1><p class=date>{under}</p>"
        );
        day_of(&read(&page))
    };
    assert_eq!(page("16 October 2019").as_deref(), Some("2019-10-16"));
    assert_eq!(page("").as_deref(), Some("2019-10-20"));
    // Over the headline it is as good.
    let over = "<meta name=date content='2019-10-20'><p class=date>16 October 2019</p>\
                <h1>Mill flooded</h1>";
    assert_eq!(day_of(&read(over)).as_deref(), Some("2019-10-16"));
    // Today's date beside the name of the site, which is the first heading.
    let today = format!(
        "<title>Mill flooded at dawn</title><meta name=date content='2019-10-16'>\
         <h1>The Example</h1><p class=date>26 February 2020</p><ul>{}</ul>\
         <h2 class=headline>Mill flooded at dawn</h2><p>The river rose.</p>",
        "<li><a href='/x'>Region</a></li>".repeat(8)
    );
    assert_eq!(day_of(&read(&today)).as_deref(), Some("2019-10-16"));
}

#[test]
fn a_trail_of_links_is_no_headline() {
    let page = "<title>Dam: Mill flooded, five hurt | Region</title>\
        <meta property='og:title' content='Mill flooded: five are hurt'>\
        <script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"headline\":\"Dam: Mill flooded, five hurt\"}</script>\
        <h1 class='id-Breadcrumb-link'>Dam: Mill flooded, five hurt</h1>\
        <article><h2 class='article-headline'>Mill flooded: five are hurt</h2><p>The river rose.</p></article>";
    assert_eq!(title(&read(page)), "Mill flooded: five are hurt");
}

#[test]
fn a_title_may_have_the_words_in_another_order() {
    let page = "<title>The Example - Five hurt at dawn in a flooded Old Mill - Info</title>\
        <meta property='og:title' content='Join us!'><h3>Region</h3>\
        <div><h1>Old Mill: five hurt in a flooded dawn</h1></div><h2>More</h2>";
    assert_eq!(title(&read(page)), "Old Mill: five hurt in a flooded dawn");
}

#[test]
fn lines_say_what_their_dates_are() {
    let day = |page: &str| day_of(&read(page));
    let foot = "<h1>Mill flooded</h1><p>Text</p><footer><p>Letzte Änderung: 18.10.2019</p>\
                <p>Erschienen am: 16.10.2019</p></footer>";
    assert_eq!(day(foot).as_deref(), Some("2019-10-16"));
    assert_eq!(day("<p>Updated: 18 October 2019</p>").as_deref(), Some("2019-10-18"));
    let sentence = "The council of the river meets again in the mill on 5 February 2020 at noon";
    assert_eq!(day(&format!("<p>{sentence}</p>")), None);
    let paper = "Vol. 371, Issue 6526, pp. 260 - 264, 15 January 2021, 10.1126/science.4688";
    assert_eq!(day(&format!("<p>{paper}</p>")), None);
}

#[test]
fn the_address_is_the_last_resort() {
    let html = parse("<title>Mill Flooded</title><p>Text</p>");
    let base = Url::parse("https://example.org/2019/10/16/mill").unwrap();
    let found = metadata::read(&html, Some(&base), &Hints::default());
    assert_eq!(
        (published(&found).as_str(), found.published.unwrap().origin),
        ("2019-10-16T00:00:00Z", "address")
    );
}

#[test]
fn headlines_lose_the_site_and_the_kicker() {
    let found = read("<title>Mill Flooded at Dawn | Example</title>");
    assert_eq!(title(&found), "Mill Flooded at Dawn");
    let found = read(
        "<title>Mill Flooded at Dawn</title><h1><span class='article-kicker'>Region</span> Mill Flooded at Dawn</h1>",
    );
    assert_eq!(title(&found), "Mill Flooded at Dawn");
    let found = read(
        "<title>Mill Flooded at Dawn</title><h1><span class='subtitle'>Region</span> – <span class='label-hidden'>Mill Flooded at Dawn</span></h1>",
    );
    assert_eq!(title(&found), "Mill Flooded at Dawn");
}

#[test]
fn a_headline_loses_the_link_to_the_front_page() {
    let found = read(
        "<title>Who pays for the mill? » News » Mill Times</title>\
         <h1><span>Who pays for the mill?</span><a href='/'>Mill Times</a></h1>",
    );
    assert_eq!(title(&found), "Who pays for the mill?");
    let found = read(
        "<title>Who pays for the mill – Ann Lee | Mill Times</title><h1>Who pays for the mill – Ann Lee</h1>",
    );
    assert_eq!(title(&found), "Who pays for the mill – Ann Lee");
}

#[test]
fn what_a_button_says_is_no_author() {
    let found =
        read("<a href='/users/login?at=4'>Login</a><button><span>Text Delete</span></button>");
    assert!(found.authors.is_empty(), "{:?}", authors(&found));
}

#[test]
fn a_lone_headline_goes_before_what_others_are_told() {
    let title = |page: &str| read(page).title.map(|found| (found.value, found.origin));
    let alone = Some(("Who pays for the mill".to_owned(), "h1 alone"));
    let page = "<title>Mills and money</title><div class=\"content-sidebar\"><h1>Who pays for the mill</h1></div>";
    assert_eq!(title(page), alone);
    let page = "<title>Mills and money</title><h1>Navigation</h1><main><h1>Who pays for the mill</h1></main>";
    assert_eq!(title(page), alone);
    let page = "<title>Mills and money</title><h1>example.org</h1>";
    assert_eq!(title(page), Some(("Mills and money".to_owned(), "title")));
}

#[test]
fn a_heading_before_the_text_goes_before_a_title_that_nothing_repeats() {
    let title = |headings: &str, after: &str| {
        let passage = "The river rose by two metres in the night and took the wheel, the weir and half of the dam with it, and the road.";
        let found = read(&format!(
            "<title>Mills and money | Example</title>{headings}<p>{passage}</p>{after}<p>More.</p>"
        ));
        found.title.map(|found| (found.value, found.origin))
    };
    let tag = Some(("Mills and money".to_owned(), "title"));
    let heading = Some(("Who pays for the mill".to_owned(), "h2 before the text"));
    assert_eq!(title("<h2>Who pays for the mill</h2>", ""), heading);
    assert_eq!(
        title("<h2 class=sr-only>Main navigation</h2><h2>Who pays for the mill</h2>", ""),
        heading
    );
    assert_eq!(title("<nav><h2>Who pays for the mill</h2></nav>", ""), tag);
    assert_eq!(title("<h2>News</h2>", ""), tag);
    assert_eq!(title("<h2>Example.org</h2>", ""), tag);
    assert_eq!(title("", "<h2>Who pays for the mill</h2>"), tag);
    assert_eq!(title("<h1>example.org</h1><h2>Who pays for the mill</h2>", ""), heading);
}

#[test]
fn a_heading_that_is_all_of_a_declaration_goes_before_a_part() {
    let found = read(
        "<title>Mill insurance – Example</title><meta property=og:title content='Who pays for the mill'>\
         <h1>Mill insurance</h1><h2>Who pays for the mill</h2>",
    );
    assert_eq!(
        (title(&found), found.title.as_ref().unwrap().origin),
        ("Who pays for the mill", "h2")
    );
}

#[test]
fn the_site_is_what_stands_beside_the_headline() {
    let site = |page: &str| read(page).site.map(|found| found.value);
    let page = |title: &str| format!("<title>{title}</title><h1>Mill flooded at dawn</h1>");
    assert_eq!(
        site(&page("Mill flooded at dawn | News | River Notes")).as_deref(),
        Some("River Notes")
    );
    assert_eq!(site(&page("River Notes: Mill flooded at dawn")).as_deref(), Some("River Notes"));
    assert_eq!(site(&page("Mill flooded at dawn")), None);
    assert_eq!(site(&page("Mill flooded at dawn – why nobody saw it coming this time")), None);
}

#[test]
fn links_lead_to_writers() {
    let names = |link: &str| {
        let found = read(&format!("<article><h1>Mill flooded</h1><p>{link}</p></article>"));
        authors(&found).join(", ")
    };
    assert_eq!(names("<a href='/autor/12'>Jane Doe</a>"), "Jane Doe");
    assert_eq!(names("<a href='/user/jane-doe.html'>Jane Doe</a>"), "Jane Doe");
    assert_eq!(names("<a href='/user/register'>Join us</a>"), "");
}

#[test]
fn a_name_stands_beside_a_date() {
    for line in ["Jane Doe | 16 October 2019", "16.10.2019 - Jane Doe", "16.10.2019 von Jane Doe"] {
        let found = read(&format!("<h1>Mill flooded</h1><p>{line}</p>"));
        assert_eq!(
            (authors(&found), published(&found).get(..10)),
            (vec!["Jane Doe"], Some("2019-10-16")),
            "{line}"
        );
    }
}

#[test]
fn canonical_addresses_are_checked() {
    let canonical = |page: &str| read(page).canonical_url.map(|found| found.value.to_string());
    assert_eq!(
        canonical("<link rel=canonical href='/news/mill#top'>").as_deref(),
        Some("https://www.example.org/news/mill")
    );
    assert_eq!(canonical("<link rel=canonical href='https://www.example.org/'>"), None);
    assert_eq!(canonical("<link rel=canonical href='https://elsewhere.net/a'>"), None);
    assert_eq!(
        canonical("<html amp><link rel=canonical href='https://elsewhere.net/a'>").as_deref(),
        Some("https://elsewhere.net/a")
    );
    assert_eq!(canonical("<link rel=canonical href='javascript:void(0)'><meta property='og:url' content='https://m.example.org/a'>").as_deref(), Some("https://m.example.org/a"));
}

#[test]
fn the_feed_fills_what_the_page_leaves_open() {
    let hints = Hints {
        title: Some("From the feed".into()),
        authors: vec!["Jane Doe".into()],
        published: "2019-10-16T08:00:00Z".parse().ok(),
        ..Hints::default()
    };
    let found = metadata::read(&parse("<p>Text</p>"), None, &hints);
    assert_eq!((title(&found), authors(&found)), ("From the feed", vec!["Jane Doe"]));
    assert_eq!(published(&found), "2019-10-16T08:00:00Z");
    assert_eq!(found.title.unwrap().origin, "feed");
}

#[test]
fn nothing_is_an_empty_string() {
    let found = read(
        "<title> </title><meta name=author content=''><meta property='og:title' content='  '><h1></h1><meta name=keywords content=', ,'>",
    );
    assert_eq!(found, Metadata::default());
}

/// Floors under the exact matches on the development corpora, where those are, in pages.
#[test]
fn metadata_of_the_corpora_holds() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/extraction");
    let floors: [(&str, &[(&str, usize)]); 2] = [
        ("trafilatura", &[("title", 470), ("author", 253), ("date", 392), ("site", 7)]),
        ("readability", &[("title", 48), ("author", 20), ("date", 11), ("site", 27), ("lang", 38)]),
    ];
    for (corpus, floors) in floors {
        let Ok(folder) = std::fs::read_dir(corpora.join(corpus)) else {
            println!("skipped: no {}", corpora.join(corpus).display());
            continue;
        };
        let (mut pages, mut right) = (0, [0; 5]);
        for path in folder.map(|entry| entry.unwrap().path()) {
            if path.extension().is_none_or(|ext| ext != "json") {
                continue;
            }
            let truth: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let file = std::fs::File::open(path.with_extension("html.gz")).unwrap();
            let mut bytes = Vec::new();
            flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
            pages += 1;
            let Ok(decoded) = decode(&bytes, None) else { continue };
            let url = truth["url"].as_str().and_then(|url| Url::parse(url).ok());
            let found = metadata::read(&parse(&decoded.text), url.as_ref(), &Hints::default());
            let got = |field| match field {
                "title" => words(title(&found)),
                "author" => words(&authors(&found).join(" ")),
                "date" => day_of(&found).unwrap_or_default(),
                "site" => words(found.site.as_ref().map_or("", |site| &site.value)),
                _ => primary(found.language.as_ref().map_or("", |language| &language.value)),
            };
            for ((field, _), right) in floors.iter().zip(&mut right) {
                let want = &truth["metadata"][field];
                let want = match want.as_array() {
                    Some(several) => {
                        several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
                    }
                    None => want.as_str().unwrap_or("").to_owned(),
                };
                let want = match *field {
                    "date" => want.get(..10).unwrap_or("").to_owned(),
                    "lang" => primary(&want),
                    _ => words(&want),
                };
                *right += usize::from(!want.is_empty() && want == got(field));
            }
        }
        assert!(pages > 50, "{corpus}: only {pages} pages");
        for ((field, floor), right) in floors.iter().zip(right) {
            println!("{corpus}: {field} {right}");
            assert!(right >= *floor, "{corpus}: {field} is right on {right} pages, not on {floor}");
        }
    }
}

/// The words of a text in small letters, for comparing.
fn words(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn primary(language: &str) -> String {
    language.split(['-', '_']).next().unwrap_or("").to_lowercase()
}

proptest! {
    #[test]
    fn any_page_is_read(parts in proptest::collection::vec(prop_oneof![
        "<(div|h1|h2|time|span|a|p|article|aside) (class|id|itemprop|rel|datetime|content|href)=\"(author|byline|date|published|headline|tag|\\PC{0,12})\">",
        "</(div|h1|article|span)>",
        "<meta (name|property)=\"(author|og:title|date|article:published_time|keywords)\" content=\"\\PC{0,30}\">",
        "<script type=\"application/ld\\+json\">\\{\"@type\":\"(NewsArticle|WebPage)\",\"author\":\\PC{0,20}\\}</script>",
        "<title>\\PC{0,30}</title>",
        "(By |Von |16.10.2019 )?\\PC{0,30}",
    ], 0..12)) {
        let found = read(&parts.concat());
        if let Some(title) = &found.title {
            prop_assert!(!title.value.is_empty());
        }
        prop_assert!(found.authors.iter().all(|author| !author.value.is_empty()));
    }
}
