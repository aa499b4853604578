//! Entries into pages.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_channel::{Receiver, Sender};
use newsmill_article::{Disposition, Entry, Location, Outcome, Page, Reason};
use newsmill_fetcher::{FetchError, Fetcher};

use super::{Failure, Fatal, causes, concurrent};
use crate::in_flight::InFlight;
use crate::jobs::Jobs;
use crate::telemetry::Meter;

const STAGE: &str = "fetcher";

/// The longest pause between two tries in memory; a server that asks for more is asked again
/// after this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The shortest pause before asking again whether it is an entry's turn.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

/// The longest time in which an entry waits in memory for its host's turn, all pauses together:
/// a host that has to be left alone for longer is down.
const LONGEST_HOLD: Duration = Duration::from_secs(10 * 60);

/// Hosts that are remembered as down; beyond it they are forgotten, which costs a few tries.
const MAX_DOWN: usize = 10_000;

/// How often what fails for the time being is tried, and which hosts were given up on. One for all
/// loops of a run.
#[derive(Debug)]
pub struct Patience {
    attempts: u32,
    /// Hosts with their ports of which a page used up its tries without an answer. Their other
    /// pages get one try each, so that a list of a dead host ends in its own time and not in each
    /// page's; one answer takes the host out again.
    down: Mutex<HashSet<String>>,
}

impl Patience {
    /// With `attempts` above 1, what fails for the time being is tried again in memory; otherwise
    /// it settles as `Retry`, for a ledger to bring it back.
    pub fn new(attempts: u32) -> Self {
        Self { attempts, down: Mutex::default() }
    }

    fn down(&self) -> MutexGuard<'_, HashSet<String>> {
        // A set is whole after each change.
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_down(&self, host: &str) -> bool {
        self.down().contains(host)
    }

    fn gave_up(&self, host: &str) {
        let mut down = self.down();
        if down.len() >= MAX_DOWN {
            down.clear();
        }
        down.insert(host.to_owned());
    }

    fn answered(&self, host: &str) {
        self.down().remove(host);
    }
}

/// One loop of the stage.
pub async fn run(
    fetcher: Fetcher,
    jobs: Arc<Jobs>,
    patience: Arc<Patience>,
    input: Receiver<InFlight<Entry>>,
    output: Sender<InFlight<Page>>,
    meter: Arc<Meter>,
) -> Result<(), Fatal> {
    concurrent(input, output, meter, |entry: Entry| {
        let (fetcher, jobs, patience) = (fetcher.clone(), jobs.clone(), patience.clone());
        async move {
            if patience.attempts <= 1 {
                return page(&fetcher, &jobs, entry).await.map_err(failure);
            }
            patiently(&fetcher, &jobs, &patience, entry).await
        }
    })
    .await
}

/// Tries again what fails for the time being. Waiting for a host's turn is no try.
async fn patiently(
    fetcher: &Fetcher,
    jobs: &Arc<Jobs>,
    patience: &Patience,
    entry: Entry,
) -> Result<Page, Failure> {
    let host = host_of(&entry);
    let mut attempt = 1;
    let mut held_back = Duration::ZERO;
    loop {
        let error = match page(fetcher, jobs, entry.clone()).await {
            Ok(page) => {
                patience.answered(&host);
                return Ok(page);
            }
            Err(error) => error,
        };
        let down = patience.is_down(&host);
        let of_host = error.is_of_host();
        if !of_host && error.counts_as_attempt() {
            patience.answered(&host);
        }
        match failure(error) {
            Failure::Ends { outcome: Outcome::PutOff { after }, cause } => {
                if down || held_back >= LONGEST_HOLD {
                    let outcome = Outcome::Rejected(Reason::GaveUp { attempts: attempt });
                    return Err(Failure::Ends { outcome, cause });
                }
                let pause = after.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
                held_back += pause;
                tracing::debug!(input = entry.input, ?after, ?cause, "is held back");
                tokio::time::sleep(pause).await;
            }
            Failure::Ends { outcome: Outcome::Retry { after }, cause } => {
                if attempt == patience.attempts || down && of_host {
                    if of_host {
                        patience.gave_up(&host);
                    }
                    let outcome = Outcome::Rejected(Reason::GaveUp { attempts: attempt });
                    return Err(Failure::Ends { outcome, cause });
                }
                attempt += 1;
                tracing::debug!(input = entry.input, ?after, ?cause, "tries again");
                tokio::time::sleep(after.min(LONGEST_PAUSE)).await;
            }
            other => return Err(other),
        }
    }
}

/// Name and port; empty for what is no address of the web.
fn host_of(entry: &Entry) -> String {
    let Location::Url(url) = &entry.location else { return String::new() };
    let port = url.port_or_known_default().unwrap_or(0);
    format!("{}:{port}", url.host_str().unwrap_or(""))
}

