//! The queue against a real server: what it promises, whom it lets in, what it refuses.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use newsmill_link::nats::JetStream;
use newsmill_link::testing::Server;
use newsmill_link::{Channel, Credentials, Lane, Nats, Queue, QueueError, Taken, Tls};

const ARTICLES: Lane = Lane { channel: Channel::Articles, partition: 0 };

fn config(server: &Server) -> Nats {
    Nats { url: server.url(), ..Nats::default() }
}

async fn unfit(config: &Nats) -> String {
    match JetStream::connect(config).await {
        Err(QueueError::Unfit { message }) => message,
        Err(other) => panic!("{other}: {:?}", std::error::Error::source(&other)),
        Ok(_) => panic!("connected"),
    }
}

#[tokio::test]
async fn a_message_comes_until_it_is_acknowledged_and_its_repeat_not_at_all() {
    let server = Server::start("").unwrap();
    let queue = JetStream::connect(&config(&server)).await.unwrap();
    assert!(queue.take(ARTICLES, 9).await.unwrap().is_empty());
    queue.put(ARTICLES, 7, "seven", Bytes::from_static(b"7")).await.unwrap();
    queue.put(ARTICLES, 7, "seven", Bytes::from_static(b"7")).await.unwrap();
    queue.put(ARTICLES, 8, "eight", Bytes::from_static(b"8")).await.unwrap();
    let taken = queue.take(ARTICLES, 9).await.unwrap();
    let said: Vec<_> = taken.iter().map(|taken| (taken.message(), taken.delivered())).collect();
    assert_eq!(said, [(Some(&Bytes::from_static(b"7")), 1), (Some(&Bytes::from_static(b"8")), 1)]);
    taken[0].nak(Duration::ZERO).await;
    taken[1].ack().await;
    let again = queue.take(ARTICLES, 9).await.unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].message().unwrap().as_ref(), again[0].delivered()), (&b"7"[..], 2));
    assert!(queue.holds(ARTICLES, 7).await.unwrap(), "handed out is still there");
    again[0].ack().await;
    assert!(queue.take(ARTICLES, 9).await.unwrap().is_empty());
    assert!(!queue.holds(ARTICLES, 7).await.unwrap());
    assert!(!queue.holds(ARTICLES, 8).await.unwrap());
}

