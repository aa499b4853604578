//! Sources of each kind, good and bad.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use newsmill_article::{Disposition, Entry, Hints, HumanSize, Location, Reason, SourceName};
use url::Url;

use super::{Server, answer, entry_at, fetcher, open};
use crate::feed::{self, FeedError, FeedLimits};
use crate::{ArchiveConfig, Config, Cursor, FetchError, Fetcher, Poll, SourceConfig};

fn source() -> SourceConfig {
    SourceConfig::new(SourceName::new("test"))
}

async fn look(source: &SourceConfig, cursor: &Cursor) -> Poll {
    let fetcher = Fetcher::new(&open(), std::slice::from_ref(source)).unwrap();
    fetcher.poll(source, cursor, Timestamp::now()).await
}

fn inputs(poll: &Poll) -> Vec<&str> {
    assert!(poll.failure.is_none(), "{:?}", poll.failure);
    poll.entries.iter().map(|entry| entry.input.as_str()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn parsed(text: &str) -> feed::Feed {
    feed::parse(
        text.as_bytes(),
        None,
        Some(&Url::parse("https://x.org/f/").unwrap()),
        FeedLimits::default(),
    )
    .unwrap()
}

#[test]
fn atom_with_all_its_forms() {
    let feed = parsed(
        r#"<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://y.org/">
        <title type="html">A &amp;amp; B</title><link rel="hub" href="https://hub.example/"/>
        <entry><id>tag:1</id><title type="html">&lt;b&gt;Bold&lt;/b&gt; title</title>
          <link rel="enclosure" href="/x.mp3"/><link rel="alternate" type="text/html" href="news/1"/>
          <author><name>Ada Lovelace</name><email>a@b.c</email></author><author><name>Bob</name></author>
          <published>2026-11-24T10:00:00+01:00</published><updated>2026-11-24T11:00:00Z</updated>
          <category term="tech" label="Technology"/><summary>short</summary>
          <source><title>Other</title><id>other</id><author><name>Nobody</name></author></source>
          <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One &amp; two<br/> &lt;three</p></div></content>
        </entry></feed>"#,
    );
    assert_eq!((feed.format, feed.title.as_deref()), ("atom", Some("A & B")));
    assert_eq!(
        (feed.language.as_deref(), feed.hub.as_deref()),
        (Some("de"), Some("https://hub.example/"))
    );
    let entry = &feed.entries[0];
    assert_eq!(entry.title.as_deref(), Some("Bold title"));
    assert_eq!(entry.link.as_deref(), Some("https://y.org/news/1"));
    assert_eq!(entry.authors, ["Ada Lovelace", "Bob"]);
    assert_eq!(entry.published.unwrap().to_string(), "2026-11-24T10:00:00+01:00");
    assert_eq!(entry.tags, ["Technology"]);
    let content = entry.content.as_deref().unwrap();
    assert!(content.contains("<p>One &amp; two<br/> &lt;three</p>"), "{content}");
    assert_eq!(feed.defect, None);
}

#[test]
fn rss_of_all_ages() {
    let two = parsed(
        "<rss version='2.0' xmlns:content='c' xmlns:dc='d'><channel><title>T</title><link>https://x.org/</link><language>fr</language>
        <skipHours><hour>0</hour><hour>24</hour><hour>7</hour></skipHours>
        <item><title>Caf&eacute; &#8212; <![CDATA[<i>un</i>]]></title><guid>https://x.org/1</guid>
        <pubDate>Tue, 24 Nov 2026 10:00:00 GMT</pubDate><dc:creator>By Ada</dc:creator><author>bob@x.org (Bob B)</author>
        <description>short</description><content:encoded><![CDATA[<p>Whole</p>]]></content:encoded><category>a</category></item></channel></rss>",
    );
    let entry = &two.entries[0];
    assert_eq!(entry.title.as_deref(), Some("Café — un"));
    assert_eq!(entry.link.as_deref(), Some("https://x.org/1"));
    assert_eq!(entry.authors, ["Ada", "Bob B"]);
    assert_eq!(entry.content.as_deref(), Some("<p>Whole</p>"));
    assert_eq!((two.language.as_deref(), two.skip_hours), (Some("fr"), vec![0, 0, 7]));
    let without_version = parsed("<rss><channel><item><link>a</link></item></channel></rss>");
    assert_eq!(without_version.entries[0].link.as_deref(), Some("https://x.org/f/a"));
    let one = parsed(
        "<rdf:RDF xmlns:rdf='r' xmlns='http://purl.org/rss/1.0/'><channel rdf:about='u'><title>T</title></channel>
        <image><title>no</title><link>no</link></image>
        <item rdf:about='https://x.org/1'><title>One</title><link>https://x.org/1</link><dc:date>2026-11-24</dc:date></item></rdf:RDF>",
    );
    assert_eq!((one.format, one.entries.len(), one.title.as_deref()), ("rdf", 1, Some("T")));
    assert_eq!(one.entries[0].id.as_deref(), Some("https://x.org/1"));
    let utf16: Vec<u8> = "\u{feff}<rss><channel><item><title>é</title></item></channel></rss>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let read =
        feed::parse(&utf16, Some("text/xml; charset=utf-16"), None, FeedLimits::default()).unwrap();
    assert_eq!((read.encoding, read.entries[0].title.as_deref()), ("UTF-16LE", Some("é")));
}

#[test]
fn named_characters_are_those_of_html() {
    let feed = parsed(
        "<rss><channel><title>&Mu;&epsilon;&eacute;&nbsp;&rarr; &nothing; &lt;b&gt;</title></channel></rss>",
    );
    assert_eq!(feed.title.as_deref(), Some("Μεé → &nothing;"));
}

#[test]
fn json_feed() {
    let feed = parsed(
        r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","language":"en","items":[
        {"id":"1","url":"/a","title":"A","content_text":"x < y\n\nz","authors":[{"name":"Ada"}],"date_published":"2026-11-24T10:00:00Z"},
        {"id":2,"external_url":"https://y.org/b","content_html":"<p>b</p>","tags":["t"]},{"id":"3","url":5}]}"#,
    );
    assert_eq!(feed.entries.len(), 2);
    assert_eq!(feed.entries[0].content.as_deref(), Some("<p>x &lt; y</p><p>z</p>"));
    assert_eq!(feed.entries[1].id.as_deref(), Some("2"));
    assert!(feed.defect.is_some());
    assert!(matches!(
        feed::parse(b"{\"a\":1}", None, None, FeedLimits::default()),
        Err(FeedError::NotAFeed(_))
    ));
}

