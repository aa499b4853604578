//! Takes over a changed configuration while the mill runs, whole or not at all.
//!
//! Everything that can fail comes first: reading the file, making a fetcher and a summarizer,
//! listening on an address, opening sinks. Until all of it has worked, nothing that is at work is
//! touched, but for a sink that must let go of its target before its successor can open it; it is
//! opened again as it was when the change is refused.
//!
//! Then stages are set to work beside those that are there. The old intake stops, what is in
//! flight drains through the old stages, and the new intake takes up what the old one did not: the
//! ledger hands each entry to one of them. Sinks that did not change do not notice. The next
//! change waits until the old stages have run dry, so there are never more than two of each.
//!
//! Only what is bound for the life of the process is refused: the ledger's file and the admin
//! socket. A secret is read again where the section that names it has changed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use newsmill_article::SourceName;
use newsmill_ledger::SinkStart;
use newsmill_sink::Config as SinkConfig;
use serde::Serialize;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::config::{self, Resolved};
use crate::in_flight::Settlement;
use crate::ledger_thread::Gone;
use crate::stages::{self, Fatal, causes};
use crate::systemd;
use crate::telemetry::endpoint::Endpoint;
use crate::topology::{self, Core, Feed, Parts, RunningSink, Stages};

/// What came of a reload: what has changed, or why nothing has.
pub type Answer = Result<String, String>;

/// Asks for a reload.
#[derive(Debug)]
pub struct Request(pub oneshot::Sender<Answer>);

/// What a mill that can be reloaded starts from.
pub struct Reloading {
    /// The configuration's file, to be read again.
    pub path: PathBuf,
    /// What it said at the start.
    pub resolved: Resolved,
    /// What reaches outside.
    pub endpoint: Arc<Mutex<Endpoint>>,
    /// Where reloads are asked for.
    pub requests: mpsc::Receiver<Request>,
}

struct Mill<S> {
    core: Core<S>,
    parts: Parts,
    path: PathBuf,
    resolved: Resolved,
    endpoint: Arc<Mutex<Endpoint>>,
    sinks: Vec<RunningSink>,
    stages: Stages,
    /// The stages before these, until they have run dry.
    draining: Option<CancellationToken>,
    stop: CancellationToken,
}

/// Why a change was not made.
enum Refusal {
    /// It cannot be made; all is as it was.
    Because(String),
    /// The mill is ending.
    Gone,
    /// What was there could not be restored.
    Fatal(Fatal),
}

impl From<Gone> for Refusal {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Serves reloads until `stop`. A member of the crew, so that the mill does not end meanwhile.
pub(crate) async fn run<S: FnMut(&Settlement) + Send + Sync + Clone + 'static>(
    core: Core<S>,
    parts: Parts,
    present: Reloading,
    sinks: Vec<RunningSink>,
    stages: Stages,
    stop: CancellationToken,
) -> Result<(), Fatal> {
    let Reloading { path, resolved, endpoint, mut requests } = present;
    let draining = None;
    let mut mill =
        Mill { core, parts, path, resolved, endpoint, sinks, stages, draining, stop: stop.clone() };
    loop {
        let request = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(request) = requests.recv() => request,
            else => {
                stop.cancelled().await;
                return Ok(());
            }
        };
        systemd::reloading();
        let changed = mill.change().await;
        systemd::ready();
        let reloads = &mill.core.telemetry.reloads;
        let answer = match changed {
            Ok(changed) => {
                tracing::info!(changed, "reloaded");
                reloads.applied.fetch_add(1, Ordering::Relaxed);
                Ok(changed)
            }
            Err(Refusal::Because(why)) => {
                tracing::error!(why, "reload refused; goes on as before");
                reloads.refused.fetch_add(1, Ordering::Relaxed);
                Err(why)
            }
            Err(Refusal::Gone) => Err("the mill is ending".to_owned()),
            Err(Refusal::Fatal(fatal)) => return Err(fatal),
        };
        // Who asked may have gone.
        let _ = request.0.send(answer);
    }
}

