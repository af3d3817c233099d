-- The latest end that an administrator allows a key: a rotation does not go beyond it.
ALTER TABLE api_keys ADD COLUMN end_limit BIGINT;
UPDATE api_keys SET end_limit = expires_at WHERE id IN (
    SELECT job_keys.key FROM job_keys INNER JOIN jobs ON jobs.id = job_keys.job
    WHERE jobs.verb = 'expire' AND jobs.undone_by IS NULL AND job_keys.outcome = 'done'
        AND jobs.expires_at = api_keys.expires_at
);

-- A job takes its keys over in batches, like everything else that it does: from where, and how far it has come.
ALTER TABLE jobs ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN is_frozen BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE jobs ADD COLUMN frozen_up_to BIGINT NOT NULL DEFAULT 0;
-- Keys that it changed, and that the lifetime rules gave an earlier end on the way.
ALTER TABLE jobs ADD COLUMN shortened BIGINT NOT NULL DEFAULT 0;

-- What an administrator retired, a service does not take up again.
ALTER TABLE permissions ADD COLUMN retired_by_administrator BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE permissions SET retired_by_administrator = TRUE WHERE retired_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM audit_events WHERE action = 'permissions.retire' AND target = permissions.name
);

-- Services know people by their address, so it is one person's. Of accounts that share one already, the oldest keeps it: the
-- others have to be given one of their own before it can be saved again.
ALTER TABLE accounts ADD COLUMN email_folded TEXT;
UPDATE accounts SET email_folded = lower(email) WHERE id IN (
    SELECT min(id) FROM accounts WHERE email IS NOT NULL AND deleted_at IS NULL GROUP BY lower(email)
);
CREATE UNIQUE INDEX accounts_email ON accounts (email_folded) WHERE email_folded IS NOT NULL;

-- TRUNCATE asks no trigger for rows.
CREATE FUNCTION audit_events_stay_together() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are removed by the retention purge alone';
END
$$;
CREATE TRIGGER audit_events_stay_together BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit_events_stay_together();
