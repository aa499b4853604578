//! Pages into articles.

use std::sync::Arc;

use async_channel::{Receiver, Sender};
use newsmill_article::{Article, Document, Page};
use newsmill_cleaner::{Config, Input};

use super::{Failure, Fatal, on_thread};
use crate::guard::Guard;
use crate::in_flight::{InFlight, Ticket};
use crate::jobs::Jobs;
use crate::telemetry::Meter;

/// One thread of the stage.
pub fn run(
    config: &Config,
    jobs: &Jobs,
    guard: &Guard,
    input: &Receiver<InFlight<Page>>,
    output: &Sender<InFlight<Article>>,
    meter: &Arc<Meter>,
) -> Result<(), Fatal> {
    let make = || {
        Ok(|page: &Page, ticket: &Ticket| {
            let _mark = guard.mark(ticket);
            guard.admit(page, ticket)?;
            clean(config, page)
        })
    };
    on_thread(input, output, meter, jobs, make, article)
}

/// Cleans one page.
pub fn clean(config: &Config, page: &Page) -> Result<Document, Failure> {
    let input = Input {
        bytes: &page.bytes,
        content_type: page.content_type.as_deref(),
        url: page.url.as_ref(),
        hints: &page.entry.hints,
    };
    newsmill_failpoint::poison(&page.bytes);
    newsmill_cleaner::clean(config, &input)
        .map_err(|error| Failure::of("cleaner", error.disposition(), error))
}

fn article(page: Page, document: Document) -> Article {
    let Page { entry, url, fetched, .. } = page;
    Article { entry, url, fetched, document }
}
