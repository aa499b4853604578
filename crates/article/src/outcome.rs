//! The ways an entry can end.

use std::fmt;
use std::time::Duration;

use crate::{ArticleId, HumanSize};

/// How an entry's way through the mill ended. Closed: every entry gets exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its record is where it was to go.
    Delivered,
    /// The same article is already known.
    Duplicate {
        /// As which one.
        of: ArticleId,
    },
    /// It will never become a record.
    Rejected(Reason),
    /// Not now; again after a while.
    Retry {
        /// How long to wait at least.
        after: Duration,
    },
    /// Not tried yet: our own manners hold it back. Again after a while, and no attempt is used.
    PutOff {
        /// How long to wait at least.
        after: Duration,
    },
    /// Another machine has taken it over.
    HandedOff,
    /// The mill stopped first; the next start takes it up again.
    Abandoned,
}

/// What an error means for the item at hand and for the mill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// This item will never work.
    Reject(Reason),
    /// The world is at fault for now.
    Retry {
        /// How long to wait at least.
        after: Duration,
    },
    /// Going on would be wrong.
    Fatal,
}

/// Why an entry was refused. Closed; [`Reason::code`] is the same word in records of the ledger,
/// metrics and on the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The server says that it is gone (404, 410).
    Gone,
    /// The server refused for good with this status (other 4xx).
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// robots.txt does not allow us to read it.
    RobotsDisallowed,
    /// The page asks not to be kept (`noindex` and its kin).
    NoIndex,
    /// The address is in a network that is not open to us.
    AddressRefused,
    /// The URL cannot be used: malformed, too long, or of a scheme that is not read.
    BadUrl,
    /// More redirects than the bound, or a circle of them.
    TooManyRedirects,
    /// Neither HTML nor plain text.
    NotHtml,
    /// A page without an article of its own, such as a list of links.
    NotAnArticle,
    /// More bytes than the bound, or deeper compression than it may have.
    TooLarge {
        /// The bound, in bytes.
        limit: u64,
    },
    /// It took longer than the bound.
    TooSlow {
        /// The bound.
        limit: Duration,
    },
    /// No bytes at all.
    Empty,
    /// The text is under the least length.
    TooShort {
        /// Words that were found.
        words: usize,
    },
    /// The bytes cannot be read: broken compression, no text encoding fits.
    Unreadable,
    /// There is no such file.
    NotFound,
    /// The operating system does not let us read it.
    PermissionDenied,
    /// A language that the configuration does not want.
    UnwantedLanguage,
    /// A summary could not be made that its text supports.
    Ungrounded,
    /// A stage panicked over it; its page is kept.
    Panicked,
    /// A sink will never take its record, which is kept for an operator.
    SinkRefused,
    /// It failed for the time being once too often.
    GaveUp {
        /// How often it was tried.
        attempts: u32,
    },
}

impl Reason {
    /// One stable word, for counting.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Refused { .. } => "refused",
            Self::RobotsDisallowed => "robots_disallowed",
            Self::NoIndex => "no_index",
            Self::AddressRefused => "address_refused",
            Self::BadUrl => "bad_url",
            Self::TooManyRedirects => "too_many_redirects",
            Self::NotHtml => "not_html",
            Self::NotAnArticle => "not_an_article",
            Self::TooLarge { .. } => "too_large",
            Self::TooSlow { .. } => "too_slow",
            Self::Empty => "empty",
            Self::TooShort { .. } => "too_short",
            Self::Unreadable => "unreadable",
            Self::NotFound => "not_found",
            Self::PermissionDenied => "permission_denied",
            Self::UnwantedLanguage => "unwanted_language",
            Self::Ungrounded => "ungrounded",
            Self::Panicked => "panicked",
            Self::SinkRefused => "sink_refused",
            Self::GaveUp { .. } => "gave_up",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the server says it is gone"),
            Self::Refused { status } => write!(f, "the server refused with status {status}"),
            Self::RobotsDisallowed => f.write_str("robots.txt does not allow it"),
            Self::NoIndex => f.write_str("the page asks not to be kept"),
            Self::AddressRefused => {
                f.write_str("the address is in a network that is not open (see allow_private)")
            }
            Self::BadUrl => f.write_str("the URL cannot be used"),
            Self::TooManyRedirects => f.write_str("too many redirects"),
            Self::NotHtml => f.write_str("neither HTML nor plain text"),
            Self::NotAnArticle => f.write_str("no article of its own on the page"),
            Self::TooLarge { limit } => {
                let limit = HumanSize(*limit);
                write!(f, "larger than the limit of {limit} (see max_… of fetcher)")
            }
            Self::TooSlow { limit } => write!(f, "slower than the limit of {limit:?}"),
            Self::Empty => f.write_str("no bytes at all"),
            Self::TooShort { words } => write!(f, "only {words} words of text"),
            Self::Unreadable => f.write_str("the bytes cannot be read"),
            Self::NotFound => f.write_str("no such file or folder: check its name"),
            Self::PermissionDenied => {
                f.write_str("no permission to read it: the user that newsmill runs as needs one")
            }
            Self::UnwantedLanguage => f.write_str("in a language that is not wanted"),
            Self::Ungrounded => f.write_str("no summary that the text supports"),
            Self::Panicked => f.write_str("a stage panicked over it"),
            Self::SinkRefused => f.write_str("a sink will not take its record"),
            Self::GaveUp { attempts } => write!(f, "gave up after {attempts} attempts"),
        }
    }
}
