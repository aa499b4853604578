//! A simulated week: feeds of all paces on a web made of functions, on tokio's paused clock.
//!
//! Everything above the socket is the real thing: robots.txt, turns of hosts, conditional requests,
//! schedules, parsing. The web keeps watch: it fails the test at the first request that came too
//! early, without its condition, or to a place that robots.txt forbids.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use newsmill_article::{HumanDuration, SourceName};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, sleep};
use url::Url;

use super::manners::source;
use crate::{Config, Cursor, FetchError, Fetcher, SourceConfig};

const WEEK: u64 = 7 * 24 * 3600;

/// Entries that a feed lists.
const LISTED: usize = 20;

/// The rarest look at a living source, with its jitter.
const RAREST: u64 = 6 * 3600 * 21 / 20 + 60;

/// A wording of an article: from when on it is there.
#[derive(Debug, Clone, Copy)]
struct Wording {
    article: usize,
    number: usize,
    from: u64,
}

/// What a feed publishes, and how its server behaves.
struct Paper {
    wordings: Vec<Wording>,
    max_age: Option<u64>,
    ttl_minutes: Option<u64>,
    etag: bool,
    /// The server is overloaded in these seconds of each day and says so.
    closed: Option<(u64, u64)>,
    crawl_delay: u64,
}

impl Paper {
    /// From an article each four minutes to one in three weeks; every fifth is corrected later.
    fn new(number: usize, feeds: usize, random: &mut fastrand::Rng) -> Self {
        let gap = 240.0 * 7_500f64.powf(number as f64 / feeds as f64);
        let mut wordings = Vec::new();
        let (mut time, mut article) = (0.0, 0usize);
        while time < WEEK as f64 {
            let from = time as u64;
            wordings.push(Wording { article, number: 0, from });
            if article.is_multiple_of(5) {
                wordings.push(Wording { article, number: 1, from: from + random.u64(300..90_000) });
            }
            article += 1;
            time += -gap * (1.0 - random.f64()).ln();
        }
        wordings.sort_by_key(|wording| wording.from);
        Self {
            wordings,
            max_age: [None, Some(900), None, Some(3600)][number % 4],
            ttl_minutes: number.is_multiple_of(7).then_some(45),
            etag: number % 3 != 2,
            closed: (number % 10 == 3).then_some((8 * 3600, 9 * 3600)),
            crawl_delay: if number % 9 == 4 { 7 } else { 1 },
        }
    }

    /// What is listed at a time, newest first: the last wording of each of the newest articles.
    fn listed(&self, at: u64) -> Vec<Wording> {
        let here = self.wordings.partition_point(|wording| wording.from <= at);
        let mut listed: Vec<Wording> = Vec::new();
        for wording in self.wordings[..here].iter().rev() {
            if !listed.iter().any(|newer| newer.article == wording.article) {
                listed.push(*wording);
                if listed.len() == LISTED {
                    break;
                }
            }
        }
        listed
    }

    /// How long a wording was to be seen.
    fn shown(&self, wording: &Wording) -> u64 {
        let at = self.wordings.iter().position(|one| one.from == wording.from).unwrap_or(0);
        let mut newer = std::collections::HashSet::new();
        for later in &self.wordings[at + 1..] {
            newer.insert(later.article);
            if later.article == wording.article || newer.len() == LISTED {
                return later.from - wording.from;
            }
        }
        WEEK.saturating_sub(wording.from)
    }
}

/// What the web remembers of one paper.
#[derive(Default)]
struct Watch {
    last_start: Option<u64>,
    closed_until: u64,
    fresh_until: u64,
    tag: Option<String>,
    robots_until: u64,
    pages: HashMap<String, usize>,
}

/// Counts of the whole web.
#[derive(Debug, Default, Clone, Copy)]
struct Asked {
    feeds: usize,
    not_modified: usize,
    pages: usize,
    robots: usize,
    refused: usize,
}

struct World {
    begun: Instant,
    papers: Vec<Paper>,
    watches: Mutex<(Vec<Watch>, Asked)>,
}

