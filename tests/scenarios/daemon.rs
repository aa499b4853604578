//! `newsmill run` against a web that misbehaves.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::case;
use e2e::mill::{Mill, Ran, mill, records_in};
use e2e::oracle::{Fate, Oracle, rejected};
use e2e::web::feed::{Format, Item};
use e2e::web::{Answer, Web};

use crate::{assert_adds_up, text};

/// Only to end a test that would wait for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with a configuration, its outputs and its ledger.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new(sources: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let site = Self { folder };
        let mut yaml = "sources:\n".to_owned();
        for (name, feed) in sources {
            writeln!(yaml, "  - name: {name}\n    feed: {feed}").expect("writes to a string");
        }
        yaml.push_str(
            "fetcher:\n  allow_private: [127.0.0.0/8]\n  host: { concurrency: 4, min_delay: 0s }\n\
             sinks:\n  - jsonl: { path: out/news.jsonl }\n  - sqlite: { path: out/news.sqlite }\n\
             ledger: { path: out/ledger.sqlite }\n",
        );
        fs::write(site.path("pipeline.yaml"), yaml).expect("a configuration");
        fs::create_dir(site.path("out")).expect("a folder");
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn mill(&self, arguments: &[&str]) -> Mill {
        let config = text(&self.path("pipeline.yaml"));
        let fixed = ["--log-format", "json", "run", &config];
        mill(fixed.iter().chain(arguments))
            .current_dir(self.folder.path())
            .env("RUST_LOG", "warn,newsmill=debug")
    }

    /// What sinks and log say of every entry.
    fn reported(&self, ran: &Ran) -> Vec<(String, Fate)> {
        let records = records_in(&self.path("out/news.jsonl"));
        let delivered = records.into_iter().map(|record| (record.input, Fate::Record));
        let events = ran.stderr.lines().filter_map(fate_of_line);
        delivered.chain(events).collect()
    }
}

/// Whatever the scenario was.
impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_adds_up(&self.path("out/ledger.sqlite"), &self.path("out/news.jsonl"));
        }
    }
}

/// The fate that a line of the log tells, other than delivery, which the sink tells.
fn fate_of_line(line: &str) -> Option<(String, Fate)> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    let fields = event.get("fields")?;
    let input = fields.get("input")?.as_str()?.to_owned();
    let fate = match fields.get("message")?.as_str()? {
        "rejected" => rejected(fields.get("reason")?.as_str()?),
        "will be tried again" => Fate::PutOff,
        "duplicate" => Fate::Duplicate,
        _ => return None,
    };
    Some((input, fate))
}

fn page(case: &str) -> Vec<u8> {
    fs::read(case::root().join(case).join("page.html")).expect("a page")
}

pub(crate) fn item(url: &str) -> Item {
    Item {
        title: format!("The headline of {}", url.rsplit('/').next().unwrap_or(url)),
        url: url.to_owned(),
    }
}

/// A page without a text.
const FORM: &str = "<!DOCTYPE html><html lang=en><title>Sign in</title><nav><a href=/>Home</a>\
    <a href=/help>Help</a></nav><form><label>Name <input></label><button>Sign in</button></form>";

/// Ten pages that have nothing in common, as the same story twice would be a duplicate.
pub(crate) fn story(number: usize) -> Answer {
    let cases = [
        "wordpress-de",
        "wordpress-es",
        "wordpress-fr",
        "wordpress-pt",
        "wordpress-it",
        "wordpress-nl",
        "interview",
        "recipe",
        "tables",
        "list-explainer",
    ];
    Answer::html(page(cases[number - 1]))
}

#[test]
fn everything_published_has_exactly_one_fate() {
    let web = Web::start();
    let mut oracle = Oracle::default();
    let mut sources = Vec::new();

    // One feed of each format, each with two good stories.
    let mut number = 0;
    for format in Format::ALL {
        let mut items = Vec::new();
        for _ in 0..2 {
            number += 1;
            let url = web.on(&format!("/story/{number}"), story(number));
            oracle.publish(&url, Fate::Record);
            items.push(item(&url));
        }
        let name = format!("{format:?}").to_lowercase();
        let feed = web.on(&format!("/feed/{name}"), format.answer(&items));
        sources.push((name, feed));
    }

    // A feed of trouble.
    let windows_1251 = Answer::ok("text/html", page("russian-windows-1251"));
    let body = |case| Answer::html(page(case));
    let away = web.on("/moved/to", body("div-soup"));
    let trouble = [
        ("/windows-1251", windows_1251, Fate::Record),
        ("/gzip", body("japanese").gzip(), Fate::Record),
        ("/slow", body("amp").after(Duration::from_millis(400)), Fate::Record),
        ("/moved", Answer::redirect(&away), Fate::Record),
        ("/missing", Answer::status(404), rejected("gone")),
        ("/gone", Answer::status(410), rejected("gone")),
        ("/forbidden", Answer::status(403), rejected("refused")),
        ("/form", Answer::html(FORM), rejected("not_an_article")),
        ("/empty", Answer::html(""), rejected("empty")),
        ("/loop", Answer::redirect("/loop"), rejected("too_many_redirects")),
        ("/picture", Answer::ok("image/png", &b"\x89PNG\r\n\x1a\n\0\0"[..]), rejected("not_html")),
        ("/large", Answer::html(vec![b' '; 6 << 20]), rejected("too_large")),
        ("/broken", Answer::status(500), Fate::PutOff),
        ("/cut", body("amp").cut_short_by(2000), Fate::PutOff),
    ];
    let mut items = Vec::new();
    for (path, answer, fate) in trouble {
        let url = web.on(path, answer);
        oracle.publish(&url, fate);
        items.push(item(&url));
    }
    // A host of its own: after this answer it is left alone.
    let busy = Web::start();
    let url = busy.on("/busy", Answer::status(503).header("Retry-After", "120"));
    oracle.publish(&url, Fate::PutOff);
    items.push(item(&url));
    sources.push(("trouble".to_owned(), web.on("/feed/trouble", Format::Rss20.answer(&items))));

    // Feeds that are trouble themselves.
    sources.push(("empty".to_owned(), web.on("/feed/empty", Format::Rss20.answer(&[]))));
    let prose = Answer::ok("application/rss+xml", "This feed has moved. Call us.");
    sources.push(("prose".to_owned(), web.on("/feed/prose", prose)));
    sources.push(("away".to_owned(), web.url("/feed/away")));

    let named: Vec<(&str, String)> =
        sources.iter().map(|(name, feed)| (name.as_str(), feed.clone())).collect();
    let site = Site::new(&named);
    let ran = site.mill(&["--once-through"]).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    oracle.check(site.reported(&ran)).unwrap_or_else(|faults| panic!("{faults}\n{}", ran.stderr));

    // The other sink holds the same, and can be searched.
    let database = rusqlite::Connection::open(site.path("out/news.sqlite")).expect("a database");
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect(sql);
    let records = i64::try_from(oracle.records()).expect("a small number");
    assert_eq!(count("SELECT count(*) FROM records"), records);
    assert_eq!(count("SELECT count(*) FROM search WHERE search MATCH 'трамвая'"), 1);

    // Every page was asked for once; what cannot be parsed is named.
    for path in ["/story/1", "/story/10", "/windows-1251", "/missing", "/broken", "/feed/atom"] {
        assert_eq!(web.statuses(path).len(), 1, "{path}");
    }
    for name in ["prose", "away"] {
        assert!(ran.stderr.lines().any(|line| line.contains(name)), "{name}: {}", ran.stderr);
    }
}

