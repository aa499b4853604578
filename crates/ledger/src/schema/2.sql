-- Layout 2. What is due is handed out in turn from lanes, one for each host, so that a slow host
-- holds back nobody; and what was worked on when a process died is remembered.

-- Hash of the host to be asked; 0 for what is here already, and for what was entered before.
ALTER TABLE work ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;
DROP INDEX work_due;
CREATE INDEX work_lane ON work (lane, not_before);

-- Entries that a process was working on when it died, and how often.
CREATE TABLE suspect (entry INTEGER PRIMARY KEY, deaths INTEGER NOT NULL);
