//! The connection: who we are, what certificates hold, whether the server will do.

use std::time::Duration;

use async_nats::{ConnectErrorKind, ConnectOptions, Event, ServerInfo, jetstream};

use super::OLDEST_SERVER;
use crate::config::Secret;
use crate::{Nats, QueueError};

/// How long one server may take to answer.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an acknowledgement or an answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// A connection that is silent is asked for a sign this often; a cut one is noticed after two.
const PING: Duration = Duration::from_secs(10);

/// The pause before trying the servers again grows up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn connect(config: &Nats) -> Result<jetstream::Context, QueueError> {
    config.check().map_err(|(key, message)| unfit(format!("`link.nats.{key}`: {message}")))?;
    let options = options(config)?;
    let servers: Vec<&str> = config.servers().collect();
    let client = options.connect(&servers[..]).await.map_err(|error| {
        let wrong = match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                "it does not take our `credentials`"
            }
            ConnectErrorKind::Tls => "its certificate or ours does not hold; see `tls`",
            ConnectErrorKind::ServerParse => "the address cannot be used",
            _ => {
                return QueueError::later(format!("cannot reach NATS at {}", config.url), error);
            }
        };
        unfit(format!("NATS at {}: {wrong}: {error}", config.url))
    })?;
    let info = client.server_info();
    will_do(&info)?;
    tracing::info!(server = info.server_name, version = info.version, "linked");
    let context = jetstream::ContextBuilder::new().timeout(ANSWER).ack_timeout(ANSWER);
    Ok(context.build(client))
}

fn options(config: &Nats) -> Result<ConnectOptions, QueueError> {
    let mut options = ConnectOptions::new()
        .name("newsmill")
        .connection_timeout(CONNECT)
        .ping_interval(PING)
        .request_timeout(Some(ANSWER))
        .reconnect_delay_callback(|tries| {
            let tries = u32::try_from(tries).unwrap_or(u32::MAX).min(8);
            Duration::from_millis(25).saturating_mul(1 << tries).min(LONGEST_PAUSE)
        })
        .event_callback(|event| async move {
            match event {
                Event::Connected => tracing::info!("connected to NATS"),
                Event::Disconnected => tracing::warn!("lost the connection to NATS"),
                other => tracing::debug!(event = %other, "NATS"),
            }
        });
    let secret = config.credentials.as_ref().map(|credentials| credentials.secret());
    let secret = secret.transpose().map_err(|error| {
        let cause = std::error::Error::source(&error).map_or(String::new(), |c| format!(": {c}"));
        unfit(format!("`link.nats.credentials`: {error}{cause}"))
    })?;
    options = match secret.flatten() {
        None => options,
        Some(Secret::Creds(creds)) => options.credentials(&creds).map_err(|error| {
            unfit(format!("`link.nats.credentials.creds_file` is no credentials file: {error}"))
        })?,
        Some(Secret::NKey(seed)) => options.nkey(seed),
        Some(Secret::Token(token)) => options.token(token),
        Some(Secret::Password { user, password }) => options.user_and_password(user, password),
    };
    if let Some(tls) = &config.tls {
        options = options.require_tls(true);
        if let Some(ca) = &tls.ca {
            options = options.add_root_certificates(ca.clone());
        }
        if let (Some(cert), Some(key)) = (&tls.cert, &tls.key) {
            options = options.add_client_certificate(cert.clone(), key.clone());
        }
    }
    Ok(options)
}

fn will_do(info: &ServerInfo) -> Result<(), QueueError> {
    let (major, minor) = OLDEST_SERVER;
    if version(&info.version).is_none_or(|found| found < OLDEST_SERVER) {
        return Err(unfit(format!(
            "the NATS server {} is of version {}; a link needs {major}.{minor} or later",
            info.server_name, info.version
        )));
    }
    if !info.jetstream {
        return Err(unfit(format!(
            "the NATS server {} runs without JetStream: start it with --jetstream",
            info.server_name
        )));
    }
    Ok(())
}

/// Major and minor of `2.15.1` or `v2.11.0-RC.3`.
fn version(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.trim_start_matches('v').split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn unfit(message: String) -> QueueError {
    QueueError::Unfit { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(version: &str, jetstream: bool) -> Result<(), String> {
        let info = serde_json::json!({ "version": version, "jetstream": jetstream });
        let info: ServerInfo = serde_json::from_value(info).unwrap();
        will_do(&info).map_err(|error| error.to_string())
    }

    #[test]
    fn an_old_server_or_one_without_jetstream_will_not_do() {
        for good in ["2.11.0", "v2.11.0-RC.3", "2.15.1", "3.0.0"] {
            assert_eq!(server(good, true), Ok(()), "{good}");
        }
        for old in ["2.9.10", "2.10.29", "1.4.1", "", "unknown"] {
            assert!(server(old, true).unwrap_err().contains("2.11 or later"), "{old}");
        }
        assert!(server("2.15.1", false).unwrap_err().contains("--jetstream"));
    }
}