#[tokio::test]
async fn what_is_too_large_for_a_message_comes_whole_and_leaves_nothing() {
    let server = Server::start("max_payload: 4096").unwrap();
    let queue = JetStream::connect(&config(&server)).await.unwrap();
    let large: Bytes = (0..300_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>().into();
    queue.put(ARTICLES, 1, "large", large.clone()).await.unwrap();
    let taken = queue.take(ARTICLES, 9).await.unwrap();
    assert_eq!(taken[0].message(), Some(&large));
    taken[0].ack().await;
    assert!(!queue.holds(ARTICLES, 1).await.unwrap());
    let client = async_nats::connect(server.url()).await.unwrap();
    let store = async_nats::jetstream::new(client).get_object_store("newsmill_large").await;
    assert!(store.unwrap().get("articles.large").await.is_err());
}

#[tokio::test]
async fn a_lease_has_one_holder() {
    let server = Server::start("").unwrap();
    let queue = JetStream::connect(&config(&server)).await.unwrap();
    assert!(queue.leases().await.unwrap().is_empty());
    assert!(queue.lease("partition.3", "one").await.unwrap());
    assert!(queue.lease("partition.3", "one").await.unwrap(), "renewed");
    assert!(!queue.lease("partition.3", "two").await.unwrap());
    queue.release("partition.3", "two").await.unwrap();
    let held = queue.leases().await.unwrap();
    assert_eq!(held, [("partition.3".to_owned(), "one".to_owned())]);
    queue.release("partition.3", "one").await.unwrap();
    assert!(queue.leases().await.unwrap().is_empty());
    assert!(queue.lease("partition.3", "two").await.unwrap());
}

#[tokio::test]
async fn a_stream_that_is_otherwise_is_named_with_what_to_do() {
    use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
    let server = Server::start("").unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let found = |prefix: &str, subject: &str| Config {
        name: format!("{prefix}_articles"),
        subjects: vec![subject.to_owned()],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        ..Config::default()
    };
    let limits = Config { retention: RetentionPolicy::Limits, ..found("a", "a.articles.>") };
    let discard = Config { discard: DiscardPolicy::Old, ..found("b", "b.articles.>") };
    for stream in [limits, discard, found("c", "c.other"), found("other", "d.articles.>")] {
        context.create_stream(stream).await.unwrap();
    }
    let of = |prefix: &str| Nats { prefix: prefix.to_owned(), ..config(&server) };
    let message = unfit(&of("a")).await;
    assert!(message.contains("`a_articles` has the retention limits"), "{message}");
    assert!(message.contains("workqueue"), "{message}");
    let message = unfit(&of("b")).await;
    assert!(message.contains("nats stream edit b_articles --discard new"), "{message}");
    let message = unfit(&of("c")).await;
    assert!(message.contains("c.other"), "{message}");
    let message = unfit(&of("d")).await;
    assert!(message.contains("another `link.nats.prefix`"), "{message}");
    let message = unfit(&Nats { replicas: 3, ..of("e") }).await;
    assert!(message.contains("`link.nats.replicas` to 1"), "{message}");
    JetStream::connect(&of("f")).await.unwrap();
    JetStream::connect(&of("f")).await.unwrap();
}

#[tokio::test]
async fn only_those_with_the_right_credentials_get_in() {
    let nkey = nkeys::KeyPair::new_user();
    let users = format!(
        "authorization {{ users: [\n  {{ user: mill, password: grain }}\n  {{ nkey: {} }}\n] }}",
        nkey.public_key()
    );
    let server = Server::start(&users).unwrap();
    let secrets = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = secrets.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let with = |credentials| Nats { credentials: Some(credentials), ..config(&server) };
    let user = |password_file| Credentials {
        user: Some("mill".to_owned()),
        password_file,
        ..Credentials::default()
    };
    JetStream::connect(&with(user(file("good", "grain\n")))).await.unwrap();
    let seed = file("seed", &nkey.seed().unwrap());
    let nkey = Credentials { nkey_file: seed, ..Credentials::default() };
    JetStream::connect(&with(nkey)).await.unwrap();
    for refused in [with(user(file("bad", "chaff"))), config(&server)] {
        let message = unfit(&refused).await;
        assert!(message.contains("credentials") && !message.contains("chaff"), "{message}");
    }
    let message = unfit(&with(user(Some("/no/such/file".into())))).await;
    assert!(message.contains("password_file") && message.contains("/no/such/file"), "{message}");

    let server = Server::start("authorization { token: sesame }").unwrap();
    let token = Credentials { token_file: file("token", "sesame"), ..Credentials::default() };
    let config = Nats { credentials: Some(token), ..config(&server) };
    JetStream::connect(&config).await.unwrap();
}

/// A server that knows nobody itself: an operator signed the account, the account signed the user
/// (JSON Web Tokens of NATS, version 2), and the credentials file holds the user's token and seed.
#[tokio::test]
async fn a_credentials_file_is_a_signed_token_and_its_seed() {
    let (operator, account) = (nkeys::KeyPair::new_operator(), nkeys::KeyPair::new_account());
    let (system, user) = (nkeys::KeyPair::new_account(), nkeys::KeyPair::new_user());
    let any = serde_json::json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
        "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
    });
    let of_account = serde_json::json!({ "type": "account", "version": 2, "limits": any });
    // The system's account may hold no streams.
    let of_system = serde_json::json!({ "type": "account", "version": 2 });
    let of_operator = serde_json::json!({ "type": "operator", "version": 2 });
    let of_user =
        serde_json::json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    let server = Server::start(&format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload {{\n {}: {}\n {}: {}\n}}",
        token(&operator, &operator, &of_operator),
        system.public_key(),
        account.public_key(),
        token(&operator, &account, &of_account),
        system.public_key(),
        token(&operator, &system, &of_system),
    ))
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let credentials = |name: &str, signer: &nkeys::KeyPair| {
        let path = folder.path().join(name);
        let (token, seed) = (token(signer, &user, &of_user), user.seed().unwrap());
        let text = format!(
            "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        std::fs::write(&path, text).unwrap();
        let credentials = Credentials { creds_file: Some(path), ..Credentials::default() };
        Nats { credentials: Some(credentials), ..config(&server) }
    };
    JetStream::connect(&credentials("good.creds", &account)).await.unwrap();
    let stranger = nkeys::KeyPair::new_account();
    let message = unfit(&credentials("stranger.creds", &stranger)).await;
    assert!(message.contains("credentials"), "{message}");
    let mut broken = credentials("broken.creds", &account);
    let path = folder.path().join("text");
    std::fs::write(&path, "no token in here").unwrap();
    broken.credentials = Some(Credentials { creds_file: Some(path), ..Credentials::default() });
    let message = unfit(&broken).await;
    assert!(message.contains("creds_file") && !message.contains("no token"), "{message}");
}

/// A token about one key, signed by another.
fn token(signer: &nkeys::KeyPair, about: &nkeys::KeyPair, claims: &serde_json::Value) -> String {
    let header = serde_json::json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let claims = serde_json::json!({
        "jti": "1", "iat": 1, "iss": signer.public_key(), "sub": about.public_key(), "name": "mill", "nats": claims,
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = signer.sign(signed.as_bytes()).unwrap_or_default();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&signature))
}

#[tokio::test]
async fn certificates_are_checked_in_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = parameters.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(parameters, authority_key);
    let ca = write("ca.pem", &authority.pem());
    let signed = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let parameters = rcgen::CertificateParams::new(names).unwrap();
        let certificate = parameters.signed_by(&key, &issuer).unwrap();
        let cert = write(&format!("{name}.pem"), &certificate.pem());
        (cert, write(&format!("{name}.key"), &key.serialize_pem()))
    };
    let (server_cert, server_key) = signed("server");
    let (cert, key) = signed("client");
    let server = Server::start(&format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true }}",
        server_cert.display(),
        server_key.display(),
        ca.display()
    ));
    let server = server.unwrap();
    let with = |tls| Nats {
        url: server.url().replace("nats://", "tls://"),
        tls: Some(tls),
        ..config(&server)
    };
    let both = Tls { ca: Some(ca.clone()), cert: Some(cert), key: Some(key) };
    JetStream::connect(&with(both)).await.unwrap();
    for refused in [Tls { ca: Some(ca), ..Tls::default() }, Tls::default()] {
        assert!(JetStream::connect(&with(refused)).await.is_err());
    }
}
