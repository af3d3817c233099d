DROP INDEX api_keys_by_status;
CREATE INDEX api_keys_by_status ON api_keys (standing, ends_at, id);
DROP INDEX api_keys_by_activity;
CREATE INDEX api_keys_by_activity ON api_keys (active_at, id);
