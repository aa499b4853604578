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
            guard.admit(page, ticket)?;
            // Only now: not while it waits, and not in a trial.
            let _mark = guard.mark(ticket);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Trial;
    use crate::in_flight::Ticket;
    use bytes::Bytes;
    use jiff::Timestamp;
    use newsmill_article::{Entry, Hints, Location};

    /// A process that is killed from outside while an entry is tried out says nothing against it.
    #[test]
    fn a_trial_leaves_no_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l.db");
        let ledger = newsmill_ledger::Ledger::open(&path, &Default::default()).unwrap();
        let at_work = ledger.at_work();
        // One mark, so that the file is seen to be the right one.
        let _other = at_work.as_ref().unwrap().begin(newsmill_ledger::EntryId(7)).unwrap();
        let marks = folder.path().join("l.db.at-work");
        let script =
            format!("test $(wc -c <{}) = 8 || kill -KILL $$; cat >/dev/null", marks.display());
        let trial =
            Some(Trial { program: "sh".into(), arguments: vec!["-c".into(), script.into()] });
        let guard = Guard { at_work: at_work.clone(), trial };

        let (settlements, ends) = async_channel::unbounded();
        let (pages_in, pages) = async_channel::unbounded();
        let (articles_in, articles) = async_channel::unbounded();
        let text = "<article><h1>Lock opens</h1>".to_owned()
            + &"<p>The lock of the canal was opened by the keeper, who had waited.".repeat(4);
        let bytes = Bytes::from(text);
        let location =
            Location::Inline { url: None, content_type: None, fetched: None, bytes: bytes.clone() };
        let entry = Entry { source: None, input: "x".into(), location, hints: Hints::default() };
        let page =
            Page { entry, url: None, content_type: None, bytes, fetched: Timestamp::UNIX_EPOCH };
        let ticket = Ticket::open(3, "x", &settlements).with_deaths(4);
        pages_in.try_send(InFlight::new(page, ticket)).unwrap();
        drop(pages_in);
        let config = Config::default();
        run(&config, &Jobs::new(1), &guard, &pages, &articles_in, &Arc::default()).unwrap();
        assert_eq!(articles.len(), 1, "{:?}", ends.try_recv());
        // But the work leaves one, as long as it lasts.
        assert_eq!(std::fs::metadata(&marks).unwrap().len(), 16);
    }
}
