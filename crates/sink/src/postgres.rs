//! A table in PostgreSQL.
//!
//! With `table: newsmill`, the table `newsmill` holds every wording of every article, one row by
//! `(id, revision)`, with the record as `jsonb`; the view `newsmill_articles` shows the wording that
//! came last of each article. Both are created when the table is missing, so a role that may only
//! write can be given a table that was made before. `published` and `modified` are instants there; the
//! offset of the page is in `record`.
//!
//! A batch is written in transactions of at most 1000 records or 8 MiB. Rows that the database will
//! never take (a NUL character in a text, a constraint or trigger of its owner) are found by halving
//! and rejected. A connection that is lost is made again with the next batch.
//!
//! TLS is by the connection string's `sslmode`: `disable`, `prefer` (the default) or `require`. Where
//! TLS is spoken the certificate is always checked, against the public authorities and `ca_file`: a
//! server with a certificate that it signed itself needs `ca_file`, or `sslmode=disable`.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use newsmill_article::Disposition;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{LONG_PAUSE, PAUSE};
use crate::pieces::Pieces;
use crate::{Delivery, PostgresConfig, Rejected, Secret, SinkError, tls};

/// Most records in one transaction.
const BATCH: usize = 1000;

const TABLE: &str = "
    CREATE TABLE {table} (
        id         text NOT NULL,
        revision   text NOT NULL,
        current    boolean NOT NULL,
        title      text,
        url        text,
        source     text,
        site       text,
        section    text,
        language   text,
        published  timestamptz,
        modified   timestamptz,
        fetched    timestamptz NOT NULL,
        word_count bigint NOT NULL,
        summary    text NOT NULL,
        record     jsonb NOT NULL,
        PRIMARY KEY (id, revision)
    );
    CREATE INDEX ON {table} (published) WHERE current;
    CREATE INDEX ON {table} (site, published) WHERE current;
    CREATE INDEX ON {table} (source, published) WHERE current;
    CREATE VIEW {table}_articles AS
        SELECT id, revision, title, url, source, site, section, language, published, modified,
               fetched, word_count, summary, record ->> 'text' AS text, record
        FROM {table} WHERE current;
";

/// Every record of a batch in one statement; `$1` is an array of JSON texts.
const UPSERT: &str = "
    INSERT INTO {table} (
        id, revision, current, title, url, source, site, section, language, published, modified,
        fetched, word_count, summary, record
    )
    SELECT r ->> 'id', r ->> 'revision', true, r ->> 'title',
           coalesce(r ->> 'canonical_url', r ->> 'url'), r ->> 'source', r ->> 'site',
           r ->> 'section', r ->> 'language', (r ->> 'published')::timestamptz,
           (r ->> 'modified')::timestamptz, (r ->> 'fetched')::timestamptz,
           (r ->> 'word_count')::bigint, r #>> '{summary,text}', r
    FROM unnest($1::text[]) AS line, LATERAL (SELECT line::jsonb) AS parsed (r)
    ON CONFLICT (id, revision) DO UPDATE SET
        current = true, title = excluded.title, url = excluded.url, source = excluded.source,
        site = excluded.site, section = excluded.section, language = excluded.language,
        published = excluded.published, modified = excluded.modified,
        fetched = excluded.fetched, word_count = excluded.word_count,
        summary = excluded.summary, record = excluded.record";

/// All wordings but the last of the articles in a batch; `$1` and `$2` are their ids and last
/// revisions.
const LEAVE: &str = "
    UPDATE {table} AS old SET current = false
    FROM unnest($1::text[], $2::text[]) AS latest (id, revision)
    WHERE old.id = latest.id AND old.revision <> latest.revision AND old.current";

#[derive(Debug)]
pub(crate) struct Postgres {
    config: Config,
    tls: rustls::ClientConfig,
    table: Table,
    timeout: Duration,
    session: Option<Session>,
}

