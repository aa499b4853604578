//! `newsmill parse`: one parser at a time, standard input to JSON, so that public test suites can
//! be run against them.

use std::io::{self, Read, Write};

use clap::ValueEnum;
use newsmill_fetcher::parse::{self, FeedLimits};
use serde_json::{Value, json};
use url::Url;

use crate::exit::Exit;
use crate::stdout;

/// What to parse.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What standard input holds
    #[arg(value_enum)]
    what: What,

    /// The address that relative links start from (feed, sitemap, url)
    #[arg(long, value_name = "URL")]
    base: Option<String>,

    /// The Content-Type that a server sent with it (feed, sitemap, encoding)
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// RSS, Atom or JSON Feed
    Feed,
    /// A sitemap or an index of sitemaps
    Sitemap,
    /// robots.txt
    Robots,
    /// A URL
    Url,
    /// A WARC file: the records without their blocks
    Warc,
    /// XML or JSON in any encoding
    Encoding,
    /// A list of feeds
    Opml,
}

/// The most bytes that are read of anything but a WARC file, which is read record by record.
const MAX_BYTES: u64 = 64 << 20;

/// Prints what was found; 1 where it is not what it was said to be.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let found = match args.what {
        What::Warc => warc(io::stdin().lock())?,
        what => {
            let mut bytes = Vec::new();
            io::stdin().lock().take(MAX_BYTES).read_to_end(&mut bytes)?;
            parsed(what, &bytes, args.base.as_deref(), args.content_type.as_deref())?
        }
    };
    match found {
        Ok(value) => {
            let mut out = stdout::lock();
            serde_json::to_writer_pretty(&mut out, &value)?;
            out.write_all(b"\n")?;
            Ok(Exit::Done)
        }
        Err(why) => {
            writeln!(io::stderr(), "{why}")?;
            Ok(Exit::SomeRefused)
        }
    }
}

/// The outer error is ours, the inner one says what is wrong with the input.
fn parsed(
    what: What,
    bytes: &[u8],
    base: Option<&str>,
    content_type: Option<&str>,
) -> anyhow::Result<Result<Value, String>> {
    let limits = FeedLimits::default();
    let base_url = match base.map(Url::parse).transpose() {
        Ok(url) => url,
        Err(error) => return Ok(Err(format!("--base: {error}"))),
    };
    let base_url = base_url.as_ref();
    Ok(match what {
        What::Feed => json(parse::feed(bytes, content_type, base_url, limits))?,
        What::Sitemap => json(parse::sitemap(bytes, content_type, base_url, limits))?,
        What::Opml => json(parse::opml(bytes))?,
        What::Robots => Ok(serde_json::to_value(parse::Robots::parse(bytes))?),
        What::Url => {
            let text = String::from_utf8_lossy(bytes);
            // The line's end is the shell's; other white space is the parser's affair.
            let text = text.strip_suffix('\n').unwrap_or(&text);
            json(parse::url(text, base))?
        }
        What::Encoding => {
            let (encoding, text) = parse::encoding(bytes, content_type);
            Ok(json!({ "encoding": encoding, "text": text }))
        }
        What::Warc => warc(bytes)?,
    })
}

fn json<T: serde::Serialize, E: std::fmt::Display>(
    parsed: Result<T, E>,
) -> serde_json::Result<Result<Value, String>> {
    match parsed {
        Ok(found) => serde_json::to_value(found).map(Ok),
        Err(error) => Ok(Err(error.to_string())),
    }
}

/// The reader seeks, so what comes through a pipe is laid down in a file first.
fn warc(mut input: impl Read) -> anyhow::Result<Result<Value, String>> {
    let mut file = tempfile::NamedTempFile::new()?;
    io::copy(&mut input, &mut file)?;
    file.flush()?;
    let mut found = Vec::new();
    for record in parse::warc(file.path())? {
        match record {
            Ok(record) => found.push(serde_json::to_value(record)?),
            Err(torn) if torn.kind() == io::ErrorKind::UnexpectedEof => {
                writeln!(io::stderr(), "the input {torn}")?;
            }
            Err(error) => return Ok(Err(format!("record {}: {error}", found.len() + 1))),
        }
    }
    Ok(Ok(Value::Array(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(what: What, text: &str, base: Option<&str>) -> Result<Value, String> {
        super::parsed(what, text.as_bytes(), base, None).unwrap()
    }

    #[test]
    fn each_kind_is_read_and_what_it_is_not_is_refused() {
        let rss = "<rss version='2.0'><channel><title>T</title><item><title>A</title>\
                   <link>/a</link></item></channel></rss>";
        let base = Some("https://example.org/feed");
        let feed = parsed(What::Feed, rss, base).unwrap();
        assert!(feed.to_string().contains("https://example.org/a"), "{feed}");
        parsed(What::Feed, "<html><p>no feed</p></html>", base).unwrap_err();

        let urls = "<urlset><url><loc>https://example.org/b</loc></url></urlset>";
        let sitemap = parsed(What::Sitemap, urls, None).unwrap();
        assert!(sitemap.to_string().contains("https://example.org/b"), "{sitemap}");

        let robots = parsed(What::Robots, "User-agent: *\nDisallow: /private\n", None).unwrap();
        assert!(robots.to_string().contains("/private"), "{robots}");

        let url = parsed(What::Url, "../c?d#e\n", Some("https://example.org/a/b/")).unwrap();
        assert_eq!(url["href"], "https://example.org/a/c?d#e");
        parsed(What::Url, "no base", None).unwrap_err();

        let opml = "<opml><body><outline xmlUrl='https://example.org/f'/></body></opml>";
        assert_eq!(parsed(What::Opml, opml, None).unwrap()[0]["feed"], "https://example.org/f");

        let utf16: Vec<u8> = [0xff, 0xfe, b'h', 0, b'i', 0].to_vec();
        let decoded = super::parsed(What::Encoding, &utf16, None, None).unwrap().unwrap();
        assert_eq!(decoded, json!({ "encoding": "UTF-16LE", "text": "hi" }));

        let record = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://example.org/\r\n\
                      Content-Length: 2\r\n\r\nhi\r\n\r\n";
        let records = parsed(What::Warc, record, None).unwrap();
        assert_eq!((&records[0]["kind"], &records[0]["length"]), (&json!("response"), &json!(2)));
    }
}