impl<S: FnMut(&Settlement) + Send + Sync + Clone + 'static> Mill<S> {
    async fn change(&mut self) -> Result<String, Refusal> {
        let because = |why: String| Refusal::Because(why);
        let wanted = config::load(&self.path).map_err(|error| because(error.to_string()))?;
        self.check_fixed(&wanted)?;
        let stages_change = self.stages_change(&wanted);
        let parts = if stages_change { Some(self.new_parts(&wanted).await?) } else { None };
        let endpoint = self.endpoint.clone();
        let mut endpoint = endpoint.lock().await;
        let telemetry =
            endpoint.prepare(&wanted.telemetry).await.map_err(|error| because(causes(&error)))?;
        let mut said = self.change_sinks(&wanted.sinks).await?;

        // From here on nothing can fail but the mill as a whole.
        endpoint.commit(telemetry);
        if !same(&wanted.telemetry, &self.resolved.telemetry) {
            said.push("telemetry".to_owned());
        }
        if wanted.shutdown != self.resolved.shutdown {
            self.core.crew.set_grace(wanted.shutdown.grace.0);
            said.push("shutdown".to_owned());
        }
        if !same(&wanted.ledger, &self.resolved.ledger) {
            let share = topology::share(&wanted.fetcher);
            self.core.ledger.reconfigure(wanted.ledger.clone(), share).await?;
            said.push("ledger".to_owned());
        }
        if let Some(parts) = parts {
            self.replace_stages(parts, &wanted).await?;
            said.push("sources and stages".to_owned());
        }
        self.resolved = wanted;
        if said.is_empty() {
            return Ok("nothing has changed".to_owned());
        }
        Ok(format!("taken over: {}", said.join(", ")))
    }

    /// What a running process cannot change.
    fn check_fixed(&self, wanted: &Resolved) -> Result<(), Refusal> {
        let (old, new) = (&self.resolved, wanted);
        let key = if old.ledger.path != new.ledger.path {
            "ledger.path"
        } else if old.telemetry.socket != new.telemetry.socket {
            "telemetry.socket"
        } else {
            return Ok(());
        };
        let why = format!("{}: `{key}` can only change with a restart", self.path.display());
        Err(Refusal::Because(why))
    }

    fn stages_change(&self, wanted: &Resolved) -> bool {
        let old = &self.resolved;
        !(old.fetcher == wanted.fetcher
            && old.sources == wanted.sources
            && old.channels == wanted.channels
            && same(&old.cleaner, &wanted.cleaner)
            && same(&old.summarizer, &wanted.summarizer))
    }

    async fn new_parts(&self, wanted: &Resolved) -> Result<Parts, Refusal> {
        let fetcher = self.parts.fetcher.renewed(&wanted.fetcher, &wanted.sources);
        let fetcher = fetcher.map_err(|error| Refusal::Because(causes(&error)))?;
        if !same(&self.resolved.summarizer, &wanted.summarizer) {
            let config = wanted.summarizer.clone();
            // Reading a model may take a while.
            let made = tokio::task::spawn_blocking(move || {
                let made = newsmill_summarizer::BySource::new(&config, &Arc::default());
                made.map(drop).map_err(|error| causes(&error))
            });
            let made = made.await.unwrap_or_else(|panic| Err(panic.to_string()));
            made.map_err(|why| Refusal::Because(format!("summarizer: {why}")))?;
        }
        Ok(Parts {
            fetcher,
            cleaner: wanted.cleaner.clone(),
            summarizer: wanted.summarizer.clone(),
            channels: wanted.channels.clone(),
            ..self.parts.clone()
        })
    }

    async fn replace_stages(&mut self, parts: Parts, wanted: &Resolved) -> Result<(), Refusal> {
        if let Some(draining) = self.draining.take() {
            draining.cancelled().await;
        }
        self.stages.stop.cancel();
        if wanted.fetcher.host != self.resolved.fetcher.host {
            // Two fetchers that do not know of each other would be twice as rude.
            self.stages.fetched.cancelled().await;
        }
        let share = topology::share(&wanted.fetcher);
        self.core.ledger.reconfigure(wanted.ledger.clone(), share).await?;
        let names: Vec<SourceName> = wanted.sources.iter().map(|s| s.name.clone()).collect();
        self.core.ledger.register_sources(names).await?;
        let feed = Feed::Schedule(wanted.sources.clone());
        let stages = self.core.stages(&parts, feed, &self.stop).map_err(Refusal::Fatal)?;
        let old = std::mem::replace(&mut self.stages, stages);
        self.draining = Some(old.drained);
        self.parts = parts;
        Ok(())
    }

    /// Opens what is new, opens anew what is another now, and lets go of what is not wanted any
    /// more. Says what it did.
    async fn change_sinks(&mut self, wanted: &[SinkConfig]) -> Result<Vec<String>, Refusal> {
        let present = |name: &str| self.sinks.iter().position(|sink| sink.config.name() == name);
        let added: Vec<&SinkConfig> =
            wanted.iter().filter(|config| present(config.name()).is_none()).collect();
        let changed: Vec<(usize, &SinkConfig)> = wanted
            .iter()
            .filter_map(|config| Some((present(config.name())?, config)))
            .filter(|(at, config)| self.sinks[*at].config != **config)
            .collect();
        let is_wanted = |sink: &RunningSink| wanted.iter().any(|w| w.name() == sink.config.name());
        let all_stay = self.sinks.iter().all(is_wanted);
        if added.is_empty() && changed.is_empty() && all_stay {
            return Ok(Vec::new());
        }
        let before: Vec<String> = names(self.sinks.iter().map(|sink| &sink.config));
        // Those that are there stay registered until all is well: one that was not, even for a
        // moment, would miss what becomes ready in that moment.
        let all: Vec<String> = before.iter().cloned().chain(names(added.iter().copied())).collect();
        let mut said = Vec::new();
        let mut opened = Vec::new();
        let starts = self.core.ledger.register_sinks(all.clone()).await?;
        for config in added {
            let start = start_of(&starts, config.name());
            match stages::sink::open(config, &start) {
                Ok(sink) => opened.push((config, sink, start)),
                Err(error) => {
                    drop(opened);
                    self.core.ledger.register_sinks(before).await?;
                    return Err(refused(config, &*error));
                }
            }
            said.push(format!("sink `{}` is new", config.name()));
        }
        let mut replaced: Vec<(usize, SinkConfig)> = Vec::new();
        for (at, config) in changed {
            let old = self.sinks[at].config.clone();
            replaced.push((at, old));
            if let Err(why) = self.reopen(at, config, &all).await? {
                for (at, old) in replaced {
                    self.reopen(at, &old, &all).await?.map_err(|why| {
                        Refusal::Fatal(Fatal::new("sink", format!("cannot go back: {why}")))
                    })?;
                }
                drop(opened);
                self.core.ledger.register_sinks(before).await?;
                return Err(Refusal::Because(why));
            }
            said.push(format!("sink `{}` is another", config.name()));
        }
        for (config, sink, start) in opened {
            self.sinks.push(self.core.sink(config, sink, start));
        }
        let (stay, go): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.sinks).into_iter().partition(is_wanted);
        self.sinks = stay;
        for sink in go {
            sink.stop.cancel();
            sink.ended.cancelled().await;
            said.push(format!("sink `{}` is gone", sink.config.name()));
        }
        self.core.ledger.register_sinks(names(wanted.iter())).await?;
        let names: Vec<&str> = wanted.iter().map(SinkConfig::name).collect();
        self.core.telemetry.keep_sinks(&names);
        Ok(said)
    }

    /// Ends the sink at `at` and opens it as `config` says, where it stood. The inner error says
    /// why it cannot be opened; it is then ended.
    async fn reopen(
        &mut self,
        at: usize,
        config: &SinkConfig,
        all: &[String],
    ) -> Result<Result<(), String>, Refusal> {
        self.sinks[at].stop.cancel();
        self.sinks[at].ended.cancelled().await;
        let starts = self.core.ledger.register_sinks(all.to_vec()).await?;
        let start = start_of(&starts, config.name());
        match stages::sink::open(config, &start) {
            Ok(sink) => {
                self.sinks[at] = self.core.sink(config, sink, start);
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(format!("sink `{}`: {}", config.name(), causes(&*error)))),
        }
    }
}

fn refused(config: &SinkConfig, error: &(dyn std::error::Error + 'static)) -> Refusal {
    Refusal::Because(format!("sink `{}`: {}", config.name(), causes(error)))
}

fn names<'a>(sinks: impl Iterator<Item = &'a SinkConfig>) -> Vec<String> {
    sinks.map(|config| config.name().to_owned()).collect()
}

fn start_of(starts: &[SinkStart], name: &str) -> SinkStart {
    let found = starts.iter().find(|start| start.name == name).cloned();
    found.unwrap_or_else(|| unreachable!("the ledger answers for every name that it was given"))
}

/// Whether two sections say the same.
fn same<T: Serialize>(a: &T, b: &T) -> bool {
    // What cannot be written down counts as changed, which is never wrong.
    matches!((serde_json::to_value(a), serde_json::to_value(b)), (Ok(a), Ok(b)) if a == b)
}
