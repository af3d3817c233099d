-- Keys that are to be purged: first they are marked, days later removed, and only if they are still to be. A clock that was
-- wrong for a moment removes nothing.
CREATE TABLE purge_marks (
    key BIGINT PRIMARY KEY NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    marked_at BIGINT NOT NULL
);
CREATE INDEX purge_marks_by_time ON purge_marks (marked_at);

-- The form of a key is known for as long as the key: sent again after a day, it must not make or rotate another.
ALTER TABLE used_forms ADD COLUMN key BIGINT REFERENCES api_keys (id) ON DELETE CASCADE;
UPDATE used_forms SET key = (SELECT api_keys.id FROM api_keys WHERE api_keys.first_eight = used_forms.first_eight);
CREATE INDEX used_forms_by_key ON used_forms (key) WHERE key IS NOT NULL;
