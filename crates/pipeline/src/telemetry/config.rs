//! What may be tuned: `telemetry` in `pipeline.yaml`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// How a running mill can be looked at. `telemetry` in `pipeline.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// The address on which `/metrics`, `/healthz` and `/readyz` answer. Any other than a loopback
    /// address needs a token. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// The environment variable that holds the bearer token to ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// The file that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// The Unix socket of `newsmill top`, `tap`, `reload` and `health`; only the user who runs the
    /// mill can use it. Default: the ledger's path with `.sock` behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
    /// Where traces of articles go. Default: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp: Option<OtlpConfig>,
}

/// An OpenTelemetry collector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtlpConfig {
    /// Its address for traces over HTTP, such as `http://127.0.0.1:4318/v1/traces`.
    pub url: Url,
    /// The share of articles to trace, 0 to 1. Default: 1.
    #[serde(default = "all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub sample: f64,
}

fn all() -> f64 {
    1.0
}

/// The longest path of a Unix socket: `sun_path` of Linux, without its closing zero.
pub const LONGEST_SOCKET: usize = 107;

impl TelemetryConfig {
    /// The path of the admin socket; `None` without a ledger's file to put it beside, or where
    /// that path would be too long.
    pub fn socket(&self, ledger: Option<&Path>) -> Option<PathBuf> {
        let path = self.socket.clone().or_else(|| {
            let mut path = ledger?.to_owned().into_os_string();
            path.push(".sock");
            Some(path.into())
        });
        path.filter(|path| path.as_os_str().len() <= LONGEST_SOCKET)
    }

    /// Whether everybody on the network could ask.
    pub fn is_open(&self) -> bool {
        self.listen.is_some_and(|address| !address.ip().is_loopback())
    }
}
