//! A receiver of webhooks that counts each idempotency key.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Answers everything with 204.
pub(crate) struct Hook {
    /// Where to post.
    pub(crate) url: String,
    keys: Mutex<BTreeMap<String, usize>>,
    unkeyed: AtomicUsize,
}

impl Hook {
    /// Listens on a free port of loopback for as long as this process lives.
    pub(crate) fn listen() -> anyhow::Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/", listener.local_addr()?);
        let hook = Arc::new(Self { url, keys: Mutex::default(), unkeyed: AtomicUsize::new(0) });
        let receiver = hook.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let receiver = receiver.clone();
                // A connection that breaks is a kill; the repeat comes on another.
                std::thread::spawn(move || receiver.serve(stream));
            }
        });
        Ok(hook)
    }

    fn serve(&self, stream: TcpStream) -> anyhow::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        loop {
            let (mut key, mut length) = (None, 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                let line = line.trim_end();
                if line.is_empty() {
                    break;
                }
                match line.split_once(':') {
                    Some((name, value)) if name.eq_ignore_ascii_case("idempotency-key") => {
                        key = Some(value.trim().to_owned());
                    }
                    Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                        length = value.trim().parse()?;
                    }
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            match key {
                Some(key) => {
                    let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
                    *keys.entry(key).or_default() += 1;
                }
                None => {
                    self.unkeyed.fetch_add(1, Ordering::Relaxed);
                }
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
        }
    }

    /// How often each key came.
    pub(crate) fn keys(&self) -> BTreeMap<String, usize> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests without a key.
    pub(crate) fn unkeyed(&self) -> usize {
        self.unkeyed.load(Ordering::Relaxed)
    }
}
