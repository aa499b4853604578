//! One request, one answer, within bounds.
//!
//! Redirects, robots.txt and turns are the caller's. Compression is undone here and not in the
//! HTTP library, because both sides of it are bounded and the archive keeps what was sent.

use std::error::Error as _;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, Response, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::decode::{self, DecodeError};
use crate::guard::{Guard, GuardedResolver, Lookup, RefusedAddress};
use crate::{Config, FetchError};

/// Sends requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    guard: Guard,
    connect: Duration,
    first_byte: Duration,
    total: Duration,
    max_headers: u64,
    back_off: Duration,
    /// Answers in place of the network.
    #[cfg(test)]
    web: Option<Web>,
}

/// A web made of a function: status, headers and body for a URL and the headers of a request.
#[cfg(test)]
#[derive(Clone)]
pub(crate) struct Web(pub(crate) WebFn);

#[cfg(test)]
pub(crate) type WebFn =
    std::sync::Arc<dyn Fn(&Url, &HeaderMap) -> (u16, HeaderMap, Bytes) + Send + Sync>;

#[cfg(test)]
impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Web")
    }
}

/// What to do with a body beyond its bound.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Over {
    Refuse,
    Cut,
}

/// What a server answered. `raw` is empty unless the status is a success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Bytes,
}

impl Http {
    pub(crate) fn new(config: &Config, guard: &Guard, lookup: Lookup) -> Result<Self, FetchError> {
        let mut headers = HeaderMap::new();
        let text_first = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        headers.insert(ACCEPT, HeaderValue::from_static(text_first));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, zstd"));
        let agent = config.full_user_agent();
        let agent = HeaderValue::from_str(&agent).map_err(|_| {
            FetchError::Config(format!("fetcher.user_agent: {agent:?} cannot be sent in a header"))
        })?;
        let mut builder = Client::builder()
            .user_agent(agent)
            .default_headers(headers)
            .tls_backend_preconfigured(tls()?)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(config.timeout.connect.0)
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_max_idle_per_host(config.host.concurrency)
            .http2_max_header_list_size(u32::try_from(config.max_headers.0).unwrap_or(u32::MAX))
            .dns_resolver(GuardedResolver { guard: guard.clone(), lookup });
        builder = match &config.proxy {
            None => builder.no_proxy(),
            Some(proxy) => builder.proxy(Proxy::all(proxy.as_str()).map_err(unusable)?),
        };
        Ok(Self {
            client: builder.build().map_err(unusable)?,
            guard: guard.clone(),
            connect: config.timeout.connect.0,
            first_byte: config.timeout.first_byte.0,
            total: config.timeout.total.0,
            max_headers: config.max_headers.0,
            back_off: config.host.back_off.0,
            #[cfg(test)]
            web: None,
        })
    }

    #[cfg(test)]
    pub(crate) fn set_web(&mut self, web: WebFn) {
        self.web = Some(Web(web));
    }

