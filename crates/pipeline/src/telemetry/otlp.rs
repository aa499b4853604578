//! Sends spans to a collector: [OTLP] over HTTP, as JSON.
//!
//! Written over the HTTP client that is here anyway: `opentelemetry-otlp` would bring a second one
//! and about forty crates for one POST. A batch that a collector does not take is dropped and
//! counted: traces are for looking, the ledger is what must not lose.
//!
//! [OTLP]: https://opentelemetry.io/docs/specs/otlp/#otlphttp

use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;
use reqwest::Client;
use serde_json::{Value, json};
use url::Url;

use super::Telemetry;
use super::spans::Span;
use crate::stages::causes;

/// Spans in one request.
const BATCH: usize = 512;

/// How long a span waits for others.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a collector may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends what comes from `spans` until it closes. `url` is the one for traces, mostly ending in
/// `/v1/traces`.
pub async fn run(client: Client, url: Url, spans: Receiver<Span>, telemetry: Arc<Telemetry>) {
    let mut failing = false;
    while let Ok(first) = spans.recv().await {
        let mut batch = vec![first];
        let deadline = tokio::time::Instant::now() + PAUSE;
        while batch.len() < BATCH
            && let Ok(Ok(next)) = tokio::time::timeout_at(deadline, spans.recv()).await
        {
            batch.push(next);
        }
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let sent = client.post(url.clone()).timeout(TIMEOUT).json_body(&body(&batch)).await;
        match sent {
            Ok(()) => failing = false,
            Err(error) => {
                telemetry.spans.lost(count);
                // Once is enough to say; the count goes on.
                if !failing {
                    tracing::warn!(error, "the collector takes no traces");
                }
                failing = true;
            }
        }
    }
}

trait JsonBody {
    async fn json_body(self, body: &Value) -> Result<(), String>;
}

impl JsonBody for reqwest::RequestBuilder {
    async fn json_body(self, body: &Value) -> Result<(), String> {
        let request = self.header("content-type", "application/json").body(body.to_string());
        // The address may hold a key.
        let answer = request.send().await.map_err(|error| causes(&error.without_url()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(format!("it answered {status}")),
        }
    }
}

/// An `ExportTraceServiceRequest`.
fn body(spans: &[Span]) -> Value {
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            attribute("service.name", "newsmill"),
            attribute("service.version", env!("CARGO_PKG_VERSION")),
        ] },
        "scopeSpans": [{ "scope": { "name": "newsmill" }, "spans": spans }],
    }] })
}

fn span(span: &Span) -> Value {
    let mut attributes = vec![attribute("newsmill.input", &span.input)];
    for (key, value) in [
        ("newsmill.source", span.source.as_deref()),
        ("newsmill.outcome", span.outcome),
        ("newsmill.reason", span.reason),
    ] {
        attributes.extend(value.map(|value| attribute(key, value)));
    }
    let mut json = json!({
        "traceId": format!("{:032x}", span.context.trace),
        "spanId": format!("{:016x}", span.context.span),
        "name": span.name,
        // Internal: nobody asked for it from outside.
        "kind": 1,
        // 64-bit integers are strings in the JSON of protobuf.
        "startTimeUnixNano": span.begin.to_string(),
        "endTimeUnixNano": span.end.to_string(),
        "attributes": attributes,
    });
    if let Some(parent) = span.parent {
        json["parentSpanId"] = format!("{parent:016x}").into();
    }
    if let Some(cause) = &span.cause {
        json["status"] = json!({ "code": 2, "message": cause });
    }
    json
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}
