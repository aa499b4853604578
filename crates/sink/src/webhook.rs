//! An HTTP endpoint that takes records by POST.
//!
//! The request, with the header names of [Standard Webhooks] besides the common
//! [`Idempotency-Key`], so that receivers can use the libraries that exist:
//!
//! | part | content |
//! |---|---|
//! | body | the record; with `batch` above 1 always an array of records |
//! | `Content-Type` | `application/json` |
//! | `Idempotency-Key`, `webhook-id` | `{id}-{revision}` of the record; for an array the first 128 bits of SHA-256 over the keys of its records, one a line |
//! | `webhook-timestamp` | seconds since 1970 at which the request was made |
//! | `webhook-signature` | `v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`; only with a secret |
//! | `Authorization` | `Bearer …`; only with a token |
//!
//! The key of the signature is the secret's text; after the prefix `whsec_`, its base64-decoded
//! bytes. A repeat of a request has the same key. After a restart the records may be cut into other
//! arrays: a receiver of arrays tells repeats by `(id, revision)` in the records.
//!
//! | answer | is taken as |
//! |---|---|
//! | 2xx | delivered |
//! | 400, 413, 415, 422 | the record is refused for good; an array is halved until the record is found |
//! | 408, 409, 425, 429, 5xx | not now; again after `Retry-After`, else a second |
//! | other (redirects, 401, 403, 404, …) | the endpoint, not the record, is wrong: again after `Retry-After`, else a minute |
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com
//! [`Idempotency-Key`]: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use newsmill_failpoint::{self as failpoint, Injected};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use sha2::{Digest, Sha256};
use url::Url;

use crate::error::{LONG_PAUSE, PAUSE};
use crate::pieces::Pieces;
use crate::{Delivery, Rejected, Secret, SinkError, WebhookConfig, tls};

/// The longest that a receiver may put us off.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Bytes of an answer that are kept for a person to read.
const EXCERPT: usize = 300;

#[derive(Debug)]
pub(crate) struct Webhook {
    client: Client,
    url: Url,
    origin: String,
    secret: Option<SigningKey>,
    token: Option<Secret>,
    batch: usize,
    timeout: Duration,
    /// What a batch that failed half-way had achieved: for each record that was taken `None`, for
    /// each that was refused the reason. So its repeat sends only the rest.
    settled: BTreeMap<u64, Option<String>>,
}

enum Answer {
    Taken,
    Refused(String),
}

impl Webhook {
    pub(crate) fn new(config: &WebhookConfig) -> Result<Self, SinkError> {
        if !(1..=1000).contains(&config.batch) {
            let reason = format!("{} is not between 1 and 1000", config.batch);
            return Err(SinkError::Config { key: "batch", reason });
        }
        if !matches!(config.url.scheme(), "http" | "https") {
            let reason = "the scheme must be http or https".to_owned();
            return Err(SinkError::Config { key: "url", reason });
        }
        let secret = Secret::from_env_or_file(
            "secret",
            config.secret_env.as_ref(),
            config.secret_file.as_ref(),
        )?;
        let token = Secret::from_env_or_file(
            "token",
            config.token_env.as_ref(),
            config.token_file.as_ref(),
        )?;
        let origin = config.url.origin().ascii_serialization();
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client(config.ca_file.as_deref())?)
            .timeout(config.timeout.0)
            // A redirected POST would become a GET, or go where nobody meant it to go.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("newsmill/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| SinkError::Unreachable { origin: origin.clone(), source })?;
        Ok(Self {
            client,
            url: config.url.clone(),
            origin,
            secret: secret.as_ref().map(SigningKey::new).transpose()?,
            token,
            batch: config.batch,
            timeout: config.timeout.0,
            settled: BTreeMap::new(),
        })
    }

    pub(crate) async fn deliver(&mut self, batch: &[Delivery]) -> Result<Vec<Rejected>, SinkError> {
        let mut rejected = Vec::new();
        let unsettled: Vec<Delivery> =
            batch.iter().filter(|d| !self.settled.contains_key(&d.sequence)).cloned().collect();
        let mut pieces = Pieces::new(&unsettled, self.batch);
        while let Some(piece) = pieces.next() {
            match self.post(piece).await? {
                Answer::Taken => {
                    self.settled.extend(piece.iter().map(|delivery| (delivery.sequence, None)));
                }
                Answer::Refused(reason) => {
                    if let Some(found) = pieces.refused(piece, reason) {
                        self.settled.insert(found.sequence, Some(found.reason));
                    }
                }
            }
        }
        let settled = std::mem::take(&mut self.settled);
        rejected.extend(
            settled
                .into_iter()
                .filter_map(|(sequence, reason)| Some(Rejected { sequence, reason: reason? })),
        );
        rejected.sort_by_key(|rejected| rejected.sequence);
        Ok(rejected)
    }

    async fn post(&self, piece: &[Delivery]) -> Result<Answer, SinkError> {
        let (key, body) = (idempotency_key(piece), body(piece, self.batch > 1));
        let time = Timestamp::now().as_second();
        let mut request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", &key)
            .header("webhook-id", &key)
            .header("webhook-timestamp", time);
        if let Some(secret) = &self.secret {
            request = request.header("webhook-signature", secret.sign(&key, time, &body));
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        let no_answer = |_: Injected| self.no_answer();
        failpoint::before("webhook.post").map_err(no_answer)?;
        let response = request.body(body).send().await.map_err(|error| self.failed(error))?;
        failpoint::after("webhook.post").map_err(no_answer)?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        if status.is_success() {
            return Ok(Answer::Taken);
        }
        let text = excerpt(response).await;
        let (after, hint) = match status.as_u16() {
            400 | 413 | 415 | 422 => {
                return Ok(Answer::Refused(format!("{} answered {status}: {text}", self.origin)));
            }
            408 | 409 | 425 | 429 | 500..=599 => (PAUSE, ""),
            300..=399 => (LONG_PAUSE, " (set `url` to where it lives now)"),
            401 | 403 => (LONG_PAUSE, " (is the secret or token right?)"),
            _ => (LONG_PAUSE, " (is `url` right?)"),
        };
        Err(SinkError::Status {
            origin: self.origin.clone(),
            status: status.as_u16(),
            hint,
            body: text,
            after: retry_after.unwrap_or(after),
        })
    }

    fn no_answer(&self) -> SinkError {
        SinkError::TooSlow { server: self.origin.clone(), limit: self.timeout }
    }

    fn failed(&self, error: reqwest::Error) -> SinkError {
        if error.is_timeout() {
            return self.no_answer();
        }
        // The path and query may be what authorizes.
        SinkError::Unreachable { origin: self.origin.clone(), source: error.without_url() }
    }
}