#[test]
fn broken_feeds_give_what_they_have() {
    for text in [
        "<rss><channel><item><title>One</title><link>https://x.org/1</link></item><item><title>Two",
        "<rss><channel><item><title>One<link>https://x.org/1</link></item><item><title>Two</item></channel>",
        "<rss><channel><item><title>One</title><link>https://x.org/1</link><description>a & b <br> c</description></item><item><title>Two</title></rss>",
        "junk <?xml version='1.0'?><rss><channel><item><title>One</title></items><item><title>Two</title></item></channel></rss>",
        "<rss><channel><item><title>One</title><description><![CDATA[open </description></item>",
    ] {
        let feed = parsed(text);
        assert!(feed.entries[0].title.as_deref().unwrap().starts_with("One"), "{text}: {feed:?}");
        assert!(feed.defect.is_some(), "{text}");
    }
}

#[test]
fn hostile_feeds_cost_nothing() {
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} '{}'>", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let laughs = format!(
        "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY l0 'ha'>{laughs}<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\
        <rss><channel><item><title>&l9;&x;</title><link>https://x.org/</link></item></channel></rss>"
    );
    let feed = parsed(&laughs);
    assert_eq!(feed.entries[0].title.as_deref(), Some("&l9;&x;"), "no entity is expanded");
    let deep = format!("<rss><channel>{}", "<a>".repeat(100_000));
    let read = feed::parse(deep.as_bytes(), None, None, FeedLimits::default());
    assert!(matches!(read, Err(FeedError::TooDeep(128))));
    let edge = format!("<rss><channel>{}{}</channel></rss>", "<a>".repeat(126), "</a>".repeat(126));
    assert!(feed::parse(edge.as_bytes(), None, None, FeedLimits::default()).is_ok());
    let many =
        format!("<rss><channel>{}</channel></rss>", "<item><link>/a</link></item>".repeat(100_000));
    let feed = parsed(&many);
    assert_eq!((feed.entries.len(), feed.dropped), (2000, 98_000));
}

