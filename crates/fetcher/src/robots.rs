//! robots.txt as RFC 9309 has it, read the way Google's parser reads it.
//!
//! The longest matching pattern decides, `Allow` wins a tie, `*` stands for anything and a final
//! `$` for the end; the groups that name us are joined, and only where none does the groups for
//! `*` count. Beyond the RFC, `Crawl-delay`, `Sitemap` and the AI preferences of
//! `Content-Signal` and `Content-Usage` are kept. Left out: fetching and caching.

use serde::Serialize;
use url::Url;

/// What is read of a robots.txt, in bytes; RFC 9309 asks for at least 500 KiB.
pub(crate) const MAX_BYTES: u64 = 500 << 10;

/// The longest line that counts, in bytes; the rest of it is ignored.
const MAX_LINE: usize = 2083 * 8;

/// A robots.txt.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Robots {
    /// The groups in the order of the file.
    pub groups: Vec<Group>,
    /// Addresses of sitemaps, as written.
    pub sitemaps: Vec<String>,
}

/// Rules for some user agents.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Group {
    /// Product tokens in lower case; `*` stands for all others.
    pub agents: Vec<String>,
    /// The rules in the order of the file.
    pub rules: Vec<Rule>,
    /// Seconds between two requests.
    pub crawl_delay: Option<f64>,
    /// Whether the group says that its pages are not for use by AI.
    pub no_ai: bool,
}

/// One `Allow` or `Disallow` line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// Whether it allows.
    pub allow: bool,
    /// The pattern, percent-encoded.
    pub pattern: String,
}

impl Robots {
    /// Reads a file. Never fails: what is no rule is skipped, what is past 500 KiB is ignored.
    pub fn parse(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bytes = &bytes[..bytes.len().min(MAX_BYTES as usize)];
        let mut robots = Self::default();
        let mut naming = false;
        for line in bytes.split(|b| matches!(b, b'\n' | b'\r')) {
            let line = String::from_utf8_lossy(&line[..line.len().min(MAX_LINE)]);
            let Some((key, value)) = key_value(&line) else { continue };
            match key {
                Key::UserAgent => {
                    if !naming {
                        robots.groups.push(Group::default());
                        naming = true;
                    }
                    if let (Some(group), Some(agent)) =
                        (robots.groups.last_mut(), product_token(value))
                    {
                        group.agents.push(agent);
                    }
                }
                Key::Rule { allow } => {
                    naming = false;
                    if let Some(group) = robots.groups.last_mut() {
                        group.rules.push(Rule { allow, pattern: escaped(value) });
                    }
                }
                Key::CrawlDelay => {
                    if let Some(group) = robots.groups.last_mut() {
                        let seconds = value.parse().ok().filter(|s| (0.0..1e6).contains(s));
                        group.crawl_delay = seconds.or(group.crawl_delay);
                    }
                }
                Key::AiPreference => {
                    if let Some(group) = robots.groups.last_mut() {
                        group.no_ai |= refuses_ai(value);
                    }
                }
                Key::Sitemap => robots.sitemaps.push(value.to_owned()),
            }
        }
        robots
    }

    /// Whether `agent` (a product token, in any case) may request the path and query of a URL.
    pub fn allows(&self, agent: &str, path_and_query: &str) -> bool {
        let path = escaped(path_and_query);
        if path == "/robots.txt" {
            return true;
        }
        let mut best: Option<(usize, bool)> = None;
        for rule in self.applying(agent).flat_map(|group| &group.rules) {
            let Some(length) = rule.matches(&path) else { continue };
            // An empty pattern rules nothing; at equal length `true` is the greater.
            if length > 0 && best < Some((length, rule.allow)) {
                best = Some((length, rule.allow));
            }
        }
        best.is_none_or(|(_, allow)| allow)
    }

    /// Seconds that `agent` shall leave between requests: the most that its groups ask.
    pub fn crawl_delay(&self, agent: &str) -> Option<f64> {
        self.applying(agent).filter_map(|group| group.crawl_delay).reduce(f64::max)
    }

    /// Whether the groups of `agent` say that pages are not for use by AI.
    pub fn refuses_ai(&self, agent: &str) -> bool {
        self.applying(agent).any(|group| group.no_ai)
    }

