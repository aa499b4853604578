//! One page, read as the mill would read it, for the verbs that look at single pages.

use anyhow::Context;
use newsmill_article::{Location, Page};
use newsmill_fetcher::Fetcher;
use tokio::runtime::Runtime;

use crate::inputs;

/// Reads pages one by one.
pub(crate) struct Reader {
    fetcher: Fetcher,
    runtime: Runtime,
}

impl Reader {
    pub(crate) fn new(config: &newsmill_fetcher::Config) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        Ok(Self { fetcher: Fetcher::new(config, &[])?, runtime })
    }

    /// Reads a path or an `http(s)` URL.
    pub(crate) fn read(&self, name: &str) -> anyhow::Result<Page> {
        let location = match inputs::web(name) {
            Some(url) => Location::Url(url),
            None => Location::File(name.into()),
        };
        let entry = inputs::entry(name.to_owned(), location);
        Ok(self.runtime.block_on(self.fetcher.page(entry))?)
    }
}