#[tokio::test]
async fn a_page_in_place_of_a_feed_is_named_with_its_feeds() {
    let html = "<!doctype html><html><head><link rel=alternate type=application/rss+xml href=/real.xml></head></html>";
    let server = Server::start(move |head| match head.split(' ').nth(1).unwrap() {
        "/empty" => answer(200, &[], b" \n"),
        _ => answer(200, &[("content-type", "text/html")], html.as_bytes()),
    })
    .await;
    let poll =
        look(&SourceConfig { feed: Some(server.url("feed")), ..source() }, &Cursor::default())
            .await;
    let error = poll.failure.unwrap().to_string();
    assert!(
        error.contains("this is an HTML page, not a feed; its feed is")
            && error.contains("/real.xml"),
        "{error}"
    );
    assert_eq!(
        fetcher(&open()).discover(&server.url("feed")).await.unwrap(),
        [server.url("real.xml")]
    );
    let poll =
        look(&SourceConfig { feed: Some(server.url("empty")), ..source() }, &Cursor::default())
            .await;
    assert!(matches!(poll.failure, Some(FetchError::Empty { .. })));
}

#[tokio::test]
async fn sitemaps_and_their_indexes() {
    let server = Server::start(|head| {
        let at = |path: &str| format!("<loc>{path}</loc>");
        match head.split(' ').nth(1).unwrap() {
            "/index.xml" => {
                let parts = format!(
                    "<sitemap>{}</sitemap><sitemap>{}</sitemap>",
                    at("/a.xml.gz"),
                    at("/broken.xml")
                );
                answer(200, &[], format!("<sitemapindex>{parts}</sitemapindex>").as_bytes())
            }
            "/a.xml.gz" => {
                let urls = format!(
                    "<urlset><url>{}</url><url>{}</url></urlset>",
                    at("/news/1"),
                    at("/sport/2")
                );
                answer(200, &[("content-type", "application/gzip")], &gzip(urls.as_bytes()))
            }
            _ => answer(500, &[], b""),
        }
    })
    .await;
    let source = SourceConfig {
        sitemap: Some(server.url("index.xml")),
        exclude: vec!["*/sport/*".to_owned()],
        ..source()
    };
    let poll = look(&source, &Cursor::default()).await;
    assert_eq!(inputs(&poll), [server.url("news/1").as_str()]);
    assert_eq!(poll.warnings.len(), 1, "the broken part: {:?}", poll.warnings);
    let again = look(&source, &poll.cursor).await;
    assert!(inputs(&again).is_empty());
}

#[tokio::test]
async fn index_pages_by_shape_or_by_pattern() {
    let html = "<a href=/2026/11/24/the-council-votes-on-it>The council votes on it</a><a href=/x/1>one</a>";
    let server =
        Server::start(move |_| answer(200, &[("content-type", "text/html")], html.as_bytes()))
            .await;
    let mut source = SourceConfig { index: Some(server.url("")), ..source() };
    assert_eq!(
        inputs(&look(&source, &Cursor::default()).await),
        [server.url("2026/11/24/the-council-votes-on-it").as_str()]
    );
    source.matching = vec!["*/x/*".to_owned()];
    assert_eq!(inputs(&look(&source, &Cursor::default()).await), [server.url("x/1").as_str()]);
}

#[tokio::test]
async fn folders_are_watched_and_circles_survived() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::create_dir(path("sub")).unwrap();
    for name in ["a.html", "sub/b.txt", "sub/c.html.gz", "d.png"] {
        std::fs::write(path(name), "text").unwrap();
    }
    std::os::unix::fs::symlink(dir.path(), path("sub/circle")).unwrap();
    let source = SourceConfig { folder: Some(dir.path().to_owned()), ..source() };
    let poll = look(&source, &Cursor::default()).await;
    let expected: Vec<_> = ["a.html", "sub/b.txt", "sub/c.html.gz"]
        .iter()
        .map(|name| path(name).display().to_string())
        .collect();
    assert_eq!(inputs(&poll), expected);
    assert_eq!(poll.warnings.len(), 1, "{:?}", poll.warnings);
    std::fs::write(path("a.html"), "longer text").unwrap();
    std::fs::write(path("e.md"), "new").unwrap();
    let again = look(&source, &poll.cursor).await;
    assert_eq!(
        inputs(&again),
        [path("a.html").display().to_string(), path("e.md").display().to_string()]
    );
    let missing =
        look(&SourceConfig { folder: Some(path("missing")), ..source }, &Cursor::default()).await;
    assert_eq!(missing.failure.unwrap().disposition(), Disposition::Reject(Reason::NotFound));
}

