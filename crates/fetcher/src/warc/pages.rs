//! The pages in a WARC file: what was answered with 200, is text, and does not ask to be left out.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use newsmill_article::{Entry, Hints, Location};
use reqwest::header::{CONTENT_LANGUAGE, CONTENT_TYPE};
use url::Url;

use super::http::HttpResponse;
use super::{Announced, WarcFile, WarcRecord};
use crate::http::undecodable;
use crate::{Config, FetchError, consent, html, robots, sniff};

/// Headers that come before a page in its record, in bytes.
const HEADERS: u64 = 64 << 10;

/// The longest `metadata` record that is read, in bytes; a feed may carry the whole article.
const MAX_METADATA: u64 = 4 << 20;

/// Which pages are taken.
#[derive(Debug, Clone)]
pub struct Rules {
    max_page: u64,
    noindex: bool,
    ai_opt_out: bool,
    agent: String,
    /// Primary language subtags in lower case; empty for all.
    languages: Vec<String>,
}

impl Rules {
    /// The switches and the bound of a configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            max_page: config.max_page.0,
            noindex: config.noindex,
            ai_opt_out: config.ai_opt_out,
            agent: robots::own_token(&config.user_agent),
            languages: Vec::new(),
        }
    }

    /// The most bytes of a page.
    pub fn max_page(&self) -> u64 {
        self.max_page
    }

    /// Only pages that declare one of these languages or none at all.
    #[must_use]
    pub fn languages(mut self, languages: &[String]) -> Self {
        self.languages = languages.iter().map(|language| primary(language)).collect();
        self
    }

    /// Whether a declared language (`de-AT, en`) is among those that are wanted.
    fn speaks(&self, declared: &str) -> bool {
        let mut declared =
            declared.split(',').map(primary).filter(|one| !one.is_empty()).peekable();
        declared.peek().is_none() || declared.any(|one| self.languages.contains(&one))
    }
}

/// The first subtag, in lower case.
fn primary(language: &str) -> String {
    let language = language.trim();
    let end = language.find(['-', '_', ';', ' ']).unwrap_or(language.len());
    language[..end].to_ascii_lowercase()
}

/// What became of a response in a file.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one: a box buys nothing")]
pub enum Archived {
    /// A page; its location is [`Location::Inline`] with the time of its record.
    Page(Entry),
    /// A page that is not taken.
    Refused {
        /// Its address.
        input: String,
        /// Why.
        why: FetchError,
    },
}

/// The pages of one file, in its order.
#[derive(Debug)]
pub struct Pages {
    file: WarcFile,
    rules: Rules,
    /// A page that waits for what was said of it, and where its record begins.
    held: Option<(u64, Archived)>,
    /// What was met behind a page that was still held.
    broken: Option<io::Error>,
}

impl Pages {
    /// Opens a file at a record's offset (0 for the first).
    pub fn open(path: &Path, offset: u64, rules: Rules) -> io::Result<Self> {
        let file = WarcFile::open(path, offset, rules.max_page.max(MAX_METADATA) + HEADERS)?;
        Ok(Self { file, rules, held: None, broken: None })
    }

    /// Where reading goes on after the pages so far.
    pub fn offset(&mut self) -> io::Result<u64> {
        match &self.held {
            Some((offset, _)) => Ok(*offset),
            None => self.file.offset(),
        }
    }

    /// The record in whose middle the end was met, in words.
    pub fn torn(&self) -> Option<io::Error> {
        self.file.torn()
    }

    /// The next page whose record `wanted` wants; the others are not decoded. `None` at the end,
    /// also at one in the middle of a record, which [`Pages::torn`] tells. After an error nothing
    /// more can be found; every page before it has been given.
    pub fn next(&mut self, wanted: impl Fn(&WarcRecord) -> bool) -> io::Result<Option<Archived>> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        loop {
            let held = match &self.held {
                Some((_, Archived::Page(Entry { location, .. }))) => address(location),
                _ => None,
            };
            let read = self.file.next(|record| match record.kind.as_str() {
                "response" => {
                    record.url.as_deref().is_some_and(|url| url.starts_with("http"))
                        && wanted(record)
                }
                "metadata" => {
                    record.length <= MAX_METADATA && held.is_some() && held == record.url.as_deref()
                }
                _ => false,
            });
            let record = match (read, self.held.is_some()) {
                (Ok(Some(record)), _) => record,
                (Err(error), false) => return Err(error),
                (read, _) => {
                    self.broken = read.err();
                    return Ok(self.held.take().map(|(_, page)| page));
                }
            };
            let Some(block) = &record.block else { continue };
            if record.kind == "metadata" {
                if let (Some((_, Archived::Page(entry))), Some(announced)) =
                    (&mut self.held, Announced::find(block))
                {
                    announced.tell(entry);
                }
                continue;
            }
            let Some(page) = HttpResponse::read(block).and_then(|http| self.page(&record, &http))
            else {
                continue;
            };
            if let Some((_, before)) = self.held.replace((record.offset, page)) {
                return Ok(Some(before));
            }
        }
    }

    /// `None` where the response is no page, or one in another language.
    fn page(&self, record: &WarcRecord, http: &HttpResponse) -> Option<Archived> {
        let input = record.url.clone()?;
        let url = Url::parse(&input).ok()?;
        let content_type = http.header(CONTENT_TYPE);
        if http.status != 200 || !content_type.is_none_or(is_page) {
            return None;
        }
        let rules = &self.rules;
        let filtered = !rules.languages.is_empty();
        if filtered && http.header(CONTENT_LANGUAGE).is_some_and(|declared| !rules.speaks(declared))
        {
            return None;
        }
        let consent =
            consent::check(&url, &http.headers, &rules.agent, rules.noindex, rules.ai_opt_out);
        if let Err(why) = consent {
            return Some(Archived::Refused { input, why });
        }
        let bytes = match http.content(rules.max_page) {
            Ok(bytes) if bytes.is_empty() => return None,
            Ok(bytes) => bytes,
            Err(error) => {
                let why = undecodable(input.clone(), error);
                return Some(Archived::Refused { input, why });
            }
        };
        if filtered && html::language(&bytes).is_some_and(|declared| !rules.speaks(&declared)) {
            return None;
        }
        let consent =
            consent::check_html(&url, &bytes, &rules.agent, rules.noindex, rules.ai_opt_out);
        if let Err(why) = consent {
            return Some(Archived::Refused { input, why });
        }
        let location = Location::Inline {
            url: Some(url),
            content_type: content_type.map(str::to_owned),
            fetched: record.date.as_deref().and_then(|date| date.parse::<Timestamp>().ok()),
            bytes,
        };
        Some(Archived::Page(Entry { source: None, input, location, hints: Hints::default() }))
    }
}

fn address(location: &Location) -> Option<&str> {
    match location {
        Location::Inline { url: Some(url), .. } => Some(url.as_str()),
        _ => None,
    }
}

/// Feeds and sitemaps, which stand in archives too, are text but no pages.
fn is_page(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    kind.is_empty()
        || matches!(kind.as_str(), "text/html" | "text/plain" | "text/markdown")
        || kind.contains("xhtml")
        || !kind.contains('/') && sniff::is_text(&kind)
}
