//! RSS, RDF and Atom through one forgiving reader.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::{Feed, FeedEntry, FeedError, FeedLimits, parse_date, resolve};
use crate::html;
use crate::plain::{plain, reference, tidy, unescape, windows_1252};

/// The most bytes of one field; a whole article is far below.
const MAX_FIELD: usize = 2 << 20;

/// Prefixes that mean the same in all feeds.
const PREFIXES: [&str; 14] = [
    "",
    "content",
    "dc",
    "dcterms",
    "atom",
    "atom10",
    "a10",
    "rss",
    "rss10",
    "rdf",
    "xhtml",
    "feedburner",
    "sy",
    "html",
];

/// Parts of the names of the namespaces that feeds are written in.
const NAMESPACES: [&str; 9] = [
    "w3.org/2005/atom",
    "purl.org/atom",
    "purl.org/rss",
    "purl.org/dc",
    "backend.userland.com/rss",
    "my.netscape.com",
    "channel.netscape.com",
    "blogs.law.harvard.edu",
    "w3.org/1999/xhtml",
];

pub(super) fn parse(text: &str, base: Option<&Url>, limits: FeedLimits) -> Result<Feed, FeedError> {
    let mut state = State::new(base, limits);
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                if state.is_html(&tag) {
                    return Err(FeedError::Html { feeds: html::feeds(text, base) });
                }
                state.start(&tag)?;
            }
            Ok(Event::Empty(tag)) => match &mut state.capture {
                Some(capture) => {
                    let name = tag.name();
                    push(&mut capture.text, &["<", name.as_ref(), tag.attributes_raw(), "/>"]);
                }
                None => {
                    state.start(&tag)?;
                    state.end(tag.local_name().as_ref());
                }
            },
            Ok(Event::End(tag)) => state.end(tag.local_name().as_ref()),
            Ok(Event::Text(text)) => state.text(&text.into_inner()),
            Ok(Event::CData(text)) => state.text(&text.into_inner()),
            Ok(Event::GeneralRef(name)) => {
                let name = name.into_inner();
                match reference(&name) {
                    Some(resolved) => state.text(&resolved),
                    None => state.text(&format!("&{name};")),
                }
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                state.defect(format!("at byte {}: {error}", reader.error_position()));
                break;
            }
        }
    }
    state.finish()
}

/// An element that is open.
struct Open {
    name: String,
    base: Option<Url>,
}

/// A field whose text is being gathered.
struct Capture {
    name: String,
    prefix: String,
    /// Number of open elements, itself included.
    depth: usize,
    text: String,
    /// Child elements are markup of the field.
    xhtml: bool,
    base64: bool,
    permalink: bool,
}

struct State<'a> {
    base: Option<&'a Url>,
    limits: FeedLimits,
    stack: Vec<Open>,
    feed: Feed,
    entry: Option<FeedEntry>,
    /// How whole the content of the entry is: 1 summary, 2 description, 3 content.
    content_rank: u8,
    /// Whether the link of the entry is more than its guid.
    has_link: bool,
    /// Whether the entry's identifier says that it is no address.
    opaque_id: bool,
    capture: Option<Capture>,
    /// Prefixes of names that are the feed's own.
    prefixes: Vec<String>,
    first_element: Option<String>,
    update_minutes: Option<u64>,
    update_frequency: Option<u64>,
}

impl<'a> State<'a> {
    fn new(base: Option<&'a Url>, limits: FeedLimits) -> Self {
        Self {
            base,
            limits,
            stack: Vec::new(),
            feed: Feed::default(),
            entry: None,
            content_rank: 0,
            has_link: false,
            opaque_id: false,
            capture: None,
            prefixes: Vec::new(),
            first_element: None,
            update_minutes: None,
            update_frequency: None,
        }
    }

    fn is_html(&self, tag: &BytesStart<'_>) -> bool {
        self.first_element.is_none() && tag.local_name().as_ref().eq_ignore_ascii_case("html")
    }

