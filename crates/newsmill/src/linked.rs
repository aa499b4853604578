//! `newsmill run --stages`: some of the stages, tied to the others by a link.

use newsmill_ledger::Ledger;
use newsmill_pipeline::config::Resolved;
use newsmill_pipeline::supervisor::Crew;
use newsmill_pipeline::topology::linked::Stages;
use newsmill_pipeline::topology::{Parts, SetUpError};
use tokio_util::sync::CancellationToken;

/// What the configuration lacks for running these stages alone.
pub(crate) fn unfit(stages: Stages, resolved: &Resolved) -> Option<&'static str> {
    if resolved.link.nats.is_none() {
        return Some(
            "`--stages` needs `link` in the configuration: how the stages reach each other",
        );
    }
    if stages.sink && resolved.ledger.path.is_none() {
        return Some(
            "the process with `sink` owns the ledger and must know after a restart what it handed \
             off: set `ledger.path`",
        );
    }
    if cfg!(not(feature = "nats")) {
        return Some("this newsmill was built without the feature `nats`");
    }
    None
}

/// Starts these stages; the one with `sink` brings the ledger.
#[cfg(feature = "nats")]
pub(crate) async fn some(
    parts: &Parts,
    stages: Stages,
    ledger: Option<Ledger>,
    resolved: Resolved,
    stop: CancellationToken,
) -> Result<Crew, SetUpError> {
    use newsmill_link::nats::JetStream;
    use newsmill_pipeline::topology::linked::{Owner, linked};

    let nats = resolved.link.nats.unwrap_or_default();
    let attempts = resolved.ledger.attempts;
    let owner =
        ledger.map(|ledger| Owner { ledger, sinks: resolved.sinks, sources: resolved.sources });
    let queue = JetStream::connect(&nats).await?;
    tracing::info!(%stages, prefix = nats.prefix, "runs some stages");
    linked(parts, stages, queue, owner, attempts, stop, crate::run::log_settled).await
}

#[cfg(not(feature = "nats"))]
pub(crate) async fn some(
    _: &Parts,
    _: Stages,
    _: Option<Ledger>,
    _: Resolved,
    _: CancellationToken,
) -> Result<Crew, SetUpError> {
    // `unfit` has said so before.
    Err(newsmill_link::QueueError::Unfit { message: "built without `nats`".to_owned() }.into())
}
