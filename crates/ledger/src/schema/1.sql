-- Layout 1. Times are milliseconds since 1970 in UTC. Hashes are the first 64 bits of SHA-256, as
-- a signed number: at five million entries the chance that any two share one is below one in a
-- million.

-- Single numbers: the last sequence, how far everything is delivered, the last time seen, where
-- forgetting goes on.
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- Entries by state and reason, kept up to date in the transaction that moves them, over the whole
-- life of the ledger: forgetting does not change them.
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL,
    cursor TEXT,
    next_due INTEGER NOT NULL,
    last_good INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    last_failure TEXT,
    entries INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    key INTEGER NOT NULL,        -- of `seen`
    source INTEGER,
    seen INTEGER NOT NULL,       -- when it was entered
    state INTEGER NOT NULL,      -- see rows.rs
    attempts INTEGER NOT NULL DEFAULT 0,
    ended INTEGER,               -- when it became ready or was settled
    sequence INTEGER,            -- of its record, the last one
    earlier INTEGER,             -- the entry of the same key before it
    sibling INTEGER,             -- the entry of the same article before it
    revision INTEGER,
    title INTEGER,               -- hash
    text INTEGER,                -- hash
    article BLOB,                -- 16 bytes
    reason TEXT,
    number INTEGER,              -- that belongs to the reason
    input TEXT NOT NULL,
    detail TEXT
);

-- What is still to be read; an entry leaves when it is ready or settled.
CREATE TABLE work (
    entry INTEGER PRIMARY KEY,
    not_before INTEGER NOT NULL,
    payload TEXT NOT NULL,
    bytes BLOB
);
CREATE INDEX work_due ON work (not_before);

-- The three ways to know an article again. Integer keys, so each row is some 20 bytes.
CREATE TABLE seen (
    key INTEGER PRIMARY KEY,     -- hash of the canonical URL or path
    entry INTEGER NOT NULL,      -- the last one
    at INTEGER NOT NULL,         -- when a source last showed it, not always to the minute
    version INTEGER NOT NULL,    -- see discover.rs
    source INTEGER
);
-- Only of articles that were found by another address than their own.
CREATE TABLE article (key INTEGER PRIMARY KEY, entry INTEGER NOT NULL);
CREATE TABLE text (hash INTEGER PRIMARY KEY, entry INTEGER NOT NULL);

-- Sources that showed an entry which another source had brought.
CREATE TABLE sighting (
    entry INTEGER NOT NULL,
    source INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (entry, source)
) WITHOUT ROWID;

CREATE TABLE record (
    sequence INTEGER PRIMARY KEY,
    entry INTEGER NOT NULL,
    at INTEGER NOT NULL,
    only_for TEXT,               -- a sink that gets it again, alone
    revision INTEGER NOT NULL,
    article BLOB NOT NULL,
    json TEXT NOT NULL
);

CREATE TABLE sink (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL,
    position INTEGER NOT NULL,
    rejected INTEGER NOT NULL DEFAULT 0,
    last_delivery INTEGER,
    state TEXT
);
CREATE TABLE delivery (
    sink INTEGER NOT NULL,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (sink, position)
) WITHOUT ROWID;

CREATE TABLE dead (
    entry INTEGER NOT NULL,
    sink TEXT NOT NULL,          -- that refused the record; empty for a stage
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    number INTEGER,
    detail TEXT,
    payload TEXT,                -- of `work`, for a stage
    bytes BLOB,
    record TEXT,                 -- for a sink
    page BLOB,
    PRIMARY KEY (entry, sink)
) WITHOUT ROWID;