impl World {
    fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap()
    }

    fn answer(&self, url: &Url, headers: &HeaderMap) -> (u16, HeaderMap, Bytes) {
        let (millis, path) = (self.millis(), url.path());
        let second = millis / 1000;
        let host = url.host_str().unwrap();
        let number: usize =
            host.strip_prefix("paper").unwrap().split('.').next().unwrap().parse().unwrap();
        let paper = &self.papers[number];
        let mut guard = self.watches.lock().unwrap();
        let (watches, asked) = &mut *guard;
        let watch = &mut watches[number];
        // The first request of all may come before the delay is known.
        let delay = if watch.robots_until == 0 { 1 } else { paper.crawl_delay };
        if let Some(last) = watch.last_start.replace(millis) {
            assert!(millis - last >= delay * 1000, "{url}: {} ms after the last", millis - last);
        }
        assert!(second >= watch.closed_until, "{url}: asked before Retry-After was over");
        assert!(!path.starts_with("/private"), "{url}: robots.txt forbids it");
        let mut out = HeaderMap::new();
        let mut put = |name: &'static str, value: &str| {
            out.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        };
        if path == "/robots.txt" {
            assert!(second >= watch.robots_until, "{url}: it was still fresh");
            watch.robots_until = second + 24 * 3600;
            asked.robots += 1;
            let text =
                format!("user-agent: *\ncrawl-delay: {}\ndisallow: /private/\n", paper.crawl_delay);
            return (200, out, text.into());
        }
        let of_day = second % (24 * 3600);
        if let Some((_, end)) = paper.closed.filter(|(from, end)| (*from..*end).contains(&of_day)) {
            watch.closed_until = second + end - of_day;
            asked.refused += 1;
            put("retry-after", &(end - of_day).to_string());
            return (503, out, Bytes::new());
        }
        if path != "/feed" {
            asked.pages += 1;
            *watch.pages.entry(path.to_owned()).or_default() += 1;
            put("content-type", "text/html");
            return (200, out, "<p>An article.</p>".into());
        }
        asked.feeds += 1;
        assert!(
            second >= watch.fresh_until,
            "{url}: asked {} s too early",
            watch.fresh_until - second
        );
        let listed = paper.listed(second);
        if let Some(max_age) = paper.max_age {
            put("cache-control", &format!("public, max-age={max_age}"));
        }
        let fresh = paper.max_age.max(paper.ttl_minutes.map(|minutes| minutes * 60));
        watch.fresh_until = second + fresh.unwrap_or(300);
        let version: Vec<_> = listed.iter().map(|one| (one.article, one.number)).collect();
        let newest = listed.iter().map(|one| one.from).max().unwrap_or(0);
        let tag = match paper.etag {
            true => {
                format!("\"{:x}\"", fastrand::Rng::with_seed(version.len() as u64).u64(..) ^ newest)
            }
            false => date(newest),
        };
        let (condition, name) = match paper.etag {
            true => ("if-none-match", "etag"),
            false => ("if-modified-since", "last-modified"),
        };
        let given = headers.get(condition).map(|value| value.to_str().unwrap());
        assert_eq!(given, watch.tag.as_deref(), "{url}: the condition is sent back as it came");
        put(name, &tag);
        if watch.tag.as_ref() == Some(&tag) {
            asked.not_modified += 1;
            return (304, out, Bytes::new());
        }
        watch.tag = Some(tag);
        let mut rss = "<rss version='2.0'><channel><title>P</title>".to_owned();
        if let Some(minutes) = paper.ttl_minutes {
            write!(rss, "<ttl>{minutes}</ttl>").unwrap();
        }
        for Wording { article, number, from } in listed {
            let kept_out = if article % 11 == 10 { "private/" } else { "" };
            let first = paper.wordings.iter().find(|one| one.article == article).unwrap().from;
            write!(
                rss,
                "<item><guid isPermaLink='false'>g{article}</guid><title>Title {article} v{number}</title>\
                 <link>http://{host}/{kept_out}{article}?v={number}</link><pubDate>{}</pubDate>\
                 <updated xmlns='http://www.w3.org/2005/Atom'>{}</updated></item>",
                date(first),
                stamp(from)
            )
            .unwrap();
        }
        rss.push_str("</channel></rss>");
        (200, out, rss.into())
    }
}

fn stamp(second: u64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + i64::try_from(second).unwrap()).unwrap()
}