    /// The instant at which a request that begins now is over time.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.total
    }

    /// One request. The body is read only where the status is a success and `wanted` accepts its
    /// headers; more than `max` bytes are an error. Cancel-safe: dropping it closes the connection.
    pub(crate) async fn get(
        &self,
        url: &Url,
        headers: HeaderMap,
        max: u64,
        wanted: impl Fn(&HeaderMap) -> Result<(), FetchError>,
        deadline: Instant,
    ) -> Result<Answer, FetchError> {
        self.request(url, headers, (max, Over::Refuse), wanted, deadline).await
    }

    /// Like [`Http::get`], but what is beyond `max` bytes is left unread.
    pub(crate) async fn get_head(
        &self,
        url: &Url,
        headers: HeaderMap,
        max: u64,
        deadline: Instant,
    ) -> Result<Answer, FetchError> {
        self.request(url, headers, (max, Over::Cut), |_| Ok(()), deadline).await
    }

    /// Posts a form; what is answered counts by its status alone.
    pub(crate) async fn post(&self, url: &Url, form: String) -> Result<Answer, FetchError> {
        self.guard.check(url)?;
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let sent = self.client.post(url.clone()).header(CONTENT_TYPE, form_type).body(form).send();
        let Ok(response) = timeout(self.first_byte, sent).await else {
            return Err(FetchError::TooSlow {
                url: url.to_string(),
                what: "the first byte",
                limit: self.first_byte,
                after: Some(self.back_off),
            });
        };
        let response = response.map_err(|error| self.transport(url, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { url: url.clone(), status, headers, raw: Bytes::new() })
    }

    async fn request(
        &self,
        url: &Url,
        headers: HeaderMap,
        max: (u64, Over),
        wanted: impl Fn(&HeaderMap) -> Result<(), FetchError>,
        deadline: Instant,
    ) -> Result<Answer, FetchError> {
        self.guard.check(url)?;
        #[cfg(test)]
        if let Some(Web(web)) = &self.web {
            let (status, answered, raw) = web(url, &headers);
            wanted(&answered)?;
            let status = StatusCode::from_u16(status).unwrap();
            return Ok(Answer { url: url.clone(), status, headers: answered, raw });
        }
        let within = self.total;
        let request = async {
            let sent = self.client.get(url.clone()).headers(headers).send();
            let response = match timeout(self.first_byte, sent).await {
                Ok(response) => response.map_err(|error| self.transport(url, error))?,
                Err(_) => {
                    return Err(FetchError::TooSlow {
                        url: url.to_string(),
                        what: "the first byte",
                        limit: self.first_byte,
                        after: Some(self.back_off),
                    });
                }
            };
            self.check_headers(url, response.headers())?;
            let status = response.status();
            let headers = response.headers().clone();
            let raw = if status.is_success() {
                wanted(&headers)?;
                self.body(url, response, max).await?
            } else {
                Bytes::new()
            };
            Ok(Answer { url: url.clone(), status, headers, raw })
        };
        match timeout_at(deadline, request).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::TooSlow {
                url: url.to_string(),
                what: "the answer",
                limit: within,
                after: None,
            }),
        }
    }

    fn check_headers(&self, url: &Url, headers: &HeaderMap) -> Result<(), FetchError> {
        let size: usize =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if size as u64 > self.max_headers {
            return Err(too_large(url, "headers", self.max_headers));
        }
        Ok(())
    }

    async fn body(
        &self,
        url: &Url,
        mut response: Response,
        (max, over): (u64, Over),
    ) -> Result<Bytes, FetchError> {
        let announced = response.content_length().unwrap_or(0);
        if announced > max && over == Over::Refuse {
            return Err(too_large(url, "the body", max));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.transport(url, error))?
        {
            if body.is_empty() && chunk.len() as u64 == announced && announced <= max {
                return Ok(chunk);
            }
            let room = max.saturating_sub(body.len() as u64);
            if chunk.len() as u64 > room {
                if over == Over::Refuse {
                    return Err(too_large(url, "the body", max));
                }
                body.extend_from_slice(&chunk[..usize::try_from(room).unwrap_or(chunk.len())]);
                break;
            }
            if body.is_empty() {
                body.reserve(usize::try_from(announced.min(max)).unwrap_or(0));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Tells a refused address and a slow connection from other trouble.
    fn transport(&self, url: &Url, error: reqwest::Error) -> FetchError {
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(RefusedAddress(address)) = inner.downcast_ref() {
                let host = url.host_str().unwrap_or("").to_owned();
                return FetchError::AddressRefused { host, address: *address };
            }
            cause = inner.source();
        }
        if error.is_timeout() && error.is_connect() {
            return FetchError::TooSlow {
                url: url.to_string(),
                what: "the connection",
                limit: self.connect,
                after: Some(self.back_off),
            };
        }
        let source = error.without_url();
        FetchError::Transport { url: url.to_string(), after: self.back_off, source }
    }
}

impl Answer {
    /// The body, decompressed, at most `max` bytes.
    pub(crate) fn content(&self, max: u64) -> Result<Bytes, FetchError> {
        let Some(coding) = self.header(CONTENT_ENCODING) else {
            return Ok(self.raw.clone());
        };
        decode::content_encoding(coding, self.raw.clone(), max)
            .map_err(|error| undecodable(self.url.to_string(), error))
    }

    /// The media type with its parameters.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.header(CONTENT_TYPE)
    }

    /// A header, where it is there and is text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The error for content that could not be decompressed.
pub(crate) fn undecodable(place: String, error: DecodeError) -> FetchError {
    match error {
        DecodeError::TooLarge(limit) => {
            FetchError::TooLarge { place, what: "the decompressed content", limit }
        }
        other => FetchError::Unreadable { place, why: other.to_string() },
    }
}

fn too_large(url: &Url, what: &'static str, limit: u64) -> FetchError {
    FetchError::TooLarge { place: url.to_string(), what, limit }
}

fn unusable(error: reqwest::Error) -> FetchError {
    FetchError::Config(format!("the HTTP client cannot start: {error}"))
}

/// TLS with the roots that Mozilla trusts, so that it works in an empty container.
fn tls() -> Result<rustls::ClientConfig, FetchError> {
    let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchError::Config(format!("TLS cannot start: {error}")))?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
