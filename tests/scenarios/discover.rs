//! `newsmill discover`: feeds found, and handed on in each form.

use std::fs;

use e2e::mill::mill;
use e2e::web::feed::{Format, Item};
use e2e::web::{Answer, Web};

use crate::text;

#[test]
fn feeds_of_a_page_become_a_configuration_and_a_list_and_back() {
    let web = Web::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| text(&folder.path().join(name));
    fs::write(file("open.yaml"), "fetcher: { allow_private: [127.0.0.0/8] }\n").expect("a file");
    let item = Item { title: "One".into(), url: web.url("/1") };
    let feeds = [
        web.on("/news.xml?a=1&b=2", Format::Rss20.answer(std::slice::from_ref(&item))),
        web.on("/sport.json", Format::Json.answer(std::slice::from_ref(&item))),
    ];
    let home = "<html><head><link rel=alternate type=application/rss+xml href='/news.xml?a=1&amp;b=2'>\
                <link rel='feed alternate' type=application/feed+json href=/sport.json></head></html>";
    let page = web.on("/", Answer::html(home));
    let discover = |place: &str, form: &[&str]| {
        let fixed = ["discover", place, "--fetcher", &file("open.yaml")].map(str::to_owned);
        mill(fixed.into_iter().chain(form.iter().map(ToString::to_string))).run()
    };

    let found = discover(&page, &[]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    assert_eq!(found.stdout.lines().collect::<Vec<_>>(), feeds);
    // The address of a feed is its own feed.
    assert_eq!(discover(&feeds[0], &[]).stdout.trim(), feeds[0]);

    let yaml = discover(&page, &["--config"]);
    fs::write(file("pipeline.yaml"), &yaml.stdout).expect("a configuration");
    let checked = mill(["check", &file("pipeline.yaml")]).run();
    assert_eq!(checked.code, Some(0), "{}\n{}", yaml.stdout, checked.stderr);
    assert!(feeds.iter().all(|feed| checked.stdout.contains(feed)), "{}", checked.stdout);

    let opml = discover(&file("pipeline.yaml"), &["--opml"]);
    fs::write(file("list.opml"), &opml.stdout).expect("a list");
    assert_eq!(discover(&file("list.opml"), &[]).stdout.lines().collect::<Vec<_>>(), feeds);
    assert_eq!(discover(&file("list.opml"), &["--config"]).stdout, yaml.stdout);

    let nothing = discover(&web.on("/plain", Answer::html("<html><body>No feed.")), &[]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(1), ""));
    assert!(nothing.stderr.contains("names no feed"), "{}", nothing.stderr);
}
