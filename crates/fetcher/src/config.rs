//! The `fetcher:` part of `pipeline.yaml`: manners and bounds, each with its unit and default.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use newsmill_article::{HumanDuration, HumanSize};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// How pages and feeds are fetched: who we say we are, how gentle we are, and what is too much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The name we go by, in requests and in robots.txt; its product word ends at the first `/`.
    /// Default: `newsmill/` and the version.
    pub user_agent: String,
    /// A web or mail address where site owners reach whoever runs this mill; sent along with
    /// `user_agent`. Default: none.
    pub contact: Option<String>,
    /// Whether robots.txt (RFC 9309) is asked and followed. Default: true.
    pub robots: bool,
    /// Whether `noindex` is followed, in `X-Robots-Tag` and in `<meta name="robots">`, and
    /// `unavailable_after` once its date is past. Default: true.
    pub noindex: bool,
    /// Whether opt-outs from use by AI (`noai`, `tdm-reservation`, `Content-Usage`) are followed.
    /// Default: true.
    pub ai_opt_out: bool,
    /// How each host is treated.
    pub host: HostConfig,
    /// How long a request may take.
    pub timeout: TimeoutConfig,
    /// The most bytes of a page, as sent and as decompressed, each. Default: 5MiB; pages of
    /// some large sites have 3 MB, most of it scripts.
    pub max_page: HumanSize,
    /// The most bytes of a feed or sitemap, as sent and as decompressed, each. Default: 15MiB, so
    /// that with the slowest charsets to decode a feed costs no more than 64 MiB in all.
    pub max_feed: HumanSize,
    /// The most bytes of all response headers together. Default: 64KiB.
    pub max_headers: HumanSize,
    /// The longest URL. Default: 8KiB.
    pub max_url: HumanSize,
    /// The most redirects in a row. Default: 10.
    pub redirects: u32,
    /// The most entries taken from one answer of a feed or sitemap, newest first as listed; the
    /// rest is reported. Default: 2000.
    pub entries_per_feed: usize,
    /// The most links taken from an index page. Default: 500.
    pub links_per_page: usize,
    /// The deepest nesting of elements in a feed or sitemap. Default: 128.
    pub xml_depth: usize,
    /// Networks, in CIDR notation, that are open although they are private or otherwise special.
    /// Default: none.
    #[schemars(with = "Vec<String>")]
    pub allow_private: Vec<IpNet>,
    /// A proxy for all requests (`http://` or `https://`, with user and password if need be). The
    /// proxy resolves names then, so only literal addresses are guarded here. Default: none; proxy
    /// variables of the environment are not read.
    pub proxy: Option<Url>,
    /// Where every answer is kept as WARC. Default: nowhere.
    pub archive: Option<ArchiveConfig>,
    /// Where WebSub hubs reach us, so that they push what is new. Default: hubs are not used.
    pub websub: Option<WebSubConfig>,
}

/// The treatment of one host, whatever its number of sources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HostConfig {
    /// Requests under way at once. Default: 2.
    pub concurrency: usize,
    /// The least time between the starts of two requests; a longer `Crawl-delay` wins. Default: 1s.
    pub min_delay: HumanDuration,
    /// How long a request may wait for its turn before it is put off. Default: 30s.
    pub max_wait: HumanDuration,
    /// Failures in a row after which the host is left alone for a while. Default: 5.
    pub failures: u32,
    /// The first wait after a failure; it doubles with each further one, with jitter. Default: 10s.
    pub back_off: HumanDuration,
    /// The longest wait after failures, and the most that `Retry-After` is believed. Default: 1h.
    pub max_back_off: HumanDuration,
}

/// How long the parts of a request may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeoutConfig {
    /// From the start to an open connection, TLS included. Default: 10s.
    pub connect: HumanDuration,
    /// From sending the request to the headers of the answer. Default: 20s.
    pub first_byte: HumanDuration,
    /// One request with its redirects, to the last byte; it stops a trickle too. Default: 1m.
    pub total: HumanDuration,
}

/// How WebSub hubs reach us. The listener speaks plain HTTP: a proxy before it adds TLS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebSubConfig {
    /// The address and port to listen at, such as `127.0.0.1:8090`.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// The URL under which the world reaches that listener.
    pub callback: Url,
    /// How long a subscription is asked for; it is renewed in time. Default: 7d.
    #[serde(default = "one_week")]
    pub lease: HumanDuration,
}

fn one_week() -> HumanDuration {
    HumanDuration::hours(7 * 24)
}

/// Where and how long answers are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveConfig {
    /// The folder of the WARC files; made where it is missing.
    pub dir: PathBuf,
    /// A file is closed and a new one begun at this size. Default: 1GB.
    #[serde(default = "one_gigabyte")]
    pub rotate: HumanSize,
    /// How long a closed file is kept. Default: for ever.
    #[serde(default)]
    pub keep: Option<HumanDuration>,
}

fn one_gigabyte() -> HumanSize {
    HumanSize(1_000_000_000)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            user_agent: concat!("newsmill/", env!("CARGO_PKG_VERSION")).to_owned(),
            contact: None,
            robots: true,
            noindex: true,
            ai_opt_out: true,
            host: HostConfig::default(),
            timeout: TimeoutConfig::default(),
            max_page: HumanSize::mib(5),
            max_feed: HumanSize::mib(15),
            max_headers: HumanSize::kib(64),
            max_url: HumanSize::kib(8),
            redirects: 10,
            entries_per_feed: 2000,
            links_per_page: 500,
            xml_depth: 128,
            allow_private: Vec::new(),
            proxy: None,
            archive: None,
            websub: None,
        }
    }
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            concurrency: 2,
            min_delay: HumanDuration::secs(1),
            max_wait: HumanDuration::secs(30),
            failures: 5,
            back_off: HumanDuration::secs(10),
            max_back_off: HumanDuration::hours(1),
        }
    }
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self {
            connect: HumanDuration::secs(10),
            first_byte: HumanDuration::secs(20),
            total: HumanDuration::mins(1),
        }
    }
}

impl Config {
    /// The whole `User-Agent` header.
    pub fn full_user_agent(&self) -> String {
        match &self.contact {
            Some(contact) => format!("{} (+{contact})", self.user_agent),
            None => self.user_agent.clone(),
        }
    }
}