/// A connection, with the task that drives it.
#[derive(Debug)]
struct Session {
    client: Client,
    driver: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Postgres {
    pub(crate) fn new(config: &PostgresConfig) -> Result<Self, SinkError> {
        let url =
            Secret::from_env_or_file("url", config.url_env.as_ref(), config.url_file.as_ref())?;
        let Some(url) = url else {
            let reason = "set url_env or url_file to where the connection string is".to_owned();
            return Err(SinkError::Config { key: "url", reason });
        };
        // The parser's error names the place, not the text.
        let mut server: Config = url.expose().parse().map_err(|error: Error| {
            let reason = format!("not a connection string of PostgreSQL: {error}");
            SinkError::Secret { key: "url", reason }
        })?;
        server.connect_timeout(config.timeout.0);
        if server.get_application_name().is_none() {
            server.application_name("newsmill");
        }
        Ok(Self {
            config: server,
            tls: tls::client(config.ca_file.as_deref())?,
            table: Table::parse(&config.table)?,
            timeout: config.timeout.0,
            session: None,
        })
    }

    pub(crate) async fn deliver(&mut self, batch: &[Delivery]) -> Result<Vec<Rejected>, SinkError> {
        let mut rejected = Vec::new();
        let mut pieces = Pieces::new(batch, BATCH);
        while let Some(piece) = pieces.next() {
            // Taken out: a future that is dropped half-way, a timeout or an error leaves no
            // connection behind whose state is unknown.
            let mut session = match self.session.take() {
                Some(session) if !session.client.is_closed() => session,
                _ => self.connect().await?,
            };
            match in_time(self.timeout, session.write(&self.table, piece)).await? {
                Ok(()) => {}
                Err(error) if refuses_the_row(&error) => {
                    rejected.extend(pieces.refused(piece, describe(&error)));
                }
                Err(source) => return Err(SinkError::Postgres { action: "write to", source }),
            }
            self.session = Some(session);
        }
        rejected.sort_by_key(|rejected| rejected.sequence);
        Ok(rejected)
    }

    async fn connect(&self) -> Result<Session, SinkError> {
        let fail = |source| SinkError::Postgres { action: "connect to", source };
        let connecting = self.config.connect(MakeRustlsConnect::new(self.tls.clone()));
        let (client, connection) = in_time(self.timeout, connecting).await?.map_err(fail)?;
        let driver = tokio::spawn(async move {
            // Whoever uses the client sees the error, too.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to PostgreSQL ended");
            }
        });
        let mut session = Session { client, driver };
        let fail = |source| SinkError::Postgres { action: "create the table in", source };
        in_time(self.timeout, session.create(&self.table)).await?.map_err(fail)?;
        Ok(session)
    }
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, SinkError> {
    let slow = |_| SinkError::TooSlow { server: "PostgreSQL".to_owned(), limit };
    tokio::time::timeout(limit, work).await.map_err(slow)
}

impl Session {
    /// Creates the table where it is missing; of two that try at once the second waits and finds it.
    async fn create(&mut self, table: &Table) -> Result<(), Error> {
        // Through the catalogue itself: `to_regclass` alone may answer from before the lock.
        let exists = "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass($1))";
        if self.client.query_one(exists, &[&table.0]).await?.get(0) {
            return Ok(());
        }
        let transaction = self.client.transaction().await?;
        transaction.batch_execute("SELECT pg_advisory_xact_lock(hashtext('newsmill'))").await?;
        if !transaction.query_one(exists, &[&table.0]).await?.get::<_, bool>(0) {
            transaction.batch_execute(&table.sql(TABLE)).await?;
        }
        transaction.commit().await
    }

    async fn write(&mut self, table: &Table, piece: &[Delivery]) -> Result<(), Error> {
        // One row of a key: a statement may not touch a row twice. The last one stands.
        let mut last = BTreeMap::new();
        for (n, delivery) in piece.iter().enumerate() {
            last.insert(delivery.key(), n);
        }
        let mut places: Vec<usize> = last.into_values().collect();
        places.sort_unstable();
        let json: Vec<&str> = places.iter().map(|n| &*piece[*n].json).collect();
        let mut latest = BTreeMap::new();
        for delivery in places.iter().map(|n| &piece[*n]) {
            latest.insert(delivery.id.to_string(), delivery.revision.to_string());
        }
        let (ids, revisions): (Vec<String>, Vec<String>) = latest.into_iter().unzip();
        let transaction = self.client.transaction().await?;
        transaction.execute(&table.sql(UPSERT), &[&json]).await?;
        transaction.execute(&table.sql(LEAVE), &[&ids, &revisions]).await?;
        transaction.commit().await
    }
}

/// The name of a table, perhaps with its schema; safe to stand in SQL.
#[derive(Debug)]
struct Table(String);

impl Table {
    fn parse(name: &str) -> Result<Self, SinkError> {
        let word = |word: &str| {
            let starts = word.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
            let chars = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            // The view's name is longer by `_articles`; PostgreSQL cuts names at 63 bytes.
            starts && word.chars().all(chars) && word.len() <= 50
        };
        if name.split('.').count() <= 2 && name.split('.').all(word) {
            Ok(Self(name.to_owned()))
        } else {
            let reason = format!(
                "{name:?} is not `table` or `schema.table` in lower-case letters, digits and `_`, \
                 at most 50 each"
            );
            Err(SinkError::Config { key: "table", reason })
        }
    }

    fn sql(&self, template: &str) -> String {
        template.replace("{table}", &self.0)
    }
}

/// Whether the database would take other rows: the text is to blame (class 22), a constraint (23),
/// a limit of size (54), or a trigger that raises (P0001).
fn refuses_the_row(error: &Error) -> bool {
    let Some(code) = error.code() else { return false };
    matches!(code.code().get(..2), Some("22" | "23" | "54")) || code.code() == "P0001"
}

/// What the server said, without the row that it may quote.
fn describe(error: &Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} (SQLSTATE {})", error.message(), error.code().code()),
        None => error.to_string(),
    }
}

/// What an error means for the table as a whole. Nothing is fatal: the ledger keeps what is not
/// delivered, and a server can be repaired while everything else goes on.
pub(crate) fn disposition(error: &Error) -> Disposition {
    let class = error.code().and_then(|code| code.code().get(..2));
    let after = match class {
        // Wrong password, database, schema, table or right.
        Some("28" | "3D" | "3F" | "42") => LONG_PAUSE,
        _ => PAUSE,
    };
    Disposition::Retry { after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_of_tables_reach_sql() {
        for good in ["newsmill", "news.records", "_t1"] {
            assert!(Table::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a.b.c", "News", "a b", "a;b", "a\"", "1a", ".a", "a.", &"x".repeat(51)] {
            assert!(Table::parse(bad).is_err(), "{bad}");
        }
    }
}
