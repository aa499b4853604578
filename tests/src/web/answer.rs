//! What the web answers.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::Request;

/// An answer, and how it misbehaves.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    delay: Duration,
    promised: usize,
}

impl Answer {
    /// Only a status.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), delay: Duration::ZERO, promised: 0 }
    }

    /// 200 with a body of this media type.
    pub fn ok(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::status(200) }.header("Content-Type", content_type)
    }

    /// 200 with a page in UTF-8.
    pub fn html(body: impl Into<Bytes>) -> Self {
        Self::ok("text/html; charset=utf-8", body)
    }

    /// 302 to this address.
    pub fn redirect(to: &str) -> Self {
        Self::status(302).header("Location", to)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives it a validator: who already has it is answered 304.
    #[must_use]
    pub fn etag(self, tag: &str) -> Self {
        self.header("ETag", tag)
    }

    /// Comes only after this time.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Compresses the body.
    #[must_use]
    pub fn gzip(mut self) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // Writing to memory cannot fail.
        let _ = encoder.write_all(&self.body);
        self.body = encoder.finish().unwrap_or_default().into();
        self.header("Content-Encoding", "gzip")
    }

    /// Hangs up this many bytes before the end that it promised.
    #[must_use]
    pub fn cut_short_by(mut self, bytes: usize) -> Self {
        self.promised = bytes.min(self.body.len());
        self.body.truncate(self.body.len() - self.promised);
        self
    }

    pub(super) fn code(&self) -> u16 {
        self.status
    }

    pub(super) fn delay(&self) -> Duration {
        self.delay
    }

    /// Fits the answer to what was asked.
    pub(super) fn to(mut self, request: &Request) -> Self {
        let tag = self.headers.iter().find(|(name, _)| name == "ETag");
        if tag.is_some_and(|(_, tag)| request.header("if-none-match") == Some(tag)) {
            self.status = 304;
            self.body = Bytes::new();
        }
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let length = self.body.len() + self.promised;
        let mut out = format!(
            "HTTP/1.1 {} Fake\r\nConnection: close\r\nContent-Length: {length}\r\n",
            self.status
        );
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        out.push_str("\r\n");
        let mut out = out.into_bytes();
        out.extend_from_slice(&self.body);
        out
    }
}
