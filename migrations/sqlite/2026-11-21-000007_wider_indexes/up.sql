-- "Unused for 90 days" asks for status and activity at once, and of the keys that were used longest ago most have ended: an
-- index that has both decides without looking at the rows.
DROP INDEX api_keys_by_activity;
CREATE INDEX api_keys_by_activity ON api_keys (active_at, id, standing, ends_at);
DROP INDEX api_keys_by_status;
CREATE INDEX api_keys_by_status ON api_keys (standing, ends_at, id, active_at);
