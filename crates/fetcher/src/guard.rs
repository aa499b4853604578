//! Which addresses may be reached.
//!
//! Whoever can put a URL in a feed could otherwise point the mill at the machine it runs on, at
//! its neighbours or at a cloud's metadata service. So every address is judged where it is final:
//! literal addresses in the URL itself (the `url` crate reads all spellings of IPv4), names in the
//! resolver that opens the connection, so that a second look-up cannot answer differently. Both
//! happen for the first request, each redirect and each retry.
//!
//! What is special follows the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and its
//! updates). Left out: names are not judged, and behind a proxy only literals can be.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::FetchError;

/// IPv4 networks that are not the public internet: address and length of the prefix.
const SPECIAL_V4: [(Ipv4Addr, u32); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carrier-grade NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // a cloud's host service on a public number
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local, cloud metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(233, 252, 0, 0), 24),   // documentation, multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, broadcast
];

/// The only IPv6 network of public unicast, 2000::/3, less these parts of it. Everything else is
/// special: loopback, mapped IPv4, NAT64, unique local, link-local, multicast.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Judges addresses: the public internet and what the user opened.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    open: Arc<[IpNet]>,
    max_url: usize,
}

impl Guard {
    pub(crate) fn new(open: &[IpNet], max_url: usize) -> Self {
        Self { open: open.into(), max_url }
    }

    /// Whether a connection to `address` may be opened.
    pub(crate) fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.is_open(address)
    }

    fn is_open(&self, address: IpAddr) -> bool {
        self.open.iter().any(|net| net.contains(&address))
    }

    /// Whether a URL may be requested, as far as it tells without a look-up.
    pub(crate) fn check(&self, url: &Url) -> Result<(), FetchError> {
        let bad = |why| Err(FetchError::BadUrl { url: shortened(url.as_str()), why });
        if url.as_str().len() > self.max_url {
            return bad("longer than fetcher.max_url");
        }
        if !matches!(url.scheme(), "http" | "https") {
            return bad("only http and https are read");
        }
        let address = match url.host() {
            None => return bad("no host"),
            Some(Host::Domain("")) => return bad("no host"),
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
        };
        if self.permits(address) {
            return Ok(());
        }
        Err(FetchError::AddressRefused { host: url.host_str().unwrap_or("").to_owned(), address })
    }
}

/// Whether an address is on the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !SPECIAL_V4
            .iter()
            .any(|(net, length)| same_prefix(v4.to_bits(), net.to_bits(), 32 - length)),
        IpAddr::V6(v6) => {
            v6.segments()[0] >> 13 == 1
                && !SPECIAL_V6.iter().any(|(net, length)| {
                    v6.to_bits() >> (128 - length) == net.to_bits() >> (128 - length)
                })
        }
    }
}

fn same_prefix(a: u32, b: u32, host_bits: u32) -> bool {
    a >> host_bits == b >> host_bits
}

/// The first 200 characters of a URL, for messages.
pub(crate) fn shortened(url: &str) -> String {
    match url.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &url[..end]),
        None => url.to_owned(),
    }
}

/// How names become addresses; tests bring their own.
pub(crate) type Lookup = Arc<
    dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync,
>;

/// The operating system's resolver.
pub(crate) fn system_lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// A name that has only addresses that are not open to us.
#[derive(Debug, thiserror::Error)]
#[error("resolves to {0}, in a network that is not open")]
pub(crate) struct RefusedAddress(pub(crate) IpAddr);

/// Resolves names and hands on only the addresses that the guard permits.
pub(crate) struct GuardedResolver {
    pub(crate) guard: Guard,
    pub(crate) lookup: Lookup,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard.clone();
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?;
            let first = found.first().copied();
            let permitted: Vec<_> =
                found.into_iter().filter(|address| guard.permits(*address)).collect();
            if permitted.is_empty() {
                return match first {
                    Some(address) => Err(RefusedAddress(address).into()),
                    None => Err(io::Error::other("the name has no address").into()),
                };
            }
            let permitted = permitted.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(permitted) as Addrs)
        })
    }
}