    fn defect(&mut self, what: String) {
        self.feed.defect.get_or_insert(what);
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), FeedError> {
        if self.stack.len() >= self.limits.depth {
            return Err(FeedError::TooDeep(self.limits.depth));
        }
        let local = tag.local_name();
        let name = local.as_ref().to_ascii_lowercase();
        let full = tag.name();
        let prefix = full.as_ref().split_once(':').map_or("", |(prefix, _)| prefix);
        let prefix = prefix.to_ascii_lowercase();
        if self.first_element.is_none() {
            self.first_element = Some(name.clone());
            self.prefixes = own_prefixes(tag, &prefix);
        }
        if self.feed.format.is_empty() {
            self.feed.format = match name.as_str() {
                "rss" | "channel" => "rss",
                "rdf" => "rdf",
                "feed" => "atom",
                _ => "",
            };
        }
        let is_entry = matches!(name.as_str(), "item" | "entry") && !self.feed.format.is_empty();
        if is_entry && !self.inside("items") {
            self.close_entry();
            self.begin_entry(tag);
        } else if let Some(capture) = &mut self.capture {
            push(&mut capture.text, &["<", full.as_ref(), tag.attributes_raw(), ">"]);
        } else if self.is_field() {
            self.field(tag, &name, &prefix);
        }
        let base = attribute(tag, "xml:base").and_then(|given| match self.base_here() {
            Some(base) => base.join(&given).ok(),
            None => Url::parse(&given).ok(),
        });
        if self.stack.is_empty() || is_entry {
            let language = attribute(tag, "xml:lang").and_then(|language| tidy(&language));
            match &mut self.entry {
                Some(entry) => entry.language = language,
                None => self.feed.language = self.feed.language.take().or(language),
            }
        }
        self.stack.push(Open { name, base });
        Ok(())
    }

    /// Whether the parent is one whose children describe a feed or an entry.
    fn is_field(&self) -> bool {
        if self.stack.iter().any(|open| open.name == "source") {
            return false;
        }
        let parent = self.stack.last().map_or("", |open| open.name.as_str());
        matches!(
            parent,
            "item"
                | "entry"
                // Of Media RSS: a video's title and description stand in it.
                | "group"
                | "channel"
                | "feed"
                | "rss"
                | "rdf"
                | "author"
                | "skiphours"
        )
    }

    fn inside(&self, name: &str) -> bool {
        self.stack.last().is_some_and(|open| open.name == name)
    }

    fn base_here(&self) -> Option<&Url> {
        self.stack.iter().rev().find_map(|open| open.base.as_ref()).or(self.base)
    }

    fn begin_entry(&mut self, tag: &BytesStart<'_>) {
        self.content_rank = 0;
        self.has_link = false;
        self.opaque_id = false;
        self.entry = Some(FeedEntry { id: attribute(tag, "rdf:about"), ..FeedEntry::default() });
    }

    /// A child of a feed or entry begins: its attributes may say it all, else its text will.
    fn field(&mut self, tag: &BytesStart<'_>, name: &str, prefix: &str) {
        let known = PREFIXES.contains(&prefix) || self.prefixes.iter().any(|own| own == prefix);
        // Vocabularies of films and podcasts stand in where the feed's own words are missing.
        let other = matches!(prefix, "media" | "itunes")
            && matches!(name, "author" | "title" | "description" | "summary");
        if !known && !other {
            return;
        }
        match name {
            "link" => {
                if let Some(href) = attribute(tag, "href") {
                    return self.link_element(tag, &href);
                }
            }
            "category" => {
                if let Some(term) = attribute(tag, "label").or_else(|| attribute(tag, "term")) {
                    return self.tag(&term);
                }
            }
            // Of Atom, which names a person in a child element.
            "author"
                if prefix != "itunes"
                    && (prefix.starts_with("atom") || self.feed.format == "atom") =>
            {
                return;
            }
            "title" | "guid" | "id" | "identifier" | "origlink" | "pubdate" | "published"
            | "issued" | "created" | "date" | "updated" | "modified" | "author" | "creator"
            | "name" | "subject" | "description" | "summary" | "encoded" | "fullitem"
            | "content" | "body" | "language" | "ttl" | "hour" | "updateperiod"
            | "updatefrequency" => {}
            _ => return,
        }
        let kind = attribute(tag, "type").unwrap_or_default().to_ascii_lowercase();
        let mode = attribute(tag, "mode").unwrap_or_default();
        self.capture = Some(Capture {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            depth: self.stack.len() + 1,
            text: String::new(),
            xhtml: kind.contains("xhtml") && mode != "escaped" || name == "body",
            base64: mode == "base64" || is_binary(&kind),
            permalink: attribute(tag, "isPermaLink").is_none_or(|value| value != "false"),
        });
    }

