-- Moments are microseconds since 1970 UTC; they come from the program, never from the database.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'service')),
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    email TEXT,
    password_hash TEXT,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    active BOOLEAN NOT NULL,
    appearance TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BIGINT REFERENCES accounts (id),
    last_sign_in_at BIGINT,
    last_sign_in_address TEXT
);

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    id_hash BLOB NOT NULL UNIQUE,
    account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    first_eight TEXT NOT NULL UNIQUE CHECK (length(first_eight) = 8),
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    owner BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    holds_name BOOLEAN NOT NULL,
    note TEXT NOT NULL,
    grant_kind TEXT NOT NULL CHECK (grant_kind IN ('inherit', 'scopes', 'policy')),
    created_at BIGINT NOT NULL,
    created_by BIGINT NOT NULL REFERENCES accounts (id),
    rotated_at BIGINT,
    expires_at BIGINT CHECK (expires_at > created_at),
    disabled_at BIGINT,
    disabled_by BIGINT REFERENCES accounts (id),
    disabled_reason TEXT NOT NULL,
    revoked_at BIGINT,
    revoked_by BIGINT REFERENCES accounts (id),
    revoked_reason TEXT NOT NULL,
    last_used_at BIGINT,
    last_used_address TEXT,
    last_used_agent TEXT,
    use_count BIGINT NOT NULL,
    version BIGINT NOT NULL
);
-- A name belongs to one live key of an owner; a key that ended lets go of it.
CREATE UNIQUE INDEX api_keys_name_held ON api_keys (owner, name) WHERE holds_name;
CREATE INDEX api_keys_by_owner ON api_keys (owner, created_at);

-- Secrets that a rotation replaced, while their grace period lasts.
CREATE TABLE key_secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key BIGINT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    expires_at BIGINT NOT NULL
);
CREATE INDEX key_secrets_by_key ON key_secrets (key);

-- Forms whose answer showed a secret: sending one again shows and makes nothing.
CREATE TABLE used_forms (
    form_hash BLOB PRIMARY KEY NOT NULL,
    account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    first_eight TEXT NOT NULL,
    used_at BIGINT NOT NULL
);
CREATE INDEX used_forms_by_time ON used_forms (used_at);

CREATE TABLE lifetime_rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    applies_to TEXT NOT NULL CHECK (applies_to IN ('everyone', 'role', 'kind', 'account')),
    subject TEXT,
    default_days INTEGER NOT NULL CHECK (default_days BETWEEN 1 AND 3650),
    longest_days INTEGER NOT NULL CHECK (longest_days BETWEEN 1 AND 3650),
    allow_never BOOLEAN NOT NULL,
    keys_per_owner INTEGER NOT NULL CHECK (keys_per_owner >= 0),
    changed_at BIGINT NOT NULL,
    changed_by BIGINT REFERENCES accounts (id)
);
INSERT INTO lifetime_rules (applies_to, subject, default_days, longest_days, allow_never, keys_per_owner, changed_at)
VALUES ('everyone', NULL, 90, 365, FALSE, 20, 0);

CREATE TABLE settings (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE audit_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at BIGINT NOT NULL,
    actor BIGINT,
    actor_name TEXT NOT NULL,
    via TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL,
    details TEXT NOT NULL,
    address TEXT,
    request TEXT
);
CREATE INDEX audit_events_by_time ON audit_events (at);
CREATE INDEX audit_events_by_target ON audit_events (target, at);
