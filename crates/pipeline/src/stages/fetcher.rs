//! Entries into pages.

use std::sync::Arc;
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

/// One loop of the stage. With `attempts` above 1, what fails for the time being is tried again
/// here; otherwise it settles as `Retry`, for a ledger to bring it back.
pub async fn run(
    fetcher: Fetcher,
    jobs: Arc<Jobs>,
    attempts: u32,
    input: Receiver<InFlight<Entry>>,
    output: Sender<InFlight<Page>>,
    meter: Arc<Meter>,
) -> Result<(), Fatal> {
    concurrent(input, output, meter, |entry: Entry| {
        let (fetcher, jobs) = (fetcher.clone(), jobs.clone());
        async move {
            if attempts <= 1 {
                return page(&fetcher, &jobs, entry).await;
            }
            patiently(&fetcher, &jobs, entry, attempts).await
        }
    })
    .await
}

/// Tries up to `attempts` times what fails for the time being. Waiting for a host's turn is no
/// try.
async fn patiently(
    fetcher: &Fetcher,
    jobs: &Arc<Jobs>,
    entry: Entry,
    attempts: u32,
) -> Result<Page, Failure> {
    let mut attempt = 1;
    let mut held_back = Duration::ZERO;
    loop {
        match page(fetcher, jobs, entry.clone()).await {
            Err(Failure::Ends { outcome: Outcome::PutOff { after }, cause }) => {
                if held_back >= LONGEST_HOLD {
                    let outcome = Outcome::Rejected(Reason::GaveUp { attempts: attempt });
                    return Err(Failure::Ends { outcome, cause });
                }
                let pause = after.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
                held_back += pause;
                tracing::debug!(input = entry.input, ?after, ?cause, "is held back");
                tokio::time::sleep(pause).await;
            }
            Err(Failure::Ends { outcome: Outcome::Retry { after }, cause }) => {
                if attempt == attempts {
                    let outcome = Outcome::Rejected(Reason::GaveUp { attempts });
                    return Err(Failure::Ends { outcome, cause });
                }
                attempt += 1;
                tracing::debug!(input = entry.input, ?after, ?cause, "tries again");
                tokio::time::sleep(after.min(LONGEST_PAUSE)).await;
            }
            other => return other,
        }
    }
}

async fn page(fetcher: &Fetcher, jobs: &Arc<Jobs>, entry: Entry) -> Result<Page, Failure> {
    if matches!(entry.location, Location::Url(_)) {
        return fetcher.page(entry).await.map_err(failure);
    }
    // Reading a file is computing (gzip) more than waiting. The permit is taken on the thread that
    // reads, so that it never waits for a thread to wake.
    let (fetcher, jobs) = (fetcher.clone(), jobs.clone());
    let read = tokio::task::spawn_blocking(move || {
        let _permit = jobs.acquire();
        fetcher.read(entry)
    });
    match read.await {
        Ok(page) => page.map_err(failure),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn failure(error: FetchError) -> Failure {
    match error.disposition() {
        Disposition::Retry { after } if !error.counts_as_attempt() => {
            Failure::Ends { outcome: Outcome::PutOff { after }, cause: Some(causes(&error)) }
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
        let tries = tokio::join!(
            patiently(&fetcher, &jobs, entry("a"), 2),
            patiently(&fetcher, &jobs, entry("b"), 2),
            patiently(&fetcher, &jobs, entry("c"), 2),
            patiently(&fetcher, &jobs, entry("d"), 2),
        );
        for tried in <[_; 4]>::from(tries) {
            let Err(Failure::Ends { outcome, cause }) = tried else { panic!("a page of a 404") };
            assert_eq!(outcome, Outcome::Rejected(Reason::Gone), "{cause:?}");
        }
    }
}