#[test]
fn a_second_look_takes_only_what_is_new() {
    let web = Web::start();
    let urls: Vec<String> = (1..=4).map(|n| web.on(&format!("/story/{n}"), story(n))).collect();
    let items: Vec<Item> = urls.iter().map(|url| item(url)).collect();
    let feed = |count: usize| Format::Atom.answer(&items[..count]).etag(&format!("\"{count}\""));
    let source = web.on_each("/feed", vec![feed(3), feed(3), feed(4)]);
    let site = Site::new(&[("news", source)]);
    for (records, statuses) in [(3, vec![200]), (3, vec![200, 304]), (4, vec![200, 304, 200])] {
        let ran = site.mill(&["--once-through"]).run();
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(records_in(&site.path("out/news.jsonl")).len(), records, "{}", ran.stderr);
        assert_eq!(web.statuses("/feed"), statuses);
    }
    let mut asked = BTreeMap::new();
    for logged in web.log() {
        *asked.entry(logged.request.path).or_insert(0) += 1;
    }
    assert!((1..=4).all(|n| asked[&format!("/story/{n}")] == 1), "{asked:?}");
}

#[test]
fn sigterm_works_off_what_is_in_flight() {
    let web = Web::start();
    let mut oracle = Oracle::default();
    let slow = web.on("/slow", story(1).after(Duration::from_secs(2)));
    oracle.publish(&slow, Fate::Record);
    let feed = web.on("/feed", Format::Rss20.answer(&[item(&slow)]));
    let site = Site::new(&[("news", feed)]);
    let running = site.mill(&[]).start();
    assert!(web.wait_for("/slow", 1, PATIENCE), "the page is fetched");
    let sent = Command::new("kill").args(["-TERM", &running.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let ran = running.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    oracle.check(site.reported(&ran)).unwrap_or_else(|faults| panic!("{faults}\n{}", ran.stderr));
}

#[test]
fn robots_txt_is_followed() {
    let web = Web::start();
    web.on("/robots.txt", Answer::ok("text/plain", "User-agent: *\nDisallow: /private/\n"));
    let mut oracle = Oracle::default();
    let (open, closed) = (web.on("/open", story(1)), web.on("/private/closed", story(2)));
    oracle.publish(&open, Fate::Record);
    oracle.publish(&closed, rejected("robots_disallowed"));
    let feed = web.on("/feed", Format::Json.answer(&[item(&open), item(&closed)]));
    let site = Site::new(&[("news", feed)]);
    let ran = site.mill(&["--once-through"]).run();
    oracle.check(site.reported(&ran)).unwrap_or_else(|faults| panic!("{faults}\n{}", ran.stderr));
    assert!(web.statuses("/private/closed").is_empty());
    let agents = web.log();
    assert!(
        agents
            .iter()
            .all(|l| l.request.header("user-agent").is_some_and(|a| a.contains("newsmill")))
    );
}

#[test]
fn once_reads_the_web_too() {
    let web = Web::start();
    let good = web.on("/good", Answer::html(page("wire-story")));
    let config = tempfile::NamedTempFile::new().expect("a file");
    let yaml = "fetcher: { allow_private: [127.0.0.0/8], host: { min_delay: 0s } }\n";
    fs::write(config.path(), yaml).expect("a configuration");
    let run = |config: Option<&Path>| {
        let config = config.map(|path| ["--config".to_owned(), text(path)]);
        mill(["once".to_owned(), good.clone()].into_iter().chain(config.into_iter().flatten()))
            .run()
    };
    let ran = run(Some(config.path()));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.records()[0].url.as_ref().map(ToString::to_string), Some(good.clone()));
    // Loopback is not open unless the configuration says so.
    let ran = run(None);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains(": address_refused: "), "{}", ran.stderr);
    assert_eq!(web.statuses("/good").len(), 1);
}
