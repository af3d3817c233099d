-- Refused keys by the day, told apart by key, reason, address and what was asked for. `key` is 0 for a text that is no key here,
-- and for what is only counted. Together they are the refusals of `daily_usage`.
CREATE TABLE refusals (
    day BIGINT NOT NULL,
    key BIGINT NOT NULL,
    reason TEXT NOT NULL,
    address TEXT NOT NULL,
    asked TEXT NOT NULL,
    times BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (day, key, reason, address, asked)
);
CREATE INDEX refusals_by_key ON refusals (key, last_at);

-- From where each key is used.
CREATE TABLE key_addresses (
    key BIGINT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    uses BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (key, address)
);

-- Numbers that take long to count, and when they were counted.
CREATE TABLE kept_counts (
    name TEXT PRIMARY KEY NOT NULL,
    number BIGINT NOT NULL,
    counted_at BIGINT NOT NULL
);
