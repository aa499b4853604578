-- A ledger of layout 1, as `sqlite3 FILE .dump` wrote it, with the two numbers that it leaves out.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('clock',1700000020000);
INSERT INTO meta VALUES('delivered',2);
INSERT INTO meta VALUES('sequence',3);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES('dead',2);
INSERT INTO counter VALUES('delivered',1);
INSERT INTO counter VALUES('due',3);
INSERT INTO counter VALUES('duplicates',1);
INSERT INTO counter VALUES('entries',10);
INSERT INTO counter VALUES('handed_off',1);
INSERT INTO counter VALUES('ready',1);
INSERT INTO counter VALUES('rejected.panicked',1);
INSERT INTO counter VALUES('rejected.refused',1);
INSERT INTO counter VALUES('rejected.sink_refused',1);
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
INSERT INTO source VALUES(1,'wire',1,'{"etag":"abc"}',1700000900000,1700000000000,0,NULL,8);
INSERT INTO source VALUES(2,'paper',1,NULL,1700001800000,NULL,1,'timed out',1);
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
INSERT INTO entry VALUES(1,-6929088121962116552,1,1700000000000,3,1,1700000010000,1,NULL,NULL,-7387824259685649513,-8882871599501652996,396610129629809793,X'9fd6ef10a111ca38a49881910adbcff8',NULL,NULL,'https://www.example.org/news/1',NULL);
INSERT INTO entry VALUES(2,-7858191058061199299,1,1700000000000,5,1,1700000010000,2,NULL,NULL,2802085261520342314,-5994936172428058857,3543336125473114835,X'92f218ddff1c783de3633ff338ccdbdf','sink_refused',NULL,'https://www.example.org/news/2','web: answered 422');
INSERT INTO entry VALUES(3,1452277740631374226,1,1700000000000,4,1,1700000010000,NULL,NULL,1,NULL,NULL,NULL,X'9fd6ef10a111ca38a49881910adbcff8',NULL,NULL,'https://www.example.org/news/3',NULL);
INSERT INTO entry VALUES(4,4898167451871161859,1,1700000000000,2,1,1700000010000,3,NULL,NULL,-5756240631500491610,-9074977300336984206,-3085902767447421874,X'43f9c9588b292e03a037ac5b732bd330',NULL,NULL,'https://www.example.org/news/4',NULL);
INSERT INTO entry VALUES(5,4767095406769343228,1,1700000000000,5,1,1700000010000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'panicked',NULL,'https://www.example.org/news/5','why: because');
INSERT INTO entry VALUES(6,672054237154679749,1,1700000000000,5,1,1700000010000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'refused',451,'https://www.example.org/news/6','why: because');
INSERT INTO entry VALUES(7,-3787831705601141369,1,1700000000000,0,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'https://www.example.org/news/7','why: because');
INSERT INTO entry VALUES(8,-5879781524517321754,1,1700000000000,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'https://www.example.org/news/8','why: because');
INSERT INTO entry VALUES(9,-763317466708610598,NULL,1700000000000,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'saved/page.html',NULL);
INSERT INTO entry VALUES(10,6652217796741049803,2,1700000000000,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'inline',NULL);
CREATE TABLE work (
    entry INTEGER PRIMARY KEY,
    not_before INTEGER NOT NULL,
    payload TEXT NOT NULL,
    bytes BLOB
);
INSERT INTO work VALUES(7,1700000070000,'{"kind":"url","guid":"g7","title":"Seven","tags":["x"]}',NULL);
INSERT INTO work VALUES(8,9223372036854775807,'{"kind":"url"}',NULL);
INSERT INTO work VALUES(9,1700000000000,'{"kind":"file"}',X'73617665642f706167652e68746d6c');
INSERT INTO work VALUES(10,1700000000000,'{"kind":"inline","content_type":"text/html"}',X'3c703e696e6c696e65');
CREATE TABLE seen (
    key INTEGER PRIMARY KEY,     -- hash of the canonical URL or path
    entry INTEGER NOT NULL,      -- the last one
    at INTEGER NOT NULL,         -- when a source last showed it, not always to the minute
    version INTEGER NOT NULL,    -- see discover.rs
    source INTEGER
);
INSERT INTO seen VALUES(-7858191058061199299,2,1700000000000,1700000000000,1);
INSERT INTO seen VALUES(-6929088121962116552,1,1700000000000,1700000000000,1);
INSERT INTO seen VALUES(-5879781524517321754,8,1700000000000,1700000000000,1);
INSERT INTO seen VALUES(-3787831705601141369,7,1700000000000,1700000000000,1);
INSERT INTO seen VALUES(-763317466708610598,9,1700000000000,1700000000000,NULL);
INSERT INTO seen VALUES(672054237154679749,6,1700000000000,1700000000000,1);
INSERT INTO seen VALUES(1452277740631374226,3,1700000000000,1700000000000,1);
INSERT INTO seen VALUES(4767095406769343228,5,1700000000000,1700000000000,1);
INSERT INTO seen VALUES(4898167451871161859,4,1700000000000,1700000000000,1);
INSERT INTO seen VALUES(6652217796741049803,10,1700000000000,-2571154240113726005,2);
CREATE TABLE article (key INTEGER PRIMARY KEY, entry INTEGER NOT NULL);
CREATE TABLE text (hash INTEGER PRIMARY KEY, entry INTEGER NOT NULL);
INSERT INTO text VALUES(-3085902767447421874,4);
INSERT INTO text VALUES(396610129629809793,1);
INSERT INTO text VALUES(3543336125473114835,2);
CREATE TABLE sighting (
    entry INTEGER NOT NULL,
    source INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (entry, source)
) WITHOUT ROWID;
INSERT INTO sighting VALUES(1,2,1700000005000);
CREATE TABLE record (
    sequence INTEGER PRIMARY KEY,
    entry INTEGER NOT NULL,
    at INTEGER NOT NULL,
    only_for TEXT,               -- a sink that gets it again, alone
    revision INTEGER NOT NULL,
    article BLOB NOT NULL,
    json TEXT NOT NULL
);
INSERT INTO record VALUES(1,1,1700000010000,NULL,-7387824259685649513,X'9fd6ef10a111ca38a49881910adbcff8','{"schema":1,"id":"9fd6ef10a111ca38a49881910adbcff8","revision":"99792cfa6a6c7397","input":"https://www.example.org/news/1","url":"https://www.example.org/news/1","source":"wire","title":"One","authors":[],"tags":[],"kind":"article","text":"The first text.","blocks":[],"word_count":1,"summary":{"text":"The first text.","method":"extractive","sentences":[]},"fetched":"2023-11-14T22:13:20Z","processed":"2023-11-14T22:13:20Z","pipeline":{"version":"1","cleaner":"1","summarizer":"1"}}');
INSERT INTO record VALUES(2,2,1700000010000,NULL,2802085261520342314,X'92f218ddff1c783de3633ff338ccdbdf','{"schema":1,"id":"92f218ddff1c783de3633ff338ccdbdf","revision":"26e301b303470d2a","input":"https://www.example.org/news/2","url":"https://www.example.org/news/2","source":"wire","title":"Two","authors":[],"tags":[],"kind":"article","text":"The second text.","blocks":[],"word_count":1,"summary":{"text":"The second text.","method":"extractive","sentences":[]},"fetched":"2023-11-14T22:13:20Z","processed":"2023-11-14T22:13:20Z","pipeline":{"version":"1","cleaner":"1","summarizer":"1"}}');
INSERT INTO record VALUES(3,4,1700000010000,NULL,-5756240631500491610,X'43f9c9588b292e03a037ac5b732bd330','{"schema":1,"id":"43f9c9588b292e03a037ac5b732bd330","revision":"b01db9a4bdbe34a6","input":"https://www.example.org/news/4","url":"https://www.example.org/news/4","source":"wire","title":"Four","authors":[],"tags":[],"kind":"article","text":"The fourth text.","blocks":[],"word_count":1,"summary":{"text":"The fourth text.","method":"extractive","sentences":[]},"fetched":"2023-11-14T22:13:20Z","processed":"2023-11-14T22:13:20Z","pipeline":{"version":"1","cleaner":"1","summarizer":"1"}}');
CREATE TABLE sink (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL,
    position INTEGER NOT NULL,
    rejected INTEGER NOT NULL DEFAULT 0,
    last_delivery INTEGER,
    state TEXT
);
INSERT INTO sink VALUES(1,'file',1,2,0,1700000020000,'{"at":1}');
INSERT INTO sink VALUES(2,'web',1,3,1,1700000020000,'{"at":1}');
CREATE TABLE delivery (
    sink INTEGER NOT NULL,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (sink, position)
) WITHOUT ROWID;
INSERT INTO delivery VALUES(1,2,1700000020000);
INSERT INTO delivery VALUES(2,3,1700000020000);
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
INSERT INTO dead VALUES(2,'web',1700000020000,'sink_refused',NULL,'answered 422',NULL,NULL,'{"schema":1,"id":"92f218ddff1c783de3633ff338ccdbdf","revision":"26e301b303470d2a","input":"https://www.example.org/news/2","url":"https://www.example.org/news/2","source":"wire","title":"Two","authors":[],"tags":[],"kind":"article","text":"The second text.","blocks":[],"word_count":1,"summary":{"text":"The second text.","method":"extractive","sentences":[]},"fetched":"2023-11-14T22:13:20Z","processed":"2023-11-14T22:13:20Z","pipeline":{"version":"1","cleaner":"1","summarizer":"1"}}',NULL);
INSERT INTO dead VALUES(5,'',1700000010000,'panicked',NULL,'why: because','{"kind":"url"}',NULL,NULL,X'3c703e746861742070616e69636b6564');
CREATE INDEX work_due ON work (not_before);
COMMIT;
PRAGMA application_id = 1835625580;
PRAGMA user_version = 1;