    fn applying(&self, agent: &str) -> impl Iterator<Item = &Group> {
        let agent = agent.to_ascii_lowercase();
        let named = self.groups.iter().any(|group| group.agents.contains(&agent));
        let wanted = if named { agent } else { "*".to_owned() };
        self.groups.iter().filter(move |group| group.agents.contains(&wanted))
    }
}

impl Rule {
    /// The length of the pattern where it matches the beginning of `path`.
    fn matches(&self, path: &str) -> Option<usize> {
        if fits(&self.pattern, path) {
            return Some(self.pattern.len());
        }
        // Allowing the index page allows its folder.
        let slash = self.pattern.rfind('/').filter(|_| self.allow)?;
        let folder = &self.pattern[..=slash];
        (self.pattern[slash..].starts_with("/index.htm") && path == folder)
            .then_some(folder.len() + 1)
    }
}

/// Whether a pattern with `*` and a final `$` fits the beginning of `path`. Each piece between
/// stars is taken where it comes first, which is never worse than later.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    let mut ends_open = false;
    while let Some(piece) = pieces.next() {
        if whole && pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
        ends_open = piece.is_empty();
    }
    !whole || rest.is_empty() || ends_open
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Key {
    UserAgent,
    Rule { allow: bool },
    CrawlDelay,
    AiPreference,
    Sitemap,
}

/// Key and value of a line; the common misspellings of keys are understood.
fn key_value(line: &str) -> Option<(Key, &str)> {
    let line = line.split('#').next()?.trim();
    let (key, value) = match line.split_once(':') {
        Some(parts) => parts,
        // White space in place of the colon counts where two words stand on the line.
        None => line
            .split_once(|c: char| c.is_ascii_whitespace())
            .filter(|(_, value)| !value.trim().contains(|c: char| c.is_ascii_whitespace()))?,
    };
    let key = match key.trim().to_ascii_lowercase().as_str() {
        "user-agent" | "useragent" | "user agent" => Key::UserAgent,
        "allow" => Key::Rule { allow: true },
        "disallow" | "dissallow" | "dissalow" | "disalow" | "diasllow" | "disallaw" => {
            Key::Rule { allow: false }
        }
        "crawl-delay" | "crawldelay" => Key::CrawlDelay,
        "content-signal" | "content-usage" => Key::AiPreference,
        "sitemap" | "site-map" => Key::Sitemap,
        _ => return None,
    };
    Some((key, value.trim()))
}

/// The product token that a user-agent line names, in lower case.
fn product_token(value: &str) -> Option<String> {
    if value == "*" || value.starts_with("* ") || value.starts_with("*\t") {
        return Some("*".to_owned());
    }
    let end = value.find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '_' | '-')));
    let token = &value[..end.unwrap_or(value.len())];
    (!token.is_empty()).then(|| token.to_ascii_lowercase())
}

/// Whether preferences such as `search=yes, ai-input=no` refuse use by AI as input. Training is
/// not what a mill does, so `ai-train=no` refuses nothing here.
fn refuses_ai(value: &str) -> bool {
    value.split([',', ' ', '\t']).any(|preference| {
        let (name, answer) = preference.split_once('=').unwrap_or((preference, ""));
        matches!(name, "ai" | "ai-input") && matches!(answer, "n" | "no")
    })
}

/// Percent-encodes what is not ASCII and writes existing escapes in upper case.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match bytes.get(at + 1..at + 3) {
            Some(hex) if byte == b'%' && hex.iter().all(u8::is_ascii_hexdigit) => {
                out.push('%');
                out.extend(hex.iter().map(|b| b.to_ascii_uppercase() as char));
                at += 3;
                continue;
            }
            _ if byte.is_ascii() => out.push(byte as char),
            _ => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    out.extend(char::from_digit(digit.into(), 16).map(|c| c.to_ascii_uppercase()));
                }
            }
        }
        at += 1;
    }
    out
}

/// The part of a URL that rules are matched against.
pub(crate) fn path_and_query(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}