fn date(second: u64) -> String {
    stamp(second).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// One source through the week, as a mill would look after it. Returns what was announced, and the
/// gaps that were seen.
async fn reader(
    fetcher: Fetcher,
    source: SourceConfig,
    world: Arc<World>,
) -> (HashMap<String, usize>, u64) {
    let (mut cursor, mut announced) = (Cursor::default(), HashMap::new());
    loop {
        let now = stamp(0) + SignedDuration::from_millis(i64::try_from(world.millis()).unwrap());
        let poll = fetcher.poll(&source, &cursor, now).await;
        cursor = poll.cursor;
        if let Some(failure) = &poll.failure {
            let expected = matches!(
                failure,
                FetchError::Status { status: 503, .. } | FetchError::HostBusy { .. }
            );
            assert!(expected, "{failure}");
        }
        for entry in poll.entries {
            let title = entry.hints.title.clone().unwrap();
            *announced.entry(title).or_default() += 1;
            let private = entry.input.contains("/private/");
            loop {
                match fetcher.page(entry.clone()).await {
                    Ok(_) => assert!(!private),
                    Err(FetchError::RobotsDisallowed { .. }) => assert!(private),
                    Err(
                        FetchError::HostBusy { after, .. }
                        | FetchError::Status { after, .. }
                        | FetchError::RobotsUnreachable { after, .. },
                    ) => {
                        sleep(after.max(Duration::from_millis(1))).await;
                        continue;
                    }
                    Err(error) => panic!("{}: {error}", entry.input),
                }
                break;
            }
        }
        if world.millis() / 1000 >= WEEK {
            return (announced, cursor.gaps);
        }
        let now = stamp(0) + SignedDuration::from_millis(i64::try_from(world.millis()).unwrap());
        let wait = Duration::try_from(poll.next.duration_since(now)).unwrap_or_default();
        sleep(wait + Duration::from_millis(1)).await;
    }
}

async fn week(feeds: usize) -> Asked {
    let mut random = fastrand::Rng::with_seed(5);
    let papers: Vec<_> = (0..feeds).map(|n| Paper::new(n, feeds, &mut random)).collect();
    let watches = Mutex::new(((0..feeds).map(|_| Watch::default()).collect(), Asked::default()));
    let world = Arc::new(World { begun: Instant::now(), papers, watches });
    let sources: Vec<_> = (0..feeds)
        .map(|number| SourceConfig {
            name: SourceName::new(format!("paper{number}")),
            headers: Default::default(),
            ..source(Url::parse(&format!("http://paper{number}.example/feed")).unwrap())
        })
        .collect();
    let mut config = Config::default();
    config.host.max_wait = HumanDuration::secs(30);
    let web = world.clone();
    let fetcher = Fetcher::with_web(
        &config,
        &sources,
        Arc::new(move |url: &Url, headers: &HeaderMap| web.answer(url, headers)),
    );
    let readers: Vec<_> = sources
        .into_iter()
        .map(|source| tokio::spawn(reader(fetcher.clone(), source, world.clone())))
        .collect();
    for (number, reader) in readers.into_iter().enumerate() {
        let (announced, gaps) = reader.await.unwrap();
        let paper = &world.papers[number];
        assert!(announced.values().all(|times| *times == 1), "paper {number}: announced twice");
        for wording in &paper.wordings {
            let title = format!("Title {} v{}", wording.article, wording.number);
            let long_enough = paper.shown(wording) > RAREST && wording.from + RAREST < WEEK;
            let seen = announced.contains_key(&title);
            assert!(seen || !long_enough, "paper {number}: {title} was missed");
            let any =
                (0..2).any(|n| announced.contains_key(&format!("Title {} v{n}", wording.article)));
            let first_missed = !any && wording.from + RAREST < WEEK;
            // What runs through the list faster than the least interval is at least reported.
            assert!(!first_missed || gaps > 0, "paper {number}: {title} was missed without a word");
        }
        let guard = world.watches.lock().unwrap();
        let twice = guard.0[number].pages.values().filter(|times| **times > 1).count();
        // `?v=` is no part of the path: a corrected article is read once for each wording.
        assert!(
            guard.0[number].pages.values().all(|times| *times <= 2),
            "{twice} pages read again"
        );
    }
    let asked = world.watches.lock().unwrap().1;
    println!("{feeds} feeds, a week: {asked:?}");
    asked
}

#[tokio::test(start_paused = true)]
async fn a_week_of_fifteen_feeds() {
    let asked = week(15).await;
    assert!(asked.not_modified > 0 && asked.refused > 0 && asked.pages > 1000, "{asked:?}");
}

/// `cargo test --release -p newsmill-fetcher -- --ignored a_week_of_a_thousand_feeds --nocapture`
#[tokio::test(start_paused = true)]
#[ignore = "takes a minute or more"]
async fn a_week_of_a_thousand_feeds() {
    week(1000).await;
}
