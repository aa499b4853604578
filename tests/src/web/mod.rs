//! A small web on loopback that answers as it is told and remembers what it was asked.
//!
//! HTTP/1.1 over plain TCP, one request a connection. Routes are paths with their query; what has
//! no route answers 404, so `/robots.txt` allows everything until a test says otherwise.

mod answer;
pub mod feed;
mod request;

pub use answer::Answer;
pub use request::Request;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

/// What was asked, and what was answered.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The request.
    pub request: Request,
    /// The status of the answer.
    pub status: u16,
    /// When the request had been read.
    pub at: Instant,
}

/// A running web. It stops when it is dropped.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    shared: Arc<Shared>,
    // Dropping it ends every task, and with them the thread that drives them.
    _runtime: tokio::runtime::Runtime,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    asked: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The answers that a path gives in turn; the last one for ever.
    routes: HashMap<String, Vec<Answer>>,
    log: Vec<Logged>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Web {
    /// Starts an empty web on a free port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// When there is no loopback to listen on.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("no runtime: {error}"));
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .unwrap_or_else(|error| panic!("no port on loopback: {error}"));
        let address =
            listener.local_addr().unwrap_or_else(|error| panic!("a port without a name: {error}"));
        let shared = Arc::new(Shared::default());
        runtime.spawn(listen(listener, Arc::clone(&shared)));
        Self { address, shared, _runtime: runtime }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers `path` (with its query) this way from now on. Gives the URL.
    pub fn on(&self, path: &str, answer: Answer) -> String {
        self.on_each(path, vec![answer])
    }

    /// Answers `path` with each of `answers` in turn, then with the last one for ever.
    pub fn on_each(&self, path: &str, answers: Vec<Answer>) -> String {
        self.shared.state().routes.insert(path.to_owned(), answers);
        self.url(path)
    }

    /// What was asked so far, in order.
    pub fn log(&self) -> Vec<Logged> {
        self.shared.state().log.clone()
    }

    /// The statuses that `path` has answered, in order.
    pub fn statuses(&self, path: &str) -> Vec<u16> {
        let state = self.shared.state();
        let asked = state.log.iter().filter(|logged| logged.request.path == path);
        asked.map(|logged| logged.status).collect()
    }

    /// Waits until `path` has been asked for `times` times, at most `patience`. Whether it was.
    pub fn wait_for(&self, path: &str, times: usize, patience: Duration) -> bool {
        let asked = |state: &State| {
            state.log.iter().filter(|logged| logged.request.path == path).count() >= times
        };
        let (state, _) = self
            .shared
            .asked
            .wait_timeout_while(self.shared.state(), patience, |state| !asked(state))
            .unwrap_or_else(PoisonError::into_inner);
        asked(&state)
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // Ends with the runtime: an accept that fails is tried again.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&shared)));
        }
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some(request) = request::read(&mut stream).await else { return };
    let answer = {
        let mut state = shared.state();
        let answer = match state.routes.get_mut(&request.path) {
            None => Answer::status(404),
            Some(answers) if answers.len() > 1 => answers.remove(0),
            Some(answers) => answers.first().cloned().unwrap_or_else(|| Answer::status(404)),
        };
        let answer = answer.to(&request);
        let status = answer.code();
        state.log.push(Logged { request, status, at: Instant::now() });
        answer
    };
    shared.asked.notify_all();
    tokio::time::sleep(answer.delay()).await;
    // A client that hangs up has had enough.
    let _ = stream.write_all(&answer.bytes()).await;
    let _ = stream.shutdown().await;
}
