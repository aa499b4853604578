//! A receiver of webhooks on loopback that answers as it is told and remembers everything.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Whether it was answered with 200.
    pub(crate) taken: bool,
}

impl Request {
    /// The value of a header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// What the receiver does with a request after it has read it.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Status(u16),
    /// A status with a header line.
    With(u16, &'static str),
    /// Takes it and closes the connection without an answer.
    TakeAndHangUp,
    /// Never answers.
    Silence,
}

type Behaviour = Box<dyn FnMut(&Request) -> Reply + Send>;

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: Url,
    requests: Arc<Mutex<Vec<Request>>>,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Receiver {
    /// Answers everything with 200 until it is told otherwise; lives as long as the runtime.
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    /// The same over TLS, as `localhost`; with the certificate that it signed itself, as PEM.
    pub(crate) async fn start_tls() -> (Self, String) {
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![signed.cert.der().clone()], key)
            .unwrap();
        let receiver = Self::listen(Some(TlsAcceptor::from(Arc::new(config)))).await;
        (receiver, signed.cert.pem())
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let origin = match tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        };
        let receiver = Self {
            url: format!("{origin}/hook?token=in-the-query").parse().unwrap(),
            requests: Arc::default(),
            behaviour: Arc::new(Mutex::new(Box::new(|_| Reply::Status(200)))),
        };
        let accepting = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (receiver, tls) = (accepting.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => receiver.serve(tls.accept(stream).await.ok()?).await,
                        None => receiver.serve(stream).await,
                    }
                });
            }
        });
        receiver
    }

    pub(crate) fn behave(&self, behaviour: impl FnMut(&Request) -> Reply + Send + 'static) {
        *self.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let mut headers = Vec::new();
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.ok()? == 0 {
                    return None;
                }
                if line.trim().is_empty() {
                    break;
                }
                if let Some((name, value)) = line.split_once(':') {
                    headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
            }
            let mut request = Request { headers, body: String::new(), taken: false };
            let length: usize = request.header("content-length")?.parse().ok()?;
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.ok()?;
            request.body = String::from_utf8(body).ok()?;
            let reply = (self.behaviour.lock().unwrap())(&request);
            request.taken = matches!(reply, Reply::Status(200) | Reply::TakeAndHangUp);
            self.requests.lock().unwrap().push(request);
            let (status, header) = match reply {
                Reply::Status(status) => (status, "x-test: 1"),
                Reply::With(status, header) => (status, header),
                Reply::TakeAndHangUp => return None,
                Reply::Silence => std::future::pending().await,
            };
            let answer = format!(
                "HTTP/1.1 {status} Told\r\n{header}\r\ncontent-length: 11\r\n\r\nas I\r\n was \u{7}"
            );
            stream.get_mut().write_all(answer.as_bytes()).await.ok()?;
        }
    }
}
