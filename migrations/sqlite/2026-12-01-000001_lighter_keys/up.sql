-- Lists of an owner's, a policy's or a resource's keys by status are answered from one index each.
CREATE INDEX api_keys_of_owner ON api_keys (owner, standing, ends_at);
DROP INDEX api_keys_by_owner;
CREATE INDEX api_keys_of_policy ON api_keys (policy, standing, ends_at) WHERE policy IS NOT NULL;
DROP INDEX api_keys_by_policy;
CREATE INDEX api_keys_of_resource ON api_keys (resource, standing, ends_at) WHERE resource IS NOT NULL;
DROP INDEX api_keys_by_resource;
CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
DROP INDEX api_keys_by_revocation;

-- The keys of a permission, newest first, without their rows.
CREATE INDEX key_scopes_of_permission ON key_scopes (permission, key);
DROP INDEX key_scopes_by_permission;

-- Of a job's keys only those are looked for that wait, or that were skipped.
CREATE INDEX bulk_job_keys_waiting ON bulk_job_keys (job, key) WHERE outcome = '';
CREATE INDEX bulk_job_keys_skipped ON bulk_job_keys (job, key) WHERE outcome = 'skipped';
DROP INDEX bulk_job_keys_by_outcome;
