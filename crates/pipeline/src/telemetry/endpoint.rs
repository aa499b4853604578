//! The parts of telemetry that reach outside: the HTTP endpoint and the sender of traces. They
//! change with the configuration, in two steps: what can fail, then what cannot.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use newsmill_sink::{Secret, SinkError};
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use super::config::OtlpConfig;
use super::{Telemetry, TelemetryConfig, http, otlp};

/// How long the last spans may take to be sent.
const GRACE: Duration = Duration::from_secs(5);

/// What reaches outside, at work. Dropping it ends it.
#[derive(Debug)]
pub struct Endpoint {
    telemetry: Arc<Telemetry>,
    config: TelemetryConfig,
    token: watch::Sender<Option<Secret>>,
    server: Option<(SocketAddr, Task)>,
    /// Ends by itself once no more spans come.
    otlp: Option<JoinHandle<()>>,
}

/// A change that cannot fail any more.
#[derive(Debug)]
pub struct Change {
    config: TelemetryConfig,
    token: Option<Secret>,
    /// Only where the address is another one.
    listener: Option<TcpListener>,
    client: Option<Client>,
}

/// Why a change cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The address cannot be listened on.
    #[error("telemetry.listen")]
    Listen(#[source] std::io::Error),
    /// The token is not to be had.
    #[error("telemetry")]
    Token(#[source] SinkError),
    /// A client cannot be set up.
    #[error("telemetry.otlp")]
    Otlp(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[derive(Debug)]
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn start(work: impl Future<Output = ()> + Send + 'static) -> Task {
    Task(tokio::spawn(work).abort_handle())
}

impl Endpoint {
    /// Sets to work what `config` names.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::prepare`].
    pub async fn start(
        config: &TelemetryConfig,
        telemetry: &Arc<Telemetry>,
    ) -> Result<Self, EndpointError> {
        let mut endpoint = Self {
            telemetry: telemetry.clone(),
            config: TelemetryConfig::default(),
            token: watch::channel(None).0,
            server: None,
            otlp: None,
        };
        let change = endpoint.prepare(config).await?;
        endpoint.commit(change);
        Ok(endpoint)
    }

    /// Sends the spans that are left. Takes five seconds at most, whatever the collector does; what
    /// was not sent by then is lost.
    pub async fn close(&mut self) {
        self.telemetry.spans.end_export();
        if let Some(mut export) = self.otlp.take()
            && tokio::time::timeout(GRACE, &mut export).await.is_err()
        {
            export.abort();
            tracing::warn!("the collector took too long for the last traces");
        }
    }

    /// Where it answers: the port that was chosen, where the configuration says 0.
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(|(address, _)| *address)
    }

    /// Everything of a change that can fail.
    ///
    /// # Errors
    ///
    /// When the token is not there, or the address cannot be listened on.
    pub async fn prepare(&self, config: &TelemetryConfig) -> Result<Change, EndpointError> {
        let (env, file) = (config.token_env.as_ref(), config.token_file.as_ref());
        let token = Secret::from_env_or_file("token", env, file).map_err(EndpointError::Token)?;
        let listener = match config.listen {
            Some(address) if config.listen != self.config.listen => {
                Some(http::bind(address).await.map_err(EndpointError::Listen)?)
            }
            _ => None,
        };
        let client = match &config.otlp {
            Some(_) if config.otlp != self.config.otlp => Some(client()?),
            _ => None,
        };
        Ok(Change { config: config.clone(), token, listener, client })
    }

    /// Makes it.
    pub fn commit(&mut self, change: Change) {
        self.token.send_replace(change.token);
        if change.config.listen != self.config.listen {
            self.server = change.listener.and_then(|listener| {
                let address = listener.local_addr().ok()?;
                tracing::info!(%address, "answers /metrics, /healthz and /readyz");
                let (telemetry, token) = (self.telemetry.clone(), self.token.subscribe());
                Some((address, start(http::serve(listener, telemetry, token))))
            });
        }
        if change.config.otlp != self.config.otlp {
            // The sender before it goes on until it has sent what it has.
            self.otlp = None;
            self.telemetry.spans.end_export();
            if let (Some(OtlpConfig { url, sample }), Some(client)) =
                (&change.config.otlp, change.client)
            {
                let spans = self.telemetry.spans.begin_export(*sample);
                let work = otlp::run(client, url.clone(), spans, self.telemetry.clone());
                self.otlp = Some(tokio::spawn(work));
            }
        }
        self.config = change.config;
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.telemetry.spans.end_export();
    }
}

fn client() -> Result<Client, EndpointError> {
    let tls = newsmill_sink::tls_client(None).map_err(|error| EndpointError::Otlp(error.into()))?;
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("newsmill/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| EndpointError::Otlp(error.without_url().into()))
}
