//! Entries that hubs push, into the ledger as those of a poll.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use newsmill_fetcher::{Fetcher, Pushed};
use newsmill_ledger::Operation;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::ledger_thread::LedgerHandle;
use crate::stages::Fatal;

/// Tries to open the listener, half a second apart: after a reload the one before may be about to
/// close.
const TRIES: u32 = 20;

/// Answers hubs at `address` until `stop`. What they push is entered without a poll: what is known
/// already is not entered again, here or by the next poll.
///
/// # Errors
///
/// When the address cannot be had.
pub async fn run(
    fetcher: Fetcher,
    address: SocketAddr,
    ledger: LedgerHandle,
    found: Arc<Notify>,
    stop: CancellationToken,
) -> Result<(), Fatal> {
    let mut tries = TRIES;
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(error) if error.kind() == ErrorKind::AddrInUse && tries > 0 => {
                tries -= 1;
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(Duration::from_millis(500)) => {}
                }
            }
            Err(error) => {
                let why = format!("fetcher.websub.listen: {address}: {error}");
                return Err(Fatal::new("intake", why));
            }
        }
    };
    let take = move |Pushed { source, entries }: Pushed| {
        let (ledger, found) = (ledger.clone(), found.clone());
        async move {
            tracing::info!(%source, listed = entries.len(), "pushed");
            let discover = Operation::Discover { poll: None, entries };
            let entered = ledger.apply(vec![discover]).await.is_ok();
            found.notify_waiters();
            entered
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = fetcher.answer_hubs(listener, take) => {}
    }
    Ok(())
}
