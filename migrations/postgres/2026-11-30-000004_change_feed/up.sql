-- The change feed: what may be verified differently, in the order of the commits, for all nodes. A row is one transaction; its number
-- comes from the end of the audit log, which every change locks, and has no gaps. By its tag, a number that was given a second time, after
-- the database lost the first, is known for another.
CREATE TABLE changes (
    id BIGINT PRIMARY KEY,
    changed TEXT NOT NULL,
    tag BIGINT NOT NULL DEFAULT ((random() * 9007199254740991)::bigint)
);

-- The latest change; and the latest event that was written together with this number. Servers of before write events alone: while the
-- two numbers differ, anything may have changed.
ALTER TABLE audit_chain ADD COLUMN last_change BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit_chain ADD COLUMN fed_sequence BIGINT NOT NULL DEFAULT 0;
UPDATE audit_chain SET fed_sequence = last_sequence;
