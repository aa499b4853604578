//! Entries into pages.

use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use newsmill_article::{Entry, Location, Outcome, Page, Reason};
use newsmill_fetcher::Fetcher;

use super::{Failure, Fatal, concurrent};
use crate::in_flight::InFlight;
use crate::jobs::Jobs;
use crate::telemetry::Timers;

const STAGE: &str = "fetcher";

/// The longest pause between two tries in memory; a server that asks for more is asked again
/// after this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One loop of the stage. With `attempts` above 1, what fails for the time being is tried again
/// here; otherwise it settles as `Retry`, for a ledger to bring it back.
pub async fn run(
    fetcher: Fetcher,
    jobs: Arc<Jobs>,
    attempts: u32,
    input: Receiver<InFlight<Entry>>,
    output: Sender<InFlight<Page>>,
    timers: Arc<Timers>,
) -> Result<(), Fatal> {
    concurrent(input, output, timers, |entry: Entry| {
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

/// Tries up to `attempts` times what fails for the time being.
async fn patiently(
    fetcher: &Fetcher,
    jobs: &Jobs,
    entry: Entry,
    attempts: u32,
) -> Result<Page, Failure> {
    let mut attempt = 1;
    loop {
        match page(fetcher, jobs, entry.clone()).await {
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

async fn page(fetcher: &Fetcher, jobs: &Jobs, entry: Entry) -> Result<Page, Failure> {
    // Reading a file is computing (gzip) more than waiting; the web is waiting only.
    let local = !matches!(entry.location, Location::Url(_));
    let permit = if local { Some(jobs.acquire().await) } else { None };
    let page = fetcher.page(entry).await;
    drop(permit);
    page.map_err(|error| Failure::of(STAGE, error.disposition(), error))
}
