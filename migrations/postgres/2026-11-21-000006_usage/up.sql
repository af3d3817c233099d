-- How often each key was used and refused, by the day (days since 1970 UTC), and all keys together.
CREATE TABLE key_usage (
    key BIGINT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    refusals BIGINT NOT NULL,
    PRIMARY KEY (key, day)
);
CREATE INDEX key_usage_by_day ON key_usage (day);

CREATE TABLE daily_usage (
    day BIGINT PRIMARY KEY NOT NULL,
    uses BIGINT NOT NULL,
    refusals BIGINT NOT NULL
);

-- One-time links by which a person chooses a password. Only hashes of their tokens are here.
CREATE TABLE sign_in_links (
    token_hash BYTEA PRIMARY KEY NOT NULL,
    account BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_links_by_account ON sign_in_links (account);
CREATE INDEX accounts_by_role ON accounts (role, active);
CREATE INDEX accounts_by_last_sign_in ON accounts (last_sign_in_at);
CREATE INDEX api_keys_by_revocation ON api_keys (revoked_at);