    fn link_element(&mut self, tag: &BytesStart<'_>, href: &str) {
        let rel = attribute(tag, "rel").unwrap_or_else(|| "alternate".to_owned());
        let kind = attribute(tag, "type").unwrap_or_default();
        if rel == "hub" && self.entry.is_none() {
            self.feed.hub.get_or_insert_with(|| href.to_owned());
        }
        if rel == "self" && self.entry.is_none() {
            self.feed.own_link.get_or_insert_with(|| href.to_owned());
        }
        if rel == "alternate" {
            let wanted = kind.is_empty() || kind.contains("html") || !self.has_link;
            self.link(href, wanted && !self.has_link);
        }
    }

    fn link(&mut self, link: &str, better: bool) {
        let resolved = resolve(link, self.base_here());
        match &mut self.entry {
            Some(entry) if resolved.is_some() && (better || entry.link.is_none()) => {
                entry.link = resolved;
                self.has_link = true;
            }
            Some(_) => {}
            None => self.feed.link = self.feed.link.take().or(resolved),
        }
    }

    fn tag(&mut self, text: &str) {
        if let (Some(entry), Some(tag)) = (&mut self.entry, plain(text))
            && entry.tags.len() < 100
            && !entry.tags.contains(&tag)
        {
            entry.tags.push(tag);
        }
    }

    fn text(&mut self, text: &str) {
        let Some(capture) = &mut self.capture else { return };
        let mended: String;
        let mut text = text;
        if text.contains(|c| matches!(c, '\u{80}'..='\u{9f}')) {
            let meant = |c: char| windows_1252(c).unwrap_or_else(|| c.to_string().into());
            mended = text.chars().map(meant).collect();
            text = &mended;
        }
        if capture.xhtml {
            let escaped = quick_xml::escape::partial_escape(text);
            push(&mut capture.text, &[&escaped]);
        } else {
            push(&mut capture.text, &[text]);
        }
    }

    /// An end tag closes the nearest open element of its name and all within it.
    fn end(&mut self, local: &str) {
        let name = local.to_ascii_lowercase();
        let Some(at) = self.stack.iter().rposition(|open| open.name == name) else {
            return self.defect(format!("</{name}> closes nothing"));
        };
        if at + 1 < self.stack.len() {
            self.defect(format!("</{name}> closes <{}>", self.stack[self.stack.len() - 1].name));
        }
        match &mut self.capture {
            Some(capture) if at >= capture.depth => push(&mut capture.text, &["</", local, ">"]),
            Some(_) => self.close_capture(),
            None => {}
        }
        let entry_ends = matches!(name.as_str(), "item" | "entry");
        self.stack.truncate(at);
        if entry_ends {
            self.close_entry();
        }
    }

    fn close_entry(&mut self) {
        self.close_capture();
        let Some(mut entry) = self.entry.take() else { return };
        // An identifier that is an address will do where there is no other.
        if entry.link.is_none() && !self.opaque_id {
            entry.link = entry.id.clone().filter(|id| id.starts_with("http"));
        }
        if self.feed.entries.len() < self.limits.entries {
            self.feed.entries.push(entry);
        } else {
            self.feed.dropped += 1;
        }
    }

