//! A way to a server that can be cut after any byte.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};

/// How the way is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Nowhere,
    /// Everything is let through to the server but nothing back, from now on.
    Silence,
    /// Once so many bytes have gone to the server in one connection, it is closed.
    AfterSent(usize),
    /// Once so many bytes have come from the server in one connection, it is closed.
    AfterReceived(usize),
}

/// Listens on loopback and passes on to a Unix socket.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    cut: Arc<Mutex<Cut>>,
    /// Whether a cut was made.
    fired: Arc<Mutex<bool>>,
}

impl Proxy {
    pub(crate) async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxy =
            Self { address, cut: Arc::new(Mutex::new(Cut::Nowhere)), fired: Arc::default() };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (proxy, socket) = (accepting.clone(), socket.clone());
                tokio::spawn(async move {
                    let Ok(server) = UnixStream::connect(&socket).await else { return };
                    proxy.pass(client, server).await;
                });
            }
        });
        proxy
    }

    pub(crate) fn cut(&self, cut: Cut) {
        *self.cut.lock().unwrap() = cut;
        *self.fired.lock().unwrap() = false;
    }

    pub(crate) fn fired(&self) -> bool {
        *self.fired.lock().unwrap()
    }

    async fn pass(&self, mut client: tokio::net::TcpStream, mut server: UnixStream) {
        let (mut sent, mut received) = (0, 0);
        let (mut up, mut down) = ([0; 4096], [0; 4096]);
        loop {
            let cut = || *self.cut.lock().unwrap();
            tokio::select! {
                read = client.read(&mut up) => {
                    let Ok(n @ 1..) = read else { return };
                    let rest = match cut() {
                        Cut::AfterSent(most) => n.min(most.saturating_sub(sent)),
                        _ => n,
                    };
                    sent += rest;
                    if server.write_all(&up[..rest]).await.is_err() {
                        return;
                    }
                    if rest < n {
                        *self.fired.lock().unwrap() = true;
                        return;
                    }
                }
                read = server.read(&mut down) => {
                    let Ok(n @ 1..) = read else { return };
                    let rest = match cut() {
                        Cut::AfterReceived(most) => n.min(most.saturating_sub(received)),
                        Cut::Silence => continue,
                        _ => n,
                    };
                    received += rest;
                    if client.write_all(&down[..rest]).await.is_err() {
                        return;
                    }
                    if rest < n {
                        *self.fired.lock().unwrap() = true;
                        return;
                    }
                }
            }
        }
    }
}