async fn read(path: &Path, max: u64) -> Result<newsmill_article::Page, FetchError> {
    let config = Config { max_page: HumanSize(max), ..open() };
    let entry = Entry {
        source: None,
        input: path.display().to_string(),
        location: Location::File(path.to_owned()),
        hints: Hints::default(),
    };
    fetcher(&config).page(entry).await
}

#[tokio::test]
async fn files_good_and_bad() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let page = read(&file("a.html.gz", &gzip(b"<p>text")), 1000).await.unwrap();
    assert_eq!(
        (&page.bytes[..], page.content_type.as_deref()),
        (&b"<p>text"[..], Some("text/html"))
    );
    assert_eq!(page.url, None);
    let two = [gzip(b"one "), gzip(b"two"), vec![0; 20]].concat();
    assert_eq!(&read(&file("two.txt.gz", &two), 1000).await.unwrap().bytes[..], b"one two");
    assert!(read(&file("nul.html", b"<p>a\0b</p>"), 1000).await.is_ok());
    assert!(read(&file("latin.txt", b"caf\xe9 \xff\xfe"), 1000).await.is_ok());
    assert!(read(&file("edge.txt", &[b'a'; 1000]), 1000).await.is_ok());
    let whole = gzip(b"some text that is long enough to be cut");
    let noise: Vec<u8> =
        (0..2000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    std::os::unix::fs::symlink(dir.path().join("loop"), dir.path().join("loop")).unwrap();
    let too_large = |limit| Reason::TooLarge { limit };
    for (path, reason) in [
        (file("empty.html", b""), Reason::Empty),
        (file("empty.html.gz", b""), Reason::Empty),
        (file("nothing.html.gz", &gzip(b"")), Reason::Empty),
        (file("cut.html.gz", &whole[..whole.len() / 2]), Reason::Unreadable),
        (file("bomb.html.gz", &gzip(&vec![0; 5_000_000])), too_large(10_000)),
        (file("large.html", &vec![b'a'; 40_000_000]), too_large(10_000)),
        (file("binary.html", &noise), Reason::NotHtml),
        (file("paper.html", b"%PDF-1.4"), Reason::NotHtml),
        (dir.path().join("missing.html"), Reason::NotFound),
        (dir.path().join("loop"), Reason::Unreadable),
        (dir.path().to_owned(), Reason::Unreadable),
    ] {
        let error = read(&path, 10_000).await.expect_err(&path.display().to_string());
        assert_eq!(error.disposition(), Disposition::Reject(reason), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

#[tokio::test]
async fn what_is_archived_reads_back() {
    let html = "<p>kept</p>".repeat(50);
    let body = gzip(html.as_bytes());
    let server = Server::start(move |head| match head.split(' ').nth(1).unwrap() {
        "/moved" => answer(302, &[("location", "/page?q=1")], b""),
        _ => answer(200, &[("content-type", "text/html"), ("content-encoding", "gzip")], &body),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        archive: Some(ArchiveConfig {
            dir: dir.path().to_owned(),
            rotate: HumanSize(1),
            keep: None,
        }),
        ..open()
    };
    let fetcher = fetcher(&config);
    for _ in 0..3 {
        fetcher.page(entry_at(&server.url("moved"))).await.unwrap();
    }
    let archives: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(archives.len(), 6, "each exchange is over the size for one file");
    let kinds = |path: &Path| -> Vec<String> {
        crate::parse::warc(path).unwrap().into_iter().map(|record| record.unwrap().kind).collect()
    };
    assert_eq!(kinds(&archives[0]), ["warcinfo", "response", "request", "metadata"]);
    let source = SourceConfig { warc: Some(dir.path().to_owned()), ..source() };
    let poll = look(&source, &Cursor::default()).await;
    // The redirects are kept but are no pages; the same page at three times is three wordings.
    // It comes back as what it was asked for.
    assert!(inputs(&poll).iter().all(|input| *input == server.url("moved").as_str()));
    let Location::Inline { bytes, url, .. } = &poll.entries[0].location else { panic!() };
    assert_eq!((&bytes[..], url), (html.as_bytes(), &Some(server.url("page?q=1"))));
    assert!(inputs(&look(&source, &poll.cursor).await).is_empty());
    // Where the reference tool is installed, it has no complaint.
    let check = std::process::Command::new("warcio").arg("check").args(&archives).output();
    match check {
        Ok(check) => assert!(check.status.success() && check.stdout.is_empty(), "{check:?}"),
        Err(error) => println!("skipped: warcio check: {error}"),
    }
}

#[tokio::test]
async fn a_growing_warc_is_read_on_from_where_it_ended() {
    let record = |n: u32| {
        let http = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n1\r\n{n}\r\n0\r\n\r\n"
        );
        format!(
            "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <http://x.org/{n}>\r\nContent-Length: {}\r\n\r\n{http}\r\n\r\n",
            http.len()
        )
    };
    for compress in [gzip as fn(&[u8]) -> Vec<u8>, <[u8]>::to_vec] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.warc.gz");
        let [one, two, three] = [1, 2, 3].map(|n| compress(record(n).as_bytes()));
        let torn = &three[..three.len() / 2];
        std::fs::write(&path, [&one, &two, torn].concat()).unwrap();
        let source = SourceConfig { warc: Some(path.clone()), ..source() };
        let poll = look(&source, &Cursor::default()).await;
        assert_eq!(inputs(&poll), ["http://x.org/1", "http://x.org/2"]);
        let Location::Inline { bytes, .. } = &poll.entries[1].location else { panic!() };
        assert_eq!(&bytes[..], b"body2");
        let whole = one.len() + two.len();
        assert_eq!(poll.cursor.files[0].1, whole as u64);
        let warned = |poll: &Poll| poll.warnings.iter().any(|w| w.contains(&whole.to_string()));
        assert!(warned(&poll), "{:?}", poll.warnings);
        assert!(!warned(&look(&source, &poll.cursor).await), "it is told once");
        let four = compress(record(4).as_bytes());
        std::fs::write(&path, [one, two, three, four].concat()).unwrap();
        let rest = look(&source, &poll.cursor).await;
        assert_eq!(inputs(&rest), ["http://x.org/3", "http://x.org/4"]);
        assert!(!rest.gap, "an archive loses nothing between two looks");
    }
}

#[test]
fn json_lines() {
    let entry = crate::json_line(r#"{"url":"https://x.org/a","html":"<p>x"}"#, 1).unwrap();
    assert!(matches!(entry.location, Location::Inline { url: Some(_), .. }));
    assert!(matches!(
        crate::json_line(r#"{"url":"https://x.org/a"}"#, 1).unwrap().location,
        Location::Url(_)
    ));
    for wrong in ["", "{}", "[1]", "{\"url\":\"nonsense\"}"] {
        assert!(crate::json_line(wrong, 7).unwrap_err().to_string().starts_with("line 7: "));
    }
}

#[test]
fn names_of_other_vocabularies_are_not_the_feeds_own() {
    let feed = parsed(
        "<rss xmlns:ext='http://other.example/'><channel><item><title>T</title><ext:title>no</ext:title><ext:description>no</ext:description>
         <description>yes</description></item></channel></rss>",
    );
    assert_eq!(feed.entries[0].title.as_deref(), Some("T"));
    assert_eq!(feed.entries[0].content.as_deref(), Some("yes"));
    let prefixed = parsed(
        "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:title>T</a:title><a:id>https://x.org/1</a:id>
         <a:content type='application/octet-stream'>PHA+eDwvcD4=</a:content></a:entry></a:feed>",
    );
    let entry = &prefixed.entries[0];
    assert_eq!(
        (entry.title.as_deref(), entry.link.as_deref()),
        (Some("T"), Some("https://x.org/1"))
    );
    assert_eq!(entry.content.as_deref(), Some("<p>x</p>"));
}

#[test]
fn what_windows_writes_in_utf_8_and_what_a_video_says_of_itself() {
    // U+0092 is the byte of a Windows apostrophe, taken for Latin-1 on its way.
    let feed = parsed(
        "<rss><channel><item><description>don\u{92}t&#146;</description></item></channel></rss>",
    );
    assert_eq!(feed.entries[0].content.as_deref(), Some("don\u{2019}t\u{2019}"));
    let video = parsed(
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:media='http://search.yahoo.com/mrss/'><entry><title>T</title>
         <media:group><media:title>no</media:title><media:description>About it</media:description></media:group></entry></feed>",
    );
    let entry = &video.entries[0];
    assert_eq!((entry.title.as_deref(), entry.content.as_deref()), (Some("T"), Some("About it")));
}
