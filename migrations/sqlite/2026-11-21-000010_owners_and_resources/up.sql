-- How services name a resource, without regard to case. Up to here only a demo could have any, and its names are ASCII.
ALTER TABLE resources ADD COLUMN name_folded TEXT NOT NULL DEFAULT '';
UPDATE resources SET name_folded = lower(kind || ':' || external_id);
CREATE INDEX resources_by_name ON resources (name_folded);

-- A person who was deleted stays known to what they did, and to the keys that they had.
ALTER TABLE accounts ADD COLUMN deleted_at BIGINT;

-- Every person who is added from now on holds it.
ALTER TABLE policies ADD COLUMN for_new_people BOOLEAN NOT NULL DEFAULT FALSE;

-- Keys that end with the session that made them. They are not among the keys of the grid.
CREATE TABLE session_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    first_eight TEXT NOT NULL UNIQUE,
    secret_hash BLOB NOT NULL UNIQUE,
    session BIGINT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX session_keys_by_session ON session_keys (session);

-- When a permission was last asked of a key that had it.
CREATE TABLE asked_permissions (
    key BIGINT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    permission BIGINT NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
    asked_at BIGINT NOT NULL,
    PRIMARY KEY (key, permission)
);
