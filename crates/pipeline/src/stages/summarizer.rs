//! Articles into records.

use std::sync::Arc;

use async_channel::{Receiver, Sender};
use jiff::Timestamp;
use newsmill_article::{Article, PipelineVersions, Record, Summary};
use newsmill_summarizer::{BySource, Config, llm};

use super::{Failure, Fatal, on_thread};
use crate::guard::Guard;
use crate::in_flight::{InFlight, Ticket};
use crate::jobs::Jobs;
use crate::telemetry::Meter;

const STAGE: &str = "summarizer";

/// One thread of the stage, with summarizers of its own. What language models are paid counts on
/// `spending`.
pub fn run(
    config: &Config,
    spending: &Arc<llm::Meter>,
    jobs: &Jobs,
    guard: &Guard,
    input: &Receiver<InFlight<Article>>,
    output: &Sender<InFlight<Record>>,
    meter: &Arc<Meter>,
) -> Result<(), Fatal> {
    let make = || {
        let mut summarizers =
            BySource::new(config, spending).map_err(|error| Fatal::new(STAGE, error))?;
        Ok(move |article: &Article, ticket: &Ticket| {
            let _mark = guard.mark(ticket);
            let source = article.entry.source.as_ref().map(|source| source.as_str());
            let summarizer = summarizers.of(source);
            let version = summarizer.version();
            let summary = summarizer
                .summarize(&article.document)
                .map_err(|error| Failure::of(STAGE, error.disposition(), error))?;
            let word_count = newsmill_cleaner::word_count(&article.document.text);
            Ok((summary, word_count, version))
        })
    };
    on_thread(input, output, meter, jobs, make, record)
}

fn record(article: Article, (summary, word_count, summarizer): (Summary, usize, String)) -> Record {
    let versions = PipelineVersions {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cleaner: newsmill_cleaner::VERSION.to_owned(),
        summarizer,
    };
    Record::new(article, summary, word_count, Timestamp::now(), versions)
}
