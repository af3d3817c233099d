CREATE INDEX bulk_job_keys_by_outcome ON bulk_job_keys (job, outcome, key);
DROP INDEX bulk_job_keys_skipped;
DROP INDEX bulk_job_keys_waiting;
CREATE INDEX key_scopes_by_permission ON key_scopes (permission);
DROP INDEX key_scopes_of_permission;
CREATE INDEX api_keys_by_revocation ON api_keys (revoked_at);
DROP INDEX api_keys_revoked;
CREATE INDEX api_keys_by_resource ON api_keys (resource, id) WHERE resource IS NOT NULL;
DROP INDEX api_keys_of_resource;
CREATE INDEX api_keys_by_policy ON api_keys (policy, id) WHERE policy IS NOT NULL;
DROP INDEX api_keys_of_policy;
CREATE INDEX api_keys_by_owner ON api_keys (owner, created_at);
DROP INDEX api_keys_of_owner;
DROP TRIGGER api_keys_search_update ON api_keys;
DROP TRIGGER api_keys_search_insert ON api_keys;
DROP FUNCTION api_keys_search;
DROP TABLE key_search;
CREATE INDEX key_search ON api_keys USING gin (
    ((lower(first_eight) || E'\n' || name_folded || E'\n' || note_folded || E'\n' || owner_folded) COLLATE "C") gin_trgm_ops
);
CREATE INDEX api_keys_by_folded_first_eight ON api_keys (lower(first_eight));
CREATE INDEX api_keys_by_note ON api_keys (note_folded);
DROP INDEX api_keys_with_note;
