//! What is true of some kinds only: how they are refused, how slow a server may be, whom they trust.

use std::path::PathBuf;
use std::time::Duration;

use newsmill_article::{Disposition, HumanDuration};

use super::rig::{Kind, Rig, SECRET, TIMEOUT};
use super::{assert_retry, deliver, records};
use crate::testing::{Cut, Receiver, Reply, Request, Server, batch, record};
use crate::{Config, PostgresConfig, Sink, SinkError, WebhookConfig};

/// The batch that is delivered while things fail, after one that went through.
async fn set_up(kind: Kind) -> (Rig, Sink) {
    let rig = Rig::new(kind).await;
    let mut sink = rig.open(None);
    deliver(&mut sink, &batch(0..2)).await;
    (rig, sink)
}

#[tokio::test]
async fn a_webhook_that_fails_at_any_request_gets_the_rest_with_the_same_keys() {
    for kind in [Kind::Webhook, Kind::WebhookBatch] {
        for reply in [Reply::Status(503), Reply::TakeAndHangUp, Reply::With(429, "retry-after: 9")]
        {
            for fails in 0..5 {
                let (rig, mut sink) = set_up(kind).await;
                let (mut count, reply) = (0, reply.clone());
                let hangs_up = matches!(reply, Reply::TakeAndHangUp);
                rig.receiver.behave(move |_| {
                    count += 1;
                    if count - 1 == fails { reply.clone() } else { Reply::Status(200) }
                });
                if let Err(error) = sink.deliver(&batch(2..9)).await {
                    if let SinkError::Status { status: 429, .. } = error {
                        let after = Duration::from_secs(9);
                        assert_eq!(error.disposition(), Disposition::Retry { after });
                    }
                    assert_retry::<()>(Err(error));
                    deliver(&mut sink, &batch(2..9)).await;
                }
                rig.assert_holds(&(0..9).map(record).collect::<Vec<_>>()).await;
                // A body that came twice came under the same key, and came twice only because
                // its answer was lost.
                let requests = rig.receiver.requests();
                for (n, request) in requests.iter().enumerate() {
                    let key = request.header("idempotency-key").unwrap();
                    assert_eq!(request.header("webhook-id"), Some(key));
                    for other in &requests[..n] {
                        let same = other.body == request.body;
                        assert_eq!(other.header("idempotency-key") == Some(key), same);
                        assert!(!same || !other.taken || hangs_up, "sent again for nothing");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn the_signature_can_be_checked_by_the_receiver() {
    let (rig, _) = set_up(Kind::WebhookBatch).await;
    let request = rig.receiver.requests().remove(0);
    assert_signed(&request, SECRET);
    let time = request.header("webhook-timestamp").unwrap();
    let now = jiff::Timestamp::now().as_second();
    assert!((now - time.parse::<i64>().unwrap()).abs() < 60);
    assert_eq!(request.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_wrong_endpoint_is_waited_for_and_blames_no_record() {
    for (status, pause) in [(301, 60), (401, 60), (403, 60), (404, 60), (500, 1), (409, 1)] {
        let (rig, mut sink) = set_up(Kind::Webhook).await;
        rig.receiver.behave(move |_| Reply::Status(status));
        let error = assert_retry(sink.deliver(&batch(2..4)).await);
        let after = Duration::from_secs(pause);
        assert_eq!(error.disposition(), Disposition::Retry { after }, "{status}");
        assert!(error.to_string().ends_with(": as I was"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_at_the_timeout() {
    for kind in [Kind::Webhook, Kind::Postgres] {
        let (rig, mut sink) = set_up(kind).await;
        let mend = match &rig.proxy {
            Some((proxy, _)) => {
                proxy.cut(Cut::Silence);
                Some(proxy.clone())
            }
            None => {
                rig.receiver.behave(|_| Reply::Silence);
                None
            }
        };
        tokio::time::pause();
        let begun = tokio::time::Instant::now();
        let error = assert_retry(sink.deliver(&batch(2..4)).await);
        assert!(matches!(error, SinkError::TooSlow { .. }), "{error}");
        assert!(begun.elapsed() >= TIMEOUT && begun.elapsed() < 2 * TIMEOUT);
        tokio::time::resume();
        match mend {
            Some(proxy) => proxy.cut(Cut::Nowhere),
            None => rig.receiver.behave(|_| Reply::Status(200)),
        }
        deliver(&mut sink, &batch(2..4)).await;
        rig.assert_holds(&(0..4).map(record).collect::<Vec<_>>()).await;
    }
}

#[tokio::test]
async fn a_connection_to_postgres_cut_anywhere_is_made_again() {
    for (make, step) in [(Cut::AfterSent as fn(usize) -> Cut, 211), (Cut::AfterReceived, 83)] {
        let (mut at, mut cuts) = (0, 0);
        loop {
            let rig = Rig::new(Kind::Postgres).await;
            let proxy = rig.proxy.as_ref().unwrap().0.clone();
            proxy.cut(make(at));
            let mut sink = rig.open(None);
            let first = sink.deliver(&batch(0..5)).await;
            if !proxy.fired() {
                assert_eq!(first.unwrap().rejected, []);
                break;
            }
            cuts += 1;
            proxy.cut(Cut::Nowhere);
            if let Err(error) = first {
                assert_retry::<()>(Err(error));
                deliver(&mut sink, &batch(0..5)).await;
            }
            rig.assert_holds(&(0..5).map(record).collect::<Vec<_>>()).await;
            at += step;
        }
        assert!(cuts > 5, "only {cuts} cuts");
    }
}

#[tokio::test]
async fn a_certificate_is_checked() {
    let rig = Rig::new(Kind::Postgres).await;
    let server = Server::get();
    let url = format!("host=localhost port={} user=newsmill dbname=postgres", server.port);
    let deliver = async |mode: &str, ca_file: Option<PathBuf>| {
        std::fs::write(rig.path("url"), format!("{url} sslmode={mode}")).unwrap();
        let Config::Postgres(config) = rig.config() else { unreachable!() };
        let config = Config::Postgres(PostgresConfig { ca_file, ..config });
        Sink::open(&config, None)?.deliver(&batch(0..2)).await
    };
    for mode in ["require", "prefer"] {
        let error = assert_retry(deliver(mode, None).await);
        assert!(chain(&error).contains("certificate"), "{}", chain(&error));
    }
    rig.assert_holds(&[]).await;
    std::fs::write(rig.path("ca.pem"), &server.certificate).unwrap();
    let delivered = deliver("require", Some(rig.path("ca.pem"))).await.unwrap();
    assert_eq!(delivered.rejected, []);
    rig.assert_holds(&[record(0), record(1)]).await;
    // A file without a certificate is refused before anything is sent.
    let error = deliver("require", Some(rig.path("secret"))).await.unwrap_err();
    assert!(error.to_string().starts_with("ca_file: "), "{error}");
}

#[tokio::test]
async fn a_table_that_is_missing_or_closed_to_us_is_waited_for() {
    let (rig, mut sink) = set_up(Kind::Postgres).await;
    let table = &rig.proxy.as_ref().unwrap().1;
    let client = Server::get().connect().await;
    client.batch_execute(&format!("ALTER TABLE {table} RENAME TO {table}_x")).await.unwrap();
    let error = assert_retry(sink.deliver(&batch(2..4)).await);
    let after = Duration::from_secs(60);
    assert_eq!(error.disposition(), Disposition::Retry { after }, "{error}");
    client.batch_execute(&format!("ALTER TABLE {table}_x RENAME TO {table}")).await.unwrap();
    deliver(&mut sink, &batch(2..4)).await;
    rig.assert_holds(&(0..4).map(record).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn two_sinks_may_create_the_table_at_once() {
    let rig = Rig::new(Kind::Postgres).await;
    let (mut one, mut other) = (rig.open(None), rig.open(None));
    let (first, second) = (batch(0..3), batch(3..6));
    let (a, b) = tokio::join!(one.deliver(&first), other.deliver(&second));
    assert_eq!((a.unwrap().rejected, b.unwrap().rejected), (vec![], vec![]));
    rig.assert_holds(&records(&[&first, &second])).await;
}

#[tokio::test]
async fn a_locked_database_is_waited_for() {
    let (rig, mut sink) = set_up(Kind::Sqlite).await;
    let other = rusqlite::Connection::open(rig.path("out/news.sqlite")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_retry(sink.deliver(&batch(2..4)).await);
    other.execute_batch("ROLLBACK").unwrap();
    deliver(&mut sink, &batch(2..4)).await;
    rig.assert_holds(&(0..4).map(record).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_named() {
    let rig = Rig::new(Kind::Webhook).await;
    std::fs::remove_file(rig.path("secret")).unwrap();
    let error = Sink::open(&rig.config(), None).unwrap_err();
    assert_eq!(error.disposition(), Disposition::Fatal);
    let text = error.to_string();
    assert!(text.starts_with("secret: ") && text.contains("cannot be read"), "{text}");
}

#[tokio::test]
async fn a_webhook_over_https_is_posted_only_to_whom_we_trust() {
    let rig = Rig::new(Kind::Webhook).await;
    let (receiver, certificate) = Receiver::start_tls().await;
    let Config::Webhook(config) = rig.config() else { unreachable!() };
    let config = WebhookConfig { url: receiver.url.clone(), ..config };
    let mut stranger = Sink::open(&Config::Webhook(config.clone()), None).unwrap();
    let error = assert_retry(stranger.deliver(&batch(0..2)).await);
    assert!(chain(&error).contains("certificate"), "{}", chain(&error));
    assert!(receiver.requests().is_empty(), "a record was sent to a stranger");
    std::fs::write(rig.path("ca.pem"), certificate).unwrap();
    let trusting = WebhookConfig { ca_file: Some(rig.path("ca.pem")), ..config };
    deliver(&mut Sink::open(&Config::Webhook(trusting), None).unwrap(), &batch(0..2)).await;
    let bodies: Vec<String> = receiver.requests().into_iter().map(|r| r.body).collect();
    assert_eq!(bodies, [0, 1].map(|n| serde_json::to_string(&record(n)).unwrap()));
}

fn assert_signed(request: &Request, secret: &str) {
    use base64::Engine;
    use hmac::{Hmac, KeyInit, Mac};
    let id = request.header("webhook-id").unwrap();
    let time = request.header("webhook-timestamp").unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{id}.{time}.{}", request.body).as_bytes());
    let signature = request.header("webhook-signature").unwrap().strip_prefix("v1,").unwrap();
    let signature = base64::engine::general_purpose::STANDARD.decode(signature).unwrap();
    mac.verify_slice(&signature).unwrap();
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Not a test: the environment of a process can be set by its parent alone.
#[tokio::test]
#[ignore = "run by the next test in a process of its own"]
async fn child() {
    let name = |key: &str| Some(format!("NEWSMILL_TEST_{key}"));
    let webhook = WebhookConfig {
        name: None,
        url: std::env::var("NEWSMILL_TEST_HOOK").unwrap().parse().unwrap(),
        secret_env: name("SECRET"),
        secret_file: None,
        token_env: name("TOKEN"),
        token_file: None,
        batch: 1,
        ca_file: None,
        timeout: HumanDuration(TIMEOUT),
    };
    let postgres = PostgresConfig {
        name: None,
        url_env: name("POSTGRES"),
        url_file: None,
        table: std::env::var("NEWSMILL_TEST_TABLE").unwrap(),
        ca_file: None,
        timeout: HumanDuration(TIMEOUT),
    };
    for config in [Config::Webhook(webhook.clone()), Config::Postgres(postgres)] {
        deliver(&mut Sink::open(&config, None).unwrap(), &batch(0..1)).await;
    }
    let unset = WebhookConfig { token_env: name("NOWHERE"), ..webhook.clone() };
    let both = WebhookConfig { token_file: Some("token".into()), ..webhook };
    for (config, words) in [(unset, "token: the environment variable"), (both, "not both")] {
        let error = Sink::open(&Config::Webhook(config), None).unwrap_err();
        assert_eq!(error.disposition(), Disposition::Fatal);
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn secrets_come_from_the_environment() {
    let rig = Rig::new(Kind::Postgres).await;
    let own = std::env::current_exe().unwrap();
    let mut child = std::process::Command::new(own);
    child
        .args(["--exact", "conformance::servers::child", "--ignored", "--nocapture"])
        .env("NEWSMILL_TEST_HOOK", rig.receiver.url.as_str())
        .env("NEWSMILL_TEST_SECRET", format!(" {SECRET}\n"))
        .env("NEWSMILL_TEST_TOKEN", "a-token")
        .env("NEWSMILL_TEST_POSTGRES", Server::get().url())
        .env("NEWSMILL_TEST_TABLE", &rig.proxy.as_ref().unwrap().1);
    let child = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&child.stdout) + String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
    rig.assert_holds(&[record(0)]).await;
    let request = rig.receiver.requests().remove(0);
    assert_eq!(request.header("authorization"), Some("Bearer a-token"));
    assert_signed(&request, SECRET);
}