    fn close_capture(&mut self) {
        let Some(capture) = self.capture.take() else { return };
        let mut text = capture.text;
        if capture.base64
            && let Some(decoded) = base64(&text)
        {
            text = decoded;
        }
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return;
        }
        match capture.name.as_str() {
            "link" => return self.link(trimmed, !self.has_link),
            "origlink" => return self.link(trimmed, true),
            "category" | "subject" => return self.tag(trimmed),
            "language" => {
                let language = tidy(trimmed);
                match &mut self.entry {
                    Some(entry) => entry.language = language,
                    None => self.feed.language = language,
                }
                return;
            }
            _ => {}
        }
        if self.entry.is_none() {
            return self.feed_field(&capture.name, trimmed);
        }
        self.entry_field(&capture.name, &capture.prefix, trimmed, capture.permalink);
    }

    fn feed_field(&mut self, name: &str, text: &str) {
        match name {
            "title" => self.feed.title = self.feed.title.take().or_else(|| plain(text)),
            "ttl" => self.feed.ttl = text.parse().ok(),
            "hour" => {
                // RSS 0.91 counts 1 to 24, RSS 2.0 counts 0 to 23.
                let hour = text.parse::<u8>().ok().filter(|hour| *hour <= 24);
                self.feed.skip_hours.extend(hour.map(|hour| hour % 24));
                self.feed.skip_hours.truncate(24);
            }
            "updateperiod" => {
                self.update_minutes = match text {
                    "hourly" => Some(60),
                    "daily" => Some(24 * 60),
                    "weekly" => Some(7 * 24 * 60),
                    "monthly" => Some(30 * 24 * 60),
                    _ => None,
                };
            }
            "updatefrequency" => self.update_frequency = text.parse().ok(),
            _ => {}
        }
    }

    fn entry_field(&mut self, name: &str, prefix: &str, text: &str, permalink: bool) {
        let base = self.stack.iter().rev().find_map(|open| open.base.as_ref()).or(self.base);
        let Some(entry) = &mut self.entry else { return };
        match name {
            "title" if prefix.is_empty() || entry.title.is_none() => entry.title = plain(text),
            "guid" | "id" | "identifier" => {
                let id = tidy(text);
                let link = id.as_deref().filter(|id| id.starts_with("http"));
                self.opaque_id = name == "guid" && !permalink;
                if name == "guid" && permalink && entry.link.is_none() {
                    entry.link = link.and_then(|link| resolve(link, base));
                }
                if entry.id.is_none() || prefix.is_empty() {
                    entry.id = id;
                }
            }
            "pubdate" | "published" | "issued" => {
                entry.published = parse_date(text).or(entry.published);
            }
            "date" | "created" => entry.published = entry.published.or_else(|| parse_date(text)),
            "updated" | "modified" => entry.updated = parse_date(text).or(entry.updated),
            "author" | "creator" | "name" => {
                if let Some(person) = person(text)
                    && entry.authors.len() < 50
                    && !entry.authors.contains(&person)
                {
                    entry.authors.push(person);
                }
            }
            "description" | "summary" | "encoded" | "fullitem" | "content" | "body" => {
                let rank = match name {
                    "summary" => 1,
                    _ if matches!(prefix, "media" | "itunes") => 1,
                    "description" => 2,
                    _ => 3,
                };
                let longer =
                    entry.content.as_ref().is_none_or(|content| content.len() < text.len());
                if rank > self.content_rank || rank == self.content_rank && longer {
                    self.content_rank = rank;
                    entry.content = Some(text.to_owned());
                }
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Result<Feed, FeedError> {
        if !self.stack.is_empty() {
            self.defect("it ends in the middle".to_owned());
        }
        self.close_entry();
        if self.feed.format.is_empty() {
            return Err(FeedError::NotAFeed(match (self.first_element, self.feed.defect) {
                (Some(name), _) => format!("the outermost element is <{name}>"),
                (None, Some(defect)) => defect,
                (None, None) => "text without any element".to_owned(),
            }));
        }
        let period =
            self.update_minutes.map(|minutes| minutes / self.update_frequency.unwrap_or(1).max(1));
        self.feed.ttl = self.feed.ttl.or(period);
        Ok(self.feed)
    }
}

/// The prefix of the outermost element, and those that it declares for a feed's namespaces.
fn own_prefixes(root: &BytesStart<'_>, prefix: &str) -> Vec<String> {
    let mut attributes = root.html_attributes();
    let declared = attributes.with_checks(false).flatten().filter_map(|attribute| {
        let name = attribute.key.as_ref().strip_prefix("xmlns:")?;
        let namespace = attribute.value.to_ascii_lowercase();
        let known = NAMESPACES.iter().any(|known| namespace.contains(known));
        known.then(|| name.to_ascii_lowercase())
    });
    declared.chain([prefix.to_owned()]).take(20).collect()
}

/// Appends, up to the bound.
fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        if text.len() + part.len() <= MAX_FIELD {
            text.push_str(part);
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    tag.html_attributes().with_checks(false).flatten().find_map(|attribute| {
        let key = attribute.key.as_ref();
        key.eq_ignore_ascii_case(name).then(|| unescape(&attribute.value))
    })
}

/// The name in `name`, `mail (name)`, `name <mail>`; nothing where there is only a mail address.
fn person(text: &str) -> Option<String> {
    let text = plain(text)?;
    if let Some((_, rest)) = text.split_once('(')
        && text.contains('@')
    {
        return tidy(rest.trim_end_matches(')'));
    }
    let words: Vec<&str> = text.split(' ').filter(|word| !word.contains('@')).collect();
    tidy(words.join(" ").strip_prefix("By ").unwrap_or(&words.join(" ")))
}

/// Whether content of a media type must be in base64 (RFC 4287, 4.1.3.3).
fn is_binary(kind: &str) -> bool {
    kind.contains('/')
        && !kind.starts_with("text/")
        && !kind.ends_with("xml")
        && !kind.contains("html")
}

/// Standard base64, white space ignored.
fn base64(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    String::from_utf8(out).ok()
}