fn idempotency_key(piece: &[Delivery]) -> String {
    if let [only] = piece {
        return only.key();
    }
    let mut hash = Sha256::new();
    for delivery in piece {
        hash.update(delivery.key().as_bytes());
        hash.update(b"\n");
    }
    let digest = hash.finalize();
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn body(piece: &[Delivery], array: bool) -> String {
    if let ([only], false) = (piece, array) {
        return only.json.to_string();
    }
    let mut body =
        String::with_capacity(piece.iter().map(|delivery| delivery.json.len() + 1).sum());
    for (n, delivery) in piece.iter().enumerate() {
        body.push(if n == 0 { '[' } else { ',' });
        body.push_str(&delivery.json);
    }
    body.push(']');
    body
}

/// Seconds, or a date of HTTP.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let after = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
            Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
        }
    };
    Some(after.min(LONGEST_RETRY_AFTER))
}

/// The beginning of an answer as one line.
async fn excerpt(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < EXCERPT {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            _ => break,
        }
    }
    bytes.truncate(EXCERPT);
    let text = String::from_utf8_lossy(&bytes);
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    if words.is_empty() { "(no text)".to_owned() } else { words.join(" ") }
}

/// What requests are signed with.
struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    fn new(secret: &Secret) -> Result<Self, SinkError> {
        let wrong = |reason: String| SinkError::Secret { key: "secret", reason };
        let key = match secret.expose().strip_prefix("whsec_") {
            Some(encoded) => BASE64
                .decode(encoded)
                .map_err(|_| wrong("what follows `whsec_` is not base64".to_owned()))?,
            None => secret.expose().as_bytes().to_vec(),
        };
        Hmac::new_from_slice(&key).map(Self).map_err(|error| wrong(error.to_string()))
    }

    fn sign(&self, id: &str, time: i64, body: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2, shows that it is HMAC-SHA256; the message is cut as Standard
    /// Webhooks cuts it.
    #[test]
    fn the_signature_is_hmac_sha256_over_id_time_and_body() {
        let key = SigningKey::new(&Secret::new("Jefe")).unwrap();
        let mut mac = key.0.clone();
        mac.update(b"what do ya want for nothing?");
        let hex = mac
            .finalize()
            .into_bytes()
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(key.sign("a", 1, "b"), {
            let mut mac = key.0.clone();
            mac.update(b"a.1.b");
            format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
        });
    }

    #[test]
    fn a_secret_with_its_prefix_is_decoded() {
        let encoded = SigningKey::new(&Secret::new("whsec_SmVmZQ==")).unwrap();
        let plain = SigningKey::new(&Secret::new("Jefe")).unwrap();
        assert_eq!(encoded.sign("a", 1, "b"), plain.sign("a", 1, "b"));
        assert!(SigningKey::new(&Secret::new("whsec_?")).is_err());
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_bounded() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("99999999"), Some(LONGEST_RETRY_AFTER));
        assert_eq!(read("soon"), None);
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(read("Fri, 31 Dec 2100 23:59:59 GMT"), Some(LONGEST_RETRY_AFTER));
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
