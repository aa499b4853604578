//! The HTTP endpoint: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever restarts
//! what is ill.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | [`prometheus::page`] |
//! | `/healthz` | 200 while the process can answer at all; never asks for the token |
//! | `/readyz` | 200, or 503 with one line for each part that is not ready |
//!
//! Loopback addresses need no token; the configuration refuses any other without one. HTTP/1.1
//! only, GET and HEAD only, and nothing of a request but its head is read.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use newsmill_sink::Secret;
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{Telemetry, prometheus};
use crate::connections;

/// How long a request's head may take, and an idle connection stay.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one connection may last, whatever it does.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(600);

/// The token to ask for, if any. Changes with the configuration.
pub type Token = watch::Receiver<Option<Secret>>;

/// Begins to listen.
///
/// # Errors
///
/// What the operating system says, with the address.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| std::io::Error::new(error.kind(), format!("{address}: {error}")))
}

/// Answers until it is dropped.
pub async fn serve(listener: TcpListener, telemetry: Arc<Telemetry>, token: Token) {
    let accept = |cx: &mut Context<'_>| listener.poll_accept(cx).map_ok(|(stream, _)| stream);
    let attend = |stream| {
        let connection = connection(stream, telemetry.clone(), token.clone());
        // Whoever stays longer connects again.
        async move { _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await }
    };
    connections::serve("telemetry.listen", accept, attend).await;
}

async fn connection(stream: TcpStream, telemetry: Arc<Telemetry>, token: Token) {
    let service = service_fn(|request| {
        let (telemetry, token) = (telemetry.clone(), token.clone());
        async move { Ok::<_, Infallible>(answer(&request, &telemetry, &token).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(16 << 10)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection of the telemetry endpoint broke");
    }
}

async fn answer<B>(
    request: &Request<B>,
    telemetry: &Telemetry,
    token: &Token,
) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n".to_owned());
    }
    let path = request.uri().path();
    if path == "/healthz" {
        return text(StatusCode::OK, "ok\n".to_owned());
    }
    if !may_ask(request, token) {
        let mut refusal = text(StatusCode::UNAUTHORIZED, "a bearer token is needed\n".to_owned());
        refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return refusal;
    }
    match path {
        "/metrics" => {
            let status = telemetry.ledger_status().await;
            let page = prometheus::page(telemetry, status.as_ref(), Timestamp::now());
            let mut answer = text(StatusCode::OK, page);
            let kind = HeaderValue::from_static(prometheus::CONTENT_TYPE);
            answer.headers_mut().insert(CONTENT_TYPE, kind);
            answer
        }
        "/readyz" => {
            let status = telemetry.ledger_status().await;
            let parts = telemetry.not_ready(status.as_ref());
            if parts.is_empty() {
                return text(StatusCode::OK, "ready\n".to_owned());
            }
            let lines = parts.iter().map(|(part, why)| format!("{part}: {why}\n")).collect();
            text(StatusCode::SERVICE_UNAVAILABLE, lines)
        }
        _ => text(StatusCode::NOT_FOUND, "/metrics, /healthz, /readyz\n".to_owned()),
    }
}

/// Takes as long for a wrong token as for a right one of the same length.
fn may_ask<B>(request: &Request<B>, token: &Token) -> bool {
    let token = token.borrow();
    let Some(token) = &*token else { return true };
    let given = request.headers().get(AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
    let given = match given.split_at_checked("Bearer ".len()) {
        Some((scheme, given)) if scheme.eq_ignore_ascii_case(b"Bearer ") => given,
        _ => return false,
    };
    given.ct_eq(token.expose().as_bytes()).into()
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("{request}\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn served(token: Option<&str>) -> (SocketAddr, watch::Sender<Option<Secret>>) {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (send, token) = watch::channel(token.map(Secret::new));
        tokio::spawn(serve(listener, Arc::default(), token));
        (address, send)
    }

    #[tokio::test]
    async fn without_the_token_only_health_is_told() {
        let (address, change) = served(Some("sesame")).await;
        for (request, status) in [
            ("GET /metrics HTTP/1.1", "401"),
            ("GET /readyz HTTP/1.1\r\nAuthorization: Bearer sesam", "401"),
            ("GET /metrics HTTP/1.1\r\nAuthorization: Basic sesame", "401"),
            ("GET /metrics HTTP/1.1\r\nAuthorization: bearer sesame", "200"),
            ("GET /healthz HTTP/1.1", "200"),
            ("POST /metrics HTTP/1.1\r\nAuthorization: Bearer sesame", "405"),
            ("GET /x HTTP/1.1\r\nAuthorization: Bearer sesame", "404"),
        ] {
            let answer = ask(address, request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
            assert!(!answer.contains("sesame"), "{answer}");
        }
        change.send(Some(Secret::new("other"))).unwrap();
        let answer = ask(address, "GET /metrics HTTP/1.1\r\nAuthorization: Bearer other").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    #[tokio::test]
    async fn what_is_not_ready_is_named() {
        let (address, _token) = served(None).await;
        let answer = ask(address, "GET /readyz HTTP/1.1").await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\nmill: has not started yet\n"), "{answer}");
    }
}