/// The product token of a `User-Agent`: what stands before the first `/` or space.
pub(crate) fn own_token(user_agent: &str) -> String {
    product_token(user_agent).unwrap_or_else(|| "newsmill".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(robots: &str, agent: &str, path: &str) -> bool {
        Robots::parse(robots.as_bytes()).allows(agent, path)
    }

    #[test]
    fn longest_match_decides_and_allow_wins_a_tie() {
        let robots = "user-agent: FooBot\ndisallow: /x/page.html\nallow: /x/\n";
        assert!(!allowed(robots, "FooBot", "/x/page.html"));
        assert!(allowed(robots, "FooBot", "/x/"));
        let tie = "user-agent: *\ndisallow: /a\nallow: /a\n";
        assert!(allowed(tie, "newsmill", "/a"));
        assert!(!allowed("user-agent: *\nallow: /p\ndisallow: /\n", "x", "/q"));
        assert!(allowed("user-agent: *\ndisallow:\n", "x", "/q"));
    }

    #[test]
    fn groups_join_and_a_named_group_hides_the_rest() {
        let robots = "User-agent: a\nUser-agent: NEWSMILL/2\nDisallow: /one\n\n\
                      user-agent: *\ndisallow: /\n\nuser-agent: newsmill\ndisallow: /two\n";
        for (path, yes) in [("/one", false), ("/two", false), ("/three", true)] {
            assert_eq!(allowed(robots, "newsmill", path), yes, "{path}");
        }
        assert!(!allowed(robots, "other", "/three"));
        assert!(allowed(robots, "a", "/two"));
        assert!(
            allowed("disallow: /\nuser-agent: *\nallow: /a", "x", "/b"),
            "a rule before any group"
        );
    }

    #[test]
    fn patterns() {
        for (pattern, path, yes) in [
            ("/fish", "/fish.html", true),
            ("/fish", "/Fish", false),
            ("/fish*", "/fishheads/yummy.html", true),
            ("/fish/", "/fish", false),
            ("/*.php", "/folder/any.php?x", true),
            ("/*.php$", "/a.php", true),
            ("/*.php$", "/a.php?x", false),
            ("/*.php$", "/a.php.php", true),
            ("/fish*.php", "/fish.asp", false),
            ("*/b/*/d$", "/a/b/c/d", true),
            ("*/b/*/d$", "/a/b/d", false),
            ("$", "/", false),
            ("/a$b", "/a$b", true),
            ("/*$", "/anything", true),
        ] {
            assert_eq!(fits(pattern, path), yes, "{pattern} {path}");
        }
    }

    #[test]
    fn escapes_compare_in_one_form() {
        assert!(!allowed("user-agent: *\ndisallow: /foo/ツ", "x", "/foo/%E3%83%84"));
        assert!(!allowed("user-agent: *\ndisallow: /%aa", "x", "/%AA"));
        assert!(allowed("user-agent: *\ndisallow: /foo/bar/baz", "x", "/foo/bar/%62%61%7A"));
    }

    #[test]
    fn the_index_page_stands_for_its_folder() {
        let robots = "user-agent: *\nallow: /allowed/index.html\ndisallow: /\n";
        assert!(allowed(robots, "x", "/allowed/"));
        assert!(allowed(robots, "x", "/allowed/index.html"));
        assert!(!allowed(robots, "x", "/allowed/other"));
    }

    #[test]
    fn sloppy_files_are_understood() {
        let robots = "\u{feff}User-Agent : *\rDissallow: /a # why\r\nsitemap: https://x.org/s.xml\nCrawl-delay: 2.5\nContent-Signal: search=yes, ai-input=no";
        let robots = Robots::parse(robots.as_bytes());
        assert!(!robots.allows("x", "/a") && robots.allows("x", "/b"));
        assert_eq!(robots.crawl_delay("x"), Some(2.5));
        assert_eq!(robots.sitemaps, ["https://x.org/s.xml"]);
        assert!(robots.refuses_ai("x"));
        assert!(!allowed("user-agent *\ndisallow /", "x", "/a"));
    }

    #[test]
    fn a_huge_file_with_a_long_path_is_judged_at_once() {
        let rule = format!("disallow: /{}z\n", "*a".repeat(1000));
        let robots = format!("user-agent: *\n{}", rule.repeat(200));
        assert!(allowed(&robots, "x", &format!("/{}", "a".repeat(8000))));
    }
}
