CREATE TABLE rules_of_lifetime (
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
INSERT INTO rules_of_lifetime
SELECT id, applies_to, NULL, default_days, longest_days, allow_never, COALESCE(keys_per_owner, 0), changed_at, changed_by
FROM lifetime_rules WHERE applies_to = 'everyone';
DROP TABLE lifetime_rules;
ALTER TABLE rules_of_lifetime RENAME TO lifetime_rules;
