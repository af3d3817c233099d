-- A key that changes is written to every index of its table: of these there are fewer now, and lists of an owner's, a policy's or a
-- resource's keys by status are answered from one index each.
CREATE INDEX api_keys_of_owner ON api_keys (owner, standing, ends_at);
DROP INDEX api_keys_by_owner;
CREATE INDEX api_keys_of_policy ON api_keys (policy, standing, ends_at) WHERE policy IS NOT NULL;
DROP INDEX api_keys_by_policy;
CREATE INDEX api_keys_of_resource ON api_keys (resource, standing, ends_at) WHERE resource IS NOT NULL;
DROP INDEX api_keys_by_resource;
CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
DROP INDEX api_keys_by_revocation;
-- Few keys have a note at all. First eights are looked for in the trigrams.
CREATE INDEX api_keys_with_note ON api_keys (note_folded) WHERE note_folded > '';
DROP INDEX api_keys_by_note;
DROP INDEX api_keys_by_folded_first_eight;

-- The trigrams stand apart, and are written when a text of a key changes, not when it is revoked or used.
DROP INDEX key_search;
CREATE TABLE key_search (
    key BIGINT PRIMARY KEY REFERENCES api_keys (id) ON DELETE CASCADE,
    document TEXT COLLATE "C" NOT NULL
);
INSERT INTO key_search
SELECT id, lower(first_eight) || E'\n' || name_folded || E'\n' || note_folded || E'\n' || owner_folded FROM api_keys;
CREATE INDEX key_search_trigrams ON key_search USING gin (document gin_trgm_ops);
CREATE FUNCTION api_keys_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO key_search VALUES
        (NEW.id, lower(NEW.first_eight) || E'\n' || NEW.name_folded || E'\n' || NEW.note_folded || E'\n' || NEW.owner_folded)
    ON CONFLICT (key) DO UPDATE SET document = excluded.document;
    RETURN NULL;
END
$$;
CREATE TRIGGER api_keys_search_insert AFTER INSERT ON api_keys FOR EACH ROW EXECUTE FUNCTION api_keys_search();
CREATE TRIGGER api_keys_search_update AFTER UPDATE OF name_folded, note_folded, owner_folded ON api_keys FOR EACH ROW
    WHEN ((OLD.name_folded, OLD.note_folded, OLD.owner_folded) IS DISTINCT FROM (NEW.name_folded, NEW.note_folded, NEW.owner_folded))
    EXECUTE FUNCTION api_keys_search();

-- The keys of a permission, newest first, without their rows.
CREATE INDEX key_scopes_of_permission ON key_scopes (permission, key);
DROP INDEX key_scopes_by_permission;

-- Of a job's keys only those are looked for that wait, or that were skipped.
CREATE INDEX bulk_job_keys_waiting ON bulk_job_keys (job, key) WHERE outcome = '';
CREATE INDEX bulk_job_keys_skipped ON bulk_job_keys (job, key) WHERE outcome = 'skipped';
DROP INDEX bulk_job_keys_by_outcome;
