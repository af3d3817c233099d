-- Bulk work: what a job does and where its keys came from are JSON of one form each, and so is what each key was like before.
-- Servers of before know `jobs` and `job_keys` alone: what they leave there is carried over when nobody works at it any more.
CREATE TABLE bulk_jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    operation TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'queued', 'running', 'done', 'stopped')),
    frozen_at BIGINT NOT NULL,
    is_frozen BOOLEAN NOT NULL,
    frozen_up_to BIGINT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES accounts (id),
    created_name TEXT NOT NULL,
    address TEXT,
    request TEXT,
    reason TEXT NOT NULL,
    undoes BIGINT REFERENCES bulk_jobs (id),
    undone_by BIGINT REFERENCES bulk_jobs (id),
    total BIGINT NOT NULL,
    people BIGINT NOT NULL,
    services BIGINT NOT NULL,
    recent BIGINT NOT NULL,
    own BIGINT NOT NULL,
    done BIGINT NOT NULL,
    shortened BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    stop_asked BOOLEAN NOT NULL,
    confirmed_at BIGINT,
    finished_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL
);
CREATE INDEX bulk_jobs_by_state ON bulk_jobs (state, id);

-- The keys of a job: the version at which each was frozen, what it was like before, and what became of it.
CREATE TABLE bulk_job_keys (
    job BIGINT NOT NULL REFERENCES bulk_jobs (id) ON DELETE CASCADE,
    key BIGINT NOT NULL,
    version BIGINT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('', 'done', 'skipped')),
    skip_reason TEXT,
    before TEXT,
    PRIMARY KEY (job, key)
) WITHOUT ROWID;
CREATE INDEX bulk_job_keys_by_outcome ON bulk_job_keys (job, outcome, key);

-- Jobs keep their numbers. What servers of before still begin meanwhile gets numbers that nobody else gives.
INSERT INTO sqlite_sequence (name, seq)
SELECT 'bulk_jobs', COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0);
INSERT INTO sqlite_sequence (name, seq)
SELECT 'jobs', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'jobs');
UPDATE sqlite_sequence SET seq = seq + 1000000 WHERE name = 'jobs';
