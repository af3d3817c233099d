-- What the administrators' grid filters and sorts by. Folded texts are written by the program, in lower case as Unicode
-- has it, so that both databases compare and order them alike; the migrating program fills them in for rows that are there.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
ALTER TABLE accounts ALTER COLUMN username TYPE TEXT COLLATE "C";
ALTER TABLE accounts ADD COLUMN name_folded TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX accounts_by_name ON accounts (name_folded, id);
CREATE INDEX accounts_by_kind ON accounts (kind);

ALTER TABLE api_keys ALTER COLUMN first_eight TYPE TEXT COLLATE "C";
ALTER TABLE api_keys ALTER COLUMN last_used_address TYPE TEXT COLLATE "C";
ALTER TABLE api_keys ADD COLUMN name_folded TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN note_folded TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN owner_folded TEXT COLLATE "C" NOT NULL DEFAULT '';
-- The latest change that a person or a job made: not a use.
ALTER TABLE api_keys ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
-- 0: neither disabled nor revoked, 1: disabled, 2: revoked. With the end it gives the status at any moment.
ALTER TABLE api_keys ADD COLUMN standing INTEGER NOT NULL
    GENERATED ALWAYS AS (CASE WHEN revoked_at IS NOT NULL THEN 2 WHEN disabled_at IS NOT NULL THEN 1 ELSE 0 END) STORED;
-- No end is the latest end, no use is the earliest use.
ALTER TABLE api_keys ADD COLUMN ends_at BIGINT NOT NULL
    GENERATED ALWAYS AS (COALESCE(expires_at, 9223372036854775807)) STORED;
ALTER TABLE api_keys ADD COLUMN active_at BIGINT NOT NULL GENERATED ALWAYS AS (COALESCE(last_used_at, 0)) STORED;
-- From the making of the present secret to the end, in microseconds.
ALTER TABLE api_keys ADD COLUMN lifetime BIGINT NOT NULL
    GENERATED ALWAYS AS (COALESCE(expires_at, 9223372036854775807) - COALESCE(rotated_at, created_at)) STORED;

CREATE INDEX api_keys_by_created ON api_keys (created_at, id);
CREATE INDEX api_keys_by_end ON api_keys (ends_at, id);
CREATE INDEX api_keys_by_activity ON api_keys (active_at, id);
CREATE INDEX api_keys_by_uses ON api_keys (use_count, id);
CREATE INDEX api_keys_by_name ON api_keys (name_folded, id);
CREATE INDEX api_keys_by_note ON api_keys (note_folded);
CREATE INDEX api_keys_by_owner_name ON api_keys (owner_folded, id);
CREATE INDEX api_keys_by_status ON api_keys (standing, ends_at, id);
CREATE INDEX api_keys_by_address ON api_keys (last_used_address);
CREATE INDEX api_keys_by_grant ON api_keys (grant_kind);
CREATE INDEX api_keys_by_lifetime ON api_keys (lifetime);
CREATE INDEX api_keys_by_folded_first_eight ON api_keys (lower(first_eight));

-- Substrings: which keys may hold three characters in a row. It only proposes; the folded texts decide.
CREATE INDEX key_search ON api_keys USING gin (
    ((lower(first_eight) || E'\n' || name_folded || E'\n' || note_folded || E'\n' || owner_folded) COLLATE "C") gin_trgm_ops
);
