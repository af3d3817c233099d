-- Bulk work: a draft freezes which keys it is about; a runner goes through them in batches, on one node at a time.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    verb TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'queued', 'running', 'done', 'stopped')),
    frozen_at BIGINT NOT NULL,
    filter TEXT,
    created_by BIGINT NOT NULL REFERENCES accounts (id),
    created_name TEXT NOT NULL,
    address TEXT,
    request TEXT,
    reason TEXT NOT NULL,
    expires_at BIGINT,
    parameter TEXT NOT NULL,
    undoes BIGINT REFERENCES jobs (id),
    undone_by BIGINT REFERENCES jobs (id),
    total BIGINT NOT NULL,
    people BIGINT NOT NULL,
    services BIGINT NOT NULL,
    recent BIGINT NOT NULL,
    own BIGINT NOT NULL,
    done BIGINT NOT NULL,
    left_count BIGINT NOT NULL,
    stop_asked BOOLEAN NOT NULL,
    confirmed_at BIGINT,
    finished_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state, id);

-- The keys of a job: the version at which each was frozen, what it looked like before, and what became of it.
CREATE TABLE job_keys (
    job BIGINT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    key BIGINT NOT NULL,
    version BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('', 'done', 'left')),
    why TEXT NOT NULL,
    before_at BIGINT,
    before_by BIGINT,
    before_reason TEXT,
    PRIMARY KEY (job, key)
) WITHOUT ROWID;
CREATE INDEX job_keys_by_outcome ON job_keys (job, outcome, key);
