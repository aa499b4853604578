//! What can go wrong while fetching, and what it means for the entry.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use newsmill_article::{Disposition, HumanDuration, HumanSize, Reason};

/// Why an entry or a source could not be read. Each names what was wrong and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A URL that cannot be used.
    #[error("{url}: {why}")]
    BadUrl {
        /// As it was given, shortened.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The host is, or resolves to, an address that is not open to us.
    #[error("{} in a network that is not open (see fetcher.allow_private)", closed(host, *address))]
    AddressRefused {
        /// The host as the URL names it.
        host: String,
        /// The address.
        address: IpAddr,
    },
    /// More redirects than the bound, or a circle.
    #[error("{url}: more than {limit} redirects, or a circle of them")]
    TooManyRedirects {
        /// Where they began.
        url: String,
        /// The bound.
        limit: u32,
    },
    /// robots.txt says no.
    #[error("{url}: robots.txt does not allow it")]
    RobotsDisallowed {
        /// The address.
        url: String,
    },
    /// robots.txt could not be had, so nothing of the host may be read for now.
    #[error("{url}: robots.txt could not be had: {why}; again in {after}", after = rounded(*after))]
    RobotsUnreachable {
        /// The address.
        url: String,
        /// What was met instead.
        why: Arc<str>,
        /// How long to wait before the next try.
        after: Duration,
    },
    /// The answer asks not to be kept.
    #[error("{url}: the answer says `{directive}`")]
    NoIndex {
        /// The address.
        url: String,
        /// The directive.
        directive: String,
    },
    /// Over a bound of size.
    #[error("{place}: {what} over the limit of {limit}", limit = HumanSize(*limit))]
    TooLarge {
        /// The URL or path.
        place: String,
        /// What is too large.
        what: &'static str,
        /// The bound, in bytes.
        limit: u64,
    },
    /// Over a bound of time.
    #[error("{url}: {what} took longer than {limit}", limit = rounded(*limit))]
    TooSlow {
        /// The address.
        url: String,
        /// What was too slow.
        what: &'static str,
        /// The bound.
        limit: Duration,
        /// How long to wait before the next try, where one may help.
        after: Option<Duration>,
    },
    /// The server answered with a status other than success.
    #[error("{url}: the server answered {status}")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// How long to wait before the next try.
        after: Duration,
    },
    /// Our own manners hold the request back. Not the entry's fault.
    #[error("{host} is left alone for another {after}", after = rounded(*after))]
    HostBusy {
        /// The host.
        host: String,
        /// How long until its turn.
        after: Duration,
    },
    /// No connection, a broken one, or an answer that is not HTTP.
    #[error("{url}: no usable answer")]
    Transport {
        /// The address.
        url: String,
        /// How long to wait before the next try.
        after: Duration,
        /// What happened.
        source: reqwest::Error,
    },
    /// Compression or encoding is broken.
    #[error("{place}: {why}")]
    Unreadable {
        /// The URL or path.
        place: String,
        /// What is broken.
        why: String,
    },
    /// No bytes at all.
    #[error("{place}: no bytes at all")]
    Empty {
        /// The URL or path.
        place: String,
    },
    /// Neither text nor HTML.
    #[error("{place}: {content_type} is neither HTML nor plain text")]
    NotHtml {
        /// The URL or path.
        place: String,
        /// What it is.
        content_type: String,
    },
    /// A file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// What a source answered is not what it should be.
    #[error("{place}: {why}")]
    NotASource {
        /// The URL or path.
        place: String,
        /// What it is, and what to do.
        why: String,
    },
    /// The configuration cannot work.
    #[error("{0}")]
    Config(String),
}

impl FetchError {
    /// What this means for the entry and for the mill.
    pub fn disposition(&self) -> Disposition {
        use FetchError as E;
        let reason = match self {
            E::BadUrl { .. } => Reason::BadUrl,
            E::AddressRefused { .. } => Reason::AddressRefused,
            E::TooManyRedirects { .. } => Reason::TooManyRedirects,
            E::RobotsDisallowed { .. } => Reason::RobotsDisallowed,
            E::NoIndex { .. } => Reason::NoIndex,
            E::TooLarge { limit, .. } => Reason::TooLarge { limit: *limit },
            E::TooSlow { after: Some(after), .. } => return Disposition::Retry { after: *after },
            E::TooSlow { limit, .. } => Reason::TooSlow { limit: *limit },
            E::Status { status: 404 | 410, .. } => Reason::Gone,
            E::Status { status: 408 | 425 | 429 | 500..=599, after, .. }
            | E::HostBusy { after, .. }
            | E::RobotsUnreachable { after, .. }
            | E::Transport { after, .. } => return Disposition::Retry { after: *after },
            E::Status { status, .. } => Reason::Refused { status: *status },
            E::Unreadable { .. } | E::NotASource { .. } => Reason::Unreadable,
            E::Empty { .. } => Reason::Empty,
            E::NotHtml { .. } => Reason::NotHtml,
            E::File { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => Reason::NotFound,
                io::ErrorKind::PermissionDenied => Reason::PermissionDenied,
                _ => Reason::Unreadable,
            },
            E::Config(_) => return Disposition::Fatal,
        };
        Disposition::Reject(reason)
    }

    /// Whether it is the host that does not answer, whatever is asked of it.
    pub fn is_of_host(&self) -> bool {
        use FetchError as E;
        matches!(self, E::Transport { .. } | E::TooSlow { .. } | E::RobotsUnreachable { .. })
    }

    /// Whether a failed try counts against the entry. Waiting for a host's turn does not: with
    /// it an entry of a busy host would be given up on without a single request.
    pub fn counts_as_attempt(&self) -> bool {
        !matches!(self, Self::HostBusy { .. })
    }
}

/// `name is 10.0.0.1,`, or the address alone where no name was resolved.
fn closed(host: &str, address: IpAddr) -> String {
    let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
    if literal.is_ok_and(|literal| literal == address) {
        return format!("{address} is");
    }
    format!("{host} is {address},")
}

/// A duration for people: whole seconds, below one of them milliseconds.
fn rounded(duration: Duration) -> HumanDuration {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    match millis {
        0..1000 => HumanDuration::millis(millis),
        _ => HumanDuration::secs(millis.saturating_add(500) / 1000),
    }
}