async fn page(fetcher: &Fetcher, jobs: &Arc<Jobs>, entry: Entry) -> Result<Page, FetchError> {
    if matches!(entry.location, Location::Url(_)) {
        return fetcher.page(entry).await;
    }
    // Reading a file is computing (gzip) more than waiting. The permit is taken on the thread that
    // reads, so that it never waits for a thread to wake.
    let _may_ask = jobs.may_ask().await;
    let (fetcher, jobs) = (fetcher.clone(), jobs.clone());
    let read = tokio::task::spawn_blocking(move || {
        let _permit = jobs.acquire();
        fetcher.read(entry)
    });
    match read.await {
        Ok(page) => page,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn failure(error: FetchError) -> Failure {
    match error.disposition() {
        Disposition::Retry { after } if !error.counts_as_attempt() => {
            Failure::Ends { outcome: Outcome::PutOff { after }, cause: Some(causes(&error)) }
        }
        // The reason is what the operating system says, in better words.
        Disposition::Reject(reason @ (Reason::NotFound | Reason::PermissionDenied)) => {
            Failure::Ends { outcome: Outcome::Rejected(reason), cause: None }
        }
        disposition => Failure::of(STAGE, disposition, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use newsmill_article::Hints;
    use newsmill_fetcher::Config;
    use tokio::net::TcpListener;

    #[test]
    fn only_a_real_try_is_one() {
        let after = Duration::from_secs(9);
        let busy = FetchError::HostBusy { host: "example.org".to_owned(), after };
        let Failure::Ends { outcome, cause } = failure(busy) else { panic!("fatal") };
        assert_eq!(outcome, Outcome::PutOff { after });
        assert!(cause.unwrap().contains("example.org"));
        let failed =
            FetchError::Status { url: "http://example.org/".to_owned(), status: 503, after };
        let Failure::Ends { outcome, .. } = failure(failed) else { panic!("fatal") };
        assert_eq!(outcome, Outcome::Retry { after });
    }

    /// Four pages of a host that is asked once in 300 ms, and none is patient: each comes to its
    /// answer although the last is held back more often than it may be tried.
    #[tokio::test]
    async fn waiting_for_a_turn_uses_no_try() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let answer =
                    b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer).await;
            }
        });
        let config: Config = serde_json::from_value(serde_json::json!({
            "robots": false,
            "allow_private": ["127.0.0.0/8"],
            "host": { "min_delay": "300ms", "max_wait": "0ms" },
        }))
        .unwrap();
        let fetcher = Fetcher::new(&config, &[]).unwrap();
        let jobs = Arc::new(Jobs::new(1));
        let entry = |path: &str| Entry {
            input: path.to_owned(),
            location: Location::Url(format!("http://{address}/{path}").parse().unwrap()),
            source: None,
            hints: Hints::default(),
        };
        let patience = Patience::new(2);
        let tried = |path| patiently(&fetcher, &jobs, &patience, entry(path));
        let tries = tokio::join!(tried("a"), tried("b"), tried("c"), tried("d"));
        for tried in <[_; 4]>::from(tries) {
            let Err(Failure::Ends { outcome, cause }) = tried else { panic!("a page of a 404") };
            assert_eq!(outcome, Outcome::Rejected(Reason::Gone), "{cause:?}");
        }
    }

    /// Of a host that nothing listens at, the first page uses up its tries and the others have one
    /// each; a page of another host is not concerned, and an answer lifts it.
    #[tokio::test]
    async fn a_dead_host_is_given_up_on_once() {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let config: Config = serde_json::from_value(serde_json::json!({
            "allow_private": ["127.0.0.0/8"],
            "host": { "min_delay": "0ms", "back_off": "1ms", "failures": 100 },
        }))
        .unwrap();
        let fetcher = Fetcher::new(&config, &[]).unwrap();
        let jobs = Arc::new(Jobs::new(1));
        let patience = Patience::new(3);
        let mut tries = Vec::new();
        for place in ["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.1"] {
            let url = format!("http://{place}:{port}/page");
            let location = Location::Url(url.parse().unwrap());
            let entry = Entry { input: url, location, source: None, hints: Hints::default() };
            match patiently(&fetcher, &jobs, &patience, entry).await {
                Err(Failure::Ends {
                    outcome: Outcome::Rejected(Reason::GaveUp { attempts }),
                    ..
                }) => tries.push(attempts),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(tries, [3, 1, 3, 1]);
        patience.answered(&format!("127.0.0.1:{port}"));
        assert!(!patience.is_down(&format!("127.0.0.1:{port}")));
    }

    /// While nobody may compute, each reader would take a thread to wait on, were it not held back
    /// before: another task would find none.
    #[test]
    fn files_are_read_on_few_threads() {
        const PERMITS: usize = 2;
        let jobs = Arc::new(Jobs::new(PERMITS));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(2 * PERMITS)
            .build()
            .unwrap();
        let file = tempfile::NamedTempFile::with_suffix(".txt").unwrap();
        std::fs::write(&file, "A file that is read.").unwrap();
        runtime.block_on(async {
            let fetcher = Fetcher::new(&Config::default(), &[]).unwrap();
            let all: Vec<_> = std::iter::repeat_with(|| jobs.acquire()).take(PERMITS).collect();
            let readers: Vec<_> = std::iter::repeat_with(|| {
                let (fetcher, jobs) = (fetcher.clone(), jobs.clone());
                let location = Location::File(file.path().to_owned());
                let entry =
                    Entry { input: String::new(), location, source: None, hints: Hints::default() };
                tokio::spawn(async move { page(&fetcher, &jobs, entry).await })
            })
            .take(100)
            .collect();
            // Each of them goes as far as it can.
            for _ in &readers {
                tokio::task::yield_now().await;
            }
            let other = tokio::task::spawn_blocking(|| ());
            let other = tokio::time::timeout(Duration::from_secs(20), other).await;
            drop(all);
            assert!(other.is_ok(), "the readers took every thread");
            for reader in readers {
                reader.await.unwrap().unwrap();
            }
        });
    }
}
